#include "federation/joining.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "core/rooms/membership.hpp"
#include "core/rooms/restricted.hpp"
#include "core/sync/room_part.hpp"
#include "schema/refusal.hpp"
#include "storage/previews.hpp"

namespace runde::federation {

using rooms::Membership;
using rooms::RoomPtr;
using schema::Event;
using schema::EventPtr;
using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::RoomId;
using schema::ServerName;

namespace {

constexpr Limits make_limits{.whole = net::Milliseconds(10'000), .body_bytes = 256 * 1024};
constexpr Limits send_limits{.whole = net::Milliseconds(60'000), .body_bytes = 1024 * 1024};
/// The state of a room with 50,000 members.
constexpr Limits join_limits{.whole = net::Milliseconds(120'000), .body_bytes = 128 * 1024 * 1024};
constexpr std::size_t most_preview_events = 30, most_preview_bytes = 64 * 1024;

std::string_view name_of(Wish wish) { return membership_of(wish); }

/// What a member event built on somebody else's template says. Everything that we decide is ours, the rest is where the event
/// stands in the room's graph.
JsonObject event_from(const JsonObject& offered, JsonObject content, const rooms::Identity& identity,
                      const schema::RoomRules& rules, std::int64_t now) {
    JsonObject event;
    for (const auto* name : {"type", "room_id", "sender", "state_key", "depth", "prev_events", "auth_events"})
        if (const auto* value = offered.if_contains(name)) event[name] = *value;
    const auto* old = schema::object_at(offered, "content");
    if (old && schema::string_at(content, "membership") == "join")
        if (const auto voucher = schema::string_at(*old, "join_authorised_via_users_server"))
            content["join_authorised_via_users_server"] = *voucher;
    event["content"] = std::move(content);
    event["origin"] = identity.server.str();             // Required in every handshake, though PDUs need it no more.
    event["origin_server_ts"] = now;
    if (rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen)
        event["event_id"] = "$" + schema::random_token(18) + ":" + identity.server.str();
    return event;
}

/// The refusal that says most, of those that several servers gave.
int weight(const Refusal& refusal) {
    switch (refusal.reason) {
        case Reason::forbidden: return 5;
        case Reason::incompatible_room_version: return 4;
        case Reason::unable_to_authorise_join:
        case Reason::unable_to_grant_join: return 3;
        case Reason::not_found: return 2;
        default: return 1;
    }
}

Refusal current_refusal() {
    try {
        rethrow_as_refusal();
    } catch (const Refusal& refusal) {
        return refusal;
    }
    // rethrow_as_refusal passes on what has nothing to do with other servers.
}

/// Of what somebody tells of a room, the events that its servers have signed.
/// https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1send_knockroomideventid
net::Task<JsonArray> signed_ones(EventChecks& checks, JsonArray told, const schema::RoomRules& rules, RoomId room) {
    told.resize(std::min(told.size(), most_preview_events));
    std::vector<std::string> pdus;
    for (const auto& entry : told) pdus.push_back(schema::to_text(entry));
    const auto checked = co_await checks.check(std::move(pdus), rules, room);
    JsonArray good;
    for (std::size_t i = 0; i < checked.size(); ++i)
        if (checked[i] && !checked[i].pruned) good.push_back(told[i]);
    co_return good;
}

}  // namespace

std::string stripped_preview(const JsonArray& told, const Event& member) {
    JsonArray events;
    std::size_t bytes = 0;
    std::unordered_set<std::string> seen;
    for (const auto& entry : told) {
        if (!entry.is_object() || events.size() == most_preview_events) continue;
        const auto& event = entry.get_object();
        const auto type = schema::string_at(event, "type");
        const auto key = schema::string_at(event, "state_key");
        const auto sender = schema::string_at(event, "sender");
        const auto* content = schema::object_at(event, "content");
        if (!type || !key || !sender || !content || !schema::UserId::parse(*sender)) continue;
        const bool is_member = *type == "m.room.member";
        if (!is_member &&
            (!key->empty() || std::ranges::find(sync::stripped_state_types(), *type) == sync::stripped_state_types().end()))
            continue;
        if (is_member && *key == *member.state_key) continue;
        if (!seen.insert(std::string(*type) + '\0' + std::string(*key)).second) continue;
        JsonObject stripped{{"content", *content}, {"sender", *sender}, {"state_key", *key}, {"type", *type}};
        bytes += schema::to_text(stripped).size();
        if (bytes > most_preview_bytes) break;
        events.push_back(std::move(stripped));
    }
    events.push_back(schema::stripped_state(member));
    return schema::to_text(events);
}

/// Whoever invited knows the room, then those whom the client names, those known to be in it, at last the server in the id.
net::Task<std::vector<ServerName>> Joining::candidates(const Case& what, std::vector<std::string> via) {
    std::vector<std::string> names;
    const auto room = co_await parts_.rooms.find(what.room);
    if (room)
        if (const auto member = room->state("m.room.member", what.user.id.str())) {
            const auto event = member->event();
            if (event->sender != what.user.id) names.emplace_back(event->sender.server());
        }
    names.insert(names.end(), via.begin(), via.end());
    const auto told =
        co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_preview(tx, what.user.nid, what.room.str()); });
    if (told) names.insert(names.end(), told->servers.begin(), told->servers.end());
    if (room) {
        std::vector<std::pair<int, std::string>> by_members;
        for (const auto& [server, joined] : room->remote_servers()) by_members.emplace_back(-joined, server);
        std::ranges::sort(by_members);
        for (const auto& [joined, server] : by_members) names.push_back(server);
    }
    if (const auto server = what.room.server()) names.emplace_back(*server);

    std::vector<ServerName> servers;
    for (const auto& name : names) {
        const auto server = ServerName::parse(name);
        if (!server || *server == parts_.rooms.identity().server || servers.size() == most_candidates) continue;
        if (std::ranges::find(servers, *server) == servers.end()) servers.push_back(*server);
    }
    co_return servers;
}

net::Task<> Joining::try_each(std::vector<ServerName> servers, Attempt attempt) {
    std::optional<Refusal> best;
    const auto begun = parts_.runtime.clock().now_ms();
    for (const auto& server : servers) {
        if (parts_.runtime.clock().now_ms() - begun > patience.count()) break;
        std::optional<Refusal> refused;
        try {
            co_await attempt(server);
            co_return;
        } catch (const net::Stopped&) {
            throw;
        } catch (const storage::DatabaseError&) {
            throw;
        } catch (...) {
            refused = current_refusal();
        }
        // Its words may name people, or carry the address of a page that is for one of them.
        spdlog::info("{} did not let us in: {}", server.str(), refused->text.empty() ? "no answer" : "it refused");
        if (!best || weight(*refused) > weight(*best)) best = std::move(refused);
    }
    if (!best) throw Refusal(Reason::not_found, "No server is known that could tell of this room.");
    throw *best;
}

net::Task<Joining::Offer> Joining::ask(const Case& what, ServerName server) {
    std::vector<std::pair<std::string, std::string>> query;
    if (what.wish != Wish::leave)
        for (const auto& rules : schema::all_room_rules())
            if (what.wish == Wish::join || rules.knocking) query.emplace_back("ver", rules.version);
    const auto endpoint = "make_" + std::string(name_of(what.wish));
    const auto target = with_query(path({endpoint, what.room.str(), what.user.id.str()}), query);
    const auto answer = co_await parts_.client.get(server, target, make_limits);

    const auto malformed = [](const char* why) { throw Refusal(Reason::remote_failed, why); };
    const auto version = schema::string_at(answer, "room_version").value_or("1");
    const auto* rules = schema::find_room_rules(version);
    if (!rules) throw Refusal(Reason::incompatible_room_version, "", {{"room_version", version}});
    const auto* offered = schema::object_at(answer, "event");
    if (!offered) malformed("The other server's answer holds no event.");
    const auto* content = schema::object_at(*offered, "content");
    if (schema::string_at(*offered, "room_id") != what.room.str() || schema::string_at(*offered, "sender") != what.user.id.str() ||
        schema::string_at(*offered, "state_key") != what.user.id.str() || schema::string_at(*offered, "type") != "m.room.member" ||
        !content || schema::string_at(*content, "membership") != name_of(what.wish))
        malformed("The other server offered something else than was asked for.");

    const auto& identity = parts_.rooms.identity();
    auto object = event_from(*offered, what.content, identity, *rules, parts_.runtime.clock().now_ms());
    co_return Offer{rules, schema::seal_event(std::move(object), *rules, identity.server.str(), identity.key)};
}

net::Task<RoomPtr> Joining::join(rooms::Person user, RoomId room, std::vector<std::string> via, JsonObject content) {
    if (const auto other = joining_.find(room.str()); other != joining_.end()) {
        const auto gate = other->second;
        co_await gate->wait();
        const auto known = co_await parts_.rooms.find(room);
        if (known && rooms::is_resident(*known)) {
            rooms::JoinRequest request{.room = room, .via = via, .reason = {}, .third_party_signed = {}};
            if (const auto reason = schema::string_at(content, "reason")) request.reason = std::string(*reason);
            co_return co_await rooms::join(parts_.rooms, user, std::move(request));
        }
    }
    const auto gate = std::make_shared<net::Gate>();
    joining_.insert_or_assign(room.str(), gate);
    const Case what{Wish::join, user, room, std::move(content)};
    RoomPtr joined;
    std::exception_ptr failure;
    try {
        auto servers = co_await candidates(what, std::move(via));
        co_await try_each(std::move(servers),
                          [&](ServerName server) -> net::Task<> { joined = co_await join_through(what, server); });
    } catch (...) {
        failure = std::current_exception();
    }
    if (const auto own = joining_.find(room.str()); own != joining_.end() && own->second == gate) joining_.erase(own);
    gate->open();
    if (failure) std::rethrow_exception(failure);
    co_return joined;
}

net::Task<> Joining::settled(RoomId room) {
    const auto found = joining_.find(room.str());
    if (found == joining_.end()) co_return;
    const auto gate = found->second;
    co_await gate->wait();
}

net::Task<RoomPtr> Joining::join_through(const Case& what, ServerName server) {
    const auto offer = co_await ask(what, server);
    const auto& rules = *offer.rules;
    const auto target = path({"send_join", what.room.str(), offer.event->id.str()}, "v2");
    std::string text;
    bool is_old = false;
    try {
        text = co_await parts_.client.text(server, net::Method::put, target, offer.event->json, join_limits);
    } catch (const RemoteRefusal& refused) {
        if (!refused.is_unrecognized()) throw;
        is_old = true;
    }
    if (is_old) {
        const auto old_target = path({"send_join", what.room.str(), offer.event->id.str()});
        text = co_await parts_.client.text(server, net::Method::put, old_target, offer.event->json, join_limits);
        // [200, {…}]
        const auto begin = text.find('{');
        const auto end = text.rfind('}');
        if (begin == text.npos || end == text.npos || end < begin) throw Refusal(Reason::remote_failed, "The answer is malformed.");
        text = text.substr(begin, end - begin + 1);
    }

    static constexpr std::array<std::string_view, 2> names{"state", "auth_chain"};
    SlicedAnswer answer;
    try {
        answer = slice_answer(text, names);
    } catch (const Refusal&) {
        throw Refusal(Reason::remote_failed, "The other server's answer is malformed.");
    }
    if (schema::boolean_at(answer.rest, "members_omitted").value_or(false)) {
        // We asked for everybody; whoever leaves them out all the same tells when asked for the state.
        const auto state_target = with_query(path({"state", what.room.str()}), {{"event_id", offer.event->id.str()}});
        text = co_await parts_.client.text(server, net::Method::get, state_target, "", join_limits);
        static constexpr std::array<std::string_view, 2> state_names{"pdus", "auth_chain"};
        auto whole = slice_answer(text, state_names);
        answer.arrays = std::move(whole.arrays);
    }
    std::vector<std::string> pdus;
    std::unordered_set<std::string_view> seen;
    const auto n_state = answer.arrays[0].size();
    for (const auto& pdu : answer.arrays[0]) pdus.emplace_back(pdu);
    for (const auto& pdu : answer.arrays[0]) seen.insert(pdu);
    for (const auto& pdu : answer.arrays[1])
        if (!seen.contains(pdu)) pdus.emplace_back(pdu);
    auto join = offer.event;
    if (const auto* signed_event = schema::object_at(answer.rest, "event")) {
        // With the signature of whoever vouches; everything else must be as we wrote it.
        auto theirs = co_await parts_.checks.check_one(schema::canonical_json(*signed_event, rules.numbers()), rules, what.room);
        if (theirs && !theirs.pruned && theirs.event->id == join->id) join = theirs.event;
    }
    if (const auto signers = required_signers(*join, rules); signers.size() > 1)
        for (const auto& signer : signers) {
            const bool is_signed = co_await parts_.checks.is_signed_by(join, rules, signer);
            if (!is_signed) throw Refusal(Reason::remote_failed, "Whoever should vouch for the join has not signed it.");
        }
    std::string().swap(text);  // It may be large; the pieces are copies.

    const auto checked = co_await parts_.checks.check(std::move(pdus), rules, what.room);
    rooms::ImportedRoom import{.id = what.room, .rules = rules, .state = {}, .auth_chain = {}, .join = join, .user = what.user.nid};
    std::size_t bad = 0;
    EventPtr create;
    for (std::size_t i = 0; i < checked.size(); ++i) {
        if (!checked[i]) {
            ++bad;
            continue;
        }
        const auto& event = checked[i].event;
        if (!event->is_state()) continue;
        if (i < n_state && event->is_state("m.room.create")) create = event;
        (i < n_state ? import.state : import.auth_chain).push_back(event);
    }
    if (bad > 0) spdlog::info("{} told of a room: {} of {} events were not acceptable", server.str(), bad, checked.size());
    if (!create) throw Refusal(Reason::remote_failed, "The other server did not tell how the room began.");
    if (schema::string_at(create->content(), "room_version").value_or("1") != rules.version)
        throw Refusal(Reason::remote_failed, "The other server lied about the room's version.");
    auto room = co_await parts_.rooms.import(std::move(import));
    co_await parts_.db.transact([&](storage::Tx& tx) { storage::drop_preview(tx, what.user.nid, what.room.str()); });
    co_return room;
}

net::Task<> Joining::knock(rooms::Person user, RoomId room, std::vector<std::string> via, JsonObject content) {
    const Case what{Wish::knock, user, room, std::move(content)};
    auto servers = co_await candidates(what, std::move(via));
    co_await try_each(std::move(servers), [&](ServerName server) -> net::Task<> { co_await knock_through(what, server); });
}

net::Task<> Joining::knock_through(const Case& what, ServerName server) {
    const auto offer = co_await ask(what, server);
    const auto target = path({"send_knock", what.room.str(), offer.event->id.str()});
    const auto answer = co_await parts_.client.put(server, target, offer.event->json, send_limits);
    const auto* state = schema::array_at(answer, "knock_room_state");
    auto told = state ? *state : JsonArray();
    // In old rooms it is whatever servers of that time sent.
    if (offer.rules->room_id_is_create_hash) told = co_await signed_ones(parts_.checks, std::move(told), *offer.rules, what.room);
    const storage::Preview preview{
        what.user.nid, what.room.str(), offer.event->id.str(), {server.str()}, stripped_preview(told, *offer.event)};
    co_await parts_.db.transact([&](storage::Tx& tx) { storage::store_preview(tx, preview); });
    co_await parts_.rooms.note_outside(what.room, *offer.rules, offer.event, what.user.nid);
}

net::Task<> Joining::leave(rooms::Person user, RoomId room_id, JsonObject content) {
    const Case what{Wish::leave, user, room_id, std::move(content)};
    bool told = false;
    try {
        auto servers = co_await candidates(what, {});
        co_await try_each(std::move(servers), [&](ServerName server) -> net::Task<> { co_await leave_through(what, server); });
        told = true;
    } catch (const Refusal&) {
        // Not their words: what others write may name people.
        spdlog::info("an invitation was declined, and no server of the room heard it");
    }
    co_await parts_.db.transact([&](storage::Tx& tx) { storage::drop_preview(tx, user.nid, room_id.str()); });
    if (told) co_return;
    // Somebody who does not want to hear of a room must be rid of it, whatever its servers say.
    const auto room = co_await parts_.rooms.find(room_id);
    const auto member = room ? room->state("m.room.member", user.id.str()) : nullptr;
    if (!member) co_return;
    const auto before = member->event();
    const auto& rules = room->rules();
    const auto& identity = parts_.rooms.identity();
    const bool hashed = rules.event_ids != schema::RoomRules::EventIdForm::sender_chosen;
    JsonObject event{{"type", "m.room.member"},
                     {"room_id", room_id.str()},
                     {"sender", user.id.str()},
                     {"state_key", user.id.str()},
                     {"depth", before->depth + 1}};
    // Not JsonArray{JsonArray{…}}: that is a copy of the inner one.
    JsonArray cited;
    if (hashed)
        cited.emplace_back(before->id.str());
    else
        cited.emplace_back(JsonArray{before->id.str(), JsonObject{}});
    event["prev_events"] = std::move(cited);
    event["auth_events"] = event["prev_events"];
    event = event_from(event, what.content, identity, rules, parts_.runtime.clock().now_ms());
    const auto left = schema::seal_event(std::move(event), rules, identity.server.str(), identity.key);
    co_await parts_.rooms.note_outside(room_id, rules, left, user.nid);
}

net::Task<> Joining::leave_through(const Case& what, ServerName server) {
    const auto offer = co_await ask(what, server);
    bool is_old = false;
    try {
        co_await parts_.client.put(server, path({"send_leave", what.room.str(), offer.event->id.str()}, "v2"), offer.event->json,
                                   send_limits);
    } catch (const RemoteRefusal& refused) {
        if (!refused.is_unrecognized()) throw;
        is_old = true;
    }
    if (is_old)
        co_await parts_.client.text(server, net::Method::put, path({"send_leave", what.room.str(), offer.event->id.str()}),
                                    offer.event->json, send_limits);
    co_await parts_.rooms.note_outside(what.room, *offer.rules, offer.event, what.user.nid);
}

net::Task<bool> Joining::hear_outside(RoomPtr room, EventPtr event, std::string origin) {
    if (event->type != "m.room.member" || !event->state_key) co_return false;
    const auto user = schema::UserId::parse(*event->state_key);
    const auto membership = schema::string_at(event->content(), "membership");
    if (!user || !parts_.rooms.identity().is_local(*user) || (membership != "leave" && membership != "ban")) co_return false;
    auto* member = room->local_member(user->str());
    if (!member || event->sender == *user) co_return false;
    const auto nid = member->nid;
    std::vector<std::string> witnesses;
    if (member->membership == Membership::invite) {
        const auto invitation = room->state("m.room.member", user->str());
        if (!invitation || event->sender.server() != origin) co_return false;
        witnesses.emplace_back(invitation->event()->sender.server());
    } else if (member->membership == Membership::knock) {
        const auto told =
            co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_preview(tx, nid, room->id().str()); });
        if (!told) co_return false;
        witnesses = told->servers;
    } else {
        co_return false;
    }
    if (std::ranges::find(witnesses, origin) != witnesses.end()) {
        co_await parts_.rooms.note_outside(room->id(), room->rules(), std::move(event), nid);
        co_return true;
    }
    if (event->sender.server() != origin || doubts_ == most_doubts) co_return false;
    ++doubts_;
    parts_.runtime.spawn("an end told by a stranger", ask_later({room->id(), *user, nid}, std::move(event), std::move(witnesses)));
    co_return true;
}

net::Task<> Joining::ask_later(Outsider who, EventPtr end, std::vector<std::string> witnesses) {
    const auto before = co_await parts_.rooms.find(who.room);
    const auto membership = before ? before->state("m.room.member", who.user.str()) : nullptr;
    co_await parts_.runtime.clock().sleep(until_witnesses_know);
    bool is_over = false;
    for (const auto& name : witnesses) {
        const auto server = ServerName::parse(name);
        if (!server || is_over) continue;
        try {
            co_await parts_.client.get(*server, path({"make_leave", who.room.str(), who.user.str()}), make_limits);
            break;                                       // There is something to leave still.
        } catch (const RemoteRefusal& refused) {
            is_over = refused.status == 403;
        } catch (const LinkFailed&) {
        } catch (const Refusal&) {
        }
    }
    --doubts_;
    const auto room = co_await parts_.rooms.find(who.room);
    const auto now = room ? room->state("m.room.member", who.user.str()) : nullptr;
    if (is_over && membership && now && now->id == membership->id)
        co_await parts_.rooms.note_outside(who.room, room->rules(), std::move(end), who.nid);
}

}  // namespace runde::federation
