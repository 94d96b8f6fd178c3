#include "core/rooms/event_filter.hpp"

#include <algorithm>

#include "schema/refusal.hpp"
#include "storage/lane.hpp"

namespace runde::rooms {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool matches_one(const std::vector<std::string>& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return matches_wildcard(pattern, text); });
}

}  // namespace

bool matches_wildcard(std::string_view pattern, std::string_view text) {
    // Greedy with one place to come back to: linear in practice, never exponential.
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

EventFilter EventFilter::parse(const schema::JsonObject& object) {
    const schema::Fields fields(object);
    EventFilter filter;
    if (const auto limit = fields.integer("limit")) {
        if (*limit < 0) throw schema::Refusal(schema::Reason::bad_json, "limit must not be negative");
        filter.limit = static_cast<int>(std::clamp<std::int64_t>(*limit, 1, 100));
        filter.limit_given = true;
    }
    filter.types = fields.strings("types");
    filter.senders = fields.strings("senders");
    filter.rooms = fields.strings("rooms");
    filter.not_types = fields.strings("not_types").value_or(std::vector<std::string>{});
    filter.not_senders = fields.strings("not_senders").value_or(std::vector<std::string>{});
    filter.not_rooms = fields.strings("not_rooms").value_or(std::vector<std::string>{});
    filter.contains_url = fields.boolean("contains_url");
    filter.lazy_load_members = fields.boolean_or("lazy_load_members", false);
    filter.include_redundant_members = fields.boolean_or("include_redundant_members", false);
    filter.unread_thread_notifications = fields.boolean_or("unread_thread_notifications", false);
    filter.related_by_senders = fields.strings("related_by_senders");
    filter.related_by_rel_types = fields.strings("related_by_rel_types");
    return filter;
}

bool EventFilter::wants_type(std::string_view type) const {
    return (!types || matches_one(*types, type)) && !matches_one(not_types, type);
}

bool EventFilter::wants_sender(std::string_view sender) const {
    return (!senders || contains(*senders, sender)) && !contains(not_senders, sender);
}

bool EventFilter::wants_room(std::string_view room_id) const {
    return (!rooms || contains(*rooms, room_id)) && !contains(not_rooms, room_id);
}

bool EventFilter::wants(const TimelineEvent& event) const {
    if (!wants_type(event.type) || !wants_sender(event.sender)) return false;
    return !contains_url || *contains_url == ((event.flags & storage::rows::has_url) != 0);
}

bool EventFilter::is_open() const {
    return !types && !senders && not_types.empty() && not_senders.empty() && !contains_url && !related_by_senders &&
           !related_by_rel_types;
}

}  // namespace runde::rooms
