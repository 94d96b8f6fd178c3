#include "storage/timeline.hpp"

#include <limits>

#include "schema/json.hpp"
#include "storage/stored_event.hpp"

namespace runde::storage {

using stored_event::read_event;
using stored_event::read_events;
using stored_event::small;

namespace {

constexpr std::size_t event_columns = 26;  // EVENT_COLUMNS; what a query adds comes after them.

/// Read here rather than with SQL's JSON operators: those refuse the whole document for one \u0000 in it.
std::string changed_value(const std::string& type, std::string_view json) {
    const auto event = schema::parse_json(json);
    const auto* content = event.is_object() ? schema::object_at(event.get_object(), "content") : nullptr;
    const auto* name = type == "m.room.member" ? "membership" : "history_visibility";
    const auto value = content ? schema::string_at(*content, name) : std::nullopt;
    return std::string(value.value_or(type == "m.room.member" ? "leave" : "shared"));
}

}  // namespace

std::vector<StateChange> state_changes(Tx& tx, RoomNid room, const std::vector<std::int64_t>& key_nos) {
    std::vector<StateChange> changes;
    for (const auto& row : tx.exec(R"(
             SELECT l.pos, e.type, e.json, l.key_no FROM room_state_log l
             JOIN events e ON e.room_nid = l.room_nid AND e.event_nid = l.event_nid
             WHERE l.room_nid = $1 AND l.key_no = ANY($2::int[]) ORDER BY l.pos)",
                                   room, key_nos)) {
        auto type = row[1].string();
        auto value = changed_value(type, row[2].text());
        changes.push_back({row[0].number(), std::move(type), std::move(value), small(row[3])});
    }
    return changes;
}

std::vector<StateAt> state_at(Tx& tx, RoomNid room, Position pos) {
    std::vector<StateAt> state;
    for (const auto& row : tx.exec(R"(
             SELECT DISTINCT ON (l.key_no) l.key_no, s.type, s.state_key, l.event_nid
             FROM room_state_log l JOIN room_state s USING (room_nid, key_no)
             WHERE l.room_nid = $1 AND l.pos <= $2 ORDER BY l.key_no, l.pos DESC)",
                                   room, pos))
        if (!row[3].is_null()) state.push_back({small(row[0]), row[1].string(), row[2].string(), row[3].nid<EventNid>()});
    return state;
}

Position first_state(Tx& tx, RoomNid room) {
    return tx.exec("SELECT coalesce(min(pos), 0) FROM room_state_log WHERE room_nid = $1", room).front()[0].number();
}

std::vector<std::pair<int, EventNid>> keys_at(Tx& tx, RoomNid room, const std::vector<std::int64_t>& key_nos, Position pos) {
    std::vector<std::pair<int, EventNid>> keys;
    for (const auto& row : tx.exec(R"(
             SELECT w.key_no, (SELECT l.prev_nid FROM room_state_log l
                               WHERE l.room_nid = $1 AND l.pos > $3 AND l.key_no = w.key_no ORDER BY l.pos LIMIT 1)
             FROM unnest($2::int[]) AS w (key_no))",
                                   room, key_nos, pos))
        if (!row[1].is_null()) keys.emplace_back(small(row[0]), row[1].nid<EventNid>());
    return keys;
}

std::vector<std::string> with_relations(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids,
                                        const std::optional<std::vector<std::string>>& rel_types,
                                        const std::optional<std::vector<std::string>>& senders) {
    std::vector<std::string> found;
    for (const auto& row : tx.exec(R"(
             SELECT w.event_id FROM unnest($2::text[]) AS w (event_id)
             WHERE EXISTS (SELECT 1 FROM relations x JOIN events e ON e.room_nid = x.room_nid AND e.event_nid = x.child_nid
                           WHERE x.room_nid = $1 AND x.parent_id = w.event_id AND ($3::text[] IS NULL OR x.rel_type = ANY($3))
                             AND ($4::text[] IS NULL OR x.sender = ANY($4)) AND e.redacted_by IS NULL))",
                                   room, event_ids, rel_types, senders))
        found.push_back(row[0].string());
    return found;
}

