#include "core/rooms/push_evaluator.hpp"

#include <unicode/unistr.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace runde::rooms {
namespace {

using accounts::PushRule;
using accounts::RuleKind;
using schema::Json;
using schema::JsonObject;

/// Longer messages are looked at up to here: who is to be told is worth only so much work.
constexpr std::size_t most_text = 8192;

/// Without upper case, and as characters: "?" stands for one, however many bytes it has.
std::u32string folded(std::string_view text) {
    auto unicode = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size())));
    unicode.foldCase();
    std::u32string out;
    out.reserve(static_cast<std::size_t>(unicode.length()));
    for (int i = 0; i < unicode.length(); i = unicode.moveIndex32(i, 1)) out += static_cast<char32_t>(unicode.char32At(i));
    return out;
}

/// As the specification has it: everything else, "ä" too, is the end of a word.
/// https://spec.matrix.org/v1.19/client-server-api/#conditions-1
bool is_word(char32_t c) { return (c >= U'0' && c <= U'9') || (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || c == U'_'; }

/// All places of the pattern at once, character by character: time is length of text times length of pattern,
/// whatever the pattern is.
bool glob(std::u32string_view pattern, std::u32string_view text, bool words) {
    std::vector<char> at(pattern.size() + 1, 0), next(pattern.size() + 1, 0);
    const auto begins_at = [&](std::size_t i) { return i == 0 || (words && !is_word(text[i - 1])); };
    const auto ends_at = [&](std::size_t i) { return i == text.size() || (words && !is_word(text[i])); };
    for (std::size_t i = 0;; ++i) {
        if (begins_at(i)) at[0] = 1;
        for (std::size_t p = 0; p < pattern.size(); ++p)
            if (at[p] && pattern[p] == U'*') at[p + 1] = 1;
        if (at[pattern.size()] && ends_at(i)) return true;
        if (i == text.size()) return false;
        std::fill(next.begin(), next.end(), 0);
        for (std::size_t p = 0; p < pattern.size(); ++p) {
            if (!at[p]) continue;
            if (pattern[p] == U'*')
                next[p] = 1;
            else if (pattern[p] == U'?' || pattern[p] == text[i])
                next[p + 1] = 1;
        }
        std::swap(at, next);
    }
}

/// https://spec.matrix.org/v1.19/appendices/#dot-separated-property-paths
const Json* property(const schema::Event& event, std::string_view path) {
    const JsonObject* object = &event.object;
    std::string name;
    for (std::size_t i = 0; i <= path.size(); ++i) {
        if (i < path.size() && path[i] == '\\' && i + 1 < path.size() && (path[i + 1] == '.' || path[i + 1] == '\\')) {
            name += path[++i];
        } else if (i == path.size() || path[i] == '.') {
            const auto* value = object->if_contains(name);
            if (!value || i == path.size()) return value;
            object = value->if_object();
            if (!object) return nullptr;
            name.clear();
        } else {
            name += path[i];
        }
    }
    return nullptr;
}

bool event_match(const schema::Event& event, std::string_view key, std::string_view pattern) {
    std::string_view text;
    if (key == "room_id") {
        text = event.room.str();                         // Not in the PDU of a room version 12 creation.
    } else {
        const auto* value = property(event, key);
        if (!value || !value->is_string()) return false;
        text = value->get_string();
    }
    if (key == "content.body") return matches_words(pattern, text);
    return glob(folded(pattern), folded(text.substr(0, most_text)), false);
}

bool count_is(std::string_view condition, int count) {
    const auto operation = condition.substr(0, condition.find_first_of("0123456789"));
    condition.remove_prefix(operation.size());
    int number = 0;
    const auto [end, error] = std::from_chars(condition.data(), condition.data() + condition.size(), number);
    if (error != std::errc{} || end != condition.data() + condition.size()) return false;
    if (operation.empty() || operation == "==") return count == number;
    if (operation == "<") return count < number;
    if (operation == ">") return count > number;
    if (operation == "<=") return count <= number;
    if (operation == ">=") return count >= number;
    return false;
}

/// https://spec.matrix.org/v1.19/client-server-api/#conditions-1
bool holds(const JsonObject& condition, const schema::Event& event, const PushContext& context) {
    const auto kind = schema::string_at(condition, "kind").value_or("");
    const auto key = schema::string_at(condition, "key");
    if (kind == "event_match") {
        const auto pattern = schema::string_at(condition, "pattern");
        return key && pattern && event_match(event, *key, *pattern);
    }
    if (kind == "event_property_is" || kind == "event_property_contains") {
        const auto* wanted = condition.if_contains("value");
        const auto* value = key ? property(event, *key) : nullptr;
        if (!wanted || !value) return false;
        if (kind == "event_property_is") return !value->is_structured() && *value == *wanted;
        const auto* list = value->if_array();
        return list && std::find(list->begin(), list->end(), *wanted) != list->end();
    }
    if (kind == "contains_display_name") {
        const auto body = schema::string_at(event.content(), "body");
        return body && !context.display_name.empty() && matches_words(context.display_name, *body);
    }
    if (kind == "room_member_count") {
        const auto is = schema::string_at(condition, "is");
        return is && count_is(*is, context.joined_members);
    }
    if (kind == "sender_notification_permission")
        return key && context.levels && context.levels->level_of(event.sender) >= context.levels->needed_to_notify(*key);
    return false;                                        // A kind that we do not know never holds.
}

bool matches(const PushRule& rule, RuleKind kind, const schema::Event& event, const PushContext& context) {
    if (!rule.enabled) return false;
    switch (kind) {
        case RuleKind::content: return rule.pattern && event_match(event, "content.body", *rule.pattern);
        case RuleKind::room: return rule.id == event.room.str();
        case RuleKind::sender: return rule.id == event.sender.str();
        case RuleKind::override_:
        case RuleKind::underride: break;
    }
    if (!rule.conditions) return true;
    return std::all_of(rule.conditions->begin(), rule.conditions->end(), [&](const Json& condition) {
        return condition.is_object() && holds(condition.get_object(), event, context);
    });
}

}  // namespace

PushOutcome outcome_of(const schema::JsonArray& actions) {
    PushOutcome outcome;
    for (const auto& action : actions) {
        if (action.is_string() && action.get_string() == "notify") outcome.notify = true;
        if (!action.is_object() || schema::string_at(action.get_object(), "set_tweak") != "highlight") continue;
        outcome.highlight = schema::boolean_at(action.get_object(), "value").value_or(true);
    }
    if (!outcome.notify) outcome.highlight = false;
    return outcome;
}

bool matches_words(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return false;
    return glob(folded(pattern), folded(text.substr(0, most_text)), true);
}

PushOutcome evaluate(const accounts::PushRules& rules, const schema::Event& event, const PushContext& context) {
    for (const auto kind : accounts::all_rule_kinds)
        for (const auto& rule : rules.of(kind))
            if (matches(rule, kind, event, context)) return outcome_of(rule.actions);
    return {};
}

}  // namespace runde::rooms
