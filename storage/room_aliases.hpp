#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

struct AliasRow {
    RoomNid room;
    std::string room_id, creator;
};
Inserted insert_alias(Tx& tx, const std::string& alias, RoomNid room, const std::string& creator);
std::optional<AliasRow> find_alias(Tx& tx, const std::string& alias);
void delete_alias(Tx& tx, const std::string& alias);
void move_aliases(Tx& tx, RoomNid from, RoomNid to);
std::vector<std::string> aliases_of_room(Tx& tx, RoomNid room);

/// Published rooms, those with most members first; `below` pages on by (members, room number).
struct PublishedRoom {
    RoomNid room;
    std::string room_id;
    int joined;
};
std::vector<PublishedRoom> published_rooms(Tx& tx);

/// What rooms say of themselves: their current events of these types with the empty state key, as signed. Redacted ones
/// are left out: nothing that could be looked for is left in them.
struct RoomFact {
    RoomNid room;
    std::string type, json;
};
std::vector<RoomFact> facts_of_rooms(Tx& tx, const std::vector<RoomNid>& rooms, const std::vector<std::string>& types);

}  // namespace runde::storage
