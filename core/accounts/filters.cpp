#include "core/accounts/filters.hpp"

#include <charconv>

#include "schema/refusal.hpp"
#include "storage/account_data.hpp"

namespace runde::accounts {

using schema::Fields;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t largest_filter = 16 * 1024;
constexpr int filters_kept = 100;

template <class Id>
void check_ids(const Fields& filter, std::initializer_list<std::string_view> members) {
    for (const auto member : members)
        for (const auto& id : filter.strings(member).value_or(std::vector<std::string>()))
            if (!Id::parse(id)) throw Refusal(Reason::bad_json, std::string(member) + " holds something that is no id");
}

void check_event_filter(const JsonObject* object) {
    if (!object) return;
    const Fields filter(*object);
    if (filter.integer("limit").value_or(0) < 0) throw Refusal(Reason::bad_json, "limit is below 0");
    filter.strings("types");
    filter.strings("not_types");
    check_ids<schema::UserId>(filter, {"senders", "not_senders"});
}

void check_room_event_filter(const JsonObject* object) {
    if (!object) return;
    check_event_filter(object);
    const Fields filter(*object);
    check_ids<schema::RoomId>(filter, {"rooms", "not_rooms"});
    for (const auto* flag : {"contains_url", "lazy_load_members", "include_redundant_members", "unread_thread_notifications"})
        filter.boolean(flag);
}

}  // namespace

void check_filter(const JsonObject& object) {
    const Fields filter(object);
    filter.strings("event_fields");
    const auto format = filter.string_or("event_format", "client");
    if (format != "client" && format != "federation") throw Refusal(Reason::bad_json, "event_format must be client or federation");
    check_event_filter(filter.object("presence"));
    check_event_filter(filter.object("account_data"));
    const auto* room = filter.object("room");
    if (!room) return;
    const Fields rooms(*room);
    check_ids<schema::RoomId>(rooms, {"rooms", "not_rooms"});
    rooms.boolean("include_leave");
    for (const auto* part : {"ephemeral", "state", "timeline", "account_data"}) check_room_event_filter(rooms.object(part));
}

net::Task<std::string> Filters::define(schema::UserNid user, const JsonObject& filter) {
    check_filter(filter);
    const auto json = schema::to_text(filter);
    if (json.size() > largest_filter) throw Refusal(Reason::too_large, "");
    const auto number =
        co_await db_.transact([&](storage::Tx& tx) { return storage::insert_or_find_filter(tx, user, json, filters_kept); });
    co_return std::to_string(number);
}

net::Task<std::optional<std::string>> Filters::find(schema::UserNid user, std::string_view id) {
    int number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size()) co_return std::nullopt;
    auto json = co_await db_.read([=](storage::Tx& tx) { return storage::find_filter(tx, user, number); });
    co_return json;
}

}  // namespace runde::accounts
