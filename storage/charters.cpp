#include "storage/charters.hpp"

namespace runde::storage {

std::vector<CharterEvent> charter_events(Tx& tx) {
    std::vector<CharterEvent> events;
    for (const auto& row : tx.exec(R"(
             SELECT r.room_id, s.type, s.state_key, e.sender, e.json
             FROM room_state c JOIN rooms r USING (room_nid) JOIN room_state s USING (room_nid)
                  JOIN events e ON e.room_nid = s.room_nid AND e.event_nid = s.event_nid
             WHERE c.type = 'org.runde.charter' AND c.state_key = '' AND c.event_nid IS NOT NULL
               AND (s.type = 'm.space.child' OR (s.type = 'org.runde.charter' AND s.state_key = '')))"))
        events.push_back({row[0].string(), row[1].string(), row[2].string(), row[3].string(), row[4].string()});
    return events;
}

}  // namespace runde::storage
