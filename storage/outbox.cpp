#include "storage/outbox.hpp"

namespace runde::storage {

std::vector<StoredDestination> load_destinations(Tx& tx, const std::string& own_server) {
    std::vector<StoredDestination> found;
    // 32: rows::local. A server whose last member was removed has no row in room_servers any more, but must hear why.
    for (const auto& row : tx.exec(R"(
             WITH known AS (
                 SELECT coalesce(s.name, r.server) AS name, coalesce(s.sent_pos, 0) AS sent_pos,
                        s.fail_since, s.retry_at, s.retry_ms, coalesce(r.newest, 0) AS newest
                 FROM servers s FULL JOIN (
                     SELECT x.server, max(rooms.out_pos) AS newest
                     FROM room_servers x JOIN rooms USING (room_nid) GROUP BY x.server) r ON r.server = s.name),
             removed AS (
                 SELECT substring(state_key FROM position(':' IN state_key) + 1) AS name, max(pos) AS newest
                 FROM events
                 WHERE pos > (SELECT min(sent_pos) FROM servers) AND type = 'm.room.member' AND flags & 32 <> 0
                   AND state_key NOT LIKE '%:' || $1
                 GROUP BY 1)
             SELECT k.name, k.sent_pos, k.fail_since, k.retry_at, k.retry_ms,
                    greatest(k.newest, r.newest) > k.sent_pos
             FROM known k LEFT JOIN removed r USING (name) WHERE k.name <> $1)",
                                   own_server))
        found.push_back(
            {row[0].string(), row[1].number(), row[2].maybe_number(), row[3].maybe_number(), row[4].maybe_number(), row[5].flag()});
    return found;
}

void save_destinations(Tx& tx, const std::vector<std::int64_t>& new_nids, const std::vector<StoredDestination>& destinations) {
    for (std::size_t i = 0; i < destinations.size(); ++i) {
        const auto& one = destinations[i];
        tx.exec(R"(INSERT INTO servers (server_nid, name, sent_pos, fail_since, retry_at, retry_ms)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (name) DO UPDATE
                   SET sent_pos = greatest(servers.sent_pos, excluded.sent_pos), fail_since = excluded.fail_since,
                       retry_at = excluded.retry_at, retry_ms = excluded.retry_ms)",
                new_nids[i], one.name, one.sent_pos, one.fail_since, one.retry_at, one.retry_ms);
    }
}

#define UNSENT                                                                                                             \
    "WITH unsent AS ("                                                                                                     \
    "SELECT e.room_nid, e.pos, e.event_id, r.version, e.json, e.redacted_by IS NOT NULL AS redacted "                      \
    "FROM room_servers s JOIN rooms r USING (room_nid) JOIN events e ON e.room_nid = r.room_nid "                          \
    "WHERE s.server = $1 AND r.out_pos > $2 AND e.ord >= (($2::bigint + 1) << 16) AND e.ord < (($3::bigint + 1) << 16) "   \
    "AND e.flags & 32 <> 0 "                                                                                               \
    "UNION "                                                                                                               \
    "SELECT e.room_nid, e.pos, e.event_id, r.version, e.json, e.redacted_by IS NOT NULL "                                  \
    "FROM events e JOIN rooms r USING (room_nid) "                                                                         \
    "WHERE e.pos > $2 AND e.pos <= $3 AND e.type = 'm.room.member' AND e.flags & 32 <> 0 AND e.state_key LIKE '%:' || $1 " \
    "AND (e.json LIKE '%\"membership\":\"leave\"%' OR e.json LIKE '%\"membership\":\"ban\"%')) "

static std::vector<UnsentEvent> read_unsent(const Rows& rows) {
    std::vector<UnsentEvent> events;
    for (const auto& row : rows)
        events.push_back(
            {row[0].number(), row[1].string(), row[2].string(), row[3].string(), row[4].flag(), row[5].nid<schema::RoomNid>()});
    return events;
}

std::vector<UnsentEvent> unsent_events(Tx& tx, const std::string& server, Position after, Position upto, int limit, int too_many) {
    const auto count =
        tx.exec(UNSENT "SELECT count(*) FROM (SELECT 1 FROM unsent LIMIT $4) few", server, after, upto, too_many + 1);
    if (count.front()[0].number() <= too_many)
        return read_unsent(tx.exec(UNSENT
                                   "SELECT pos, event_id, version, json, redacted, room_nid FROM unsent ORDER BY pos LIMIT $4",
                                   server, after, upto, limit));
    return read_unsent(tx.exec(UNSENT
                               "SELECT * FROM (SELECT DISTINCT ON (room_nid) pos, event_id, version, json, redacted, room_nid "
                               "FROM unsent ORDER BY room_nid, pos DESC) newest ORDER BY pos LIMIT $4",
                               server, after, upto, limit));
}

}  // namespace runde::storage