Bundled bundled(Tx& tx, const std::vector<Bundling>& events, const std::string& viewer) {
    Bundled result;
    std::vector<RoomNid> rooms;
    std::vector<EventNid> nids;
    std::vector<std::string> ids;
    for (const auto& event : events) {
        rooms.push_back(event.room);
        nids.push_back(event.nid);
        ids.push_back(event.event_id);
    }
    auto editable_rooms = rooms;
    auto editable = ids;
    for (const auto& row : tx.exec("SELECT " EVENT_COLUMNS R"(, t.root_nid, t.replies,
                 EXISTS (SELECT 1 FROM thread_users u WHERE u.room_nid = t.room_nid AND u.root_nid = t.root_nid AND u.sender = $3)
             FROM unnest($1::bigint[], $2::bigint[]) AS w (room_nid, root_nid)
             JOIN threads t ON t.room_nid = w.room_nid AND t.root_nid = w.root_nid
             JOIN events e ON e.room_nid = t.room_nid AND e.event_nid = t.last_nid)" EVENT_JOINS "WHERE t.replies > 0",
                                   rooms, nids, viewer)) {
        result.threads.push_back(
            {row[event_columns].nid<EventNid>(), small(row[event_columns + 1]), row[event_columns + 2].flag(), read_event(row)});
        editable_rooms.push_back(result.threads.back().latest.room);
        editable.push_back(result.threads.back().latest.event_id);
    }
    // The newest edit by the author of the original; ties go to the larger event id.
    for (const auto& row : tx.exec("SELECT DISTINCT ON (x.parent_id) " EVENT_COLUMNS R"(, x.parent_id
             FROM unnest($1::bigint[], $2::text[]) AS w (room_nid, event_id)
             JOIN relations x ON x.room_nid = w.room_nid AND x.parent_id = w.event_id AND x.rel_type = 'm.replace'
             JOIN events o ON o.event_id = x.parent_id AND o.room_nid = x.room_nid
             JOIN events e ON e.room_nid = x.room_nid AND e.event_nid = x.child_nid)" EVENT_JOINS R"(
             WHERE e.sender = o.sender AND e.type = o.type AND e.state_key IS NULL AND o.state_key IS NULL
               AND e.redacted_by IS NULL AND o.redacted_by IS NULL
             ORDER BY x.parent_id, e.origin_ts DESC, e.event_id DESC)",
                                   editable_rooms, editable))
        result.edits.push_back({row[event_columns].string(), read_event(row)});
    for (const auto& row : tx.exec(R"(
             SELECT x.parent_id, e.event_id, e.ord
             FROM unnest($1::bigint[], $2::text[]) AS w (room_nid, event_id)
             JOIN relations x ON x.room_nid = w.room_nid AND x.parent_id = w.event_id AND x.rel_type = 'm.reference'
             JOIN events e ON e.room_nid = x.room_nid AND e.event_nid = x.child_nid
             WHERE e.redacted_by IS NULL AND e.ord IS NOT NULL ORDER BY x.ord)",
                                   rooms, ids))
        result.references.push_back({row[0].string(), row[1].string(), row[2].number()});
    return result;
}

std::optional<StoredEvent> newest_edit(Tx& tx, const StoredEvent& event) {
    // Among them may be those of its thread's newest reply.
    for (auto& edit : bundled(tx, {{event.room, event.nid, event.event_id}}, "").edits)
        if (edit.parent_id == event.event_id) return std::move(edit.event);
    return std::nullopt;
}

namespace {

/// The usual case reads along the index relations_order, as far as the page reaches.
#define RELATED_IN_ORDER                                                                                                          \
    "SELECT " EVENT_COLUMNS "FROM relations x JOIN events e ON e.room_nid = x.room_nid AND e.event_nid = x.child_nid" EVENT_JOINS \
    "WHERE x.room_nid = $1 AND x.parent_id = $2 AND x.ord > $5 AND x.ord < $6 "                                                   \
    "AND ($3::text IS NULL OR x.rel_type = $3) AND ($4::text IS NULL OR x.child_type = $4) "                                      \
    "AND e.redacted_by IS NULL ORDER BY x.ord "

std::vector<StoredEvent> directly_related(Tx& tx, const RelationQuery& query) {
    if (query.forward)
        return read_events(tx.exec(RELATED_IN_ORDER "LIMIT $7", query.room, query.parent_id, query.rel_type, query.event_type,
                                   query.after, query.before, query.limit));
    return read_events(tx.exec(RELATED_IN_ORDER "DESC LIMIT $7", query.room, query.parent_id, query.rel_type, query.event_type,
                               query.after, query.before, query.limit));
}

}  // namespace

