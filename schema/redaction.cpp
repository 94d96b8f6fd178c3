#include <algorithm>
#include <span>

#include "schema/event.hpp"

namespace runde::schema {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kept_members[] = {
    "event_id", "type",       "room_id", "sender",      "state_key",   "content",
    "hashes",   "signatures", "depth",   "prev_events", "auth_events", "origin_server_ts",
};
constexpr std::string_view kept_members_until_v10[] = {"prev_state", "origin", "membership"};
constexpr std::string_view kept_power_levels[] = {
    "ban", "events", "events_default", "kick", "redact", "state_default", "users", "users_default",
};

void keep(JsonObject& into, const JsonObject& from, std::string_view name) {
    if (const auto value = from.if_contains(name)) into.emplace(name, *value);
}
void keep(JsonObject& into, const JsonObject& from, Names names) {
    for (const auto name : names) keep(into, from, name);
}

/// Of a third-party invitation only what proves it.
void keep_signed_invite(JsonObject& into, const JsonObject& from) {
    const auto invite = object_at(from, "third_party_invite");
    if (!invite) return;
    JsonObject pruned;
    keep(pruned, *invite, "signed");
    if (!pruned.empty()) into.emplace("third_party_invite", std::move(pruned));
}

JsonObject redacted_content(std::string_view type, const JsonObject& content, const RoomRules& rules) {
    JsonObject kept;
    if (type == "m.room.member") {
        keep(kept, content, "membership");
        if (rules.redaction_keeps_join_authorised) keep(kept, content, "join_authorised_via_users_server");
        if (rules.redaction_is_v11) keep_signed_invite(kept, content);
    } else if (type == "m.room.create") {
        if (rules.redaction_is_v11) return content;
        keep(kept, content, "creator");
    } else if (type == "m.room.join_rules") {
        keep(kept, content, "join_rule");
        if (rules.redaction_keeps_join_rules_allow) keep(kept, content, "allow");
    } else if (type == "m.room.power_levels") {
        keep(kept, content, kept_power_levels);
        if (rules.redaction_is_v11) keep(kept, content, "invite");
    } else if (type == "m.room.aliases") {
        if (rules.aliases_are_special) keep(kept, content, "aliases");
    } else if (type == "m.room.history_visibility") {
        keep(kept, content, "history_visibility");
    } else if (type == "m.room.redaction") {
        if (rules.redaction_is_v11) keep(kept, content, "redacts");
    }
    return kept;
}

}  // namespace

JsonObject redact(const JsonObject& event, const RoomRules& rules) {
    JsonObject kept;
    kept.reserve(std::size(kept_members));
    for (const auto name : kept_members)
        if (name != "content") keep(kept, event, name);
    if (!rules.redaction_is_v11) keep(kept, event, kept_members_until_v10);

    const auto content = object_at(event, "content");
    const auto type = string_at(event, "type").value_or("");
    kept.emplace("content", content ? redacted_content(type, *content, rules) : JsonObject{});
    return kept;
}

}  // namespace runde::schema
