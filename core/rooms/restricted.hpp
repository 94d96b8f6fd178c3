#pragma once
#include <optional>

#include "core/rooms/rooms.hpp"

/// Rooms that members of other rooms may join. https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms
namespace runde::rooms {

/// Whether we may speak for the room: a member of ours is in it, or nobody else is. Of a room we are not in nothing but
/// invitations and knocks of our users may be known.
bool is_resident(const Room& room);

/// What must be true for somebody to join who is neither invited nor in the room.
enum class Entitlement {
    not_needed,  ///< The room is not restricted, or the person is invited or inside.
    held,        ///< The person is in one of the rooms that open it.
    lacking,     ///< In none of those that we can look into.
    unknown,     ///< We can look into none of them.
};
net::Task<Entitlement> entitlement(Rooms& rooms, RoomPtr room, UserId user);

/// A member of ours who may invite, and so vouches for a restricted join. nullopt: nobody here can.
std::optional<UserId> voucher(const Room& room);

}  // namespace runde::rooms
