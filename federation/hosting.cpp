#include "federation/hosting.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/rooms/charter.hpp"
#include "core/rooms/restricted.hpp"
#include "core/rooms/server_acl.hpp"
#include "core/sync/room_part.hpp"
#include "schema/refusal.hpp"

namespace runde::federation {

using rooms::Entitlement;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::ServerName;
using schema::UserId;

namespace {

/// Who may vouch for a restricted join of `user`; nullopt where none is needed.
net::Task<std::optional<UserId>> required_voucher(rooms::Rooms& rooms, rooms::RoomPtr room, UserId user) {
    const auto entitled = co_await rooms::entitlement(rooms, room, user);
    if (entitled == Entitlement::not_needed) co_return std::nullopt;
    if (entitled == Entitlement::unknown) throw Refusal(Reason::unable_to_authorise_join, "");
    if (entitled == Entitlement::lacking) throw Refusal(Reason::forbidden, "You are in none of the rooms that open this one.");
    auto voucher = rooms::voucher(*room);
    if (!voucher) throw Refusal(Reason::unable_to_grant_join, "");
    co_return voucher;
}

void require_wish(const schema::Event& event, Wish wish, const ServerName& origin) {
    const auto wrong = [](const char* why) { throw Refusal(Reason::invalid_param, why); };
    if (event.type != "m.room.member" || !event.state_key) wrong("The event is no member event.");
    if (schema::string_at(event.content(), "membership") != membership_of(wish)) wrong("The event has another membership.");
    if (event.sender.server() != origin.str()) wrong("The sender is not on your server.");
    if (*event.state_key != event.sender.str()) wrong("The event is about somebody else than its sender.");
}

}  // namespace

std::string_view membership_of(Wish wish) {
    switch (wish) {
        case Wish::join: return "join";
        case Wish::leave: return "leave";
        case Wish::knock: return "knock";
    }
    return "";
}

net::Task<rooms::RoomPtr> Hosting::require(ServerName origin, schema::RoomId id) {
    auto room = co_await parts_.rooms.find(std::move(id));
    // A room that is protected from this server is one that it cannot tell from none.
    if (!room || !rooms::is_resident(*room) || !rooms::admits(*room, origin.str()))
        throw Refusal(Reason::not_found, "This server is in no such room.");
    if (!rooms::acl_allows(*room, origin.str())) throw Refusal(Reason::forbidden, "Your server is banned from this room.");
    co_return room;
}

net::Task<Hosting::Template> Hosting::offer(Wish wish, ServerName origin, schema::RoomId id, UserId user,
                                            std::vector<std::string> versions) {
    if (user.server() != origin.str()) throw Refusal(Reason::forbidden, "That user is not on your server.");
    const auto room = co_await require(origin, id);
    const auto& rules = room->rules();
    if (!versions.empty() && std::ranges::find(versions, rules.version) == versions.end())
        throw Refusal(Reason::incompatible_room_version, "", {{"room_version", rules.version}});

    JsonObject content{{"membership", membership_of(wish)}};
    if (wish == Wish::join) {
        const auto voucher = co_await required_voucher(parts_.rooms, room, user);
        if (voucher) content["join_authorised_via_users_server"] = voucher->str();
    }
    const schema::EventDraft draft{
        .type = "m.room.member", .sender = user, .state_key = user.str(), .content = std::move(content), .redacts = {}};
    if (const auto verdict = room->may(draft); !verdict) throw Refusal(Reason::forbidden, std::string(verdict.why));
    if (wish == Wish::join) parts_.rooms.require_open(room->id(), user.str());
    auto event = room->build_template(draft);
    event.erase("event_id");  // Its author chooses that.
    event["origin"] = parts_.rooms.identity().server.str();
    co_return Template{rules, std::move(event)};
}

net::Task<Hosting::Taken> Hosting::take(Wish wish, ServerName origin, schema::RoomId id, schema::EventId event_id,
                                        std::string pdu) {
    const auto room = co_await require(origin, id);
    const auto& rules = room->rules();
    const auto read = schema::parse_event(pdu, rules);
    require_wish(*read, wish, origin);
    if (read->id != event_id) throw Refusal(Reason::invalid_param, "The event has another id.");

    // Our signature first, because it is one of those that must be there; the event goes nowhere before all is checked.
    if (const auto voucher = schema::string_at(read->content(), "join_authorised_via_users_server");
        wish == Wish::join && voucher) {
        const auto user = UserId::parse(*voucher);
        if (user && parts_.rooms.identity().is_local(*user) && rules.restricted_joins) {
            co_await required_voucher(parts_.rooms, room, read->sender);
            JsonObject object(read->object, boost::json::storage_ptr());  // Not in the event's memory.
            schema::sign_event(object, rules, parts_.rooms.identity().server.str(), parts_.rooms.identity().key);
            pdu = schema::canonical_json(object, rules.numbers());
        }
    }
    const auto checked = co_await parts_.checks.check_one(std::move(pdu), rules, id);
    if (!checked) throw Refusal(Reason::invalid_param, "The event was not accepted: " + checked.why + ".");
    if (checked.pruned) throw Refusal(Reason::invalid_param, "The hash of the event is wrong.");
    if (wish == Wish::join) parts_.rooms.require_open(room->id(), read->sender.str());

    Taken taken{room, checked.event, {}};
    for (const auto& [server, joined] : room->remote_servers()) taken.servers.push_back(server);
    if (room->joined_count() > 0) taken.servers.push_back(parts_.rooms.identity().server.str());
    if (const auto& taker = parts_.rooms.knock_taker(); taker && wish == Wish::knock) {
        std::string reason(schema::string_at(checked.event->content(), "reason").value_or(""));
        const bool kept = co_await taker(id, checked.event->sender, std::nullopt, std::move(reason));
        if (kept) co_return taken;
    }
    std::vector<rooms::Incoming> incoming;
    incoming.push_back({.event = checked.event, .spread = true});
    co_await parts_.policy.judge(room, incoming);        // Whoever comes in cannot know whom to ask.
    taken.event = incoming.front().event;
    const auto received = co_await room->receive(std::move(incoming));
    switch (received.front().verdict) {
        case rooms::Received::Verdict::accepted: break;
        case rooms::Received::Verdict::known:
            // A repetition, after the answer got lost. Who has been sent away since is told no more of the room.
            if (to_string(room->membership(checked.event->sender.str())) == membership_of(wish)) break;
            throw Refusal(Reason::forbidden, "The room has gone on since.");
        case rooms::Received::Verdict::incomplete:
            throw Refusal(Reason::invalid_param, "The event cites events that are not known here.");
        case rooms::Received::Verdict::soft_failed:
        case rooms::Received::Verdict::rejected:
            spdlog::info("{} may not {} a room of ours: {}", origin.str(), membership_of(wish), received.front().why);
            throw Refusal(Reason::forbidden, std::string(received.front().why));
    }
    co_return taken;
}

std::vector<std::string> preview_pdus(const rooms::Room& room) {
    std::vector<std::string> pdus;
    for (const auto& type : sync::stripped_state_types())
        if (const auto state = room.state(type)) pdus.push_back(*state->json);
    return pdus;
}

}  // namespace runde::federation
