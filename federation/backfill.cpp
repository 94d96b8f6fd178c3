#include "federation/backfill.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

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
/// events that the graph does not order.
std::vector<EventPtr> newest_first(std::vector<EventPtr> events, const std::vector<std::string>& from) {
    std::unordered_map<std::string, EventPtr> by_id;
    for (auto& event : events) by_id.emplace(event->id.str(), event);
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

net::Task<Backfill::Outcome> Backfill::fill(RoomPtr room, Ord newest, Ord oldest) {
    const auto now = parts_.runtime.clock().now_ms();
    auto gap =
        co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_gap(tx, room->nid(), oldest + 1, newest + 1, now); });
    if (!gap || !gap->is_due) co_return Outcome::whole;

    auto& job = running_[{room->nid(), gap->below}];
    if (!job) {
        job = std::make_shared<Job>();
        job->gap = std::move(*gap);
        parts_.runtime.spawn("backfill", run(room, job));
    }
    const auto mine = job;
    const auto gate = std::make_shared<net::Gate>();
    mine->waiting.push_back(gate);
    const auto enough = parts_.runtime.after(patience, [gate] { gate->open(); });
    co_await gate->wait();
    co_return !mine->done ? Outcome::later : mine->came_in > 0 ? Outcome::filled : Outcome::whole;
}

net::Task<> Backfill::run(RoomPtr room, std::shared_ptr<Job> job) {
    std::vector<std::pair<int, std::string>> names;
    for (const auto& [name, joined] : room->remote_servers()) names.emplace_back(-joined, name);
    std::ranges::sort(names);
    if (names.size() > most_servers) names.resize(most_servers);
    for (const auto& [joined, name] : names) {
        const auto server = ServerName::parse(name);
        if (!server) continue;
        try {
            job->came_in = co_await fetch_from(room, *server, job->gap);
        } catch (const std::exception& failure) {
            spdlog::info("no history from {}: {}", name, failure.what());
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
    for (const auto& one : checked)
        if (one) events.push_back(one.event);
    auto ordered = newest_first(std::move(events), gap.event_ids);
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
    co_return co_await room->add_history(std::move(ordered), gap.below, gap.event_ids);
}

}  // namespace runde::federation
