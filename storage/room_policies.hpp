#pragma once
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// A forum or a group's room (not its card), with what it says of a policy server.
struct WatchedRoom {
    schema::RoomNid room;
    std::optional<std::string> policy;                   ///< The m.room.policy event; nullopt: there never was one.
};

/// All forums and groups' rooms that never had a policy server, and every room whose m.room.policy has `server` in it. A room
/// that once had one and has none now is not among them: somebody has taken it away.
std::vector<WatchedRoom> watched_rooms(Tx& tx, int forum_flag, const std::string& server);

}  // namespace runde::storage
