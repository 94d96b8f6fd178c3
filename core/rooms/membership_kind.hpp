#pragma once
#include <optional>
#include <string_view>

namespace runde::rooms {

/// https://spec.matrix.org/v1.19/client-server-api/#mroommember. The numbers stand in the database
/// (room_state.membership, user_rooms.membership).
enum class Membership : int { leave = 0, join = 1, invite = 2, knock = 3, ban = 4 };

constexpr std::string_view to_string(Membership membership) {
    switch (membership) {
        case Membership::leave: return "leave";
        case Membership::join: return "join";
        case Membership::invite: return "invite";
        case Membership::knock: return "knock";
        case Membership::ban: return "ban";
    }
    return "leave";
}

constexpr std::optional<Membership> parse_membership(std::string_view text) {
    for (const auto membership : {Membership::leave, Membership::join, Membership::invite, Membership::knock, Membership::ban})
        if (text == to_string(membership)) return membership;
    return std::nullopt;
}

}  // namespace runde::rooms
