#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/people.hpp"
#include "core/rooms/rooms.hpp"

/// Coming, going, being let in and being sent away. Every change is a member event that passes the authorisation
/// rules; what stands here is what the rules leave to the server of the person who asks.
/// https://spec.matrix.org/v1.19/client-server-api/#room-membership
namespace runde::rooms {

struct JoinRequest {
    schema::RoomId room;
    std::vector<std::string> via;                        ///< Servers that may know the room.
    std::optional<std::string> reason;
    std::optional<schema::JsonObject> third_party_signed;
};

/// Joining a room that one is in already answers at once.
net::Task<RoomPtr> join(Rooms& rooms, Person user, JoinRequest request);
net::Task<> knock(Rooms& rooms, Person user, JoinRequest request);
/// Leaves, rejects an invitation, takes back a knock. Leaving twice is no error; leaving a room one never was in is.
net::Task<> leave(Rooms& rooms, Person user, schema::RoomId room, std::optional<std::string> reason);
/// `Consent::given`: they have asked for it themselves, by applying at a door of ours; that they want no invitations
/// (require_invitable) then does not count.
enum class Consent { unknown, given };
net::Task<> invite(Rooms& rooms, UserId inviter, schema::RoomId room, UserId invited, std::optional<std::string> reason,
                   bool is_direct = false, Consent consent = Consent::unknown);

/// Throws Refusal(forbidden, M_INVITE_BLOCKED) when a person of ours wants no invitations at all.
/// https://spec.matrix.org/v1.19/client-server-api/#invite-permission
net::Task<> require_invitable(storage::Database& db, UserNid user);
/// What an account's m.invite_permission_config says; of an empty text: no.
bool blocks_invitations(std::string_view permission_config);

/// What one member does to another.
enum class Act { kick, ban, unban };
net::Task<> act_on(Rooms& rooms, Act act, UserId actor, schema::RoomId room, UserId target, std::optional<std::string> reason);

/// may_preview(), or the person is in one of the rooms that open a restricted one.
net::Task<bool> may_see(Rooms& rooms, RoomPtr room, UserId user);

/// Takes a room that was left out of the person's lists. Throws Refusal(bad_state) while they are in it.
net::Task<> forget(Rooms& rooms, Person user, schema::RoomId room);

/// Sends the member events that carry a changed profile, room by room. A room that refuses keeps the old one.
net::Task<> spread_profile(Rooms& rooms, UserId user);

/// Leaves every room and rejects every invitation: the account is being closed.
net::Task<> leave_all(Rooms& rooms, Person user);

}  // namespace runde::rooms
