#include "federation/history.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/rooms/policy_server.hpp"
#include "core/rooms/server_acl.hpp"
#include "core/rooms/state_history.hpp"
#include "schema/refusal.hpp"
#include "storage/lane.hpp"
#include "storage/pdus.hpp"

namespace runde::federation {

using schema::EventNid;
using schema::Ord;
using schema::Reason;
using schema::Refusal;
using storage::StoredEvent;

namespace {

bool is_servable(const StoredEvent& event) { return (event.flags & storage::rows::rejected) == 0; }

/// The one row of `event` if it is in the room and was accepted.
const StoredEvent& require(const std::vector<StoredEvent>& rows, const ServerView& view) {
    if (rows.empty() || rows.front().room != view.room->nid() || !is_servable(rows.front()))
        throw Refusal(Reason::not_found, "There is no such event.");
    return rows.front();
}

rooms::StateGroup group_of(const storage::StoredStateGroup& stored) {
    const auto number = [](std::optional<std::int64_t> sg) { return sg ? std::optional(rooms::StateGroupNo{*sg}) : std::nullopt; };
    return {rooms::StateGroupNo{stored.sg}, number(stored.parent), number(stored.jump), stored.depth,
            rooms::unpack_delta(stored.delta)};
}

}  // namespace

bool ServerView::is_told(const StoredEvent& event) const {
    if (!is_servable(event)) return false;
    return !is_watched || (event.flags & storage::rows::soft_failed) == 0;
}

bool ServerView::sees(const StoredEvent& event) const {
    // State that is no part of the timeline here, and what every member must know to judge events.
    if (event.state_key) return true;
    // What failed softly has no place in the timeline; others may have built on it, and ask.
    if (!event.ord) return is_told(event) && visible.sees(rooms::VisibleRanges::end_of_time);
    return visible.sees(*event.ord);
}

net::Task<ServerView> require_in_room(rooms::Rooms& rooms, schema::RoomId id, schema::ServerName server) {
    const auto room = co_await rooms.find(std::move(id));
    if (!room || !room->remote_servers().contains(server.str()))
        throw Refusal(Reason::forbidden, "Your server is not in this room.");
    if (!rooms::acl_allows(*room, server.str())) throw Refusal(Reason::forbidden, "Your server is not in this room.");
    auto visible = co_await rooms::visible_ranges_of_server(rooms, room, server.str());
    co_return ServerView{room, std::move(visible), rooms::policy_server_of(*room) != nullptr};
}

std::string pdu_for(const ServerView& view, const StoredEvent& event) {
    if (!event.redacted_by && view.sees(event)) return event.json;
    const auto& rules = view.room->rules();
    const auto parsed = schema::load_event(event.json, *schema::EventId::parse(event.event_id), rules);
    return schema::canonical_json(schema::redact(parsed->object, rules), rules.numbers());
}

net::Task<std::string> event_for(rooms::Rooms& rooms, schema::ServerName server, schema::EventId id) {
    const auto rows = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, {id.str()}); });
    const auto nothing = Refusal(Reason::not_found, "There is no such event.");
    if (rows.empty() || !is_servable(rows.front())) throw nothing;
    const auto room = co_await rooms.find(rows.front().room);
    if (!room) throw nothing;
    std::optional<ServerView> view;
    try {
        view = co_await require_in_room(rooms, room->id(), server);
    } catch (const Refusal&) {
        // The same answer as for an event that does not exist.
    }
    if (!view || !view->sees(rows.front())) throw nothing;
    co_return pdu_for(*view, rows.front());
}

std::vector<std::pair<int, EventNid>> state_nids_before(storage::Tx& tx, schema::RoomNid room, const StoredEvent& event) {
    std::vector<std::pair<int, EventNid>> nids;
    const bool is_first = event.type == "m.room.create" && event.state_key == "";
    // Of what lies before our history, or was only ever cited, nobody here knows the state. An empty answer would be a lie.
    if (!event.sg && !is_first) throw Refusal(Reason::not_found, "The state before this event is not known here.");
    if (!event.sg) return nids;
    rooms::StateHistory history;
    for (const auto& group : storage::load_state_chain(tx, room, *event.sg)) history.restore(group_of(group));
    const auto state = history.state_at(rooms::StateGroupNo{*event.sg});
    state.for_each([&](int key, EventNid one) { nids.emplace_back(key, one); });
    return nids;
}

