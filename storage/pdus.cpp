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

}  // namespace runde::storage
