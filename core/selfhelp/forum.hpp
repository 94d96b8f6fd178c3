#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/room.hpp"

/// Forum rooms (room type org.runde.forum): a message outside of any thread starts a topic, its first line is the
/// title; everything else belongs into a topic's thread. Topics are state (org.runde.topic, state key: the event id of the
/// first post), set by whoever the room's power levels let: open or closed, pinned, answered, tagged.
namespace runde::selfhelp::forum {

constexpr std::string_view room_type = rooms::forum_room_type;
constexpr std::string_view settings_event = "org.runde.forum";   ///< {tags: […], close_after_days: n}, state key "".
constexpr std::string_view topic_event = "org.runde.topic";

constexpr std::size_t longest_title = 200, longest_tag = 50, most_tags = 10, most_room_tags = 100;

/// What org.runde.topic says; an empty or damaged event says "open".
struct TopicState {
    bool closed = false, pinned = false, answered = false;
    std::vector<std::string> tags;
    static TopicState read(const schema::JsonObject& content);
};

/// The room's own settings.
struct Settings {
    std::vector<std::string> tags;                       ///< To choose from; empty: free.
    std::optional<std::int64_t> close_after_ms;          ///< Without a word for so long, a topic closes by itself.
    static Settings read(const schema::JsonObject& content);
};

/// A quiet topic needs no event to close: that it is quiet can be seen. A moderator's new org.runde.topic lets the time
/// begin anew. `last_ts`: of the newest post; `state_ts`: of the topic's state event, 0 without one. All ms.
bool is_quiet(const Settings& settings, std::int64_t last_ts, std::int64_t state_ts, std::int64_t now_ms);

/// First line of a post, cut at `longest_title` characters.
std::string title_of(std::string_view body);

/// Throws Refusal(outside_topic, topic_closed, invalid_param, forbidden) for what does not fit into a forum; does
/// nothing in other rooms. Pure but for what the room knows: Rooms::add_guard calls it before an event is built, the policy
/// server for events of other servers.
void guard(const rooms::Room& room, const schema::EventDraft& draft, std::int64_t now_ms);

}  // namespace runde::selfhelp::forum
