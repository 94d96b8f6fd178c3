#include "core/rooms/create_room.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/rooms/membership.hpp"
#include "core/rooms/policy_server.hpp"
#include "schema/refusal.hpp"

namespace runde::rooms {
namespace {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using Preset = CreateRoom::Preset;

struct PresetRules {
    std::string_view join_rule, history_visibility, guest_access;
};

PresetRules rules_of(Preset preset) {
    if (preset == Preset::public_chat) return {"public", "shared", "forbidden"};
    return {"invite", "shared", "can_join"};
}

/// The events of a new room, in the order the spec gives them.
class FirstEvents {
public:
    FirstEvents(const Person& creator, const CreateRoom& wish, const schema::RoomRules& rules)
        : creator_(creator),
          wish_(wish),
          rules_(rules),
          preset_(wish.preset.value_or(wish.published ? Preset::public_chat : Preset::private_chat)) {}

    std::vector<DraftAndOptions> drafts(const std::optional<std::string>& alias) {
        create();
        auto join = member_content("join", creator_.profile);
        add("m.room.member", creator_.id.str(), std::move(join), creator_.nid);
        power_levels();
        if (alias) add("m.room.canonical_alias", "", {{"alias", *alias}});
        const auto preset = rules_of(preset_);
        by_preset("m.room.join_rules", "join_rule", preset.join_rule);
        by_preset("m.room.history_visibility", "history_visibility", preset.history_visibility);
        by_preset("m.room.guest_access", "guest_access", preset.guest_access);
        for (const auto& state : wish_.initial_state) {
            const bool overridden = state.state_key.empty() &&
                                    ((state.type == "m.room.name" && wish_.name) || (state.type == "m.room.topic" && wish_.topic));
            if (!overridden && state.type != "m.room.power_levels") add(state.type, state.state_key, state.content);
        }
        if (wish_.name) add("m.room.name", "", {{"name", *wish_.name}});
        if (wish_.topic) topic();
        return std::move(drafts_);
    }

    void invite(const Person& person, std::vector<DraftAndOptions>& drafts) const {
        auto content = member_content("invite", person.profile);
        if (wish_.is_direct) content["is_direct"] = true;
        drafts.push_back(draft("m.room.member", person.id.str(), std::move(content), person.nid));
    }

private:
    DraftAndOptions draft(std::string type, std::string state_key, JsonObject content,
                          std::optional<UserNid> target = std::nullopt) const {
        return {schema::EventDraft{.type = std::move(type),
                                   .sender = creator_.id,
                                   .state_key = std::move(state_key),
                                   .content = std::move(content),
                                   .redacts = {}},
                AppendOptions{.target = target}};
    }
    void add(std::string type, std::string state_key, JsonObject content, std::optional<UserNid> target = std::nullopt) {
        drafts_.push_back(draft(std::move(type), std::move(state_key), std::move(content), target));
    }

    void create() {
        auto content = wish_.creation_content;
        content.erase("creator");
        content["room_version"] = rules_.version;
        if (!rules_.implicit_room_creator) content["creator"] = creator_.id.str();
        if (rules_.creators_have_infinite_power && preset_ == Preset::trusted_private_chat) {
            // Whoever is trusted becomes a creator too: from version 12 on no power level equals the creator's.
            std::vector<std::string> creators;
            if (const auto* given = schema::array_at(content, "additional_creators"))
                for (const auto& user : *given)
                    if (user.is_string()) creators.emplace_back(user.get_string());
            for (const auto& user : wish_.invite) creators.push_back(user.str());
            schema::JsonArray unique;
            std::set<std::string> seen{creator_.id.str()};
            for (const auto& user : creators)
                if (seen.insert(user).second) unique.emplace_back(user);
            if (!unique.empty()) content["additional_creators"] = std::move(unique);
        }
        add("m.room.create", "", std::move(content));
    }

    void power_levels() {
        JsonObject users;
        if (!rules_.creators_have_infinite_power) {
            users[creator_.id.str()] = 100;
            if (preset_ == Preset::trusted_private_chat)
                for (const auto& user : wish_.invite) users[user.str()] = 100;
        }
        JsonObject events{
            {"m.room.name", 50},   {"m.room.power_levels", 100}, {"m.room.history_visibility", 100}, {"m.room.canonical_alias", 50},
            {"m.room.avatar", 50}, {"m.room.server_acl", 100},   {"m.room.encryption", 100}};
        events["m.room.tombstone"] = rules_.creators_have_infinite_power ? 150 : 100;
        JsonObject content{{"users", std::move(users)}, {"events", std::move(events)}};
        content["users_default"] = 0;
        content["events_default"] = 0;
        content["state_default"] = 50;
        content["ban"] = 50;
        content["kick"] = 50;
        content["redact"] = 50;
        content["invite"] = 0;
        content["historical"] = 100;
        for (const auto& state : wish_.initial_state)
            if (state.type == "m.room.power_levels" && state.state_key.empty()) content = state.content;
        if (wish_.power_levels)
            for (const auto& member : *wish_.power_levels) content[member.key()] = member.value();
        add("m.room.power_levels", "", std::move(content));
    }

