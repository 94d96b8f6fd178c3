#include "core/rooms/membership.hpp"

#include "core/rooms/directory.hpp"
#include "core/rooms/elsewhere.hpp"
#include "core/rooms/restricted.hpp"
#include "core/rooms/unread.hpp"
#include "schema/refusal.hpp"
#include "storage/account_data.hpp"

namespace runde::rooms {
namespace {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

/// What somebody hears who may not know whether the room exists.
Refusal stranger() { return Refusal(Reason::forbidden, "There is no such room, or you may not enter it."); }

/// Appends an own member event of somebody who comes from outside; the rules' reasons are for those who may know the room.
net::Task<> enter(Rooms& rooms, RoomPtr room, Person user, schema::EventDraft draft) {
    const bool has_been_in = room->local_member(user.nid) != nullptr;
    bool refused = false;
    try {
        co_await room->append(std::move(draft), {.target = user.nid});
    } catch (const Refusal& refusal) {
        if (refusal.reason != Reason::forbidden || has_been_in) throw;
        refused = true;
    }
    if (!refused) co_return;
    const bool visible = co_await may_see(rooms, room, user.id);
    if (!visible) throw stranger();
    throw Refusal(Reason::forbidden, "The rules of this room do not let you in.");
}

Elsewhere& elsewhere(Rooms& rooms) {
    auto* other = rooms.parts().elsewhere;
    if (!other) throw stranger();
    return *other;
}

schema::EventDraft member_draft(const UserId& sender, const UserId& target, JsonObject content) {
    return {.type = "m.room.member", .sender = sender, .state_key = target.str(), .content = std::move(content), .redacts = {}};
}

/// For what is so already: it is not said again, but who may not say it hears so.
void require_allowed(const Room& room, const schema::EventDraft& draft) {
    if (const auto verdict = room.may(draft); !verdict) throw Refusal(Reason::forbidden, std::string(verdict.why));
}

JsonObject with_reason(JsonObject content, const std::optional<std::string>& reason) {
    if (reason) content["reason"] = *reason;
    return content;
}

net::Task<JsonObject> join_content(Rooms& rooms, RoomPtr room, Person user, JoinRequest request) {
    auto content = with_reason(member_content("join", user.profile), request.reason);
    if (request.third_party_signed) content["third_party_signed"] = *request.third_party_signed;
    const auto entitled = co_await entitlement(rooms, room, user.id);
    if (entitled == Entitlement::not_needed) co_return content;
    if (entitled == Entitlement::lacking && !room->local_member(user.nid)) throw stranger();
    if (entitled == Entitlement::lacking) throw Refusal(Reason::forbidden, "You are in none of the rooms that open this one.");
    const auto vouches = voucher(*room);
    if (entitled == Entitlement::unknown || !vouches) throw Refusal(Reason::unable_to_grant_join, "Nobody here may let others in.");
    content["join_authorised_via_users_server"] = vouches->str();
    co_return content;
}

}  // namespace

net::Task<RoomPtr> join(Rooms& rooms, Person user, JoinRequest request) {
    auto room = co_await rooms.find(request.room);
    if (!room || !is_resident(*room)) {
        auto content = with_reason(member_content("join", user.profile), request.reason);
        co_return co_await elsewhere(rooms).join(user, request.room, request.via, std::move(content));
    }
    if (room->is_joined(user.id.str())) co_return room;
    JsonObject content;
    bool ask_others = false;
    try {
        content = co_await join_content(rooms, room, user, request);
    } catch (const Refusal& refusal) {
        // Nobody here can vouch; a member of another server may.
        ask_others = refusal.reason == Reason::unable_to_grant_join && !room->remote_servers().empty() && rooms.parts().elsewhere;
        if (!ask_others) throw;
    }
    if (ask_others) {
        content = with_reason(member_content("join", user.profile), request.reason);
        co_return co_await elsewhere(rooms).join(user, request.room, request.via, std::move(content));
    }
    co_await enter(rooms, room, user, member_draft(user.id, user.id, std::move(content)));
    co_return room;
}

net::Task<> knock(Rooms& rooms, Person user, JoinRequest request) {
    auto room = co_await rooms.find(request.room);
    auto content = with_reason(member_content("knock", user.profile), request.reason);
    if (!room || !is_resident(*room)) {
        co_await elsewhere(rooms).knock(user, request.room, request.via, std::move(content));
        co_return;
    }
    if (room->membership(user.id.str()) == Membership::knock) co_return;
    if (const auto& taker = rooms.knock_taker()) {
        const bool taken = co_await taker(room->id(), user.id, user.nid, request.reason.value_or(""));
        if (taken) co_return;
    }
    co_await enter(rooms, room, user, member_draft(user.id, user.id, std::move(content)));
}

net::Task<> leave(Rooms& rooms, Person user, schema::RoomId room_id, std::optional<std::string> reason) {
    auto room = co_await rooms.find(room_id);
    auto content = with_reason(JsonObject{{"membership", "leave"}}, reason);
    if (!room || !room->local_member(user.nid)) throw Refusal(Reason::forbidden, "You are not in this room.");
    const auto membership = room->membership(user.id.str());
    if (membership == Membership::leave) co_return;
    if (membership != Membership::join && !is_resident(*room)) {
        co_await elsewhere(rooms).leave(user, room_id, std::move(content));
        co_return;
    }
    co_await room->append(member_draft(user.id, user.id, std::move(content)), {.target = user.nid});
}

net::Task<> require_invitable(storage::Database& db, UserNid user) {
    const auto text = co_await db.read(
        [&](storage::Tx& tx) { return storage::find_account_data(tx, user, std::nullopt, "m.invite_permission_config"); });
    if (!blocks_invitations(text.value_or("{}"))) co_return;
    throw Refusal(Reason::forbidden, "This person does not want to be invited.", {{"errcode", "M_INVITE_BLOCKED"}});
}

bool blocks_invitations(std::string_view permission_config) {
    if (permission_config.empty()) return false;
    const auto content = schema::parse_json(permission_config);
    return content.is_object() && schema::string_at(content.get_object(), "default_action") == "block";
}

net::Task<> invite(Rooms& rooms, UserId inviter, schema::RoomId room_id, UserId invited, std::optional<std::string> reason,
                   bool is_direct, Consent consent) {
    auto room = co_await rooms.require_joined(room_id, inviter);
    JsonObject profile;
    std::optional<UserNid> target;
    if (rooms.identity().is_local(invited)) {
        auto person = co_await find_person(rooms.parts().db, invited);
        if (!person) throw Refusal(Reason::not_found, "There is no such user.");
        if (consent == Consent::unknown) co_await require_invitable(rooms.parts().db, person->nid);
        profile = std::move(person->profile);
        target = person->nid;
    }
    auto content = with_reason(member_content("invite", profile), reason);
    if (is_direct) content["is_direct"] = true;
    if (!target) {
        const auto create = room->state("m.room.create");
        if (create && schema::boolean_at(create->event()->content(), "m.federate") == false)
            throw Refusal(Reason::forbidden, "This room is not open to people of other servers.");
        // The rules first: a stranger's server need not hear of an invitation that will not be.
        require_allowed(*room, member_draft(inviter, invited, content));
        co_await elsewhere(rooms).invite(room, inviter, invited, std::move(content));
        co_return;
    }
    auto draft = member_draft(inviter, invited, std::move(content));
    if (room->membership(invited.str()) == Membership::invite) {
        require_allowed(*room, draft);
        co_return;
    }
    co_await room->append(std::move(draft), {.target = target});
}

net::Task<> act_on(Rooms& rooms, Act act, UserId actor, schema::RoomId room_id, UserId target, std::optional<std::string> reason) {
    auto room = co_await rooms.require_joined(room_id, actor);
    const auto membership = room->membership(target.str());
    // The member event of a kick and of an unban are the same; what was meant must fit what is.
    if (act == Act::kick && (membership == Membership::leave || membership == Membership::ban))
        throw Refusal(Reason::forbidden, "That person is not in the room.");
    if (act == Act::unban && membership != Membership::ban) throw Refusal(Reason::forbidden, "That person is not banned.");
    auto draft = member_draft(actor, target, with_reason(JsonObject{{"membership", act == Act::ban ? "ban" : "leave"}}, reason));
    if (act == Act::ban && membership == Membership::ban) {
        require_allowed(*room, draft);
        co_return;
    }
    std::optional<UserNid> nid;
    if (rooms.identity().is_local(target))
        if (const auto person = co_await find_person(rooms.parts().db, target)) nid = person->nid;
    co_await room->append(std::move(draft), {.target = nid});
}

net::Task<bool> may_see(Rooms& rooms, RoomPtr room, UserId user) {
    if (may_preview(*room, user.str())) co_return true;
    const auto rule = room->join_rule();
    if (room->membership(user.str()) == Membership::ban || (rule != "restricted" && rule != "knock_restricted")) co_return false;
    const auto entitled = co_await entitlement(rooms, room, user);
    co_return entitled == Entitlement::held;
}

net::Task<> forget(Rooms& rooms, Person user, schema::RoomId room_id) {
    auto room = co_await rooms.find(room_id);
    auto* member = room ? room->local_member(user.nid) : nullptr;
    if (!member) throw Refusal(Reason::not_found, "You were never in this room.");
    if (member->membership != Membership::leave && member->membership != Membership::ban)
        throw Refusal(Reason::bad_state, "You can forget a room only after leaving it.");
    member->forgotten = true;
    storage::Submission submission{.positions = 1};
    submission.user_rooms.push_back(unread::row_of(room->nid(), *member, 0));
    const auto change = Committed::MembershipChange{user.id, user.nid, member->membership, member->membership};
    co_await room->submit(std::move(submission), [&](Committed& committed) { committed.memberships.push_back(change); });
}

net::Task<> spread_profile(Rooms& rooms, UserId user) {
    auto person = co_await find_person(rooms.parts().db, user);
    if (!person) co_return;
    const auto listed = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::rooms_of_user(tx, person->nid); });
    for (const auto& entry : listed) {
        if (entry.membership != static_cast<int>(Membership::join)) continue;
        auto room = co_await rooms.find(entry.room);
        if (!room || !room->is_joined(user.str())) continue;
        auto content = room->state_content("m.room.member", user.str());
        for (const auto* name : {"displayname", "avatar_url"}) {
            content.erase(name);
            if (const auto value = schema::string_at(person->profile, name)) content[name] = *value;
        }
        content.erase("join_authorised_via_users_server");
        content.erase("third_party_invite");
        content.erase("reason");
        const auto before = room->state_content("m.room.member", user.str());
        const auto same = [&](const char* name) { return schema::string_at(before, name) == schema::string_at(content, name); };
        if (same("displayname") && same("avatar_url")) continue;
        try {
            co_await room->append(member_draft(user, user, std::move(content)), {.target = person->nid});
        } catch (const Refusal&) {
            // The room's rules say no: its members go on seeing the old name.
        }
    }
}

net::Task<> leave_all(Rooms& rooms, Person user) {
    const auto listed = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::rooms_of_user(tx, user.nid); });
    for (const auto& entry : listed) {
        const auto id = schema::RoomId::parse(entry.room_id);
        if (!id || entry.membership == static_cast<int>(Membership::leave) || entry.membership == static_cast<int>(Membership::ban))
            continue;
        try {
            co_await leave(rooms, user, *id, std::nullopt);
        } catch (const Refusal&) {
            // A room that does not let go keeps a member who never comes back.
        }
    }
}

}  // namespace runde::rooms
