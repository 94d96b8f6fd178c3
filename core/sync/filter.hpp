#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/rooms/event_filter.hpp"
#include "schema/json.hpp"

namespace runde::sync {

using rooms::EventFilter;

/// What a device wants of /sync. https://spec.matrix.org/v1.19/client-server-api/#filtering
///
/// `event_fields` is checked and otherwise ignored: "a server may include more fields than were requested".
struct Filter {
    EventFilter account_data;
    EventFilter rooms;                       ///< Only its rooms and not_rooms.
    bool include_leave = false;
    EventFilter timeline, state, ephemeral, room_account_data;

    /// Throws Refusal(bad_json) for members of a wrong type and for what cannot be (a negative limit, a user id that is none),
    /// too_large for long lists. A limit of 0 counts as 1. Events come in the format of clients, also when "federation" is asked.
    static Filter parse(const schema::JsonObject& object);
    /// The same for text: a filter stored, or one in the query. Throws also not_json.
    static std::shared_ptr<const Filter> parse(std::string_view text);
    /// For requests without a filter.
    static const std::shared_ptr<const Filter>& none();

    bool wants_room(std::string_view room_id) const { return rooms.wants_room(room_id); }
};

/// Filters as last parsed. Clients name the same one in every request, and whoever waits for news is to cost nothing but
/// the news. A filter that was stored never changes under its id.
class RecentFilters {
public:
    /// `key` says all that the filter depends on: its text, or whose it is and its id. nullptr: not known (any more).
    std::shared_ptr<const Filter> find(const std::string& key) const;
    void keep(std::string key, std::shared_ptr<const Filter> filter);

private:
    static constexpr std::size_t most = 1000, most_key = 2048;
    std::unordered_map<std::string, std::shared_ptr<const Filter>> filters_;
};

}  // namespace runde::sync
