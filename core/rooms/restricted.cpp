#include "core/rooms/restricted.hpp"

namespace runde::rooms {

bool is_resident(const Room& room) {
    if (!room.state("m.room.create")) return false;
    if (room.remote_servers().empty()) return true;
    for (const auto& [nid, member] : room.local_members())
        if (member.membership == Membership::join) return true;
    return false;
}

net::Task<Entitlement> entitlement(Rooms& rooms, RoomPtr room, UserId user) {
    const auto rule = room->join_rule();
    const bool restricted = room->rules().restricted_joins && (rule == "restricted" || rule == "knock_restricted");
    const auto membership = room->membership(user.str());
    if (!restricted || membership == Membership::invite || membership == Membership::join) co_return Entitlement::not_needed;

    const auto content = room->state_content("m.room.join_rules");
    const auto* allow = schema::array_at(content, "allow");
    if (!allow) co_return Entitlement::lacking;
    bool any = false, known = false;
    for (const auto& entry : *allow) {
        if (!entry.is_object() || schema::string_at(entry.get_object(), "type") != "m.room_membership") continue;
        const auto id = schema::RoomId::parse(schema::string_at(entry.get_object(), "room_id").value_or(""));
        if (!id) continue;
        any = true;
        const auto other = co_await rooms.find(*id);
        if (!other || !is_resident(*other)) continue;
        known = true;
        if (other->is_joined(user.str())) co_return Entitlement::held;
    }
    co_return any && !known ? Entitlement::unknown : Entitlement::lacking;
}

std::optional<UserId> voucher(const Room& room) {
    const auto& levels = room.power_levels();
    for (const auto& [nid, member] : room.local_members())
        if (member.membership == Membership::join && levels.level_of(member.id) >= levels.needed_to_invite()) return member.id;
    return std::nullopt;
}

}  // namespace runde::rooms
