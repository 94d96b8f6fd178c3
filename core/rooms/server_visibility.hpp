#pragma once
#include "core/rooms/visibility.hpp"

namespace runde::rooms {

/// What at least one of a server's users may read or might have read: each of them from their first coming on, also those who
/// have left. No reads for a room that never hid its history; else one, however many they are.
net::Task<VisibleRanges> visible_ranges_of_server(Rooms& rooms, RoomPtr room, std::string server);

}  // namespace runde::rooms
