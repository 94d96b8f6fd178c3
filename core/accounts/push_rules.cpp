#include "core/accounts/push_rules.hpp"

#include <algorithm>

#include "core/accounts/text.hpp"
#include "schema/refusal.hpp"

namespace runde::accounts {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t most_rules = 1'000;
constexpr std::size_t most_parts = 32;  // Conditions or actions of one rule.

constexpr std::string_view master = ".m.rule.master";

JsonObject event_match(std::string_view key, std::string_view pattern) {
    return {{"kind", "event_match"}, {"key", key}, {"pattern", pattern}};
}

JsonObject sound(std::string_view name) { return {{"set_tweak", "sound"}, {"value", name}}; }

const JsonObject highlight{{"set_tweak", "highlight"}};

PushRule default_rule(std::string_view id, JsonArray conditions, JsonArray actions) {
    return {.id = std::string(id),
            .is_default = true,
            .enabled = id != master,
            .actions = std::move(actions),
            .conditions = std::move(conditions)};
}

// https://spec.matrix.org/v1.19/client-server-api/#default-override-rules
std::vector<PushRule> default_override_rules(std::string_view user) {
    const JsonObject mentions_user{
        {"kind", "event_property_contains"}, {"key", R"(content.m\.mentions.user_ids)"}, {"value", user}};
    const JsonObject mentions_room{{"kind", "event_property_is"}, {"key", R"(content.m\.mentions.room)"}, {"value", true}};
    const JsonObject may_notify_room{{"kind", "sender_notification_permission"}, {"key", "room"}};
    const JsonObject is_edit{{"kind", "event_property_is"}, {"key", R"(content.m\.relates_to.rel_type)"}, {"value", "m.replace"}};
    const auto is_type = [](std::string_view type) { return event_match("type", type); };
    return {
        default_rule(master, {}, {}),
        default_rule(".m.rule.suppress_notices", {event_match("content.msgtype", "m.notice")}, {}),
        default_rule(".m.rule.invite_for_me",
                     {is_type("m.room.member"), event_match("content.membership", "invite"), event_match("state_key", user)},
                     {"notify", sound("default")}),
        default_rule(".m.rule.member_event", {is_type("m.room.member")}, {}),
        default_rule(".m.rule.is_user_mention", {mentions_user}, {"notify", sound("default"), highlight}),
        default_rule(".m.rule.is_room_mention", {mentions_room, may_notify_room}, {"notify", highlight}),
        default_rule(".m.rule.tombstone", {is_type("m.room.tombstone"), event_match("state_key", "")}, {"notify", highlight}),
        default_rule(".m.rule.reaction", {is_type("m.reaction")}, {}),
        default_rule(".m.rule.room.server_acl", {is_type("m.room.server_acl"), event_match("state_key", "")}, {}),
        default_rule(".m.rule.suppress_edits", {is_edit}, {}),
    };
}

// https://spec.matrix.org/v1.19/client-server-api/#default-underride-rules
std::vector<PushRule> default_underride_rules() {
    const JsonObject two_members{{"kind", "room_member_count"}, {"is", "2"}};
    const auto is_type = [](std::string_view type) { return event_match("type", type); };
    return {
        default_rule(".m.rule.call", {is_type("m.call.invite")}, {"notify", sound("ring")}),
        default_rule(".m.rule.encrypted_room_one_to_one", {two_members, is_type("m.room.encrypted")}, {"notify", sound("default")}),
        default_rule(".m.rule.room_one_to_one", {two_members, is_type("m.room.message")}, {"notify", sound("default")}),
        default_rule(".m.rule.message", {is_type("m.room.message")}, {"notify"}),
        default_rule(".m.rule.encrypted", {is_type("m.room.encrypted")}, {"notify"}),
    };
}

std::optional<PushRule> stored_rule(const schema::Json& value) {
    const auto* object = value.if_object();
    if (!object) return std::nullopt;
    const auto id = schema::string_at(*object, "rule_id");
    const auto* actions = schema::array_at(*object, "actions");
    if (!id || !actions) return std::nullopt;
    PushRule rule{.id = std::string(*id),
                  .is_default = id->starts_with('.'),
                  .enabled = schema::boolean_at(*object, "enabled").value_or(true),
                  .actions = *actions};
    if (const auto* conditions = schema::array_at(*object, "conditions")) rule.conditions = *conditions;
    if (const auto pattern = schema::string_at(*object, "pattern")) rule.pattern = std::string(*pattern);
    return rule;
}

auto find_in(auto& rules, std::string_view id) { return std::ranges::find(rules, id, &PushRule::id); }

/// User rules stand above the server's, only .m.rule.master above all.
std::vector<PushRule>::iterator first_user_place(std::vector<PushRule>& rules) {
    return rules.begin() + (!rules.empty() && rules.front().id == master);
}

[[noreturn]] void refuse(std::string why) { throw Refusal(Reason::invalid_param, std::move(why)); }

void check_rule(RuleKind kind, const PushRule& rule) {
    check_text("ruleId", rule.id, 1, 255);
    if (rule.id.starts_with('.')) refuse("Rules that begin with a dot are the server's.");
    if (rule.id.find_first_of("/\\") != std::string::npos) refuse("A ruleId has no slashes.");
    if (kind == RuleKind::content && !rule.pattern) throw Refusal(Reason::missing_param, "pattern is missing");
    if (rule.pattern) check_text("pattern", *rule.pattern, 1, 255);
    if (kind == RuleKind::room && !schema::RoomId::parse(rule.id)) refuse("The ruleId must be a room id.");
    if (kind == RuleKind::sender && !schema::UserId::parse(rule.id)) refuse("The ruleId must be a user id.");
}

}  // namespace

