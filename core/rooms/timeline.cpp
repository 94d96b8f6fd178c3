#include "core/rooms/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "schema/refusal.hpp"
#include "storage/timeline.hpp"

namespace runde::rooms {
namespace {

using schema::Reason;
using schema::Refusal;

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

/// The page from memory, if every event it may hold is there.
std::optional<std::vector<TimelineEventPtr>> from_ring(const Room& room, Ord after, Ord before, std::size_t limit,
                                                       Direction direction) {
    const auto& ring = room.ring();
    std::vector<TimelineEventPtr> events;
    if (direction == Direction::forward) {
        if (ring.empty() || !room.ring_reaches(after >> 16)) return std::nullopt;
        for (const auto& event : ring)
            if (event->ord > after && event->ord < before && events.size() < limit) events.push_back(event);
        return events;
    }
    for (auto event = ring.rbegin(); event != ring.rend() && events.size() < limit; ++event)
        if ((*event)->ord > after && (*event)->ord < before) events.push_back(*event);
    if (events.size() < limit) return std::nullopt;  // Older ones may lie on disk.
    return events;
}

std::vector<TimelineEventPtr> lines_of(const std::vector<storage::StoredEvent>& stored, const schema::RoomRules& rules) {
    std::vector<TimelineEventPtr> lines;
    lines.reserve(stored.size());
    for (const auto& event : stored) lines.push_back(make_line(event, rules));
    return lines;
}

StateEventPtr state_event_of(const storage::StoredEvent& stored, const schema::RoomRules& rules) {
    const auto id = *schema::EventId::parse(stored.event_id);
    auto json = stored.json;
    if (stored.redacted_by) json = schema::canonical_json(schema::redact(schema::load_event(json, id, rules)->object, rules));
    return std::make_shared<StateEvent>(stored.nid, id, net::bytes(std::move(json)), rules);
}

/// What a filter says of relations to an event stands in none of its own columns.
net::Task<> keep_related(Rooms& rooms, RoomNid room, const EventFilter& filter, std::vector<TimelineEventPtr>& events) {
    if ((!filter.related_by_rel_types && !filter.related_by_senders) || events.empty()) co_return;
    std::vector<std::string> ids;
    for (const auto& event : events) ids.push_back(event->id.str());
    const auto found = co_await rooms.parts().db.read([&](storage::Tx& tx) {
        return storage::with_relations(tx, room, ids, filter.related_by_rel_types, filter.related_by_senders);
    });
    const std::set<std::string_view> wanted(found.begin(), found.end());
    std::erase_if(events, [&](const auto& event) { return !wanted.contains(event->id.str()); });
}

}  // namespace

std::optional<Place> Place::parse(std::string_view token) {
    if (token.size() < 2) return std::nullopt;
    const auto kind = token.front();
    token.remove_prefix(1);
    if (kind == 't') {
        if (const auto ord = number(token.substr(0, token.find('_')))) return Place{*ord};
    } else if (kind == 's') {
        if (const auto pos = number(token.substr(0, token.find('_'))); pos && *pos >= 0 && *pos < (Position{1} << 46))
            return Place{schema::live_ord(*pos)};
    }
    return std::nullopt;
}

std::string Place::str() const { return fmt::format("t{}", after); }

net::Task<ReadableRoom> require_readable(Rooms& rooms, schema::RoomId id, UserId user, std::optional<schema::DeviceNid> device) {
    auto room = co_await rooms.find(std::move(id));
    if (!room) throw Refusal(Reason::forbidden, "You are not a member of this room.");
    auto visible = co_await visible_ranges(rooms, room, user);
    const auto* member = room->local_member(user.str());
    const bool has_been_in = member && member->membership != Membership::invite && !member->forgotten;
    if (visible.sees_nothing() || (!has_been_in && room->history_visibility() != "world_readable"))
        throw Refusal(Reason::forbidden, "You are not a member of this room.");
    if (room->is_joined(user.str())) rooms.require_open(room->id(), user.str());
    co_return ReadableRoom{room, Viewer{user, device, std::move(visible)}};
}

net::Task<Page> page(Rooms& rooms, const ReadableRoom& from, std::optional<Place> start, std::optional<Place> stop,
                     Direction direction, const EventFilter& filter) {
    const bool backward = direction == Direction::backward;
    const auto& room = from.room;
    const auto begin = start ? start->after : backward ? VisibleRanges::end_of_time : VisibleRanges::begin_of_time;
    // Both exclusive: events with after < ord < before.
    Ord after = backward ? (stop ? stop->after : VisibleRanges::begin_of_time) : begin;
    Ord before =
        backward ? std::min(begin, VisibleRanges::end_of_time - 1) + 1 : (stop ? stop->after + 1 : VisibleRanges::end_of_time);
    // What was said before the first visible event and after the last need not be read through.
    const auto& ranges = from.viewer.visible.ranges();
    if (!ranges.empty()) {
        after = std::max(after, ranges.front().first - 1);
        before = std::min(before, ranges.back().last + 1);
    }
    const auto limit = static_cast<std::size_t>(filter.limit);
    Page result{{}, Place{backward && !start ? schema::live_ord(room->head_position()) : begin}, std::nullopt};
    if (!backward && !start) result.start = Place{room->min_ord() - 1};
    if (!filter.wants_room(room->id().str())) co_return result;

    // A filter may throw most away: several strides, but not without end. What is left over comes with the next page.
    constexpr int strides = 8;
    const int stride = filter.is_open() ? static_cast<int>(limit) + 1 : 200;
    bool at_end = false;
    for (int i = 0; i < strides && !at_end && result.events.size() <= limit; ++i) {
        auto found = from_ring(*room, after, before, static_cast<std::size_t>(stride), direction);
        if (!found) {
            const auto stored = co_await rooms.parts().db.read(
                [&](storage::Tx& tx) { return storage::events_in_order(tx, room->nid(), after, before, stride, !backward); });
            found = lines_of(stored, room->rules());
        }
        at_end = found->size() < static_cast<std::size_t>(stride);
        if (!found->empty()) (backward ? before : after) = found->back()->ord;
        std::erase_if(*found, [&](const auto& event) { return !from.viewer.visible.sees(event->ord) || !filter.wants(*event); });
        co_await keep_related(rooms, room->nid(), filter, *found);
        for (auto& event : *found) {
            if (result.events.size() > limit) break;
            result.events.push_back(std::move(event));
        }
    }
    if (result.events.size() > limit) {
        result.events.pop_back();
        at_end = false;
        const auto last = result.events.back()->ord;
        result.end = Place{backward ? last - 1 : last};
    } else if (!at_end) {
        result.end = Place{backward ? before - 1 : after};
    }
    co_return result;
}

net::Task<TimelineEventPtr> find_event(Rooms& rooms, const ReadableRoom& in, schema::EventId id) {
    TimelineEventPtr line = in.room->find_in_ring(id.str());
    if (!line) {
        const auto stored = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, {id.str()}); });
        if (stored.empty() || stored.front().room != in.room->nid() || !stored.front().ord) co_return nullptr;
        line = make_line(stored.front(), in.room->rules());
    }
    if (!in.viewer.visible.sees(line->ord)) co_return nullptr;
    co_return line;
}

