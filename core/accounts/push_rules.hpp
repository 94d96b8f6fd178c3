#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"
#include "schema/json.hpp"

namespace runde::accounts {

/// In the order in which they are tried.
enum class RuleKind { override_, content, room, sender, underride };
constexpr std::array all_rule_kinds{RuleKind::override_, RuleKind::content, RuleKind::room, RuleKind::sender, RuleKind::underride};
std::string_view to_string(RuleKind kind);
std::optional<RuleKind> parse_rule_kind(std::string_view text);

/// https://spec.matrix.org/v1.19/client-server-api/#push-rules
struct PushRule {
    std::string id;
    bool is_default = false;  ///< Of the server; its id begins with a dot.
    bool enabled = true;
    schema::JsonArray actions;
    std::optional<schema::JsonArray> conditions;  ///< override and underride.
    std::optional<std::string> pattern;           ///< content.

    schema::JsonObject to_json() const;
};

/// What an account wants to be told about: its own rules among those that the server sets out with.
/// A value; AccountData::push_rules reads one, AccountData::change_push_rules writes one back.
class PushRules {
public:
    /// https://spec.matrix.org/v1.19/client-server-api/#predefined-rules
    static PushRules default_for(const schema::UserId& user);
    /// The content of m.push_rules as stored. Default rules that a newer server knows are added, those that
    /// it dropped are left out; what the user changed about them stays. Malformed rules are left out.
    static PushRules from_stored(const schema::JsonObject& content, const schema::UserId& user);

    /// {"global": {"override": [...], ...}}: the content of m.push_rules and the answer of GET /pushrules/.
    schema::JsonObject to_json() const;
    schema::JsonObject global() const;

    const std::vector<PushRule>& of(RuleKind kind) const { return rules_[index(kind)]; }
    const PushRule* find(RuleKind kind, std::string_view id) const;

    /// Adds or changes a rule of the user's. Throws Refusal: invalid_param (id, missing or superfluous
    /// parts), bad_push_rule_position (`before` or `after` is no rule of the user's), too_large (more than
    /// 1,000 rules).
    struct Place {
        std::optional<std::string> before, after;
    };
    void put(RuleKind kind, PushRule rule, const Place& place);
    /// These three throw Refusal(not_found); default rules cannot be removed (invalid_param).
    void remove(RuleKind kind, std::string_view id);
    void enable(RuleKind kind, std::string_view id, bool enabled);
    void set_actions(RuleKind kind, std::string_view id, schema::JsonArray actions);

private:
    static std::size_t index(RuleKind kind) { return static_cast<std::size_t>(kind); }
    PushRule& require(RuleKind kind, std::string_view id);
    std::array<std::vector<PushRule>, all_rule_kinds.size()> rules_;
};

/// Checks what a client sends as actions: strings, or objects with "set_tweak". The historical "dont_notify"
/// and "coalesce" are dropped. Throws Refusal(invalid_param).
schema::JsonArray checked_actions(const schema::JsonArray& actions);
/// The same for conditions: objects with a string "kind" and well-typed members. Unknown kinds are kept: they
/// never match.
schema::JsonArray checked_conditions(const schema::JsonArray& conditions);

}  // namespace runde::accounts
