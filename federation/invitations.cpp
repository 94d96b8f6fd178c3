#include "federation/invitations.hpp"

#include <spdlog/spdlog.h>

#include "core/rooms/membership.hpp"
#include "core/rooms/people.hpp"
#include "core/rooms/policy_server.hpp"
#include "core/rooms/restricted.hpp"
#include "core/rooms/server_acl.hpp"
#include "federation/hosting.hpp"
#include "federation/joining.hpp"
#include "net/type_name.hpp"
#include "schema/refusal.hpp"
#include "storage/previews.hpp"

namespace runde::federation {

using schema::Event;
using schema::EventPtr;
using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::RoomId;
using schema::RoomRules;
using schema::ServerName;
using schema::UserId;

namespace {

constexpr Limits invite_limits{.whole = net::Milliseconds(20'000), .body_bytes = 256 * 1024};
constexpr std::size_t most_told = 100;
/// Of one server to one person, into rooms that nobody else here knows.
constexpr std::int64_t most_open_invitations = 50;

JsonArray preview(const rooms::Room& room, const UserId& inviter) {
    JsonArray events;
    for (const auto& pdu : preview_pdus(room)) events.push_back(schema::parse_json(pdu));
    // Whoever invites is shown by name.
    if (const auto member = room.state("m.room.member", inviter.str())) events.push_back(schema::parse_json(*member->json));
    return events;
}

schema::EventDraft invitation(const UserId& inviter, const UserId& invited, JsonObject content) {
    return {.type = "m.room.member", .sender = inviter, .state_key = invited.str(), .content = std::move(content), .redacts = {}};
}

}  // namespace

net::Task<> Invitations::invite(rooms::RoomPtr room, UserId inviter, UserId invited, JsonObject content) {
    const auto server = ServerName::parse(invited.server());
    if (!server) throw Refusal(Reason::invalid_param, "That is not a valid user id.");
    if (!rooms::acl_allows(*room, server->str())) throw Refusal(Reason::forbidden, "That server is banned from this room.");
    const auto& rules = room->rules();
    const auto& identity = parts_.rooms.identity();
    auto offered = room->build_template(invitation(inviter, invited, std::move(content)));
    offered["origin"] = identity.server.str();            // Required here, as in every handshake, though PDUs need it no more.
    const auto ours = schema::seal_event(std::move(offered), rules, identity.server.str(), identity.key,
                                         rooms::is_own_policy_server(*room) ? identity.policy_key : nullptr);

    const auto told = preview(*room, inviter);
    JsonObject answer;
    try {
        bool is_old = false;
        const JsonObject body{
            {"event", schema::parse_json(ours->json)}, {"invite_room_state", told}, {"room_version", rules.version}};
        try {
            const auto target = path({"invite", room->id().str(), ours->id.str()}, "v2");
            answer = co_await parts_.client.put(*server, target, schema::canonical_json(body, rules.numbers()), invite_limits);
        } catch (const RemoteRefusal& refused) {
            // "Senders which receive a 400 or 404": a server that does not know version 2 knows but these room versions.
            const bool may_be_old = refused.is_unrecognized() || refused.status == 400 || refused.status == 404;
            is_old = may_be_old && (rules.version == "1" || rules.version == "2");
            if (!is_old) throw;
        }
        if (is_old) {
            auto object = schema::parse_json(ours->json).as_object();
            object["unsigned"] = JsonObject{{"invite_room_state", told}};
            const auto target = path({"invite", room->id().str(), ours->id.str()});
            const auto text = co_await parts_.client.text(*server, net::Method::put, target,
                                                          schema::canonical_json(object, rules.numbers()), invite_limits);
            const auto wrapped = schema::parse_json(text);
            if (!wrapped.is_array() || wrapped.get_array().size() != 2 || !wrapped.get_array()[1].is_object())
                throw Refusal(Reason::remote_failed, "The other server's answer is malformed.");
            answer = wrapped.get_array()[1].get_object();
        }
    } catch (const RemoteRefusal& refused) {
        // https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite has another word for it.
        if (refused.errcode == "M_INCOMPATIBLE_ROOM_VERSION")
            throw Refusal(Reason::unsupported_room_version, "The other server does not know rooms of this version.");
        rethrow_as_refusal();
    } catch (...) {
        rethrow_as_refusal();
    }

    // Their signature is all that we take from the answer.
    const auto* theirs = schema::object_at(answer, "event");
    const auto* signatures = theirs ? schema::object_at(*theirs, "signatures") : nullptr;
    const auto* of_server = signatures ? schema::object_at(*signatures, server->str()) : nullptr;
    if (!of_server) throw Refusal(Reason::remote_failed, "The other server has not signed the invitation.");
    auto object = schema::parse_json(ours->json).as_object();
    for (const auto& [id, signature] : *of_server)
        if (signature.is_string()) schema::add_signature(object, server->str(), id, signature.get_string());
    const auto both = schema::parse_event(std::move(object), rules);
    const bool is_signed = co_await parts_.checks.is_signed_by(both, rules, server->str());
    if (!is_signed) throw Refusal(Reason::remote_failed, "The other server has not signed the invitation.");

    std::vector<rooms::Incoming> incoming;
    incoming.push_back({.event = both, .spread = true});
    const auto received = co_await room->receive(std::move(incoming));
    using enum rooms::Received::Verdict;
    const auto verdict = received.front().verdict;
    if (verdict != accepted && verdict != known) throw Refusal(Reason::forbidden, std::string(received.front().why));
}

/// https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid
net::Task<> Invitations::require_preview(const JsonArray& told, const Event& invite, const RoomRules& rules) {
    if (told.size() > most_told) throw Refusal(Reason::invalid_param, "invite_room_state has too many events.");
    std::vector<std::string> pdus;
    for (const auto& entry : told) pdus.push_back(schema::canonical_json(entry, schema::Numbers::any));
    const auto checked = co_await parts_.checks.check(std::move(pdus), rules, invite.room);
    bool create = false;
    for (const auto& one : checked) {
        if (!one)
            throw Refusal(Reason::invalid_param,
                          "invite_room_state holds something that is no event of the room: " + one.why + ".");
        create = create || one.event->is_state("m.room.create");
    }
    if (!create) throw Refusal(Reason::invalid_param, "invite_room_state lacks m.room.create.");
}

net::Task<EventPtr> Invitations::receive(ServerName origin, Received received) {
    // Who is shut out hears that first, whatever it sends. (Where the room is only known from hearsay, so is its ACL.)
    const auto known = co_await parts_.rooms.find(received.room);
    if (known && rooms::is_resident(*known) && rooms::admits(*known, origin.str()) &&
        !rooms::server_acl_of(*known).allows(origin.str()))
        throw Refusal(Reason::forbidden, "Your server may not take part in this room.");
    const auto* rules = schema::find_room_rules(received.version);
    if (!rules) throw Refusal(Reason::incompatible_room_version, "", {{"room_version", received.version}});
    const auto wrong = [](std::string why) { throw Refusal(Reason::invalid_param, std::move(why)); };
    const auto checked = co_await parts_.checks.check_one(std::move(received.pdu), *rules, received.room);
    if (!checked) wrong("The event was not accepted: " + checked.why + ".");
    if (checked.pruned) wrong("The hash of the event is wrong.");
    const auto& event = *checked.event;
    auto room = co_await parts_.rooms.find(received.room);
    // A room that is protected from this server is one that it cannot tell from none.
    const bool is_hidden = room && rooms::is_resident(*room) && !rooms::admits(*room, origin.str());
    if (is_hidden) room = nullptr;
    if (event.id != received.event) wrong("The event has another id.");
    if (event.type != "m.room.member" || schema::string_at(event.content(), "membership") != "invite")
        wrong("The event is no invitation.");
    if (event.sender.server() != origin.str()) wrong("The sender is not on your server.");
    const auto invited = event.state_key ? UserId::parse(*event.state_key) : std::nullopt;
    const auto& identity = parts_.rooms.identity();
    if (!invited || !identity.is_local(*invited)) wrong("The invited user is not on this server.");
    // In old room versions the entries are whatever servers of that time sent; they are shown, but nothing rests on them.
    if (rules->room_id_is_create_hash) co_await require_preview(received.told, event, *rules);

    const auto person = co_await rooms::find_person(parts_.db, *invited);
    if (!person) throw Refusal(Reason::forbidden, "There is no such user here.");
    co_await rooms::require_invitable(parts_.db, person->nid);

    JsonObject object(event.object, boost::json::storage_ptr());
    schema::sign_event(object, *rules, identity.server.str(), identity.key);
    const auto both = schema::parse_event(std::move(object), *rules);

    // As long as we do not know how the room began, its version is only what another invitation claims.
    if (room && &room->rules() != rules && room->state("m.room.create")) wrong("The room has another version.");
    // Where we are in the room, the event comes like any other.
    if (room && rooms::is_resident(*room)) co_return both;
    const auto open = co_await parts_.db.read([&](storage::Tx& tx) {
        const auto before = storage::find_preview(tx, person->nid, received.room.str());
        return before ? 0 : storage::count_previews(tx, person->nid, origin.str());
    });
    if (open >= most_open_invitations)
        throw Refusal(Reason::limit_exceeded, "This person has not answered your server's other invitations yet.",
                      {{"retry_after_ms", 3'600'000}});
    if (is_hidden) co_return both;  // Signed, as any, and kept nowhere.
    const storage::Preview preview{
        person->nid, received.room.str(), both->id.str(), {origin.str()}, stripped_preview(received.told, *both)};
    co_await parts_.db.transact([&](storage::Tx& tx) { storage::store_preview(tx, preview); });
    co_await parts_.rooms.note_outside(received.room, *rules, both, person->nid);
    co_return both;
}

net::Task<> Invitations::exchange(std::string origin, RoomId room_id, const JsonObject& body) {
    const auto wrong = [](const char* why) { throw Refusal(Reason::invalid_param, why); };
    const auto sender = UserId::parse(schema::string_at(body, "sender").value_or(""));
    const auto invited = UserId::parse(schema::string_at(body, "state_key").value_or(""));
    const auto* told = schema::object_at(body, "content");
    const auto* promise = told ? schema::object_at(*told, "third_party_invite") : nullptr;
    const auto* is_signed = promise ? schema::object_at(*promise, "signed") : nullptr;
    if (schema::string_at(body, "type") != "m.room.member" || schema::string_at(body, "room_id") != room_id.str())
        wrong("The event is no membership of this room.");
    if (!sender || !invited || !is_signed || schema::string_at(*told, "membership") != "invite")
        wrong("The event is no third-party invitation.");
    const auto token = schema::string_at(*is_signed, "token");
    if (!token || schema::string_at(*is_signed, "mxid") != invited->str()) wrong("The signed part is about somebody else.");

    const auto room = co_await parts_.rooms.find(room_id);
    if (!room || !rooms::is_resident(*room) || !rooms::admits(*room, origin))
        throw Refusal(Reason::not_found, "This server is in no such room.");
    const auto original = room->state("m.room.third_party_invite", *token);
    if (!original) throw Refusal(Reason::forbidden, "There is no such invitation in the room.");
    // The inviter's server makes the event, because it is signed with its key.
    if (!parts_.rooms.identity().is_local(*sender) || original->event()->sender != *sender)
        throw Refusal(Reason::forbidden, "The inviter is not on this server.");
    JsonObject third{{"signed", *is_signed}};
    const auto& kept = original->event()->content();
    if (const auto name = schema::string_at(kept, "display_name")) third["display_name"] = *name;
    JsonObject content{{"membership", "invite"}, {"third_party_invite", std::move(third)}};
    const auto already = room->membership(invited->str());
    if (already == rooms::Membership::invite || already == rooms::Membership::join) co_return;
    const auto draft = invitation(*sender, *invited, content);
    if (const auto verdict = room->may(draft); !verdict) throw Refusal(Reason::forbidden, std::string(verdict.why));
    if (!parts_.rooms.identity().is_local(*invited)) {
        co_await invite(room, *sender, *invited, std::move(content));
        co_return;
    }
    const auto person = co_await rooms::find_person(parts_.db, *invited);
    if (!person) throw Refusal(Reason::not_found, "There is no such user.");
    co_await rooms::require_invitable(parts_.db, person->nid);
    co_await room->append(draft, {.target = person->nid});
}

net::Task<> Invitations::found(UserId user, std::vector<Promise> promises) {
    const auto person = co_await rooms::find_person(parts_.db, user);
    if (!person) co_return;
    constexpr std::size_t most_at_once = 8;
    if (redeeming_ >= most_at_once) throw Refusal(Reason::limit_exceeded, "", {{"retry_after_ms", 10'000}});
    ++redeeming_;
    bool is_too_much = false;
    for (auto& promise : promises) {
        if (schema::string_at(promise.is_signed, "mxid") != user.str()) continue;
        try {
            co_await redeem(user, std::move(promise));
        } catch (const Refusal& refusal) {
            // One that has lapsed does not stop the others.
            is_too_much = is_too_much || refusal.reason == Reason::limit_exceeded;
        } catch (const std::exception& failure) {
            spdlog::warn("a third-party invitation could not be redeemed: {}", net::type_name(failure));
        }
    }
    --redeeming_;
    if (is_too_much) throw Refusal(Reason::limit_exceeded, "", {{"retry_after_ms", 10'000}});
}

net::Task<> Invitations::redeem(const UserId& user, Promise promise) {
    const auto server = ServerName::parse(promise.inviter.server());
    if (!server) co_return;
    // How the room named the address its inviter's server knows; that a name stands here is the form.
    const JsonObject content{{"membership", "invite"},
                             {"third_party_invite", {{"display_name", user.str()}, {"signed", promise.is_signed}}}};
    const JsonObject body{{"type", "m.room.member"},
                          {"room_id", promise.room.str()},
                          {"sender", promise.inviter.str()},
                          {"state_key", user.str()},
                          {"content", content}};
    if (*server == parts_.rooms.identity().server) {
        co_await exchange(server->str(), promise.room, body);
        co_return;
    }
    const auto room = co_await parts_.rooms.find(promise.room);
    if (room && rooms::is_resident(*room))
        if (const auto verdict = room->may(invitation(promise.inviter, user, content)); !verdict)
            throw Refusal(Reason::forbidden, std::string(verdict.why));
    if (!questions_.take(parts_.runtime.clock().now_ms())) throw Refusal(Reason::limit_exceeded, "");
    try {
        co_await parts_.client.put(*server, path({"exchange_third_party_invite", promise.room.str()}), schema::canonical_json(body),
                                   invite_limits);
    } catch (...) {
        rethrow_as_refusal();
    }
}

}  // namespace runde::federation
