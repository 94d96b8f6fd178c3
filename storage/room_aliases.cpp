#include "storage/room_aliases.hpp"

namespace runde::storage {

Inserted insert_alias(Tx& tx, const std::string& alias, RoomNid room, const std::string& creator) {
    // ON CONFLICT rather than SELECT-then-INSERT: the primary key decides the race, not us.
    const auto rows =
        tx.exec("INSERT INTO room_aliases (alias, room_nid, creator) VALUES ($1, $2, $3) ON CONFLICT (alias) DO NOTHING", alias,
                room, creator);
    return rows.affected() == 1 ? Inserted::yes : Inserted::no;
}

std::optional<AliasRow> find_alias(Tx& tx, const std::string& alias) {
    const auto rows = tx.exec(
        "SELECT a.room_nid, r.room_id, a.creator FROM room_aliases a JOIN rooms r USING (room_nid) WHERE a.alias = $1", alias);
    if (rows.empty()) return std::nullopt;
    return AliasRow{rows.front()[0].nid<RoomNid>(), rows.front()[1].string(), rows.front()[2].string()};
}

void delete_alias(Tx& tx, const std::string& alias) { tx.exec("DELETE FROM room_aliases WHERE alias = $1", alias); }

void move_aliases(Tx& tx, RoomNid from, RoomNid to) {
    tx.exec("UPDATE room_aliases SET room_nid = $2 WHERE room_nid = $1", from, to);
}

std::vector<std::string> aliases_of_room(Tx& tx, RoomNid room) {
    std::vector<std::string> aliases;
    for (const auto& row : tx.exec("SELECT alias FROM room_aliases WHERE room_nid = $1 ORDER BY alias", room))
        aliases.push_back(row[0].string());
    return aliases;
}

std::vector<PublishedRoom> published_rooms(Tx& tx) {
    std::vector<PublishedRoom> rooms;
    for (const auto& row : tx.exec(R"(
             SELECT r.room_nid, r.room_id,
                    (SELECT count(*) FROM room_state s WHERE s.room_nid = r.room_nid AND s.membership = 1) AS joined
             FROM rooms r WHERE r.flags & 1 = 1 ORDER BY joined DESC, r.room_nid)"))
        rooms.push_back({row[0].nid<RoomNid>(), row[1].string(), static_cast<int>(row[2].number())});
    return rooms;
}

std::vector<RoomFact> facts_of_rooms(Tx& tx, const std::vector<RoomNid>& rooms, const std::vector<std::string>& types) {
    std::vector<RoomFact> facts;
    for (const auto& row : tx.exec(R"(
             SELECT s.room_nid, s.type, e.json
             FROM room_state s JOIN events e ON e.room_nid = s.room_nid AND e.event_nid = s.event_nid
             WHERE s.room_nid = ANY($1::bigint[]) AND s.type = ANY($2::text[]) AND s.state_key = ''
               AND (e.redacted_by IS NULL OR s.type = 'm.room.create'))",
                                   rooms, types))
        facts.push_back({row[0].nid<RoomNid>(), row[1].string(), row[2].string()});
    return facts;
}

}  // namespace runde::storage
