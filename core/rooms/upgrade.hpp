#pragma once
#include <string>
#include <vector>

#include "core/rooms/people.hpp"
#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// Replaces a room by one of another version and points the old one to it. Returns the new room's id.
/// Throws Refusal(forbidden, unsupported_room_version).
/// https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
net::Task<schema::RoomId> upgrade(Rooms& rooms, Person person, schema::RoomId room, std::string version,
                                  std::vector<std::string> additional_creators);

}  // namespace runde::rooms