net::Task<std::optional<storage::StoredEvent>> nearest_event(Rooms& rooms, RoomPtr room, VisibleRanges visible, std::int64_t ts,
                                                             bool forward) {
    co_return co_await rooms.parts().db.read([&](storage::Tx& tx) {
        std::optional<storage::StoredEvent> best;
        for (const auto& range : visible.ranges()) {
            auto found = storage::nearest_event(tx, room->nid(), ts, forward, range.first, range.last);
            const auto nearer = [&] { return forward ? found->origin_ts < best->origin_ts : found->origin_ts > best->origin_ts; };
            if (found && (!best || nearer())) best = std::move(found);
        }
        return best;
    });
}

net::Task<Page> relations(Rooms& rooms, const ReadableRoom& in, const RelationsRequest& request) {
    const bool backward = request.direction == Direction::backward;
    const auto begin = request.from ? request.from->after
                       : backward   ? VisibleRanges::end_of_time - 1
                                    : VisibleRanges::begin_of_time;
    storage::RelationQuery query{.room = in.room->nid(), .parent_id = request.parent_id};
    query.rel_type = request.rel_type;
    query.event_type = request.event_type;
    query.after = backward ? (request.to ? request.to->after : VisibleRanges::begin_of_time) : begin;
    query.before = backward ? begin + 1 : (request.to ? request.to->after + 1 : VisibleRanges::end_of_time);
    query.limit = request.limit + 1;
    query.forward = !backward;
    query.recurse = request.recurse;
    const auto stored = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::related_events(tx, query); });
    Page result{{}, Place{begin}, std::nullopt};
    const bool more = stored.size() > static_cast<std::size_t>(request.limit);
    for (const auto& event : stored) {
        if (result.events.size() == static_cast<std::size_t>(request.limit)) break;
        if (in.viewer.visible.sees(event.ord.value_or(0))) result.events.push_back(make_line(event, in.room->rules()));
    }
    if (more) {
        const auto last = stored[static_cast<std::size_t>(request.limit) - 1].ord.value_or(0);
        result.end = Place{backward ? last - 1 : last};
    }
    co_return result;
}

