#include "core/accounts/push_program.hpp"

#include <unicode/unistr.h>

#include <algorithm>
#include <charconv>

namespace runde::accounts {

using schema::Json;
using schema::JsonObject;

namespace {

// Patterns with wildcards take text x pattern steps: what stands behind this place of a long text is not
// looked at.
constexpr std::size_t longest_globbed_text = 8 * 1024;

std::string fold_case(std::string_view text) {
    if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
        std::string lower(text);
        std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        return lower;
    }
    std::string folded;
    icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())))
        .foldCase()
        .toUTF8String(folded);
    return folded;
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }
bool is_boundary_before(std::string_view text, std::size_t at) { return at == 0 || !is_word(text[at - 1]); }
bool is_boundary_after(std::string_view text, std::size_t at) { return at == text.size() || !is_word(text[at]); }
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// All places of the pattern at which the match may stand, moved on by one byte of text at a time.
class Glob {
public:
    explicit Glob(std::string_view pattern) {
        for (const char c : pattern)
            if (c != '*' || !pattern_.ends_with('*')) pattern_ += c;
        active_.resize(pattern_.size() + 1);
        next_.resize(active_.size());
    }

    void begin() { enter(active_, 0); }
    bool finished() const { return active_.back(); }
    void step(char c) {
        // The further bytes of a character belong to the "?" that took its first one.
        const bool further = continues_character(c);
        std::ranges::fill(next_, false);
        for (std::size_t at = 0; at < active_.size(); ++at) {
            if (!active_[at]) continue;
            if (further && at > 0 && pattern_[at - 1] == '?') enter(next_, at);
            if (at == pattern_.size()) continue;
            if (pattern_[at] == '*')
                enter(next_, at);
            else if (pattern_[at] == c || (pattern_[at] == '?' && !further))
                enter(next_, at + 1);
        }
        active_.swap(next_);
    }

private:
    void enter(std::vector<char>& into, std::size_t at) const {
        into[at] = true;
        if (at < pattern_.size() && pattern_[at] == '*') into[at + 1] = true;  // There are no two in a row.
    }
    std::string pattern_;
    std::vector<char> active_, next_;
};

bool same_value(const Json& a, const Json& b) {
    if (a.is_structured() || b.is_structured() || a.is_double() || b.is_double()) return false;
    return a == b;
}

struct Actions {
    bool notify = false, highlight = false;
};

Actions actions_of(const PushRule& rule) {
    Actions actions;
    for (const auto& action : rule.actions) {
        if (const auto* name = action.if_string()) actions.notify |= *name == "notify";
        const auto* tweak = action.if_object();
        if (tweak && schema::string_at(*tweak, "set_tweak") == "highlight") {
            const auto* value = tweak->if_contains("value");
            actions.highlight = !value || !value->is_bool() || value->get_bool();
        }
    }
    return actions;
}

bool counts_the_same(const PushRule& a, const PushRule& b) {
    const auto x = actions_of(a), y = actions_of(b);
    return a.id == b.id && a.enabled == b.enabled && x.notify == y.notify && x.highlight == y.highlight;
}

}  // namespace

std::vector<std::string> split_property_path(std::string_view path) {
    std::vector<std::string> names(1);
    for (std::size_t at = 0; at < path.size(); ++at) {
        const bool escapes = path[at] == '\\' && at + 1 < path.size() && (path[at + 1] == '.' || path[at + 1] == '\\');
        if (escapes)
            names.back() += path[++at];
        else if (path[at] == '.')
            names.emplace_back();
        else
            names.back() += path[at];
    }
    return names;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
    if (pattern.find_first_of("*?") == std::string_view::npos) return pattern == text;
    if (text.size() > longest_globbed_text) text = text.substr(0, longest_globbed_text);
    Glob glob(pattern);
    glob.begin();
    for (const char c : text) glob.step(c);
    return glob.finished();
}

