#include "core/rooms/receipts.hpp"

#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {
namespace {

using rooms::ReceiptType;
using schema::Reason;
using schema::Refusal;

schema::EventId event_id(std::string_view text) {
    auto id = schema::EventId::parse(text);
    if (!id) throw Refusal(Reason::invalid_param, "That is no event id.");
    return *std::move(id);
}

/// The fully-read marker is account data that clients cannot write themselves.
/// https://spec.matrix.org/v1.19/client-server-api/#fully-read-markers
net::Task<> mark_fully_read(const Call& call, Services& services, rooms::RoomPtr room, schema::EventId event) {
    schema::JsonObject content;
    content["event_id"] = event.str();
    co_await services.accounts.account_data.put(call.session().user_nid, room->nid(), "m.fully_read", schema::to_text(content));
}

/// "" for an unthreaded receipt. https://spec.matrix.org/v1.19/client-server-api/#threaded-read-receipts
std::string thread_of(const schema::JsonObject& body) {
    const auto* thread = body.if_contains("thread_id");
    if (!thread) return {};
    if (!thread->is_string() || thread->get_string().empty())
        throw Refusal(Reason::invalid_param, "thread_id must be a non-empty string.");
    const std::string id(thread->get_string());
    if (id != "main" && !schema::EventId::parse(id))
        throw Refusal(Reason::invalid_param, "thread_id must be \"main\" or an event id.");
    return id;
}

// POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}
net::Task<net::Response> post_receipt(const Call& call, Services& services) {
    const auto& type = call.param("receiptType");
    const auto event = event_id(call.param("eventId"));
    auto thread = thread_of(call.json(true));
    if (type != "m.read" && type != "m.read.private" && type != "m.fully_read")
        throw Refusal(Reason::invalid_param, "The receipt type must be m.read, m.read.private or m.fully_read.");
    if (type == "m.fully_read" && !thread.empty()) throw Refusal(Reason::invalid_param, "A fully-read marker has no thread_id.");

    const auto room = co_await services.rooms.require_joined(call.id<schema::RoomId>("roomId"), call.session().user);
    if (type == "m.fully_read") {
        co_await mark_fully_read(call, services, room, event);
    } else {
        const auto kind = type == "m.read" ? ReceiptType::read : ReceiptType::read_private;
        co_await rooms::mark_read(services.rooms, room, call.session().user, {kind, event, std::move(thread)});
    }
    co_return empty_answer();
}

// POST /_matrix/client/v3/rooms/{roomId}/read_markers
net::Task<net::Response> post_read_markers(const Call& call, Services& services) {
    const auto fields = call.fields();
    const auto fully_read = fields.string("m.fully_read");
    const auto read = fields.string("m.read");
    const auto read_private = fields.string("m.read.private");
    // All are checked before the first one counts.
    std::optional<schema::EventId> marker, public_receipt, private_receipt;
    if (fully_read) marker = event_id(*fully_read);
    if (read) public_receipt = event_id(*read);
    if (read_private) private_receipt = event_id(*read_private);

    const auto room = co_await services.rooms.require_joined(call.id<schema::RoomId>("roomId"), call.session().user);
    if (public_receipt)
        co_await rooms::mark_read(services.rooms, room, call.session().user, {ReceiptType::read, *public_receipt, ""});
    if (private_receipt)
        co_await rooms::mark_read(services.rooms, room, call.session().user, {ReceiptType::read_private, *private_receipt, ""});
    if (marker) co_await mark_fully_read(call, services, room, *marker);
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}", Access::user, Rate::write,
     post_receipt, "client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/read_markers", Access::user, Rate::write, post_read_markers,
     "client-server-api/#post_matrixclientv3roomsroomidread_markers"},
};

}  // namespace

std::span<const Route> receipt_routes() { return routes; }

}  // namespace runde::api::client
