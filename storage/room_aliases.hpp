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

}  // namespace runde::storage