net::Task<ThreadPage> threads(Rooms& rooms, const ReadableRoom& in, bool only_participated, std::string_view from, int limit) {
    std::optional<storage::ThreadPlace> below;
    if (!from.empty()) {
        const auto middle = from.find('_');
        const auto ord =
            from.front() == 'h' && middle != std::string_view::npos ? number(from.substr(1, middle - 1)) : std::nullopt;
        const auto root = ord ? number(from.substr(middle + 1)) : std::nullopt;
        if (!root) throw Refusal(Reason::invalid_param, "from is not a token of this endpoint");
        below = storage::ThreadPlace{*ord, EventNid{*root}};
    }
    const auto participant = only_participated ? std::optional(in.viewer.user.str()) : std::nullopt;
    const auto rows = co_await rooms.parts().db.read(
        [&](storage::Tx& tx) { return storage::threads_of(tx, in.room->nid(), participant, below, limit + 1); });
    ThreadPage result;
    for (std::size_t i = 0; i < rows.size() && i < static_cast<std::size_t>(limit); ++i) {
        const auto line = make_line(rows[i].root, in.room->rules());
        if (in.viewer.visible.sees(line->ord)) result.roots.push_back(line);
        if (i + 1 == static_cast<std::size_t>(limit) && rows.size() > i + 1)
            result.next = fmt::format("h{}_{}", rows[i].place.last_ord, schema::raw(rows[i].place.root));
    }
    co_return result;
}

namespace {

/// The text of each event's bundle, from what was found for the events of several rooms.
Bundles render_bundles(const std::vector<BundleWish>& wishes, const storage::Bundled& found, std::int64_t now_ms) {
    const Reader reader{.now_ms = now_ms};
    std::unordered_map<RoomNid, const BundleWish*> rooms;
    std::unordered_map<std::string, const BundleWish*> asked;  // By event id.
    for (const auto& wish : wishes) {
        rooms.emplace(wish.room, &wish);
        for (const auto& event : wish.events) asked.emplace(event->id.str(), &wish);
    }
    const auto sees = [&](const storage::StoredEvent& event) { return event.ord && rooms.at(event.room)->sees(*event.ord); };

    std::unordered_map<std::string, std::string> edits, references;
    for (const auto& edit : found.edits) {
        if (!sees(edit.event)) continue;
        std::string text = R"("m.replace":)";
        render(text, *make_line(edit.event, rooms.at(edit.event.room)->rules), reader);
        edits.emplace(edit.parent_id, std::move(text));
    }
    for (const auto& reference : found.references) {
        if (!asked.at(reference.parent_id)->sees(reference.ord)) continue;
        auto& text = references[reference.parent_id];
        text += fmt::format(R"({}{{"event_id":{}}})", text.empty() ? "" : ",", schema::quoted(reference.child_id));
    }
    std::unordered_map<EventNid, std::string> threads;
    for (const auto& thread : found.threads) {
        if (!sees(thread.latest)) continue;
        std::string latest;
        const auto edit = edits.find(thread.latest.event_id);
        render(latest, *make_line(thread.latest, rooms.at(thread.latest.room)->rules), reader,
               edit == edits.end() ? "" : "{" + edit->second + "}");
        threads.emplace(thread.root, fmt::format(R"("m.thread":{{"latest_event":{},"count":{},"current_user_participated":{}}})",
                                                 latest, thread.replies, thread.participated));
    }

    Bundles result;
    for (const auto& wish : wishes)
        for (const auto& event : wish.events) {
            std::string text;
            const auto add = [&](std::string_view part) {
                if (!text.empty()) text += ',';
                text += part;
            };
            if (const auto edit = edits.find(event->id.str()); edit != edits.end()) add(edit->second);
            if (const auto list = references.find(event->id.str()); list != references.end())
                add(fmt::format(R"("m.reference":{{"chunk":[{}]}})", list->second));
            if (const auto thread = threads.find(event->nid); thread != threads.end()) add(thread->second);
            if (!text.empty()) result.emplace(event->nid, "{" + text + "}");
        }
    return result;
}

}  // namespace

net::Task<Bundles> bundles(storage::Database& db, std::vector<BundleWish> wishes, UserId viewer, std::int64_t now_ms) {
    std::vector<storage::Bundling> wanted;
    for (auto& wish : wishes) {
        std::erase_if(wish.events, [](const auto& event) { return event->redacted || event->is_state(); });
        for (const auto& event : wish.events) wanted.push_back({wish.room, event->nid, event->id.str()});
    }
    if (wanted.empty()) co_return Bundles{};
    const auto found = co_await db.read([&](storage::Tx& tx) { return storage::bundled(tx, wanted, viewer.str()); });
    co_return render_bundles(wishes, found, now_ms);
}

