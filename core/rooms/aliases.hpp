#pragma once
#include <string>
#include <vector>

#include "core/rooms/rooms.hpp"

namespace runde::rooms {

struct ResolvedAlias {
    schema::RoomId room;
    std::vector<std::string> servers;                    ///< That may know the room.
};

/// Throws Refusal(not_found). Aliases of other servers are asked for through Elsewhere.
/// https://spec.matrix.org/v1.19/client-server-api/#room-aliases
net::Task<ResolvedAlias> resolve_alias(Rooms& rooms, schema::RoomAlias alias);

/// Makes an alias for a room that `creator` is joined to. Throws Refusal(alias_taken, forbidden).
net::Task<> create_alias(Rooms& rooms, UserId creator, schema::RoomAlias alias, schema::RoomId room);
/// Whoever made it, or may change m.room.canonical_alias in its room, or runs the server, may take it away.
net::Task<> delete_alias(Rooms& rooms, UserId who, bool administrator, schema::RoomAlias alias);
/// The aliases this server has for a room the person is in (or that is world-readable).
net::Task<std::vector<std::string>> aliases_of(Rooms& rooms, RoomPtr room);

/// Checks a new m.room.canonical_alias: what it adds must exist and lead here. Throws Refusal(bad_alias, invalid_param).
net::Task<> check_canonical_alias(Rooms& rooms, RoomPtr room, const schema::JsonObject& content);

}  // namespace runde::rooms
