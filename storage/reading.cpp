#include "storage/reading.hpp"

#include "storage/stored_event.hpp"

namespace runde::storage {

using stored_event::maybe_nid;
using stored_event::small;

std::vector<StoredException> exceptions_in(Tx& tx, RoomNid room) {
    std::vector<StoredException> exceptions;
    for (const auto& row : tx.exec(R"(
             SELECT n.user_nid, n.ord, n.thread_root, coalesce(r.event_id, ''), n.kind, e.flags & 128 <> 0
             FROM user_rooms u
             JOIN notif n ON n.user_nid = u.user_nid AND n.room_nid = u.room_nid AND n.ord > least(u.read_ord, u.all_ord)
             JOIN events e ON e.room_nid = n.room_nid AND e.ord = n.ord AND e.redacted_by IS NULL
             LEFT JOIN events r ON r.room_nid = n.room_nid AND r.event_nid = n.thread_root
             WHERE u.room_nid = $1 AND u.membership = 1 ORDER BY n.ord)",
                                   room))
        exceptions.push_back({row[0].nid<UserNid>(), room, row[1].number(), maybe_nid<EventNid>(row[2]), row[3].string(),
                              small(row[4]), row[5].flag()});
    return exceptions;
}

std::vector<StoredWithdrawn> withdrawn_in(Tx& tx, RoomNid room) {
    std::vector<StoredWithdrawn> withdrawn;
    for (const auto& row : tx.exec("SELECT ord, thread_root FROM events WHERE room_nid = $1 AND redacted_by IS NOT NULL "
                                   "AND ord IS NOT NULL AND flags & 128 <> 0",
                                   room))
        withdrawn.push_back({room, row[0].number(), maybe_nid<EventNid>(row[1])});
    return withdrawn;
}

std::vector<std::pair<EventNid, int>> thread_counts_at(Tx& tx, RoomNid room, const std::vector<EventNid>& roots, Ord at) {
    std::vector<std::pair<EventNid, int>> counts;
    for (const auto& row : tx.exec(R"(
             SELECT r.event_nid, c.n_thread
             FROM events r
             CROSS JOIN LATERAL (
                 SELECT e.n_thread FROM relations l
                 JOIN events e ON e.room_nid = l.room_nid AND e.event_nid = l.child_nid
                 WHERE l.room_nid = r.room_nid AND l.parent_id = r.event_id AND l.rel_type = 'm.thread' AND l.ord <= $3
                 ORDER BY l.ord DESC LIMIT 1) c
             WHERE r.room_nid = $1 AND r.event_nid = ANY($2::bigint[]))",
                                   room, roots, at))
        counts.emplace_back(row[0].nid<EventNid>(), small(row[1]));
    return counts;
}

std::vector<StoredThreadAfter> threads_after(Tx& tx, const std::vector<std::pair<RoomNid, Ord>>& places) {
    std::vector<std::int64_t> rooms, ords;
    for (const auto& [room, ord] : places) {
        rooms.push_back(schema::raw(room));
        ords.push_back(ord);
    }
    std::vector<StoredThreadAfter> threads;
    for (const auto& row : tx.exec(R"(
             SELECT t.room_nid, t.root_nid, r.event_id, t.n, coalesce(c.n_thread, 0), m.head_pos
             FROM unnest($1::bigint[], $2::bigint[]) AS w(room, at)
             JOIN rooms m ON m.room_nid = w.room
             JOIN threads t ON t.room_nid = w.room AND t.last_ord > w.at
             JOIN events r ON r.room_nid = t.room_nid AND r.event_nid = t.root_nid
             LEFT JOIN LATERAL (
                 SELECT e.n_thread FROM relations l
                 JOIN events e ON e.room_nid = l.room_nid AND e.event_nid = l.child_nid
                 WHERE l.room_nid = r.room_nid AND l.parent_id = r.event_id AND l.rel_type = 'm.thread' AND l.ord <= w.at
                 ORDER BY l.ord DESC LIMIT 1) c ON r.ord <= w.at)",
                                   rooms, ords))
        threads.push_back(
            {row[0].nid<RoomNid>(), row[1].nid<EventNid>(), row[2].string(), small(row[3]), small(row[4]), row[5].number()});
    return threads;
}

std::vector<StoredPushSetting> push_settings(Tx& tx, const std::vector<UserNid>& users) {
    std::vector<StoredPushSetting> settings;
    for (const auto& row :
         tx.exec("SELECT user_nid, type, json FROM account_data WHERE user_nid = ANY($1::bigint[]) AND room_nid = 0 "
                 "AND type IN ('m.push_rules', 'm.ignored_user_list')",
                 users))
        settings.push_back({row[0].nid<UserNid>(), row[1].string(), row[2].string()});
    return settings;
}

std::vector<StoredPushClass> push_classes(Tx& tx, UserNid user) {
    std::vector<StoredPushClass> classes;
    for (const auto& row : tx.exec("SELECT u.room_nid, r.room_id, u.push_class FROM user_rooms u JOIN rooms r USING (room_nid) "
                                   "WHERE u.user_nid = $1 AND u.membership = 1",
                                   user))
        classes.push_back({row[0].nid<RoomNid>(), row[1].string(), small(row[2])});
    return classes;
}

}  // namespace runde::storage