net::Task<Bundles> bundles(Rooms& rooms, RoomPtr room, std::vector<TimelineEventPtr> events, Viewer viewer) {
    const auto sees = [visible = std::move(viewer.visible)](Ord ord) { return visible.sees(ord); };
    std::vector<BundleWish> wishes;
    wishes.push_back({room->nid(), room->rules(), std::move(events), sees});
    co_return co_await bundles(rooms.parts().db, std::move(wishes), viewer.user, rooms.clock().now_ms());
}

std::string render_all(const std::vector<TimelineEventPtr>& events, const Viewer& viewer, const Bundles& bundles,
                       std::int64_t now_ms) {
    std::string out;
    for (const auto& event : events) {
        if (!out.empty()) out += ',';
        Reader reader{.now_ms = now_ms, .device = viewer.device};
        reader.membership = to_string(viewer.visible.membership_at(event->ord));
        const auto bundle = bundles.find(event->nid);
        render(out, *event, reader, bundle == bundles.end() ? std::string_view{} : bundle->second);
    }
    return out;
}

net::Task<std::vector<StateEventPtr>> member_events_of(Rooms& rooms, RoomPtr room, std::vector<TimelineEventPtr> events) {
    if (events.empty()) co_return std::vector<StateEventPtr>{};
    const auto& newest =
        **std::max_element(events.begin(), events.end(), [](const auto& a, const auto& b) { return a->ord < b->ord; });
    std::vector<StateEventPtr> members;
    std::vector<std::int64_t> changed;
    std::set<std::string_view> seen;
    for (const auto& event : events) {
        if (!seen.insert(event->sender).second) continue;
        const auto key = room->dictionary().find("m.room.member", event->sender);
        const auto member = key ? room->state_by_key(*key) : nullptr;
        if (!member) continue;
        // Numbers are given as events come: a higher one was not there yet.
        if (member->nid <= newest.nid || newest.pos == 0)
            members.push_back(member);
        else
            changed.push_back(*key);
    }
    if (!changed.empty()) {
        const auto stored = co_await rooms.parts().db.read([&](storage::Tx& tx) {
            std::vector<EventNid> nids;
            for (const auto& [key, nid] : storage::keys_at(tx, room->nid(), changed, newest.pos)) nids.push_back(nid);
            return storage::events_by_nid(tx, room->nid(), nids);
        });
        for (const auto& event : stored) members.push_back(state_event_of(event, room->rules()));
    }
    co_return members;
}

net::Task<std::string> members_of(Rooms& rooms, RoomPtr room, std::vector<TimelineEventPtr> events) {
    const auto members = co_await member_events_of(rooms, std::move(room), std::move(events));
    std::string out;
    for (const auto& member : members) {
        if (!out.empty()) out += ',';
        out += member->client_json() + "}";
    }
    co_return out;
}

net::Task<std::vector<StateEventPtr>> state_after(Rooms& rooms, RoomPtr room, Position pos, Members members) {
    const auto stored = co_await rooms.parts().db.read([&](storage::Tx& tx) {
        std::vector<EventNid> nids;
        for (const auto& entry : storage::state_at(tx, room->nid(), pos))
            if (members == Members::all || entry.type != "m.room.member") nids.push_back(entry.event);
        return storage::events_by_nid(tx, room->nid(), nids);
    });
    std::vector<StateEventPtr> state;
    for (const auto& event : stored) state.push_back(state_event_of(event, room->rules()));
    co_return state;
}

net::Task<std::vector<StateEventPtr>> state_at(Rooms& rooms, RoomPtr room, TimelineEventPtr event, Members members) {
    if (event->pos > 0) co_return co_await state_after(rooms, room, event->pos, members);
    const auto first = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::first_state(tx, room->nid()); });
    co_return co_await state_after(rooms, room, std::max<Position>(event->ord >> 16, first), members);
}

net::Task<std::vector<StateEventPtr>> readable_state(Rooms& rooms, const ReadableRoom& from) {
    const auto& room = *from.room;
    const auto newest = from.viewer.visible.newest();
    if (!room.is_joined(from.viewer.user.str()) && newest < schema::live_ord(room.head_position())) {
        auto then = co_await state_after(rooms, from.room, newest >> 16);
        co_return then;
    }
    std::vector<StateEventPtr> state;
    room.current().for_each([&](int key, EventNid) {
        if (auto event = room.state_by_key(key)) state.push_back(std::move(event));
    });
    co_return state;
}

}  // namespace runde::rooms
