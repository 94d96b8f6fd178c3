#include "core/sync/filter.hpp"

#include <array>

#include "schema/ids.hpp"
#include "schema/refusal.hpp"

namespace runde::sync {
namespace {

using schema::Reason;
using schema::Refusal;

/// Long lists cost something for every event of every answer.
constexpr std::size_t most_entries = 500;

void check_lists(const schema::JsonObject& object) {
    const schema::Fields fields(object);
    for (const auto* name : {"types", "not_types", "senders", "not_senders", "rooms", "not_rooms"}) {
        const auto list = fields.strings(name);
        if (!list) continue;
        if (list->size() > most_entries) throw Refusal(Reason::too_large, "A list in the filter is too long.");
        const std::string_view about(name);
        for (const auto& entry : *list) {
            if (about.ends_with("senders") && !schema::UserId::parse(entry))
                throw Refusal(Reason::bad_json, "The filter's " + std::string(about) + " holds something that is no user id.");
            if (about.ends_with("rooms") && !schema::RoomId::parse(entry))
                throw Refusal(Reason::bad_json, "The filter's " + std::string(about) + " holds something that is no room id.");
        }
    }
}

EventFilter part(const schema::JsonObject& object, std::string_view name) {
    const auto* found = schema::Fields(object).object(name);
    if (!found) return {};
    check_lists(*found);
    return EventFilter::parse(*found);
}

}  // namespace

Filter Filter::parse(const schema::JsonObject& object) {
    const schema::Fields fields(object);
    Filter filter;
    fields.strings("event_fields");
    // "federation" is answered in the format of clients: what it asks for is the same, and more of it.
    if (const auto format = fields.string("event_format"); format && *format != "client" && *format != "federation")
        throw Refusal(Reason::bad_json, "event_format is client or federation.");
    filter.account_data = part(object, "account_data");
    part(object, "presence");  // Checked; there is no presence here.
    if (const auto* room = fields.object("room")) {
        check_lists(*room);
        filter.rooms = EventFilter::parse(*room);
        filter.include_leave = schema::Fields(*room).boolean_or("include_leave", false);
        filter.timeline = part(*room, "timeline");
        filter.state = part(*room, "state");
        filter.ephemeral = part(*room, "ephemeral");
        filter.room_account_data = part(*room, "account_data");
    }
    return filter;
}

std::shared_ptr<const Filter> Filter::parse(std::string_view text) {
    constexpr std::size_t most_bytes = 16 * 1024;
    if (text.size() > most_bytes) throw Refusal(Reason::too_large, "The filter is too long.");
    const auto json = schema::parse_json(text, schema::Numbers::any, 16);
    if (!json.is_object()) throw Refusal(Reason::bad_json, "The filter must be a JSON object.");
    return std::make_shared<const Filter>(parse(json.get_object()));
}

std::shared_ptr<const Filter> RecentFilters::find(const std::string& key) const {
    const auto found = filters_.find(key);
    return found == filters_.end() ? nullptr : found->second;
}

void RecentFilters::keep(std::string key, std::shared_ptr<const Filter> filter) {
    if (key.size() > most_key) return;
    // Whoever is still there brings theirs again with the next request.
    if (filters_.size() >= most) filters_.clear();
    filters_.insert_or_assign(std::move(key), std::move(filter));
}

const std::shared_ptr<const Filter>& Filter::none() {
    static const auto open = std::make_shared<const Filter>();
    return open;
}

}  // namespace runde::sync
