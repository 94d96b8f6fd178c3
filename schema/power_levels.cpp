#include "schema/power_levels.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace runde::schema {
namespace {

using Level = PowerLevels::Level;

constexpr std::string_view single_levels[] = {
    "users_default", "events_default", "state_default", "ban", "redact", "kick", "invite",
};

std::optional<Level> level_in(std::string_view text) {
    constexpr std::string_view white_space = " \t\n\r\f\v";
    const auto first = text.find_first_not_of(white_space);
    if (first == text.npos) return std::nullopt;
    text = text.substr(first, text.find_last_not_of(white_space) + 1 - first);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    Level level = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), level);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
    return level;
}

/// Nothing above what a double holds exactly may come from one; nothing may reach `infinite`.
std::optional<Level> truncated(double number) {
    if (!(std::fabs(number) < 9.2e18)) return std::nullopt;
    return static_cast<Level>(number);
}

PowerLevels::Levels read_levels(const JsonObject& content, std::string_view name, const RoomRules& rules) {
    PowerLevels::Levels levels;
    const auto object = object_at(content, name);
    if (!object) return levels;
    PowerLevels::Levels::sequence_type read;
    read.reserve(object->size());
    for (const auto& [key, value] : *object)
        if (const auto level = read_level(value, rules)) read.emplace_back(std::string(key), *level);
    levels.adopt_sequence(std::move(read));
    return levels;
}

bool all_levels(const Json& value, const RoomRules& rules) {
    const auto object = value.if_object();
    return object && std::all_of(object->begin(), object->end(),
                                 [&](const auto& member) { return read_level(member.value(), rules).has_value(); });
}

}  // namespace

std::optional<Level> read_level(const Json& value, const RoomRules& rules) {
    if (const auto number = value.if_int64()) return *number;
    if (rules.integer_power_levels_only) return std::nullopt;
    if (const auto text = value.if_string()) return level_in(*text);
    if (const auto number = value.if_double()) return truncated(*number);
    return std::nullopt;
}

std::vector<UserId> PowerLevels::creators_of(const Event& create, const RoomRules& rules) {
    std::vector<UserId> creators;
    if (rules.implicit_room_creator) {
        creators.push_back(create.sender);
    } else if (const auto text = string_at(create.content(), "creator")) {
        if (auto creator = UserId::parse(*text)) creators.push_back(std::move(*creator));
    }
    if (!rules.creators_have_infinite_power) return creators;
    if (const auto more = array_at(create.content(), "additional_creators"))
        for (const auto& item : *more)
            if (const auto text = item.if_string())
                if (auto creator = UserId::parse(*text)) creators.push_back(std::move(*creator));
    return creators;
}

PowerLevels::PowerLevels(const JsonObject* content, const RoomRules& rules, std::vector<UserId> creators)
    : stated(content != nullptr), creators_(std::move(creators)), infinite_creators_(rules.creators_have_infinite_power) {
    if (!content) return;
    const auto single = [&](std::string_view name) {
        const auto value = content->if_contains(name);
        return value ? read_level(*value, rules) : std::nullopt;
    };
    users_default = single("users_default");
    events_default = single("events_default");
    state_default = single("state_default");
    ban = single("ban");
    kick = single("kick");
    redact = single("redact");
    invite = single("invite");
    users = read_levels(*content, "users", rules);
    events = read_levels(*content, "events", rules);
    notifications = read_levels(*content, "notifications", rules);
}

std::optional<std::string_view> PowerLevels::complaint(const JsonObject& content, const RoomRules& rules) {
    if (rules.integer_power_levels_only) {
        for (const auto name : single_levels)
            if (const auto value = content.if_contains(name); value && !read_level(*value, rules))
                return "a level is not an integer";
        for (const auto name : {"events", "notifications"})
            if (const auto value = content.if_contains(name); value && !all_levels(*value, rules))
                return "a level in events or notifications is not an integer";
    }
    const auto levels = content.if_contains("users");
    if (!levels) return std::nullopt;
    if (!all_levels(*levels, rules)) return "a level in users is not an integer";
    for (const auto& member : levels->get_object())
        if (!UserId::parse(member.key())) return "users holds a key that is no user id";
    return std::nullopt;
}

bool PowerLevels::is_creator_with_infinite_power(const UserId& user) const {
    return infinite_creators_ && std::find(creators_.begin(), creators_.end(), user) != creators_.end();
}

bool PowerLevels::lists_a_creator() const {
    return infinite_creators_ &&
           std::any_of(creators_.begin(), creators_.end(), [&](const UserId& creator) { return users.contains(creator.str()); });
}

Level PowerLevels::level_of(const UserId& user) const {
    if (is_creator_with_infinite_power(user)) return infinite;
    if (!stated && !infinite_creators_ && std::find(creators_.begin(), creators_.end(), user) != creators_.end()) return 100;
    const auto own = users.find(user.str());
    return own == users.end() ? default_user_level() : own->second;
}

Level PowerLevels::needed_for_state(std::string_view type) const {
    const auto own = events.find(type);
    return own == events.end() ? state_default.value_or(50) : own->second;
}

Level PowerLevels::needed_for_message(std::string_view type) const {
    const auto own = events.find(type);
    return own == events.end() ? events_default.value_or(0) : own->second;
}

Level PowerLevels::needed_for(const Event& event) const {
    return event.is_state() ? needed_for_state(event.type) : needed_for_message(event.type);
}

Level PowerLevels::needed_to_notify(std::string_view key) const {
    const auto own = notifications.find(key);
    return own == notifications.end() ? 50 : own->second;
}

}  // namespace runde::schema
