#include "federation/policy.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/rooms/server_acl.hpp"
#include "schema/refusal.hpp"
#include "storage/room_policies.hpp"

namespace runde::federation {

using rooms::PolicyServer;
using rooms::RoomPtr;
using schema::EventPtr;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::ServerName;
using schema::UserId;

namespace {

constexpr auto key_id = PolicyServer::key_id;

schema::EventDraft draft_of(const schema::Event& event) {
    return {.type = event.type,
            .sender = event.sender,
            .state_key = event.state_key,
            .content = JsonObject(event.content(), boost::json::storage_ptr()),
            .redacts = event.redacts};
}

EventPtr with_signature(const schema::Event& event, const schema::RoomRules& rules, std::string_view server,
                        std::string_view signature) {
    auto object = schema::parse_json(event.json, rules.numbers()).get_object();
    schema::add_signature(object, server, key_id, signature);
    return schema::load_event(schema::canonical_json(object, rules.numbers()), event.id, rules);
}

/// Going away and taking back what one has said oneself is nothing that needs anybody's consent.
bool needs_no_consent(const rooms::Room& room, const schema::Event& event) {
    if (event.type == "m.room.member")
        return event.state_key == event.sender.str() && schema::string_at(event.content(), "membership") == "leave";
    const auto* target = event.redacts ? room.known(event.redacts->str()) : nullptr;
    return target && target->sender == event.sender.str();
}

/// Who of ours may say which server watches over the room, and has most power in it.
std::optional<UserId> chooser_in(const rooms::Room& room) {
    const auto& levels = room.power_levels();
    std::optional<UserId> chosen;
    for (const auto& [nid, member] : room.local_members())
        if (member.membership == rooms::Membership::join &&
            levels.level_of(member.id) >= levels.needed_for_state("m.room.policy") &&
            (!chosen || levels.level_of(member.id) > levels.level_of(*chosen)))
            chosen = member.id;
    return chosen;
}

}  // namespace

Policy::Policy(Parts parts) : parts_(parts), key_(*parts.identity.policy_key) {
    parts_.rooms.ask_policy([this](RoomPtr room, EventPtr event) { return ask(std::move(room), std::move(event)); });
}

bool Policy::is_approved(const schema::Event& event, const schema::RoomRules& rules, const PolicyServer& by) const {
    const auto key = schema::VerifyKey::parse(by.public_key);
    return key && schema::verify_event(event.object, rules, by.name, key_id, *key);
}

std::string Policy::sign_ourselves(const schema::Event& event, const schema::RoomRules& rules) const {
    auto object = schema::parse_json(event.json, rules.numbers()).get_object();
    schema::sign_event(object, rules, parts_.identity.server.str(), key_);
    return std::string(schema::find_signature(object, parts_.identity.server.str(), key_id).value());
}

/// What a policy server says of an event.
struct Policy::Opinion {
    enum class Kind {
        approved,
        refused,
        none,                ///< It does not answer, or not as a policy server of this room would.
    };
    Kind kind;
    EventPtr event = nullptr;  ///< Approved: with its signature.
    std::string why = {};      ///< Otherwise, for people.

