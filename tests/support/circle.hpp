#pragma once
#include <string>
#include <vector>

#include "tests/support/room_play.hpp"

namespace runde::tests {

inline const std::vector<std::string> every_version{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"};

/// The versions from the first to the last given.
inline std::vector<std::string> versions(int first, int last) {
    return {every_version.begin() + first - 1, every_version.begin() + last};
}

/// A room that Anna began and Ben and Carl joined, Carl as a moderator.
inline RoomPlay circle(std::string_view version) {
    auto play = RoomPlay::begun(version);
    play.happens(membership(ben, ben, "join"));
    play.happens(membership(carl, carl, "join"));
    auto levels = play.now("m.room.power_levels")->content();
    levels["users"].as_object()[carl] = 50;
    play.happens({"m.room.power_levels", anna, "", std::move(levels)});
    return play;
}

inline void join_rule(RoomPlay& play, std::string_view rule) {
    play.given(state_event(anna, "m.room.join_rules", fmt::format(R"({{"join_rule":"{}"}})", rule)));
}

/// The room's power levels with one member of the content replaced (or removed, by null).
inline Line levels_with(const RoomPlay& play, const std::string& sender, std::string_view name, schema::Json value) {
    auto content = play.now("m.room.power_levels")->content();
    if (value.is_null())
        content.erase(name);
    else
        content[name] = std::move(value);
    return {"m.room.power_levels", sender, "", std::move(content)};
}

/// The same with one entry of one of its tables.
inline Line levels_with(const RoomPlay& play, const std::string& sender, std::string_view table, std::string_view name,
                        schema::Json value) {
    const auto content = play.now("m.room.power_levels")->content();
    auto entries = content.contains(table) ? content.at(table).as_object() : schema::JsonObject();
    if (value.is_null())
        entries.erase(name);
    else
        entries[name] = std::move(value);
    return levels_with(play, sender, table, std::move(entries));
}

}  // namespace runde::tests
