#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/aliases.hpp"
#include "core/rooms/directory.hpp"
#include "core/rooms/people.hpp"
#include "core/rooms/room.hpp"

namespace runde::rooms {

/// Rooms that no member of ours is in, and members that other servers must be told about first. Federation
/// implements it; a closed node has none and refuses.
class Elsewhere {
public:
    virtual ~Elsewhere() = default;
    /// make_join and send_join through one of `via`; returns the room with its state. `content` of the member event.
    virtual net::Task<RoomPtr> join(Person user, schema::RoomId room, std::vector<std::string> via, schema::JsonObject content) = 0;
    virtual net::Task<> knock(Person user, schema::RoomId room, std::vector<std::string> via, schema::JsonObject content) = 0;
    /// Rejects an invitation, takes back a knock.
    virtual net::Task<> leave(Person user, schema::RoomId room, schema::JsonObject content) = 0;
    /// Invites a user of another server into a room of ours: that server signs before the event is kept.
    virtual net::Task<> invite(RoomPtr room, UserId inviter, UserId invited, schema::JsonObject content) = 0;
    /// Throws Refusal(not_found) also when the other server cannot be reached.
    virtual net::Task<ResolvedAlias> resolve_alias(schema::RoomAlias alias) = 0;
    /// What one of `via` tells of a space or room and of its children: {"room": {…}, "children": […]}, of the shape that the
    /// server-server API has. nullopt when none of them knows it or answers soon.
    virtual net::Task<std::optional<schema::JsonObject>> hierarchy(schema::RoomId room, std::vector<std::string> via) = 0;
    /// The answer of the other server's directory.
    virtual net::Task<schema::JsonObject> public_rooms(std::string server, DirectoryRequest request) = 0;
};

}  // namespace runde::rooms
