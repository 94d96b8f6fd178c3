#include "storage/rooms.hpp"

#include "storage/reading.hpp"

#include <algorithm>
#include <limits>

#include "storage/stored_event.hpp"

namespace runde::storage {

using stored_event::maybe_nid;
using stored_event::read_events;
using stored_event::small;

namespace {

std::vector<StoredState> load_state(Tx& tx, RoomNid room) {
    std::vector<StoredState> state;
    for (const auto& row : tx.exec(R"(
             SELECT s.key_no, s.type, s.state_key, s.event_nid, e.event_id, e.json, e.redacted_by IS NOT NULL
             FROM room_state s LEFT JOIN events e ON e.room_nid = s.room_nid AND e.event_nid = s.event_nid
             WHERE s.room_nid = $1 ORDER BY s.key_no)",
                                   room)) {
        StoredState entry{.key_no = small(row[0]), .type = row[1].string(), .state_key = row[2].string()};
        entry.event = maybe_nid<EventNid>(row[3]);
        if (entry.event) {
            entry.event_id = row[4].string();
            entry.json = row[5].string();
            entry.redacted = row[6].flag();
        }
        state.push_back(std::move(entry));
    }
    return state;
}

std::vector<StoredMember> load_members(Tx& tx, RoomNid room) {
    std::vector<StoredMember> members;
    for (const auto& row : tx.exec(R"(
             SELECT r.user_nid, u.localpart, r.membership, r.member_nid, r.forgotten, r.push_class, r.read_ord,
                    r.all_ord, r.base_main, r.base_threads
             FROM user_rooms r JOIN users u USING (user_nid) WHERE r.room_nid = $1)",
                                   room))
        members.push_back({row[0].nid<UserNid>(), row[1].string(), small(row[2]), row[3].nid<EventNid>(), row[4].flag(),
                           small(row[5]), row[6].number(), row[7].number(), small(row[8]), small(row[9])});
    return members;
}

std::vector<StoredThreadRead> load_thread_reads(Tx& tx, RoomNid room) {
    std::vector<StoredThreadRead> reads;
    for (const auto& row : tx.exec(R"(
             SELECT t.user_nid, t.root_nid, t.read_ord, t.base
             FROM user_rooms r JOIN user_threads t USING (user_nid, room_nid) WHERE r.room_nid = $1)",
                                   room))
        reads.push_back({row[0].nid<UserNid>(), row[1].nid<EventNid>(), row[2].number(), small(row[3])});
    return reads;
}

std::optional<StoredRoomWhole> load_rest(Tx& tx, const Rows& rows, int recent) {
    if (rows.empty()) return std::nullopt;
    const auto row = rows.front();
    StoredRoomWhole whole;
    auto& room = whole.room;
    room = {row[0].nid<RoomNid>(), row[1].string(), row[2].string(), row[3].number(), row[4].number(),
            row[5].number(),       row[6].number(), small(row[7]),   small(row[8]),   row[9].maybe_number(),
            row[10].numbers(),     row[11].flag(),  small(row[12])};
    whole.state = load_state(tx, room.nid);
    std::vector<EventNid> extremities;
    for (const auto nid : room.extremities) extremities.push_back(EventNid{nid});
    whole.extremities = events_by_nid(tx, room.nid, extremities);
    whole.recent = events_in_order(tx, room.nid, std::numeric_limits<Ord>::min(), std::numeric_limits<Ord>::max(), recent, false);
    std::reverse(whole.recent.begin(), whole.recent.end());
    whole.members = load_members(tx, room.nid);
    whole.thread_reads = load_thread_reads(tx, room.nid);
    whole.exceptions = exceptions_in(tx, room.nid);
    whole.withdrawn = withdrawn_in(tx, room.nid);
    if (room.sg) whole.groups = load_state_chain(tx, room.nid, *room.sg);
    for (const auto& server : tx.exec("SELECT server, joined FROM room_servers WHERE room_nid = $1", room.nid))
        whole.servers.push_back({server[0].string(), small(server[1])});
    return whole;
}

#define ROOM_COLUMNS                                                                                  \
    "room_nid, room_id, version, head_pos, out_pos, min_ord, depth, n_main, n_all, sg, extremities, " \
    "partial, flags"

}  // namespace

std::optional<RoomNid> find_room(Tx& tx, const std::string& room_id) {
    const auto rows = tx.exec("SELECT room_nid FROM rooms WHERE room_id = $1", room_id);
    if (rows.empty()) return std::nullopt;
    return rows.front()[0].nid<RoomNid>();
}

std::optional<StoredRoomWhole> load_room(Tx& tx, const std::string& room_id, int recent) {
    return load_rest(tx, tx.exec("SELECT " ROOM_COLUMNS " FROM rooms WHERE room_id = $1", room_id), recent);
}

std::optional<StoredRoomWhole> load_room(Tx& tx, RoomNid room, int recent) {
    return load_rest(tx, tx.exec("SELECT " ROOM_COLUMNS " FROM rooms WHERE room_nid = $1", room), recent);
}

