#include "core/rooms/auth_rules.hpp"

#include <optional>

#include "schema/json.hpp"
#include "schema/power_levels.hpp"
#include "schema/refusal.hpp"
#include "schema/signing.hpp"

namespace runde::rooms {

namespace {

using schema::Event;
using schema::JsonObject;
using schema::PowerLevels;
using schema::RoomRules;
using schema::UserId;

Verdict yes(std::string_view why) { return {true, why}; }
Verdict no(std::string_view why) { return {false, why}; }

/// The event, and the state it wants to become part of, in the words of the rules.
class Case {
public:
    Case(const Event& of, const RoomRules& by, const StateLookup& in, const Event& made_by)
        : event(of), rules(by), create(made_by), state_(in) {}

    const Event& event;
    const RoomRules& rules;
    const Event& create;

    const JsonObject& content() const { return event.content(); }
    const std::string& sender() const { return event.sender.str(); }
    /// The user that a membership event is about.
    const std::string& target() const { return *event.state_key; }

    const Event* state(std::string_view type, std::string_view state_key = "") const { return state_(type, state_key); }
    /// "join", "invite", ...; "" for who never had to do with the room.
    std::string_view membership(std::string_view user) const {
        const auto* member = state("m.room.member", user);
        return member ? schema::string_at(member->content(), "membership").value_or("") : "";
    }
    std::string_view join_rule() const {
        const auto* join_rules = state("m.room.join_rules");
        if (!join_rules || !join_rules->content().contains("join_rule")) return "invite";
        return schema::string_at(join_rules->content(), "join_rule").value_or("");
    }

