#include "federation/backfill.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "core/rooms/server_acl.hpp"
#include "schema/refusal.hpp"
#include "storage/pdus.hpp"

namespace runde::federation {

using rooms::RoomPtr;
using schema::EventPtr;
using schema::Ord;
using schema::Refusal;
using schema::ServerName;

namespace {

constexpr Limits limits{.whole = net::Milliseconds(10'000), .body_bytes = 10 * 1024 * 1024};
constexpr std::size_t most_servers = 3;
constexpr int most_auth_rounds = 5;

/// What can be reached from `from` over prev_events, every event behind those that build on it. Depth only decides between
/// events that the graph does not order. The way ends at events that have their `placed` here: what lies behind them belongs
/// below them.
std::vector<EventPtr> newest_first(const std::vector<EventPtr>& events, const std::vector<std::string>& from,
                                   const std::unordered_set<std::string>& placed) {
    std::unordered_map<std::string, EventPtr> by_id;
    for (const auto& event : events)
        if (!placed.contains(event->id.str())) by_id.emplace(event->id.str(), event);
    std::unordered_set<std::string> reached;
    std::vector<std::string> walk = from;
    std::unordered_map<std::string, int> builders;       // Events not yet listed that build on it.
    while (!walk.empty()) {
        const auto id = std::move(walk.back());
        walk.pop_back();
        const auto event = by_id.find(id);
        if (event == by_id.end() || !reached.insert(id).second) continue;
        for (const auto& prev : event->second->prev_events) {
            ++builders[prev.str()];
            walk.push_back(prev.str());
        }
    }
    const auto shallower = [](const EventPtr& a, const EventPtr& b) {
        return std::pair(a->depth, a->id) < std::pair(b->depth, b->id);
    };
    std::priority_queue<EventPtr, std::vector<EventPtr>, decltype(shallower)> ready(shallower);
    for (const auto& id : reached)
        if (builders[id] == 0) ready.push(by_id.at(id));
    std::vector<EventPtr> ordered;
    while (!ready.empty()) {
        ordered.push_back(ready.top());
        ready.pop();
        for (const auto& prev : ordered.back()->prev_events)
            if (--builders[prev.str()] == 0 && reached.contains(prev.str())) ready.push(by_id.at(prev.str()));
    }
    return ordered;
}

}  // namespace

std::vector<ServerName> servers_with_history(const rooms::Room& room) {
    const auto create = room.state("m.room.create");
    const auto maker = create ? std::string(create->event()->sender.server()) : std::string();
    std::vector<std::tuple<bool, int, std::string>> names;
    for (const auto& [name, joined] : room.remote_servers()) names.emplace_back(name != maker, -joined, name);
    std::ranges::sort(names);
    std::vector<ServerName> servers;
    for (const auto& [other, joined, name] : names)
        if (const auto server = ServerName::parse(name); server && rooms::acl_allows(room, name) && servers.size() < most_servers)
            servers.push_back(*server);
    return servers;
}

net::Task<Backfill::Answer> Backfill::fill(RoomPtr room, storage::GapSearch stretch, Patience& patience) {
    stretch.due_at = parts_.runtime.clock().now_ms();
    auto gap = co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_gap(tx, room->nid(), stretch); });
    if (!gap) co_return Answer{Outcome::whole};

    const auto below = gap->below;
    auto& job = running_[{room->nid(), below}];
    if (!job) {
        job = std::make_shared<Job>();
        job->gap = std::move(*gap);
        parts_.runtime.spawn("backfill", run(room, job));
    }
    const auto mine = job;
    const auto gate = patience.gate();
    mine->waiting.push_back(gate);
    co_await gate->wait();
    if (!mine->done) co_return Answer{Outcome::later, below};
    co_return Answer{mine->came_in > 0 ? Outcome::filled : Outcome::vain, below};
}

net::Task<> Backfill::run(RoomPtr room, std::shared_ptr<Job> job) {
    for (const auto& server : servers_with_history(*room)) {
        try {
            job->came_in = co_await fetch_from(room, server, job->gap);
        } catch (const std::exception& failure) {
            spdlog::info("no history from {}: {}", server.str(), failure.what());
        }
        if (job->came_in > 0) break;
    }
    if (job->came_in == 0) {
        try {
            const auto now = parts_.runtime.clock().now_ms();
            co_await parts_.db.transact([&](storage::Tx& tx) { storage::postpone_gap(tx, room->nid(), job->gap.event_ids, now); });
        } catch (const std::exception&) {
            // Then it is tried again sooner.
        }
    }
    job->done = true;
    running_.erase({room->nid(), job->gap.below});
    for (const auto& gate : std::exchange(job->waiting, {})) gate->open();
}

net::Task<std::size_t> Backfill::fetch_from(RoomPtr room, ServerName server, storage::StoredGap gap) {
    std::vector<std::pair<std::string, std::string>> query{{"limit", std::to_string(events_at_once)}};
    for (const auto& id : gap.event_ids) query.emplace_back("v", id);
    const auto answer =
        co_await parts_.client.text(server, net::Method::get, with_query(path({"backfill", room->id().str()}), query), "", limits);
    auto texts = texts_in(answer, "pdus", events_at_once);
    const auto checked = co_await parts_.checks.check(std::move(texts), room->rules(), room->id(), EventChecks::Age::history);
    std::vector<EventPtr> events;
    std::vector<std::string> ids;
    for (const auto& one : checked)
        if (one) {
            events.push_back(one.event);
            ids.push_back(one.event->id.str());
        }
    const auto stored = co_await parts_.db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, ids); });
    std::unordered_set<std::string> placed;
    for (const auto& one : stored)
        if (one.ord) placed.insert(one.event_id);
    auto ordered = newest_first(events, gap.event_ids, placed);
    co_return co_await take_in(std::move(room), std::move(server), std::move(ordered), gap.below, gap.event_ids);
}

net::Task<std::size_t> Backfill::take_in(RoomPtr room, ServerName server, std::vector<EventPtr> ordered, Ord below,
                                         std::vector<std::string> closes) {
    if (ordered.empty()) co_return 0;
    // What they rest on: state among themselves, then what is fetched.
    std::vector<EventPtr> state;
    for (const auto& event : ordered)
        if (event->is_state()) state.push_back(event);
    for (int round = 0; round < most_auth_rounds; ++round) {
        if (!state.empty()) {
            auto again = state;
            co_await room->keep_outliers(std::move(again));
        }
        std::vector<std::string> cited;
        for (const auto& event : ordered)
            for (const auto& id : event->auth_events) cited.push_back(id.str());
        const auto stored = co_await parts_.db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, cited); });
        std::unordered_set<std::string> have;
        for (const auto& one : stored)
            if (one.room == room->nid()) have.insert(one.event_id);
        const auto lacking = std::ranges::find_if(ordered, [&](const EventPtr& event) {
            return std::ranges::any_of(event->auth_events, [&](const schema::EventId& id) { return !have.contains(id.str()); });
        });
        if (lacking == ordered.end()) break;
        const auto of = *lacking;
        const std::vector<ServerName> servers{server};
        const bool fetched = co_await parts_.missing.fetch_auth_events(room, of, servers);
        if (!fetched) break;
    }
    co_return co_await room->add_history(std::move(ordered), below, std::move(closes));
}

}  // namespace runde::federation
