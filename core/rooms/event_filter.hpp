#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/timeline_event.hpp"
#include "schema/json.hpp"

namespace runde::rooms {

/// Which events of a room a client wants: RoomEventFilter and EventFilter of the spec in one (their members do not
/// clash). https://spec.matrix.org/v1.19/client-server-api/#filtering
struct EventFilter {
    int limit = 10;                                      ///< 1 … 100; what a client says above is cut.
    bool limit_given = false;
    std::optional<std::vector<std::string>> types, senders, rooms;
    std::vector<std::string> not_types, not_senders, not_rooms;
    std::optional<bool> contains_url;
    bool lazy_load_members = false, include_redundant_members = false;
    bool unread_thread_notifications = false;
    /// With relations to another event (m.thread and so on), for /messages of one kind.
    std::optional<std::vector<std::string>> related_by_senders, related_by_rel_types;

    /// Throws Refusal(bad_json) for members of a wrong type.
    static EventFilter parse(const schema::JsonObject& object);

    bool wants(const TimelineEvent& event) const;
    bool wants_type(std::string_view type) const;
    bool wants_sender(std::string_view sender) const;
    bool wants_room(std::string_view room_id) const;
    /// Lets every event through.
    bool is_open() const;
};

/// "*" matches any run of characters.
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace runde::rooms
