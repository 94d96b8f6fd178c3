#pragma once
#include <span>
#include <string>
#include <string_view>

#include "schema/json.hpp"

namespace runde::schema {

/// What room versions changed, as data. Code asks for the rule, never for the version.
/// https://spec.matrix.org/v1.19/rooms/
struct RoomRules {
    std::string_view version;

    enum class EventIdForm { sender_chosen, hash_base64, hash_url_safe } event_ids;  // v1-2, v3, v4+
    enum class Resolution { v1, v2, v2_1 } resolution;                               // v1, v2-11, v12
    bool room_id_is_create_hash = false;        // v12: no room_id in m.room.create, none in auth_events
    bool creators_have_infinite_power = false;  // v12
    bool enforce_key_validity = false;          // v5+
    bool aliases_are_special = true;            // v1-5: m.room.aliases rule and redaction
    bool strict_canonical_json = false;         // v6+
    bool notifications_levels_checked = false;  // v6+
    bool knocking = false;                      // v7+
    bool restricted_joins = false;              // v8+
    bool knock_restricted = false;              // v10+
    bool integer_power_levels_only = false;     // v10+
    bool implicit_room_creator = false;         // v11+: creator is the sender of m.room.create
    bool redacts_in_content = false;            // v11+
    bool redaction_rule_in_auth = false;        // v1-2: rule 11, sender's domain or redact level
    // What survives a redaction
    bool redaction_keeps_join_rules_allow = false;  // v8+
    bool redaction_keeps_join_authorised = false;   // v9+: m.room.member join_authorised_via_users_server
    bool redaction_is_v11 = false;  // v11+: create whole, invite level, content.redacts, third_party_invite.signed;
                // no longer the top-level origin, membership, prev_state

    /// Which numbers events of this version may hold.
    Numbers numbers() const { return strict_canonical_json ? Numbers::canonical : Numbers::any; }
};

/// The rules of a version ("1" to "12"); nullptr for a version we do not know.
const RoomRules* find_room_rules(std::string_view version);
std::span<const RoomRules> all_room_rules();  ///< Oldest first.
constexpr std::string_view default_room_version = "12";

}  // namespace runde::schema
