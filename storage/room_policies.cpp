#include "storage/room_policies.hpp"

namespace runde::storage {

std::vector<WatchedRoom> watched_rooms(Tx& tx, int forum_flag, const std::string& server) {
    std::vector<WatchedRoom> rooms;
    for (const auto& row : tx.exec(R"(
             SELECT r.room_nid, NULL::text FROM rooms r
             WHERE (r.flags & $1 <> 0 OR r.room_id IN (SELECT room_id FROM group_rooms WHERE kind <> 'card'))
               AND NOT EXISTS (SELECT 1 FROM room_state s
                               WHERE s.room_nid = r.room_nid AND s.type = 'm.room.policy' AND s.state_key = '')
             UNION ALL
             SELECT s.room_nid, e.json FROM room_state s JOIN events e USING (room_nid, event_nid)
             WHERE s.type = 'm.room.policy' AND s.state_key = '' AND strpos(e.json, $2) > 0)",
                                   forum_flag, server))
        rooms.push_back({row[0].nid<schema::RoomNid>(), row[1].maybe_string()});
    return rooms;
}

}  // namespace runde::storage
