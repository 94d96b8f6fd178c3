#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/accounts/push_rules.hpp"
#include "schema/ids.hpp"
#include "schema/json.hpp"

namespace runde::accounts {

/// One event as push rules look at it: made once, asked for every member. What it refers to must outlive it.
class PushFacts {
public:
    /// `event`: the PDU or the client format. `joined`: members of the room. `sender_may_notify(key)`:
    /// whether the power levels let the sender trigger a notification of that kind ("room").
    PushFacts(const schema::JsonObject& event, std::string_view room_id, int joined,
              std::function<bool(std::string_view key)> sender_may_notify);

    std::string_view room_id() const { return room_id_; }
    std::string_view sender() const { return sender_; }
    int joined() const { return joined_; }
    bool sender_may_notify(std::string_view key) const { return sender_may_notify_(key); }
    /// nullptr when there is nothing at that path.
    const schema::Json* at(const std::vector<std::string>& path) const;
    /// The string there, case folded (folded once); nullptr when there is none.
    const std::string* folded(const std::vector<std::string>& path) const;

private:
    const schema::JsonObject& event_;
    std::string_view room_id_, sender_;
    int joined_;
    std::function<bool(std::string_view)> sender_may_notify_;
    mutable std::map<std::vector<std::string>, std::optional<std::string>> folded_;
};

struct PushOutcome {
    bool notify = false;
    bool highlight = false;
    const PushRule* rule = nullptr;  ///< The rule that matched; its actions go to the push gateway. nullptr: none did.
};

/// How much the outcome for plain messages differs from what the server's own rules say. What is counted for
/// the room as a whole holds for `as_default`; the others are exceptions, and only own_rules must be
/// evaluated one by one.
enum class PushClass : int {
    as_default = 0,
    mentions_only = 1,  ///< The room is silenced by a room rule.
    muted = 2,          ///< .m.rule.master: nothing notifies.
    own_rules = 3,
};

/// The push rules of one account, ready to run. Immutable and shareable between rooms.
/// https://spec.matrix.org/v1.19/client-server-api/#push-rules
class PushProgram {
public:
    PushProgram(PushRules rules, const schema::UserId& owner);
    PushProgram(const PushProgram&) = delete;  // The steps point into the rules.
    PushProgram& operator=(const PushProgram&) = delete;

    /// The first rule that matches decides. `display_name`: of the owner in that room. Not for the owner's
    /// own events: nobody is notified of those.
    PushOutcome evaluate(const PushFacts& facts, std::string_view display_name = {}) const;
    PushClass class_in(std::string_view room_id) const;
    const PushRules& rules() const { return rules_; }

private:
    struct Matches {  // event_match
        std::vector<std::string> path;
        std::string pattern;  ///< Case folded.
        bool words;           ///< content.body: any part between word boundaries.
    };
    struct Is {
        std::vector<std::string> path;
        schema::Json value;
    };
    struct Contains {
        std::vector<std::string> path;
        schema::Json value;
    };
    struct MemberCount {
        std::string op;
        std::int64_t number;
    };
    struct MayNotify {
        std::string key;
    };
    struct DisplayName {};
    struct InRoom {
        std::string id;
    };
    struct FromSender {
        std::string id;
    };
    struct Never {};
    using Condition = std::variant<Matches, Is, Contains, MemberCount, MayNotify, DisplayName, InRoom, FromSender, Never>;
    struct Step {
        const PushRule* rule;
        std::vector<Condition> all;
        bool notify, highlight;
    };

    static Condition compile(const schema::JsonObject& condition);
    static std::vector<Condition> conditions_of(RuleKind kind, const PushRule& rule);
    static bool holds(const Condition& condition, const PushFacts& facts, std::string_view display_name);
    bool differs_from_default(const PushRules& standard) const;

    PushRules rules_;
    std::vector<Step> steps_;  ///< Only enabled rules, in their order.
    bool plain_;  ///< Nothing but room rules and the master switch differs from the server's rules.
};

/// "content.m\.relates_to.rel_type" -> {"content", "m.relates_to", "rel_type"}.
/// https://spec.matrix.org/v1.19/appendices/#dot-separated-property-paths
std::vector<std::string> split_property_path(std::string_view path);

/// https://spec.matrix.org/v1.19/appendices/#glob-style-matching. Both UTF-8; '?' is one code point.
bool glob_matches(std::string_view pattern, std::string_view text);
/// Whether some part of `text` that begins and ends at a word boundary matches.
bool glob_matches_words(std::string_view pattern, std::string_view text);

}  // namespace runde::accounts