    const PowerLevels& power_levels() const {
        if (!levels_) {
            const auto* event_of_levels = state("m.room.power_levels");
            levels_.emplace(event_of_levels ? &event_of_levels->content() : nullptr, rules,
                            PowerLevels::creators_of(create, rules));
        }
        return *levels_;
    }
    PowerLevels::Level sender_level() const { return power_levels().level_of(event.sender); }
    /// Of any text: a user id that is none has the level of those who are not listed.
    PowerLevels::Level level_of(std::string_view user) const {
        const auto id = UserId::parse(user);
        return id ? power_levels().level_of(*id) : power_levels().default_user_level();
    }

private:
    const StateLookup& state_;
    mutable std::optional<PowerLevels> levels_;  // Read when first needed: most joins and leaves need none.
};

/// Rule 1.4 of version 12.
bool all_are_user_ids(const schema::Json& value) {
    const auto* list = value.if_array();
    if (!list) return false;
    for (const auto& item : *list) {
        const auto* text = item.if_string();
        if (!text || !UserId::parse(*text)) return false;
    }
    return true;
}

Verdict authorise_create(const Event& event, const RoomRules& rules) {
    if (!event.prev_events.empty()) return no("a create event with something before it");  // 1.1

    if (rules.room_id_is_create_hash) {  // 1.2
        if (event.object.contains("room_id")) return no("a create event that chooses its room id");
    } else if (event.room.server() != event.sender.server()) {
        return no("a room id of another server than the sender's");
    }

    if (const auto* version = event.content().if_contains("room_version")) {  // 1.3
        const auto* text = version->if_string();
        if (!text || !schema::find_room_rules(*text)) return no("a room version that is not recognised");
    }

    if (rules.creators_have_infinite_power) {  // 1.4
        const auto* more = event.content().if_contains("additional_creators");
        if (more && !all_are_user_ids(*more)) return no("additional creators that are no user ids");
    }
    // Until version 10: 1.4
    if (!rules.implicit_room_creator && !event.content().contains("creator")) return no("no creator");
    return yes("a room begins");  // 1.5
}

/// Until version 5: rule 4.
Verdict authorise_aliases(const Case& c) {
    if (!c.event.is_state()) return no("aliases that are no state");
    if (*c.event.state_key != c.event.sender.server()) return no("aliases of another server");
    return yes("a server's own aliases");
}

/// Whether a server has signed at all; whether it signed validly was checked when the event was received.
bool is_signed_by(const Event& event, std::string_view server) {
    const auto* signatures = schema::object_at(event.object, "signatures");
    const auto* of_server = signatures ? schema::object_at(*signatures, server) : nullptr;
    if (!of_server) return false;
    for (const auto& signature : *of_server)
        if (signature.key().starts_with("ed25519:") && signature.value().is_string()) return true;
    return false;
}

/// May this person let others in by a restricted join? Rule 5.3.5.2.
bool may_authorise_joins(const Case& c, std::string_view user) {
    return c.membership(user) == "join" && c.level_of(user) >= c.power_levels().needed_to_invite();
}

/// Rule 5.3
Verdict authorise_join(const Case& c) {
    const auto creators = PowerLevels::creators_of(c.create, c.rules);  // The first is who made the room.
    const bool follows_create_directly = c.event.prev_events.size() == 1 && c.event.prev_events.front() == c.create.id;
    if (follows_create_directly && !creators.empty() && c.target() == creators.front().str())  // 5.3.1
        return yes("the creator enters first");

    if (c.sender() != c.target()) return no("nobody joins for another");  // 5.3.2
    const auto membership = c.membership(c.sender());
    if (membership == "ban") return no("banned");  // 5.3.3

    const auto rule = c.join_rule();
    const bool expected = membership == "invite" || membership == "join";
    if (rule == "invite" || (rule == "knock" && c.rules.knocking))  // 5.3.4
        return expected ? yes("invited or already in") : no("not invited");

    if ((rule == "restricted" && c.rules.restricted_joins) ||  // 5.3.5
        (rule == "knock_restricted" && c.rules.knock_restricted)) {
        if (expected) return yes("invited or already in");
        const auto authoriser = schema::string_at(c.content(), "join_authorised_via_users_server");
        if (!authoriser) return no("nobody authorised this join");
        if (!may_authorise_joins(c, *authoriser)) return no("authorised by somebody who may not invite");
        return yes("authorised by a member who may invite");
    }

    if (rule == "public") return yes("the room is public");  // 5.3.6
    return no("the join rule lets nobody in");               // 5.3.7
}

/// The public keys of an m.room.third_party_invite event, as base64.
std::vector<std::string_view> public_keys(const JsonObject& content) {
    std::vector<std::string_view> keys;
    if (const auto key = schema::string_at(content, "public_key")) keys.push_back(*key);
    if (const auto* list = schema::array_at(content, "public_keys")) {
        for (const auto& item : *list) {
            const auto* entry = item.if_object();
            const auto key = entry ? schema::string_at(*entry, "public_key") : std::nullopt;
            if (key) keys.push_back(*key);
        }
    }
    return keys;
}

/// Rule 5.4.1.7. An honest event has one or two keys and signatures. Two events full of them would cost a
/// minute of processor time, so we stop after far more than anybody needs.
bool any_signature_matches(const JsonObject& is_signed, const JsonObject& third_party_invite) {
    const auto* signatures = schema::object_at(is_signed, "signatures");
    if (!signatures) return false;
    auto tries_left = 256;
    for (const auto& text : public_keys(third_party_invite)) {
        const auto bytes = schema::decode_base64(text);
        const auto key = bytes ? schema::VerifyKey::parse(*bytes) : std::nullopt;
        if (!key) continue;
        for (const auto& [signer, by_key] : *signatures) {
            const auto* of_signer = by_key.if_object();
            if (!of_signer) continue;
            for (const auto& signature : *of_signer) {
                if (!signature.key().starts_with("ed25519:")) continue;
                if (tries_left-- == 0) return false;
                if (schema::verify_json(is_signed, signer, signature.key(), *key)) return true;
            }
        }
    }
    return false;
}

/// Rule 5.4.1: an invite that stands in for one to an e-mail address or the like.
Verdict authorise_third_party_invite(const Case& c, const schema::Json& third_party_invite) {
    if (c.membership(c.target()) == "ban") return no("banned");  // 5.4.1.1

    const auto* invite = third_party_invite.if_object();
    const auto* is_signed = invite ? schema::object_at(*invite, "signed") : nullptr;
    if (!is_signed) return no("a third-party invite that is not signed");  // 5.4.1.2
    const auto mxid = schema::string_at(*is_signed, "mxid");
    const auto token = schema::string_at(*is_signed, "token");
    if (!mxid || !token) return no("a third-party invite without mxid or token");  // 5.4.1.3
    if (*mxid != c.target()) return no("a third-party invite for somebody else");  // 5.4.1.4

    const auto* promise = c.state("m.room.third_party_invite", *token);
    if (!promise) return no("a third-party invite that the room does not know");  // 5.4.1.5
    if (promise->sender != c.event.sender)                                        // 5.4.1.6
        return no("a third-party invite by somebody else");
    try {
        if (any_signature_matches(*is_signed, promise->content()))  // 5.4.1.7
            return yes("a third-party invite was redeemed");
    } catch (const schema::Refusal&) {
        // What has no canonical form (a number out of range, in an old room version) has no valid signature.
    }
    return no("a third-party invite whose signature does not match");  // 5.4.1.8
}

/// Rule 5.4
Verdict authorise_invite(const Case& c) {
    if (const auto* third_party_invite = c.content().if_contains("third_party_invite"))
        return authorise_third_party_invite(c, *third_party_invite);
    if (c.membership(c.sender()) != "join") return no("the sender is not in the room");  // 5.4.2
    const auto membership = c.membership(c.target());
    if (membership == "join") return no("already in the room");  // 5.4.3
    if (membership == "ban") return no("banned");
    if (c.sender_level() < c.power_levels().needed_to_invite()) return no("may not invite");  // 5.4.5
    return yes("invited by a member who may");                                                // 5.4.4
}

/// Rule 5.5: leaving, declining, taking back a knock; kicking, unbanning.
Verdict authorise_leave(const Case& c) {
    const auto membership = c.membership(c.target());
    if (c.sender() == c.target()) {  // 5.5.1
        const bool may = membership == "invite" || membership == "join" || (membership == "knock" && c.rules.knocking);
        return may ? yes("everybody may leave") : no("nothing to leave");
    }
    if (c.membership(c.sender()) != "join") return no("the sender is not in the room");  // 5.5.2
    if (membership == "ban" && c.sender_level() < c.power_levels().needed_to_ban())      // 5.5.3
        return no("may not unban");
    if (c.sender_level() < c.power_levels().needed_to_kick()) return no("may not kick");  // 5.5.4, 5.5.5
    if (c.level_of(c.target()) >= c.sender_level()) return no("may not kick somebody of this level");
    return yes("kicked or unbanned by a member who may");
}

/// Rule 5.6
Verdict authorise_ban(const Case& c) {
    if (c.membership(c.sender()) != "join") return no("the sender is not in the room");  // 5.6.1
    if (c.sender_level() < c.power_levels().needed_to_ban()) return no("may not ban");   // 5.6.2, 5.6.3
    if (c.level_of(c.target()) >= c.sender_level()) return no("may not ban somebody of this level");
    return yes("banned by a member who may");
}

/// Rule 5.7
Verdict authorise_knock(const Case& c) {
    const auto rule = c.join_rule();
    if (rule != "knock" && !(rule == "knock_restricted" && c.rules.knock_restricted))  // 5.7.1
        return no("nobody may knock here");
    if (c.sender() != c.target()) return no("nobody knocks for another");  // 5.7.2
    const auto membership = c.membership(c.sender());
    if (membership == "ban") return no("banned");  // 5.7.4
    if (membership == "invite" || membership == "join") return no("no need to knock");
    return yes("everybody else may knock");  // 5.7.3
}

/// Rule 5
Verdict authorise_member(const Case& c) {
    const auto membership = schema::string_at(c.content(), "membership");
    if (!c.event.is_state()) return no("a membership of nobody");  // 5.1
    if (!membership) return no("no membership");

    if (const auto* value = c.content().if_contains("join_authorised_via_users_server");
        value && c.rules.restricted_joins) {  // 5.2
        const auto* text = value->if_string();
        const auto authoriser = text ? UserId::parse(*text) : std::nullopt;
        if (!authoriser || !is_signed_by(c.event, authoriser->server()))
            return no("not signed by the server that authorised the join");
    }

    if (membership == "join") return authorise_join(c);
    if (membership == "invite") return authorise_invite(c);
    if (membership == "leave") return authorise_leave(c);
    if (membership == "ban") return authorise_ban(c);
    if (membership == "knock" && c.rules.knocking) return authorise_knock(c);
    return no("an unknown membership");  // 5.8
}

/// Which changes to a table of levels a sender may not make: rules 10.7 and 10.8 on events and notifications,
/// 10.9 and 10.10 on users. `equals_protected(name)`: whose entry may be altered only from above its level.
bool changes_levels_above(const PowerLevels::Levels& before, const PowerLevels::Levels& after, PowerLevels::Level sender_level,
                          auto&& equals_protected) {
    for (const auto& [name, level] : before) {
        const auto now = after.find(name);
        if (now != after.end() && now->second == level) continue;
        if (level > sender_level || (level == sender_level && equals_protected(name))) return true;
    }
    for (const auto& [name, level] : after) {
        const auto then = before.find(name);
        if (then != before.end() && then->second == level) continue;
        if (level > sender_level) return true;
    }
    return false;
}

/// Rule 10
Verdict authorise_power_levels(const Case& c) {
    if (const auto complaint = PowerLevels::complaint(c.content(), c.rules)) return no(*complaint);  // 10.1 to 10.3
    const PowerLevels after(&c.content(), c.rules, PowerLevels::creators_of(c.create, c.rules));
    if (after.lists_a_creator()) return no("creators have no level to be set");  // 10.4

    const auto& before = c.power_levels();
    if (!before.stated) return yes("the first power levels");  // 10.5
    const auto own = c.sender_level();

    using Single = std::optional<PowerLevels::Level> PowerLevels::*;
    for (const Single single : {&PowerLevels::users_default, &PowerLevels::events_default, &PowerLevels::state_default,
                                &PowerLevels::ban, &PowerLevels::redact, &PowerLevels::kick, &PowerLevels::invite}) {  // 10.6
        if (before.*single == after.*single) continue;
        if (before.*single > own || after.*single > own) return no("changes a level above the sender's own");
    }

    const auto none = [](const std::string&) { return false; };
    if (changes_levels_above(before.events, after.events, own, none))  // 10.7, 10.8
        return no("changes an event's level above the sender's own");
    if (c.rules.notifications_levels_checked && changes_levels_above(before.notifications, after.notifications, own, none))
        return no("changes a notification's level above the sender's own");

    const auto is_other = [&](const std::string& user) { return user != c.sender(); };
    if (changes_levels_above(before.users, after.users, own, is_other))  // 10.9, 10.10
        return no("changes a user's level at or above the sender's own");
    return yes("changes levels within reach");
}

std::string_view domain_of(const schema::EventId& id) {
    const auto colon = id.str().find(':');
    return colon == std::string::npos ? "" : std::string_view(id.str()).substr(colon + 1);
}

/// Until version 2: rule 11.
Verdict authorise_redaction(const Case& c) {
    if (c.sender_level() >= c.power_levels().needed_to_redact()) return yes("may redact what others wrote");
    if (c.event.redacts && domain_of(*c.event.redacts) == domain_of(c.event.id) && !domain_of(c.event.id).empty())
        return yes("redacts an event of the same server");
    return no("may not redact what others wrote");
}

}  // namespace

Verdict authorise(const Event& event, const RoomRules& rules, const StateLookup& state) {
    if (event.type == "m.room.create") return authorise_create(event, rules);  // 1

    const auto* create = state("m.room.create", "");
    if (!create) return no("the room has no create event");
    if (rules.room_id_is_create_hash && !is_create_event_of(event.room, *create))  // 2
        return no("the room id does not name the room's create event");
    // 3: check_auth_events

    const Case c(event, rules, state, *create);
    if (schema::boolean_at(create->content(), "m.federate") == false &&  // 4
        event.sender.server() != create->sender.server())
        return no("the room does not federate");

    if (event.type == "m.room.aliases" && rules.aliases_are_special) return authorise_aliases(c);
    if (event.type == "m.room.member") return authorise_member(c);                       // 5
    if (c.membership(c.sender()) != "join") return no("the sender is not in the room");  // 6

    if (event.type == "m.room.third_party_invite") {  // 7
        if (c.sender_level() < c.power_levels().needed_to_invite()) return no("may not invite");
        return yes("a member who may invite");
    }

    if (c.sender_level() < c.power_levels().needed_for(event)) return no("may not send this type");  // 8
    if (event.state_key && event.state_key->starts_with('@') && *event.state_key != c.sender())      // 9
        return no("state of another person");

    if (event.type == "m.room.power_levels") return authorise_power_levels(c);  // 10
    if (event.type == "m.room.redaction" && rules.redaction_rule_in_auth) return authorise_redaction(c);
    return yes("a member may send this");  // 11
}

Verdict may_redact(const Event& redaction, const Event& target, const RoomRules& rules, const StateLookup& state) {
    if (redaction.room != target.room) return no("redacts an event of another room");
    if (redaction.redacts != target.id) return no("redacts another event");
    if (rules.redaction_rule_in_auth) return yes("decided when the redaction was authorised");

    const auto* create = state("m.room.create", "");
    if (!create) return no("the room has no create event");
    const Case c(redaction, rules, state, *create);
    if (c.sender_level() >= c.power_levels().needed_to_redact()) return yes("may redact what others wrote");
    if (redaction.sender.server() == target.sender.server()) return yes("redacts an event of the same server");
    return no("may not redact what others wrote");
}

}  // namespace runde::rooms
