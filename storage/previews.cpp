#include "storage/previews.hpp"

namespace runde::storage {

static constexpr int invited = 2;                        // rooms::Membership::invite

void store_preview(Tx& tx, const Preview& preview) {
    tx.exec(R"(INSERT INTO previews (user_nid, room_id, member_id, servers, state) VALUES ($1, $2, $3, $4::text[], $5)
               ON CONFLICT (user_nid, room_id) DO UPDATE
               SET member_id = excluded.member_id, servers = excluded.servers, state = excluded.state)",
            preview.user, preview.room_id, preview.member_id, preview.servers, preview.state);
}

std::optional<Preview> find_preview(Tx& tx, UserNid user, const std::string& room_id) {
    const auto rows = tx.exec(R"(SELECT p.member_id, p.state FROM previews p
                                 WHERE p.user_nid = $1 AND p.room_id = $2)",
                              user, room_id);
    if (rows.empty()) return std::nullopt;
    Preview preview{user, room_id, rows[0][0].string(), {}, rows[0][1].string()};
    for (const auto& row : tx.exec("SELECT unnest(servers) FROM previews WHERE user_nid = $1 AND room_id = $2", user, room_id))
        preview.servers.push_back(row[0].string());
    return preview;
}

void drop_preview(Tx& tx, UserNid user, const std::string& room_id) {
    tx.exec("DELETE FROM previews WHERE user_nid = $1 AND room_id = $2", user, room_id);
}

std::int64_t count_previews(Tx& tx, UserNid user, const std::string& server) {
    return tx
        .exec(R"(SELECT count(*) FROM previews p JOIN rooms r USING (room_id)
                           JOIN user_rooms u ON u.user_nid = p.user_nid AND u.room_nid = r.room_nid
                      WHERE p.user_nid = $1 AND p.servers[1] = $2 AND u.membership = $3)",
              user, server, invited)
        .front()[0]
        .number();
}

void claim_room_version(Tx& tx, RoomNid room, std::string_view version) {
    tx.exec("UPDATE rooms SET version = $2 WHERE room_nid = $1", room, version);
}

std::vector<CurrentPreview> current_previews(Tx& tx, UserNid user, const std::vector<RoomNid>& rooms) {
    std::vector<CurrentPreview> found;
    for (const auto& row : tx.exec(R"(
             SELECT u.room_nid, p.state
             FROM user_rooms u JOIN rooms r USING (room_nid)
                  JOIN previews p ON p.user_nid = u.user_nid AND p.room_id = r.room_id
                  JOIN events e ON e.room_nid = u.room_nid AND e.event_nid = u.member_nid AND e.event_id = p.member_id
             WHERE u.user_nid = $1 AND u.room_nid = ANY($2::bigint[]))",
                                   user, rooms))
        found.push_back({row[0].nid<RoomNid>(), row[1].string()});
    return found;
}

}  // namespace runde::storage
