// Ephemeral events of other servers. https://spec.matrix.org/v1.19/server-server-api/#edus
#include "core/rooms/receipts.hpp"
#include "core/rooms/server_acl.hpp"
#include "federation/receiver.hpp"
#include "schema/refusal.hpp"

namespace runde::federation {

using schema::JsonObject;
using schema::Refusal;
using schema::ServerName;

namespace {

constexpr net::Milliseconds typing_life{30'000};         ///< The other server repeats it while it lasts.
constexpr std::size_t most_receipts = 500;               ///< Of one ephemeral event.

std::optional<schema::UserId> user_of(std::string_view text, const ServerName& origin) {
    auto user = schema::UserId::parse(text);
    if (!user || user->server() != origin.str()) return std::nullopt;  // Nobody speaks for users of others.
    return user;
}

}  // namespace

net::Task<> Receiver::take_edu(const ServerName& origin, const schema::Json& edu, std::size_t& rooms_left) {
    if (!edu.is_object()) co_return;
    const auto type = schema::string_at(edu.get_object(), "edu_type");
    const auto* content = schema::object_at(edu.get_object(), "content");
    if (!type || !content) co_return;
    try {
        if (*type == "m.typing") {
            co_await take_typing(origin, *content);
        } else if (*type == "m.receipt") {
            co_await take_receipts(origin, *content, rooms_left);
        } else if (const auto handler = edu_handlers_.find(*type); handler != edu_handlers_.end()) {
            co_await handler->second(origin, *content);
        }
        // m.presence among others: not kept here.
    } catch (const std::exception&) {
        complaints_.about(origin.str(), "an ephemeral event could not be used");
    }
}

net::Task<> Receiver::take_typing(const ServerName& origin, const JsonObject& content) {
    const auto room_id = schema::RoomId::parse(schema::string_at(content, "room_id").value_or(""));
    const auto user = user_of(schema::string_at(content, "user_id").value_or(""), origin);
    const auto typing = schema::boolean_at(content, "typing");
    if (!room_id || !user || !typing) co_return;
    const auto room = co_await parts_.rooms.find(*room_id);
    if (!room || !rooms::acl_allows(*room, origin.str())) co_return;
    if (*typing)
        parts_.typing.begin(room, *user, typing_life);
    else
        parts_.typing.end(room, *user);
}

net::Task<> Receiver::take_receipts(const ServerName& origin, const JsonObject& content, std::size_t& rooms_left) {
    std::size_t taken = 0;
    for (const auto& [room_name, by_type] : content) {
        const auto room_id = schema::RoomId::parse(room_name);
        const auto* read = by_type.is_object() ? schema::object_at(by_type.get_object(), "m.read") : nullptr;
        if (!room_id || !read) continue;
        if (rooms_left == 0) break;
        --rooms_left;
        const auto room = co_await parts_.rooms.find(*room_id);
        if (!room || !rooms::acl_allows(*room, origin.str())) continue;
        for (const auto& [user_name, said] : *read) {
            const auto user = user_of(user_name, origin);
            if (!user || !said.is_object() || ++taken > most_receipts) continue;
            const auto* data = schema::object_at(said.get_object(), "data");
            const auto* events = schema::array_at(said.get_object(), "event_ids");
            if (!data || !events || events->empty() || !events->front().is_string()) continue;
            const auto event = schema::EventId::parse(events->front().get_string());
            if (!event) continue;
            const std::string thread(schema::string_at(*data, "thread_id").value_or(""));
            co_await rooms::remote_receipt(parts_.rooms, room, *user, {rooms::ReceiptType::read, *event, thread},
                                           schema::integer_at(*data, "ts").value_or(0));
        }
    }
}

}  // namespace runde::federation