std::string_view to_string(RuleKind kind) {
    switch (kind) {
        case RuleKind::override_: return "override";
        case RuleKind::content: return "content";
        case RuleKind::room: return "room";
        case RuleKind::sender: return "sender";
        case RuleKind::underride: return "underride";
    }
    return "";
}

std::optional<RuleKind> parse_rule_kind(std::string_view text) {
    for (const auto kind : all_rule_kinds)
        if (to_string(kind) == text) return kind;
    return std::nullopt;
}

JsonObject PushRule::to_json() const {
    JsonObject json{{"rule_id", id}, {"default", is_default}, {"enabled", enabled}, {"actions", actions}};
    if (conditions) json["conditions"] = *conditions;
    if (pattern) json["pattern"] = *pattern;
    return json;
}

PushRules PushRules::default_for(const schema::UserId& user) {
    PushRules rules;
    rules.rules_[index(RuleKind::override_)] = default_override_rules(user.str());
    rules.rules_[index(RuleKind::underride)] = default_underride_rules();
    return rules;
}

PushRules PushRules::from_stored(const JsonObject& content, const schema::UserId& user) {
    auto rules = default_for(user);
    const auto* global = schema::object_at(content, "global");
    if (!global) return rules;
    for (const auto kind : all_rule_kinds) {
        const auto* stored = schema::array_at(*global, to_string(kind));
        if (!stored) continue;
        auto& into = rules.rules_[index(kind)];
        std::vector<PushRule> own;
        for (const auto& value : *stored) {
            auto rule = stored_rule(value);
            if (!rule) continue;
            if (!rule->is_default) {
                own.push_back(*std::move(rule));
            } else if (const auto known = find_in(into, rule->id); known != into.end()) {
                known->enabled = rule->enabled;
                known->actions = std::move(rule->actions);
            }
        }
        into.insert(first_user_place(into), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
    }
    return rules;
}

JsonObject PushRules::global() const {
    JsonObject global;
    for (const auto kind : all_rule_kinds) {
        JsonArray rules;
        for (const auto& rule : of(kind)) rules.push_back(rule.to_json());
        global[to_string(kind)] = std::move(rules);
    }
    return global;
}

JsonObject PushRules::to_json() const {
    JsonObject json;
    json["global"] = global();
    return json;
}

const PushRule* PushRules::find(RuleKind kind, std::string_view id) const {
    const auto& rules = of(kind);
    const auto found = find_in(rules, id);
    return found == rules.end() ? nullptr : &*found;
}

PushRule& PushRules::require(RuleKind kind, std::string_view id) {
    auto& rules = rules_[index(kind)];
    const auto found = find_in(rules, id);
    if (found == rules.end()) throw Refusal(Reason::not_found, "");
    return *found;
}

void PushRules::put(RuleKind kind, PushRule rule, const Place& place) {
    check_rule(kind, rule);
    auto& rules = rules_[index(kind)];
    const auto require_place = [&](const std::string& id) {
        const auto found = find_in(rules, id);
        if (found == rules.end() || found->is_default || id == rule.id)
            throw Refusal(Reason::bad_push_rule_position, "before or after names no rule of yours: " + id);
    };
    if (place.before) require_place(*place.before);
    if (place.after) require_place(*place.after);

    // A rule that is changed keeps its switch, and its place unless it is sent elsewhere.
    auto at = static_cast<std::size_t>(first_user_place(rules) - rules.begin());
    if (const auto known = find_in(rules, rule.id); known != rules.end()) {
        rule.enabled = known->enabled;
        at = static_cast<std::size_t>(known - rules.begin());
        rules.erase(known);
    } else if (rules.size() >= most_rules) {
        throw Refusal(Reason::too_large, "");
    }
    // When both are given, `before` decides: the rule becomes the next more important one.
    if (place.before)
        at = static_cast<std::size_t>(find_in(rules, *place.before) - rules.begin());
    else if (place.after)
        at = static_cast<std::size_t>(find_in(rules, *place.after) - rules.begin()) + 1;
    rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(at), std::move(rule));
}