net::Task<StateBefore> state_before(rooms::Rooms& rooms, const ServerView& view, schema::EventId id) {
    const auto nid = view.room->nid();
    co_return co_await rooms.parts().db.read([&](storage::Tx& tx) {
        const auto rows = storage::events_by_id(tx, {id.str()});
        const auto& event = require(rows, view);
        StateBefore before;
        for (const auto& [key, one] : state_nids_before(tx, nid, event)) before.state.push_back(one);
        before.auth_chain = storage::auth_chain(tx, nid, before.state);
        return before;
    });
}

net::Task<std::vector<EventNid>> auth_chain(rooms::Rooms& rooms, const ServerView& view, schema::EventId id) {
    const auto nid = view.room->nid();
    co_return co_await rooms.parts().db.read([&](storage::Tx& tx) {
        const auto rows = storage::events_by_id(tx, {id.str()});
        if (rows.empty() || rows.front().room != nid) throw Refusal(Reason::not_found, "There is no such event.");
        const auto parsed = schema::load_event(rows.front().json, id, view.room->rules());
        std::vector<std::string> ids;
        for (const auto& parent : parsed->auth_events) ids.push_back(parent.str());
        std::vector<EventNid> nids;
        for (const auto& parent : storage::events_by_id(tx, ids))
            if (parent.room == nid) nids.push_back(parent.nid);
        auto chain = storage::auth_chain(tx, nid, nids);
        nids.insert(nids.end(), chain.begin(), chain.end());
        std::ranges::sort(nids);
        nids.erase(std::unique(nids.begin(), nids.end()), nids.end());
        return nids;
    });
}

std::shared_ptr<void> BigAnswers::enter(const schema::ServerName& server) {
    auto& mine = taken_->by_server[server.str()];
    if (mine >= most_per_server || taken_->all >= most_of_all) {
        if (mine == 0) taken_->by_server.erase(server.str());
        throw Refusal(Reason::limit_exceeded, "One large answer at a time, please.", {{"retry_after_ms", 2000}});
    }
    ++mine;
    ++taken_->all;
    return std::shared_ptr<void>(nullptr, [taken = taken_, name = server.str()](void*) {
        --taken->all;
        if (--taken->by_server[name] == 0) taken->by_server.erase(name);
    });
}

namespace {

/// Of `events`, newest first, those named by `from` and what they build on; a branch beside them is not what was asked for.
std::vector<StoredEvent> with_ancestors(storage::Tx& tx, const rooms::Room& room, std::vector<StoredEvent> events,
                                        const std::vector<std::string>& from) {
    std::unordered_set<std::string> here, wanted(from.begin(), from.end());
    for (const auto& event : events) here.insert(event.event_id);
    bool everything = false;
    int refused_left = 50;
    std::vector<StoredEvent> found;
    for (auto& event : events) {
        if (!everything && !wanted.contains(event.event_id)) continue;
        std::vector<std::string> beyond;
        const auto want = [&](const StoredEvent& builder) {
            const auto parsed = schema::load_event(builder.json, *schema::EventId::parse(builder.event_id), room.rules());
            for (const auto& prev : parsed->prev_events)
                if (wanted.insert(prev.str()).second && !here.contains(prev.str())) beyond.push_back(prev.str());
        };
        want(event);
        // What was refused has no place in the order, but what it builds on has. Below a gap of ours everything is older.
        while (!beyond.empty() && !everything) {
            const auto rows = storage::events_by_id(tx, std::exchange(beyond, {}));
            everything = rows.empty();
            for (const auto& row : rows)
                if (row.room == room.nid() && !row.ord && refused_left-- > 0) want(row);
        }
        found.push_back(std::move(event));
    }
    return found;
}

}  // namespace