std::vector<StoredEvent> events_in_order(Tx& tx, RoomNid room, Ord after, Ord before, int limit, bool forward) {
    if (forward)
        return read_events(tx.exec("SELECT " EVENT_COLUMNS " FROM events e" EVENT_JOINS
                                   "WHERE e.room_nid = $1 AND e.ord > $2 AND e.ord < $3 ORDER BY e.ord LIMIT $4",
                                   room, after, before, limit));
    return read_events(tx.exec("SELECT " EVENT_COLUMNS " FROM events e" EVENT_JOINS
                               "WHERE e.room_nid = $1 AND e.ord > $2 AND e.ord < $3 ORDER BY e.ord DESC LIMIT $4",
                               room, after, before, limit));
}

std::vector<StoredEvent> events_by_id(Tx& tx, const std::vector<std::string>& event_ids) {
    return read_events(
        tx.exec("SELECT " EVENT_COLUMNS " FROM events e" EVENT_JOINS "WHERE e.event_id = ANY($1::text[])", event_ids));
}

std::vector<StoredEvent> events_by_nid(Tx& tx, RoomNid room, const std::vector<EventNid>& nids) {
    return read_events(tx.exec("SELECT " EVENT_COLUMNS " FROM events e" EVENT_JOINS
                               "WHERE e.room_nid = $1 AND e.event_nid = ANY($2::bigint[])",
                               room, nids));
}

std::vector<StoredStateGroup> load_state_chain(Tx& tx, RoomNid room, std::int64_t sg) {
    std::vector<StoredStateGroup> chain;
    for (const auto& row : tx.exec(R"(
             WITH RECURSIVE chain AS (
                 SELECT sg, parent, jump, depth, delta FROM state_groups WHERE room_nid = $1 AND sg = $2
                 UNION ALL
                 SELECT g.sg, g.parent, g.jump, g.depth, g.delta
                 FROM chain c JOIN state_groups g ON g.room_nid = $1 AND g.sg = c.jump)
             SELECT sg, parent, jump, depth, delta FROM chain)",
                                   room, sg))
        chain.push_back({row[0].number(), row[1].maybe_number(), row[2].maybe_number(), small(row[3]), row[4].blob()});
    return chain;
}

std::vector<StoredUserRoom> rooms_of_user(Tx& tx, UserNid user) {
    std::vector<StoredUserRoom> rooms;
    for (const auto& row : tx.exec(R"(
             SELECT u.room_nid, r.room_id, u.membership, u.member_nid, u.pos, u.forgotten, r.flags
             FROM user_rooms u JOIN rooms r USING (room_nid) WHERE u.user_nid = $1)",
                                   user))
        rooms.push_back({row[0].nid<RoomNid>(), row[1].string(), small(row[2]), row[3].nid<EventNid>(), row[4].number(),
                         row[5].flag(), small(row[6])});
    return rooms;
}

std::optional<StoredThread> find_thread(Tx& tx, RoomNid room, EventNid root) {
    const auto rows = tx.exec(
        "SELECT t.last_nid, t.replies, t.n, e.origin_ts, t.last_ord FROM threads t "
        "JOIN events e ON e.room_nid = t.room_nid AND e.event_nid = t.last_nid WHERE t.room_nid = $1 AND t.root_nid = $2",
        room, root);
    if (rows.empty()) return std::nullopt;
    const auto& row = rows.front();
    return StoredThread{row[0].nid<EventNid>(), small(row[1]), small(row[2]), row[3].number(), row[4].number()};
}

std::optional<EventNid> newest_reply(Tx& tx, RoomNid room, EventNid root, EventNid except) {
    const auto rows = tx.exec(R"(
        SELECT e.event_nid FROM relations l JOIN events e ON e.room_nid = l.room_nid AND e.event_nid = l.child_nid
        WHERE l.room_nid = $1 AND l.rel_type = 'm.thread' AND e.redacted_by IS NULL AND e.event_nid <> $3
          AND l.parent_id = (SELECT event_id FROM events WHERE room_nid = $1 AND event_nid = $2)
        ORDER BY l.ord DESC NULLS LAST LIMIT 1)",
                              room, root, except);
    if (rows.empty()) return std::nullopt;
    return rows.front()[0].nid<EventNid>();
}

bool has_annotation(Tx& tx, RoomNid room, const std::string& parent_id, const std::string& sender, const std::string& key) {
    return !tx.exec(R"(
        SELECT 1 FROM relations l JOIN events e ON e.room_nid = l.room_nid AND e.event_nid = l.child_nid
        WHERE l.room_nid = $1 AND l.parent_id = $2 AND l.rel_type = 'm.annotation' AND l.sender = $3
          AND l.agg_key = $4 AND e.redacted_by IS NULL LIMIT 1)",
                    room, parent_id, sender, key)
                .empty();
}

std::optional<std::string> find_transaction(Tx& tx, std::int64_t device, const std::string& txn) {
    const auto rows = tx.exec("SELECT event_id FROM event_txn WHERE device_nid = $1 AND txn = $2", device, txn);
    if (rows.empty()) return std::nullopt;
    return rows.front()[0].string();
}

std::vector<std::string> transactions_with(Tx& tx, std::int64_t device, const std::string& prefix, int limit) {
    auto end = prefix;
    ++end.back();
    std::vector<std::string> keys;
    for (const auto& row :
         tx.exec("SELECT txn FROM event_txn WHERE device_nid = $1 AND txn >= $2 AND txn < $3 LIMIT $4", device, prefix, end, limit))
        keys.push_back(row[0].string());
    return keys;
}

}  // namespace runde::storage