bool glob_matches_words(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return false;
    if (pattern.find_first_of("*?") == std::string_view::npos) {
        for (auto at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, at + 1))
            if (is_boundary_before(text, at) && is_boundary_after(text, at + pattern.size())) return true;
        return false;
    }
    if (text.size() > longest_globbed_text) text = text.substr(0, longest_globbed_text);
    Glob glob(pattern);
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (is_boundary_before(text, at)) glob.begin();
        if (glob.finished() && is_boundary_after(text, at)) return true;
        if (at < text.size()) glob.step(text[at]);
    }
    return false;
}

PushFacts::PushFacts(const JsonObject& event, std::string_view room_id, int joined,
                     std::function<bool(std::string_view)> sender_may_notify)
    : event_(event),
      room_id_(room_id),
      sender_(schema::string_at(event, "sender").value_or("")),
      joined_(joined),
      sender_may_notify_(std::move(sender_may_notify)) {}

const Json* PushFacts::at(const std::vector<std::string>& path) const {
    const auto* object = &event_;
    for (std::size_t step = 0;; ++step) {
        const auto* value = object->if_contains(path[step]);
        if (!value || step + 1 == path.size()) return value;
        object = value->if_object();
        if (!object) return nullptr;
    }
}

const std::string* PushFacts::folded(const std::vector<std::string>& path) const {
    auto known = folded_.find(path);
    if (known == folded_.end()) {
        std::optional<std::string> text;
        if (path.size() == 1 && path[0] == "room_id") {
            text = fold_case(room_id_);  // Missing in events of /sync and in create events of room version 12.
        } else if (const auto* value = at(path); value && value->is_string()) {
            text = fold_case(value->get_string());
        }
        known = folded_.emplace(path, std::move(text)).first;
    }
    const auto& text = known->second;
    return text ? &*text : nullptr;
}

PushProgram::PushProgram(PushRules rules, const schema::UserId& owner) : rules_(std::move(rules)) {
    for (const auto kind : all_rule_kinds) {
        for (const auto& rule : rules_.of(kind)) {
            if (!rule.enabled) continue;
            const auto actions = actions_of(rule);
            steps_.push_back({&rule, conditions_of(kind, rule), actions.notify, actions.highlight});
        }
    }
    plain_ = !differs_from_default(PushRules::default_for(owner));
}

std::vector<PushProgram::Condition> PushProgram::conditions_of(RuleKind kind, const PushRule& rule) {
    switch (kind) {
        case RuleKind::content: return {Matches{{"content", "body"}, fold_case(rule.pattern.value_or("")), true}};
        case RuleKind::room: return {InRoom{rule.id}};
        case RuleKind::sender: return {FromSender{rule.id}};
        case RuleKind::override_:
        case RuleKind::underride: break;
    }
    std::vector<Condition> conditions;
    if (rule.conditions)
        for (const auto& condition : *rule.conditions)
            conditions.push_back(condition.is_object() ? compile(condition.get_object()) : Condition(Never{}));
    return conditions;
}

PushProgram::Condition PushProgram::compile(const JsonObject& condition) {
    const auto kind = schema::string_at(condition, "kind").value_or("");
    const auto key = schema::string_at(condition, "key");
    if (kind == "event_match") {
        const auto pattern = schema::string_at(condition, "pattern");
        if (!key || !pattern) return Never{};
        auto path = split_property_path(*key);
        const bool words = path == std::vector<std::string>{"content", "body"};
        return Matches{std::move(path), fold_case(*pattern), words};
    }
    if (kind == "event_property_is" || kind == "event_property_contains") {
        const auto* value = condition.if_contains("value");
        if (!key || !value) return Never{};
        if (kind == "event_property_is") return Is{split_property_path(*key), *value};
        return Contains{split_property_path(*key), *value};
    }
    if (kind == "room_member_count") {
        const auto is = schema::string_at(condition, "is").value_or("");
        const auto digits = std::min(is.size(), is.find_first_of("0123456789"));
        MemberCount count{std::string(is.substr(0, digits)), 0};
        const auto [end, error] = std::from_chars(is.data() + digits, is.data() + is.size(), count.number);
        const bool known =
            count.op.empty() || count.op == "==" || count.op == "<" || count.op == ">" || count.op == "<=" || count.op == ">=";
        if (error != std::errc() || end != is.data() + is.size() || !known) return Never{};
        return count;
    }
    if (kind == "sender_notification_permission") return key ? Condition(MayNotify{std::string(*key)}) : Never{};
    if (kind == "contains_display_name") return DisplayName{};
    return Never{};
}