    static Opinion refusal(std::string text) { return {Kind::refused, nullptr, std::move(text)}; }
    static Opinion none(std::string_view server, std::string_view de, std::string_view en) {
        return {Kind::none, nullptr,
                fmt::format("Der Server {0}, der über diesen Raum wacht, {1}. Bis sich das ändert, kann von hier aus niemand "
                            "schreiben. Wer m.room.policy ändern darf, kann den Raum von ihm lösen. / The room's policy server {0} "
                            "{2}. Until that changes nobody here can write; whoever may change m.room.policy can remove it.",
                            server, de, en)};
    }
};

/// Throws Refusal when we are that policy server and our own guards say no.
net::Task<Policy::Opinion> Policy::opinion_of(std::shared_ptr<const PolicyServer> by, RoomPtr room, EventPtr event) {
    using Kind = Opinion::Kind;
    const auto& rules = room->rules();
    if (is_approved(*event, rules, *by)) co_return Opinion{Kind::approved, event};
    const auto other_key = [&] {
        return Opinion::refusal("The room's policy server " + by->name + " signs with another key than the room expects.");
    };
    if (by->name == parts_.identity.server.str()) {
        // We are asked by ourselves: the guards have seen our own events, those of others see them now.
        if (!parts_.identity.is_local(event->sender)) co_await room->ask_guards(draft_of(*event));
        auto approved = with_signature(*event, rules, by->name, sign_ourselves(*event, rules));
        if (!is_approved(*approved, rules, *by)) co_return other_key();
        co_return Opinion{Kind::approved, std::move(approved)};
    }
    const auto silent = [&] { return Opinion::none(by->name, "antwortet nicht", "does not answer"); };
    const auto server = ServerName::parse(by->name);
    if (!server || is_silent(by->name)) co_return silent();
    try {
        const auto answer = co_await parts_.client.post(*server, "/_matrix/policy/v1/sign", event->json,
                                                        {.whole = patience, .body_bytes = 64 * 1024});
        const auto* signatures = schema::object_at(answer, by->name);
        const auto signature = signatures ? schema::string_at(*signatures, key_id) : std::nullopt;
        if (!signature) co_return other_key();
        auto approved = with_signature(*event, rules, by->name, *signature);
        if (!is_approved(*approved, rules, *by)) co_return other_key();
        co_return Opinion{Kind::approved, std::move(approved)};
    } catch (const LinkFailed& failed) {
        fell_silent(by->name, failed.why);
        co_return silent();
    } catch (const RemoteRefusal& refused) {
        // Only these are words about the event, or about who asks.
        if (refused.status == 400 || refused.status == 403 || refused.status == 413)
            co_return Opinion::refusal(refused.text.empty() ? "The room's policy server " + by->name + " refuses this."
                                                            : refused.text);
        if (refused.status == 404) {
            spdlog::warn("{} is named as a room's policy server and says that it is none", by->name);
            co_return Opinion::none(by->name, "weiß davon nichts", "knows nothing of it");
        }
        fell_silent(by->name, fmt::format("status {}", refused.status));
        co_return silent();
    } catch (const Refusal&) {
        co_return Opinion::none(by->name, "ist kein Partner dieses Servers", "is no partner of this server");
    }
}

bool Policy::is_silent(const std::string& server) {
    const auto known = silent_until_.find(server);
    if (known == silent_until_.end()) return false;
    if (known->second > parts_.runtime.clock().now_ms()) return true;
    silent_until_.erase(known);
    return false;
}

void Policy::fell_silent(const std::string& server, std::string_view why) {
    spdlog::warn("the policy server {} does not answer: {}", server, why);
    silent_until_[server] = parts_.runtime.clock().now_ms() + pause.count();
}

net::Task<EventPtr> Policy::ask(RoomPtr room, EventPtr event) {
    auto by = rooms::policy_server_of(*room);
    if (!by) co_return event;
    auto opinion = co_await opinion_of(std::move(by), room, event);
    if (opinion.kind == Opinion::Kind::approved) co_return std::move(opinion.event);
    if (needs_no_consent(*room, *event)) co_return event;
    throw Refusal(Reason::forbidden, opinion.why);
}

net::Task<> Policy::judge(RoomPtr room, std::vector<rooms::Incoming>& events) {
    for (auto& incoming : events) {
        // By the room's current state, which what came before may have changed.
        auto by = rooms::policy_server_of(*room);
        if (!by || rooms::is_policy_choice(incoming.event->type, incoming.event->state_key)) continue;
        const auto event = incoming.event;
        try {
            auto opinion = co_await opinion_of(std::move(by), room, event);
            if (opinion.kind == Opinion::Kind::approved)
                incoming.event = std::move(opinion.event);
            else
                incoming.refused_by_policy = !needs_no_consent(*room, *event);
        } catch (const Refusal&) {
            incoming.refused_by_policy = true;           // Our own guards.
        }
    }
}

net::Task<> Policy::guard_rooms() {
    guarding_ = true;
    const auto us = parts_.identity.server.str();
    try {
        const auto watched = co_await parts_.rooms.parts().db.read(
            [&](storage::Tx& tx) { return storage::watched_rooms(tx, rooms::is_forum_room, us); });
        for (const auto& one : watched) {
            try {
                co_await guard_room(one.room);
            } catch (const Refusal& refusal) {
                spdlog::warn("a room could not be told that this server watches over it: {}", refusal.text);
            }
        }
    } catch (const std::exception& failure) {
        spdlog::error("the rooms that this server is to watch over could not be read: {}", failure.what());
    }
    guarding_ = false;
}

net::Task<> Policy::guard_room(schema::RoomNid nid) {
    const auto room = co_await parts_.rooms.find(nid);
    const auto create = room ? room->state("m.room.create") : nullptr;
    if (!create || !parts_.identity.is_local(create->event()->sender)) co_return;
    if (schema::boolean_at(create->event()->content(), "m.federate") == false) co_return;
    const auto now = room->state("m.room.policy");
    auto wanted = rooms::own_policy_content(parts_.identity);
    if (now && schema::string_at(now->event()->content(), "via") != parts_.identity.server.str()) co_return;
    if (now && now->event()->content() == wanted) co_return;
    const auto chooser = chooser_in(*room);
    if (!chooser) co_return;
    co_await room->append({"m.room.policy", *chooser, "", std::move(wanted), std::nullopt});
}

net::Task<JsonObject> Policy::sign(ServerName origin, JsonObject pdu) {
    const auto room_id = schema::RoomId::parse(schema::string_at(pdu, "room_id").value_or(""));
    const auto room = room_id ? co_await parts_.rooms.find(*room_id) : nullptr;
    const auto by = room ? rooms::policy_server_of(*room) : nullptr;
    const bool is_in = room && rooms::admits(*room, origin.str()) && room->remote_servers().contains(origin.str());
    if (!by || !is_in || by->name != parts_.identity.server.str() || by->public_key != key_.public_key())
        throw Refusal(Reason::not_found, "This server is not the policy server of such a room.");
    if (!rooms::acl_allows(*room, origin.str())) throw Refusal(Reason::forbidden, "Your server may not take part in this room.");
    const auto checked = co_await parts_.checks.check_one(schema::to_text(pdu), room->rules(), room->id());
    if (!checked || checked.pruned) throw Refusal(Reason::bad_json, "The event is not acceptable: " + checked.why);
    const auto& event = *checked.event;
    if (rooms::is_policy_choice(event.type, event.state_key))
        throw PolicyRefusal(Reason::forbidden, "The choice of a policy server needs no signature.");
    try {
        co_await room->ask_guards(draft_of(event));
    } catch (const Refusal& refusal) {
        throw PolicyRefusal(Reason::forbidden, refusal.text);  // One word for all of a room's reasons.
    }
    const auto& us = parts_.identity.server.str();
    co_return JsonObject{{us, JsonObject{{key_id, sign_ourselves(event, room->rules())}}}};
}

}  // namespace runde::federation
