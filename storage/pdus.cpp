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

std::vector<std::string> event_ids(Tx& tx, RoomNid room, const std::vector<EventNid>& nids) {
    std::vector<std::string> ids;
    for (const auto& row : tx.exec("SELECT event_id FROM events WHERE room_nid = $1 AND event_nid = ANY($2::bigint[])", room, nids))
        ids.push_back(row[0].string());
    return ids;
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

std::optional<StoredGap> find_gap(Tx& tx, RoomNid room, const GapSearch& where) {
    StoredGap gap;
    for (const auto& row : tx.exec(R"(
             SELECT event_id, below_ord FROM missing_prev
             WHERE room_nid = $1 AND below_ord = (SELECT CASE WHEN $5::boolean THEN min(below_ord) ELSE max(below_ord) END
                                                  FROM missing_prev WHERE room_nid = $1 AND below_ord > $2 AND below_ord <= $3
                                                  AND ($4::bigint IS NULL OR next_try <= $4))
             ORDER BY event_id LIMIT 20)",
                                   room, where.after, where.upto, where.due_at, where.oldest)) {
        gap.event_ids.push_back(row[0].string());
        gap.below = row[1].number();
    }
    return gap.event_ids.empty() ? std::nullopt : std::optional(std::move(gap));
}

void postpone_gap(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids, std::int64_t now_ms) {
    tx.exec(
        "UPDATE missing_prev SET tries = tries + 1, next_try = $3 + least(60000::bigint << least(tries, 12), 86400000::bigint) "
        "WHERE room_nid = $1 AND event_id = ANY($2::text[])",
        room, event_ids, now_ms);
}

std::vector<EarlyReply> early_replies(Tx& tx, RoomNid room, const std::vector<std::string>& root_ids) {
    std::vector<EarlyReply> replies;
    if (root_ids.empty()) return replies;
    for (const auto& row : tx.exec(R"(
             SELECT l.parent_id, e.event_nid, e.event_id, e.sender, e.ord, e.origin_ts
             FROM relations l JOIN events e ON e.room_nid = l.room_nid AND e.event_nid = l.child_nid
             WHERE l.room_nid = $1 AND l.parent_id = ANY($2::text[]) AND l.rel_type = 'm.thread'
               AND e.thread_root IS NULL AND e.redacted_by IS NULL AND e.ord IS NOT NULL)",
                                   room, root_ids))
        replies.push_back(
            {row[0].string(), row[1].nid<EventNid>(), row[2].string(), row[3].string(), row[4].number(), row[5].number()});
    return replies;
}

std::vector<std::string> missing_among(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids) {
    std::vector<std::string> missing;
    for (const auto& row :
         tx.exec("SELECT event_id FROM missing_prev WHERE room_nid = $1 AND event_id = ANY($2::text[])", room, event_ids))
        missing.push_back(row[0].string());
    return missing;
}

}  // namespace runde::storage