    void by_preset(std::string_view type, std::string_view name, std::string_view value) {
        const auto chosen = std::any_of(wish_.initial_state.begin(), wish_.initial_state.end(),
                                        [&](const auto& state) { return state.type == type && state.state_key.empty(); });
        if (!chosen) add(std::string(type), "", JsonObject{{name, value}});
    }

    void topic() {
        JsonObject text{{"mimetype", "text/plain"}, {"body", *wish_.topic}};
        JsonObject content{{"topic", *wish_.topic}};
        content["m.topic"] = JsonObject{{"m.text", schema::JsonArray{std::move(text)}}};
        add("m.room.topic", "", std::move(content));
    }

    const Person& creator_;
    const CreateRoom& wish_;
    const schema::RoomRules& rules_;
    Preset preset_;
    std::vector<DraftAndOptions> drafts_;
};

/// What holds for our own people shall hold for members of other servers: their servers ask ours before they let an event pass.
void guard_ourselves(CreateRoom& wish, const Identity& identity) {
    const bool is_guarded = wish.guarded || schema::string_at(wish.creation_content, "type") == forum_room_type;
    const bool is_chosen = std::ranges::any_of(
        wish.initial_state, [](const auto& state) { return state.type == "m.room.policy" && state.state_key.empty(); });
    if (!identity.policy_key || !is_guarded || is_chosen || schema::boolean_at(wish.creation_content, "m.federate") == false)
        return;
    wish.initial_state.push_back({"m.room.policy", "", own_policy_content(identity)});
}

/// A room that is being made has no alias but the one that is made with it.
void check_aliases(const CreateRoom& wish, const std::optional<std::string>& alias) {
    const auto check = [&](const schema::Json& said) {
        if (said.is_null() || (said.is_string() && said.get_string().empty())) return;
        if (!said.is_string() || !schema::RoomAlias::parse(said.get_string()))
            throw Refusal(Reason::invalid_param, "That is not a room alias.");
        if (alias != std::string_view(said.get_string()))
            throw Refusal(Reason::bad_alias, "That alias does not lead to this room.");
    };
    for (const auto& state : wish.initial_state) {
        if (state.type != "m.room.canonical_alias" || !state.state_key.empty()) continue;
        if (const auto* said = state.content.if_contains("alias")) check(*said);
        if (const auto* others = schema::array_at(state.content, "alt_aliases"))
            for (const auto& other : *others) check(other);
    }
}

}  // namespace

net::Task<RoomPtr> create_room(Rooms& rooms, Person creator, CreateRoom wish) {
    const auto* rules = schema::find_room_rules(wish.version);
    if (!rules) throw Refusal(Reason::unsupported_room_version, "This server does not know that room version.");
    const auto server = rooms.identity().server.str();

    std::optional<std::string> alias;
    if (wish.alias_localpart) {
        alias = fmt::format("#{}:{}", *wish.alias_localpart, server);
        if (!schema::RoomAlias::parse(*alias)) throw Refusal(Reason::invalid_param, "That is not a valid alias.");
    }

    check_aliases(wish, alias);

    // One invited person who does not exist is no reason to refuse the room to the others. They get no power in it either:
    // whoever took that name later would have it.
    std::vector<Person> invited;
    std::set<std::string> nobody;
    for (const auto& user : wish.invite) {
        if (!rooms.identity().is_local(user) || user == creator.id) continue;
        auto person = co_await find_person(rooms.parts().db, user);
        bool may = person.has_value();
        try {
            if (may) co_await require_invitable(rooms.parts().db, person->nid);
        } catch (const Refusal&) {
            may = false;
        }
        if (may)
            invited.push_back(*std::move(person));
        else
            nobody.insert(user.str());
    }
    std::erase_if(wish.invite, [&](const UserId& user) { return nobody.contains(user.str()); });
    guard_ourselves(wish, rooms.identity());
    FirstEvents first(creator, wish, *rules);
    auto drafts = first.drafts(alias);
    for (const auto& person : invited) first.invite(person, drafts);

    const auto now = rooms.clock().now_ms();
    for (int attempt = 0;; ++attempt) {
        // From version 12 on this is a stand-in until the create event is hashed. Two like rooms that one person makes
        // in the same millisecond would have the same hash, so the second gets a later time.
        const auto id = schema::RoomId::parse(fmt::format("!{}:{}", schema::random_token(18), server));
        const auto room = rooms.begin(*id, *rules);
        if (wish.published) room->publish_in_directory(true);
        storage::Submission more;
        if (alias) more.aliases.push_back({*alias, room->nid(), creator.id.str()});
        auto these = drafts;
        these.front().second.origin_ts = now + attempt;
        std::string refused;
        try {
            co_await room->append_all(std::move(these), std::move(more));
        } catch (const storage::SubmissionRefused& refusal) {
            refused = refusal.constraint;
        } catch (const Refusal& refusal) {
            // The creator has every right in a new room: what the rules refuse here is the wish itself.
            if (refusal.reason != Reason::forbidden) throw;
            throw Refusal(Reason::invalid_room_state, "The wished state is not allowed: " + refusal.text);
        }
        if (refused.empty()) {
            rooms.adopt(room);
            co_return room;
        }
        if (refused == "room_aliases_pkey") throw Refusal(Reason::room_in_use, "That alias is taken.");
        if (attempt == 20) throw storage::SubmissionRefused(refused);
    }
}

}  // namespace runde::rooms
