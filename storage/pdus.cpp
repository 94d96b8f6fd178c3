#include "storage/pdus.hpp"

namespace runde::storage {

std::vector<EventNid> auth_chain(Tx& tx, RoomNid room, const std::vector<EventNid>& nids) {
    std::vector<EventNid> chain;
    for (const auto& row : tx.exec(R"(
             WITH RECURSIVE chain AS (
                 SELECT unnest(auth_nids) AS nid FROM events WHERE room_nid = $1 AND event_nid = ANY($2::bigint[])
                 UNION
                 SELECT unnest(e.auth_nids) FROM chain c JOIN events e ON e.room_nid = $1 AND e.event_nid = c.nid)
             SELECT nid FROM chain)",
                                   room, nids))
        chain.push_back(row[0].nid<EventNid>());
    return chain;
}

std::vector<AuthNode> auth_graph(Tx& tx, RoomNid room) {
    std::vector<AuthNode> graph;
    // 2: rows::rejected
    for (const auto& row : tx.exec("SELECT event_nid, event_id, auth_nids, (flags & 2) <> 0 FROM events "
                                   "WHERE room_nid = $1 AND auth_nids IS NOT NULL",
                                   room))
        graph.push_back({row[0].nid<EventNid>(), row[1].string(), row[2].numbers(), row[3].flag()});
    return graph;
}

std::vector<StoredPending> pending_redactions(Tx& tx, RoomNid room, const std::vector<std::string>& targets) {
    std::vector<StoredPending> pending;
    for (const auto& row : tx.exec("SELECT target_id, redaction_nid FROM pending_redactions "
                                   "WHERE room_nid = $1 AND target_id = ANY($2::text[]) ORDER BY redaction_nid",
                                   room, targets))
        pending.push_back({row[0].string(), row[1].nid<EventNid>()});
    return pending;
}

std::vector<std::string> missing_among(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids) {
    std::vector<std::string> missing;
    for (const auto& row : tx.exec("SELECT event_id FROM missing_prev WHERE room_nid = $1 AND event_id = ANY($2::text[])", room, event_ids))
        missing.push_back(row[0].string());
    return missing;
}

}  // namespace runde::storage