net::Task<std::vector<StoredEvent>> backfill(rooms::Rooms& rooms, const ServerView& view, std::vector<std::string> from,
                                             int limit) {
    const auto nid = view.room->nid();
    co_return co_await rooms.parts().db.read([&](storage::Tx& tx) {
        // Our reading order never puts an event before one that it builds on, so what precedes an event in it holds all
        // that precedes it in the graph, and what happened beside it.
        Ord newest = std::numeric_limits<Ord>::min();
        for (const auto& event : storage::events_by_id(tx, from))
            if (event.room == nid && event.ord && is_servable(event)) newest = std::max(newest, *event.ord);
        std::vector<StoredEvent> events;
        if (newest != std::numeric_limits<Ord>::min())
            events = storage::events_in_order(tx, nid, std::numeric_limits<Ord>::min(), newest + 1, limit * 2, false);
        std::erase_if(events, [](const auto& event) { return !is_servable(event); });
        events = with_ancestors(tx, *view.room, std::move(events), from);
        if (events.size() > static_cast<std::size_t>(limit)) events.erase(events.begin() + limit, events.end());
        return events;
    });
}

net::Task<std::vector<StoredEvent>> missing_events(rooms::Rooms& rooms, const ServerView& view, MissingRequest request) {
    const auto nid = view.room->nid();
    const auto& rules = view.room->rules();
    co_return co_await rooms.parts().db.read([&](storage::Tx& tx) {
        std::unordered_map<std::string, StoredEvent> near;
        Ord newest = std::numeric_limits<Ord>::min();
        std::deque<std::string> to_visit;
        for (const auto& event : storage::events_by_id(tx, request.latest)) {
            if (event.room != nid || !event.ord) continue;
            newest = std::max(newest, *event.ord);
            to_visit.push_back(event.event_id);
            near.emplace(event.event_id, event);
        }
        std::vector<StoredEvent> found;
        if (to_visit.empty()) return found;
        for (auto& event : storage::events_in_order(tx, nid, std::numeric_limits<Ord>::min(), newest, request.limit * 5, false))
            near.emplace(event.event_id, event);
        std::set<std::string> seen(request.earliest.begin(), request.earliest.end());
        seen.insert(request.latest.begin(), request.latest.end());
        // Rejected events are told to nobody, but what others have may hang on to ours through them. What failed softly is told
        // where others cite it.
        int refused_left = 50;
        const auto look_at_refused = [&](const std::string& event_id) {
            if (refused_left == 0) return;
            constexpr int refused = storage::rows::rejected | storage::rows::soft_failed;
            for (auto& event : storage::events_by_id(tx, {event_id}))
                if (event.room == nid && (event.flags & refused) != 0 && refused_left-- > 0) near.emplace(event_id, event);
        };
        while (!to_visit.empty() && found.size() < static_cast<std::size_t>(request.limit)) {
            const auto at = near.find(to_visit.front());
            to_visit.pop_front();
            if (at == near.end()) continue;
            const auto parsed = schema::load_event(at->second.json, *schema::EventId::parse(at->second.event_id), rules);
            const auto place = at->second.ord;
            for (const auto& before : parsed->prev_events) {
                if (!seen.insert(before.str()).second) continue;
                if (!near.contains(before.str())) look_at_refused(before.str());
                const auto event = near.find(before.str());
                if (event == near.end() || event->second.depth < request.min_depth) continue;
                // Without a place of its own it stands just before what cites it.
                if (!event->second.ord && place) event->second.ord = *place - 1;
                if (view.is_told(event->second)) {
                    if (found.size() == static_cast<std::size_t>(request.limit)) break;
                    found.push_back(event->second);
                }
                to_visit.push_back(before.str());
            }
        }
        std::ranges::sort(found, {}, [](const StoredEvent& event) { return event.ord.value_or(0); });
        return found;
    });
}

}  // namespace runde::federation
