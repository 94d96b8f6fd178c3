#include "federation/event_stream.hpp"

#include <fmt/format.h>

#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "core/rooms/timeline.hpp"

namespace runde::api::federation {

using runde::federation::EventStream;
using runde::federation::ServerView;
using schema::Reason;
using schema::Refusal;
using storage::StoredEvent;

namespace {

schema::EventId event_id(const Call& call) {
    const auto text = call.query("event_id");
    if (!text) throw Refusal(Reason::missing_param, "event_id is missing");
    auto id = schema::EventId::parse(*text);
    if (!id) throw Refusal(Reason::invalid_param, "event_id is not an event id");
    return *std::move(id);
}

net::Task<ServerView> view(const Call& call, Services& services) {
    co_return co_await runde::federation::require_in_room(services.rooms, call.id<schema::RoomId>("roomId"), call.origin());
}

/// Events as a JSON array, each with the bytes that were signed.
std::string pdus(const ServerView& seen, const std::vector<StoredEvent>& events) {
    std::string list = "[";
    for (const auto& event : events) {
        if (list.size() > 1) list += ',';
        list += pdu_for(seen, event);
    }
    return list + "]";
}

/// https://spec.matrix.org/v1.19/server-server-api/#transactions, as answers have it.
net::Response transaction(Services& services, const std::string& list) {
    return net::Response::json(fmt::format(R"({{"origin":{},"origin_server_ts":{},"pdus":{}}})",
                                           schema::quoted(services.rooms.identity().server.str()),
                                           services.runtime.clock().now_ms(), list));
}

// GET /_matrix/federation/v1/event/{eventId}
net::Task<net::Response> get_event(const Call& call, Services& services) {
    const auto id = call.id<schema::EventId>("eventId");
    const auto pdu = co_await runde::federation::event_for(services.rooms, call.origin(), id);
    co_return transaction(services, "[" + pdu + "]");
}

/// Lists of events, sent as they are read.
net::Response streamed(Services& services, ServerView seen, EventStream::As as, std::vector<EventStream::List> lists,
                       std::shared_ptr<void> place) {
    auto response = net::Response::json("");
    response.body.clear();
    response.stream =
        std::make_unique<EventStream>(services.db, std::move(seen), as, std::move(lists), std::string("]}"), std::move(place));
    return response;
}

// GET /_matrix/federation/v1/state/{roomId}
net::Task<net::Response> get_state(const Call& call, Services& services) {
    auto place = ours(services).big_answers.enter(call.origin());
    const auto seen = co_await view(call, services);
    auto before = co_await runde::federation::state_before(services.rooms, seen, event_id(call));
    std::vector<EventStream::List> lists{{R"({"pdus":[)", std::move(before.state)},
                                         {R"(],"auth_chain":[)", std::move(before.auth_chain)}};
    co_return streamed(services, seen, EventStream::As::pdus, std::move(lists), std::move(place));
}

// GET /_matrix/federation/v1/state_ids/{roomId}
net::Task<net::Response> get_state_ids(const Call& call, Services& services) {
    auto place = ours(services).big_answers.enter(call.origin());
    const auto seen = co_await view(call, services);
    auto before = co_await runde::federation::state_before(services.rooms, seen, event_id(call));
    std::vector<EventStream::List> lists{{R"({"pdu_ids":[)", std::move(before.state)},
                                         {R"(],"auth_chain_ids":[)", std::move(before.auth_chain)}};
    co_return streamed(services, seen, EventStream::As::ids, std::move(lists), std::move(place));
}

// GET /_matrix/federation/v1/event_auth/{roomId}/{eventId}
net::Task<net::Response> get_event_auth(const Call& call, Services& services) {
    auto place = ours(services).big_answers.enter(call.origin());
    const auto seen = co_await view(call, services);
    auto chain = co_await runde::federation::auth_chain(services.rooms, seen, call.id<schema::EventId>("eventId"));
    std::vector<EventStream::List> lists{{R"({"auth_chain":[)", std::move(chain)}};
    co_return streamed(services, seen, EventStream::As::pdus, std::move(lists), std::move(place));
}

// GET /_matrix/federation/v1/backfill/{roomId}
net::Task<net::Response> get_backfill(const Call& call, Services& services) {
    std::vector<std::string> from;
    for (const auto& [name, value] : call.request().query)
        if (name == "v" && from.size() < 20) from.push_back(value);
    if (from.empty()) throw Refusal(Reason::missing_param, "v is missing");
    const auto limit = static_cast<int>(call.query_number("limit", 100, 1, 100));
    const auto seen = co_await view(call, services);
    const auto events = co_await runde::federation::backfill(services.rooms, seen, std::move(from), limit);
    co_return transaction(services, pdus(seen, events));
}

// POST /_matrix/federation/v1/get_missing_events/{roomId}
net::Task<net::Response> post_missing_events(const Call& call, Services& services) {
    const auto body = call.fields();
    runde::federation::MissingRequest request;
    request.earliest = body.strings("earliest_events").value_or(std::vector<std::string>{});
    request.latest = body.strings("latest_events").value_or(std::vector<std::string>{});
    if (request.earliest.size() > 100 || request.latest.size() > 100) throw Refusal(Reason::invalid_param, "Too many events");
    request.min_depth = body.integer("min_depth").value_or(0);
    request.limit = static_cast<int>(std::clamp<std::int64_t>(body.integer("limit").value_or(10), 1, 50));
    const auto seen = co_await view(call, services);
    const auto events = co_await runde::federation::missing_events(services.rooms, seen, std::move(request));
    co_return net::Response::json(fmt::format(R"({{"events":{}}})", pdus(seen, events)));
}

// GET /_matrix/federation/v1/timestamp_to_event/{roomId}
net::Task<net::Response> get_timestamp_to_event(const Call& call, Services& services) {
    if (!call.query("ts")) throw Refusal(Reason::missing_param, "ts is missing");
    const auto ts = call.query_number("ts", 0, 0, std::int64_t{1} << 53);
    const auto direction = call.query("dir");
    if (direction != "f" && direction != "b") throw Refusal(Reason::invalid_param, "dir is f or b");
    const bool forward = direction == "f";
    const auto seen = co_await view(call, services);
    const auto best = co_await rooms::nearest_event(services.rooms, seen.room, seen.visible, ts, forward);
    if (!best) throw Refusal(Reason::not_found, "There is no event that way.");
    co_return answer({{"event_id", best->event_id}, {"origin_server_ts", best->origin_ts}});
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/federation/v1/event/{eventId}", Access::server, Rate::federation, get_event,
     "server-server-api/#get_matrixfederationv1eventeventid"},
    {net::Method::get, "/_matrix/federation/v1/state/{roomId}", Access::server, Rate::federation, get_state,
     "server-server-api/#get_matrixfederationv1stateroomid"},
    {net::Method::get, "/_matrix/federation/v1/state_ids/{roomId}", Access::server, Rate::federation, get_state_ids,
     "server-server-api/#get_matrixfederationv1state_idsroomid"},
    {net::Method::get, "/_matrix/federation/v1/event_auth/{roomId}/{eventId}", Access::server, Rate::federation, get_event_auth,
     "server-server-api/#get_matrixfederationv1event_authroomideventid"},
    {net::Method::get, "/_matrix/federation/v1/backfill/{roomId}", Access::server, Rate::federation, get_backfill,
     "server-server-api/#get_matrixfederationv1backfillroomid"},
    {net::Method::post, "/_matrix/federation/v1/get_missing_events/{roomId}", Access::server, Rate::federation, post_missing_events,
     "server-server-api/#post_matrixfederationv1get_missing_eventsroomid"},
    {net::Method::get, "/_matrix/federation/v1/timestamp_to_event/{roomId}", Access::server, Rate::federation,
     get_timestamp_to_event, "server-server-api/#get_matrixfederationv1timestamp_to_eventroomid"},
};

}  // namespace

std::span<const Route> history_routes() { return routes; }

}  // namespace runde::api::federation