void PushRules::remove(RuleKind kind, std::string_view id) {
    if (require(kind, id).is_default) refuse("The server's own rules can be switched off, not removed.");
    auto& rules = rules_[index(kind)];
    rules.erase(find_in(rules, id));
}

void PushRules::enable(RuleKind kind, std::string_view id, bool enabled) { require(kind, id).enabled = enabled; }

void PushRules::set_actions(RuleKind kind, std::string_view id, JsonArray actions) {
    require(kind, id).actions = std::move(actions);
}

JsonArray checked_actions(const JsonArray& actions) {
    if (actions.size() > most_parts) refuse("too many actions");
    JsonArray checked;
    for (const auto& action : actions) {
        if (const auto* name = action.if_string()) {
            // https://spec.matrix.org/v1.19/client-server-api/#historical-actions
            if (*name == "dont_notify" || *name == "coalesce") continue;
            if (*name != "notify") refuse("unknown action");
        } else if (const auto* tweak = action.if_object()) {
            if (!schema::string_at(*tweak, "set_tweak")) refuse("an action must be a string or set a tweak");
        } else {
            refuse("an action must be a string or an object");
        }
        checked.push_back(action);
    }
    return checked;
}

JsonArray checked_conditions(const JsonArray& conditions) {
    if (conditions.size() > most_parts) refuse("too many conditions");
    for (const auto& condition : conditions) {
        const auto fields = schema::Fields::of(condition);
        const auto kind = fields.required_string("kind", 255);
        if (kind == "event_match") {
            fields.required_string("key", 255);
            fields.required_string("pattern", 255);
        } else if (kind == "event_property_is" || kind == "event_property_contains") {
            fields.required_string("key", 255);
            const auto* value = fields.raw().if_contains("value");
            if (!value || value->is_structured() || value->is_double()) refuse("value must be a plain value");
        } else if (kind == "room_member_count") {
            fields.required_string("is", 32);
        } else if (kind == "sender_notification_permission") {
            fields.required_string("key", 255);
        }
    }
    return conditions;
}

}  // namespace runde::accounts
