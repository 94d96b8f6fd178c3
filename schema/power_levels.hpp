#pragma once
#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/event.hpp"
#include "schema/room_rules.hpp"

namespace runde::schema {

/// Who may do what in a room: m.room.power_levels with the defaults of the spec. A pure value: what the
/// content states is kept apart from what follows from it, because the authorisation rules compare the
/// former. https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
class PowerLevels {
public:
    using Level = std::int64_t;
    using Levels = boost::container::flat_map<std::string, Level, std::less<>>;
    /// The level of room creators from room version 12 on: above all that can be stated.
    static constexpr Level infinite = std::numeric_limits<Level>::max();

    /// The room's creators: the sender of m.room.create (`content.creator` where the room version says so),
    /// from room version 12 on with content.additional_creators. Invalid entries are left out.
    static std::vector<UserId> creators_of(const Event& create, const RoomRules& rules);

    /// `content`: of the room's m.room.power_levels, nullptr when it has none. A level that is not an integer
    /// (until room version 9 also a string or, until 5, a float that stands for one) counts as absent.
    PowerLevels(const JsonObject* content, const RoomRules& rules, std::vector<UserId> creators);

    /// What is wrong with the content by the first rules on m.room.power_levels (v10+: 1-3, before: `users`
    /// only), or nothing. Room version 12's rule that creators are not listed needs the creators: see
    /// `lists_a_creator`.
    static std::optional<std::string_view> complaint(const JsonObject& content, const RoomRules& rules);

    Level level_of(const UserId& user) const;
    Level needed_for_state(std::string_view type) const;
    Level needed_for_message(std::string_view type) const;
    Level needed_for(const Event& event) const;  ///< One of the two above; membership has its own rules.
    Level needed_to_kick() const { return kick.value_or(50); }
    Level needed_to_ban() const { return ban.value_or(50); }
    Level needed_to_invite() const { return invite.value_or(0); }
    Level needed_to_redact() const { return redact.value_or(50); }  ///< Another person's event.
    /// `key`: "room" for @room; other keys default to 50 as it does.
    Level needed_to_notify(std::string_view key = "room") const;
    Level default_user_level() const { return users_default.value_or(0); }

    bool is_creator_with_infinite_power(const UserId& user) const;
    bool lists_a_creator() const;  ///< Refused in room version 12.

    // As stated in the content; nothing where it says nothing.
    bool stated = false;  ///< Whether the room has the event at all.
    std::optional<Level> users_default, events_default, state_default, ban, kick, redact, invite;
    Levels users, events, notifications;

private:
    std::vector<UserId> creators_;
    bool infinite_creators_ = false;
};

/// One level as an event may spell it in this room version, or nothing: an integer; until room version 9 also
/// " +050 "; until 5 also 50.7.
/// https://spec.matrix.org/v1.19/rooms/v9/#mroompower_levels-events-accept-values-as-strings
std::optional<PowerLevels::Level> read_level(const Json& value, const RoomRules& rules);

}  // namespace runde::schema