bool PushProgram::holds(const Condition& condition, const PushFacts& facts, std::string_view display_name) {
    struct Check {
        const PushFacts& facts;
        std::string_view display_name;

        bool operator()(const Matches& match) const {
            const auto* text = facts.folded(match.path);
            if (!text) return false;
            return match.words ? glob_matches_words(match.pattern, *text) : glob_matches(match.pattern, *text);
        }
        bool operator()(const Is& is) const {
            const auto* value = facts.at(is.path);
            return value && same_value(*value, is.value);
        }
        bool operator()(const Contains& contains) const {
            const auto* value = facts.at(contains.path);
            const auto* array = value ? value->if_array() : nullptr;
            return array && std::ranges::any_of(*array, [&](const Json& entry) { return same_value(entry, contains.value); });
        }
        bool operator()(const MemberCount& count) const {
            const auto joined = facts.joined();
            if (count.op == "<") return joined < count.number;
            if (count.op == ">") return joined > count.number;
            if (count.op == "<=") return joined <= count.number;
            if (count.op == ">=") return joined >= count.number;
            return joined == count.number;
        }
        bool operator()(const MayNotify& may) const { return facts.sender_may_notify(may.key); }
        bool operator()(const DisplayName&) const {
            static const std::vector<std::string> body{"content", "body"};
            const auto* text = facts.folded(body);
            if (!text || display_name.empty()) return false;
            const auto name = fold_case(display_name);  // Taken literally: no wildcards.
            for (auto at = text->find(name); at != std::string::npos; at = text->find(name, at + 1))
                if (is_boundary_before(*text, at) && is_boundary_after(*text, at + name.size())) return true;
            return false;
        }
        bool operator()(const InRoom& room) const { return facts.room_id() == room.id; }
        bool operator()(const FromSender& sender) const { return facts.sender() == sender.id; }
        bool operator()(const Never&) const { return false; }
    };
    return std::visit(Check{facts, display_name}, condition);
}

PushOutcome PushProgram::evaluate(const PushFacts& facts, std::string_view display_name) const {
    for (const auto& step : steps_) {
        const bool matches =
            std::ranges::all_of(step.all, [&](const Condition& condition) { return holds(condition, facts, display_name); });
        if (matches) return {step.notify, step.notify && step.highlight, step.rule};
    }
    return {};
}

bool PushProgram::differs_from_default(const PushRules& standard) const {
    for (const auto kind : all_rule_kinds) {
        if (kind == RuleKind::room) continue;  // Seen room by room.
        const auto& mine = rules_.of(kind);
        const auto& theirs = standard.of(kind);
        std::size_t at = 0;
        for (const auto& rule : mine) {
            if (!rule.is_default) {
                if (rule.enabled) return true;
                continue;
            }
            if (rule.id != ".m.rule.master" && !counts_the_same(rule, theirs[at])) return true;
            ++at;
        }
    }
    return false;
}

PushClass PushProgram::class_in(std::string_view room_id) const {
    const auto* master = rules_.find(RuleKind::override_, ".m.rule.master");
    if (master && master->enabled) return actions_of(*master).notify ? PushClass::own_rules : PushClass::muted;
    if (!plain_) return PushClass::own_rules;
    const auto* room = rules_.find(RuleKind::room, room_id);
    if (!room || !room->enabled) return PushClass::as_default;
    return actions_of(*room).notify ? PushClass::own_rules : PushClass::mentions_only;
}

}  // namespace runde::accounts