std::vector<StoredEvent> related_events(Tx& tx, const RelationQuery& query) {
    if (!query.recurse) return directly_related(tx, query);
    // One literal for both directions: the sort key carries it. The type says what to find, not which way to go: the
    // reactions to the answers in a thread hang on the thread's root by m.thread first.
    return read_events(tx.exec(
        "WITH RECURSIVE related AS ("
        R"(
             SELECT x.child_nid, x.rel_type, 1 AS level FROM relations x WHERE x.room_nid = $1 AND x.parent_id = $2
             UNION
             SELECT x.child_nid, x.rel_type, r.level + 1
             FROM related r JOIN events p ON p.room_nid = $1 AND p.event_nid = r.child_nid
             JOIN relations x ON x.room_nid = $1 AND x.parent_id = p.event_id
             WHERE r.level < 3
         ) SELECT )" EVENT_COLUMNS R"(
             FROM events e)" EVENT_JOINS R"(
             WHERE e.room_nid = $1 AND e.event_nid IN (SELECT child_nid FROM related WHERE $3::text IS NULL OR rel_type = $3)
               AND e.redacted_by IS NULL
               AND ($4::text IS NULL OR e.type = $4) AND e.ord > $5 AND e.ord < $6
             ORDER BY CASE WHEN $8::boolean THEN e.ord ELSE -e.ord END LIMIT $7)",
        query.room, query.parent_id, query.rel_type, query.event_type, query.after, query.before, query.limit, query.forward));
}

// The page is found along the index threads_last before anything is joined to it. Two statements, since one with a
// condition for both would hide from the planner how few rows the page needs.
#define THREAD_PAGE(PARTICIPATED)                                                                   \
    "SELECT " EVENT_COLUMNS                                                                         \
    ", t.last_ord, t.root_nid FROM (SELECT n.room_nid, n.root_nid, n.last_ord FROM threads n "      \
    "WHERE n.room_nid = $1 AND (n.last_ord, n.root_nid) < ($2, $3) AND n.replies > 0 " PARTICIPATED \
    "ORDER BY n.last_ord DESC, n.root_nid DESC LIMIT $4) AS t "                                     \
    "JOIN events e ON e.room_nid = t.room_nid AND e.event_nid = t.root_nid" EVENT_JOINS             \
    "ORDER BY t.last_ord DESC, t.root_nid DESC"

std::vector<ThreadRow> threads_of(Tx& tx, RoomNid room, const std::optional<std::string>& participant,
                                  std::optional<ThreadPlace> below, int limit) {
    std::vector<ThreadRow> threads;
    const auto last = below ? below->last_ord : std::numeric_limits<Ord>::max();
    const auto root = below ? below->root : EventNid{std::numeric_limits<std::int64_t>::max()};
    const auto rows =
        participant ? tx.exec(THREAD_PAGE("AND ((SELECT true FROM thread_users u WHERE u.room_nid = n.room_nid "
                                          "AND u.root_nid = n.root_nid AND u.sender = $5) OR (SELECT o.sender = $5 FROM events o "
                                          "WHERE o.room_nid = n.room_nid AND o.event_nid = n.root_nid)) "),
                              room, last, root, limit, *participant)
                    : tx.exec(THREAD_PAGE(""), room, last, root, limit);
    for (const auto& row : rows)
        threads.push_back({{row[event_columns].number(), row[event_columns + 1].nid<EventNid>()}, read_event(row)});
    return threads;
}

std::optional<StoredEvent> nearest_event(Tx& tx, RoomNid room, std::int64_t ts, bool forward, Ord first, Ord last) {
    auto events = forward ? read_events(tx.exec("SELECT " EVENT_COLUMNS "FROM events e" EVENT_JOINS
                                                "WHERE e.room_nid = $1 AND e.origin_ts >= $2 AND e.ord BETWEEN $3 AND $4 "
                                                "ORDER BY e.origin_ts, e.ord LIMIT 1",
                                                room, ts, first, last))
                          : read_events(tx.exec("SELECT " EVENT_COLUMNS "FROM events e" EVENT_JOINS
                                                "WHERE e.room_nid = $1 AND e.origin_ts <= $2 AND e.ord BETWEEN $3 AND $4 "
                                                "ORDER BY e.origin_ts DESC, e.ord DESC LIMIT 1",
                                                room, ts, first, last));
    if (events.empty()) return std::nullopt;
    return std::move(events.front());
}

}  // namespace runde::storage
