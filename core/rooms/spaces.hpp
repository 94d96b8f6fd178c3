#pragma once
#include <optional>
#include <string>

#include "core/rooms/rooms.hpp"

namespace runde::rooms {

struct HierarchyRequest {
    schema::RoomId room;
    UserId user;
    bool suggested_only = false;
    int limit = 50;
    std::optional<int> max_depth;
    std::string from;
};
struct HierarchyPage {
    schema::JsonArray rooms;
    std::string next;
};
/// A space and what it holds, depth first, children in the order the space gives them. Rooms that the person may
/// not know about are left out. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy
net::Task<HierarchyPage> hierarchy(Rooms& rooms, HierarchyRequest request);

/// What other servers tell of a room that none of ours is in, as far as this person may see it; nullopt: nothing.
/// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias
net::Task<std::optional<schema::JsonObject>> summary_elsewhere(Rooms& rooms, schema::RoomId room, std::vector<std::string> via,
                                                               UserId user);

/// The children of a space as hierarchies name them: stripped m.space.child events with origin_server_ts.
schema::JsonArray children_state(const Room& room, bool suggested_only);

}  // namespace runde::rooms
