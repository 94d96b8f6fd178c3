#pragma once
#include <string_view>

#include "core/accounts/push_rules.hpp"
#include "schema/event.hpp"
#include "schema/power_levels.hpp"

namespace runde::rooms {

/// What push rules make of an event for one person.
struct PushOutcome {
    bool notify = false, highlight = false;
    bool operator==(const PushOutcome&) const = default;
};

/// What conditions look at beside the event.
struct PushContext {
    std::string_view display_name;                       ///< Of the person in this room; may be empty.
    int joined_members = 0;
    const schema::PowerLevels* levels = nullptr;
};

/// What a rule with these actions does. Sounds and tweaks of clients make no difference here.
PushOutcome outcome_of(const schema::JsonArray& actions);

/// The first rule that matches decides. https://spec.matrix.org/v1.19/client-server-api/#push-rules
PushOutcome evaluate(const accounts::PushRules& rules, const schema::Event& event, const PushContext& context);

/// Whether the pattern (with * and ?) stands in the text as whole words, upper and lower case alike.
bool matches_words(std::string_view pattern, std::string_view text);

}  // namespace runde::rooms
