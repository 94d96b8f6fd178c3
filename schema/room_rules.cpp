#include "schema/room_rules.hpp"

#include <algorithm>
#include <array>

namespace runde::schema {
namespace {

// Each version is the one before it and what it changed, in the words of its page.
constexpr auto versions = [] {
    using Ids = RoomRules::EventIdForm;
    using Resolution = RoomRules::Resolution;
    std::array<RoomRules, 12> all{};

    RoomRules rules{.version = "1", .event_ids = Ids::sender_chosen, .resolution = Resolution::v1};
    rules.redaction_rule_in_auth = true;
    all[0] = rules;

    rules.version = "2";
    rules.resolution = Resolution::v2;
    all[1] = rules;

    rules.version = "3";
    rules.event_ids = Ids::hash_base64;
    rules.redaction_rule_in_auth = false;
    all[2] = rules;

    rules.version = "4";
    rules.event_ids = Ids::hash_url_safe;
    all[3] = rules;

    rules.version = "5";
    rules.enforce_key_validity = true;
    all[4] = rules;

    rules.version = "6";
    rules.aliases_are_special = false;
    rules.strict_canonical_json = true;
    rules.notifications_levels_checked = true;
    all[5] = rules;

    rules.version = "7";
    rules.knocking = true;
    all[6] = rules;

    rules.version = "8";
    rules.restricted_joins = true;
    rules.redaction_keeps_join_rules_allow = true;
    all[7] = rules;

    rules.version = "9";
    rules.redaction_keeps_join_authorised = true;
    all[8] = rules;

    rules.version = "10";
    rules.knock_restricted = true;
    rules.integer_power_levels_only = true;
    all[9] = rules;

    rules.version = "11";
    rules.implicit_room_creator = true;
    rules.redacts_in_content = true;
    rules.redaction_is_v11 = true;
    all[10] = rules;

    rules.version = "12";
    rules.resolution = Resolution::v2_1;
    rules.room_id_is_create_hash = true;
    rules.creators_have_infinite_power = true;
    all[11] = rules;
    return all;
}();

}  // namespace

const RoomRules* find_room_rules(std::string_view version) {
    const auto found =
        std::find_if(versions.begin(), versions.end(), [&](const RoomRules& rules) { return rules.version == version; });
    return found == versions.end() ? nullptr : &*found;
}

std::span<const RoomRules> all_room_rules() { return versions; }

}  // namespace runde::schema
