#include <fmt/format.h>

#include "api/client/rooms_routes.hpp"
#include "api/client/rooms_support.hpp"
#include "federation/federation.hpp"

namespace runde::api::client {
namespace {

using rooms::Direction;
using runde::federation::Patience;
using schema::Reason;
using schema::Refusal;

Direction direction(const Call& call, std::optional<Direction> otherwise = std::nullopt) {
    const auto text = call.query("dir");
    if (!text && otherwise) return *otherwise;
    if (!text) throw Refusal(Reason::missing_param, "dir is missing");
    if (*text == "b") return Direction::backward;
    if (*text == "f") return Direction::forward;
    throw Refusal(Reason::invalid_param, "dir must be b or f");
}

net::Task<std::string> render_events(Services& services, const rooms::ReadableRoom& from,
                                     const std::vector<rooms::TimelineEventPtr>& events) {
    const auto bundles = co_await rooms::bundles(services.rooms, from.room, events, from.viewer);
    co_return rooms::render_all(events, from.viewer, bundles, services.rooms.clock().now_ms());
}

/// rooms::page, with what other servers have of it: this waits for them no longer than `patience` lasts.
net::Task<rooms::Page> page(Services& services, const rooms::ReadableRoom& from, std::optional<rooms::Place> start,
                            std::optional<rooms::Place> stop, Direction direction, const rooms::EventFilter& filter,
                            Patience& patience) {
    if (!services.federation) co_return co_await rooms::page(services.rooms, from, start, stop, direction, filter);
    co_return co_await services.federation->reading_back.page(from, start, stop, direction, filter, patience);
}

net::Task<rooms::TimelineEventPtr> find_event(Services& services, const rooms::ReadableRoom& in, schema::EventId id,
                                              Patience& patience) {
    if (!services.federation) co_return co_await rooms::find_event(services.rooms, in, std::move(id));
    co_return co_await services.federation->reading_back.find_event(in, std::move(id), patience);
}

/// Apps take it for the end when a page ends where it began. Where more is on its way the token is written differently.
std::string end_token(const Call& call, const rooms::Place& end) {
    auto token = end.str();
    return token == call.query("from") ? token + "_" : token;
}

net::Task<net::Response> get_messages(const Call& call, Services& services) {
    const auto which = direction(call);
    const auto start = place(call, "from"), stop = place(call, "to");
    const auto filter = event_filter(call, 10);
    const auto from = co_await readable_room(call, services);
    Patience patience(services.runtime);
    const auto found = co_await page(services, from, start, stop, which, filter, patience);
    const auto chunk = co_await render_events(services, from, found.events);
    const auto begin = start ? *call.query("from") : found.start.str();
    std::string body = fmt::format(R"({{"chunk":[{}],"start":{})", chunk, schema::quoted(begin));
    if (found.end) body += fmt::format(R"(,"end":"{}")", end_token(call, *found.end));
    if (filter.lazy_load_members) {
        const auto members = co_await rooms::members_of(services.rooms, from.room, found.events);
        body += fmt::format(R"(,"state":[{}])", members);
    }
    co_return net::Response::json(body + "}");
}

/// The room, where the answer to a stranger is the same as to an event that is not there.
net::Task<rooms::ReadableRoom> readable_or_not_found(const Call& call, Services& services) {
    try {
        co_return co_await readable_room(call, services);
    } catch (const Refusal& refusal) {
        if (refusal.reason != Reason::forbidden) throw;
    }
    throw Refusal(Reason::not_found, "There is no such event, or you may not read it.");
}

net::Task<net::Response> get_event(const Call& call, Services& services) {
    const auto id = call.id<schema::EventId>("eventId", Reason::not_found);
    const auto from = co_await readable_or_not_found(call, services);
    Patience patience(services.runtime);
    const auto event = co_await find_event(services, from, id, patience);
    if (!event) throw Refusal(Reason::not_found, "There is no such event, or you may not read it.");
    const auto text = co_await render_events(services, from, {event});
    co_return net::Response::json(text);
}

net::Task<net::Response> get_context(const Call& call, Services& services) {
    const auto id = call.id<schema::EventId>("eventId", Reason::not_found);
    auto filter = event_filter(call, 10, 0);  // Apps ask for none around the event when they want only the tokens.
    const auto from = co_await readable_room(call, services);
    Patience patience(services.runtime);
    const auto event = co_await find_event(services, from, id, patience);
    if (!event) throw Refusal(Reason::not_found, "There is no such event, or you may not read it.");
    const int total = filter.limit;
    const rooms::Place before{event->ord - 1}, after{event->ord};
    rooms::Page older{{}, before, before}, newer{{}, after, after};
    if (filter.limit = total - total / 2; filter.limit > 0)
        older = co_await page(services, from, before, std::nullopt, Direction::backward, filter, patience);
    if (filter.limit = total / 2; filter.limit > 0)
        newer = co_await page(services, from, after, std::nullopt, Direction::forward, filter, patience);

    const auto older_text = co_await render_events(services, from, older.events);
    const auto newer_text = co_await render_events(services, from, newer.events);
    const auto event_text = co_await render_events(services, from, {event});
    const auto newest = newer.events.empty() ? event : newer.events.back();
    const auto kept = filter.lazy_load_members ? rooms::Members::none : rooms::Members::all;
    auto then = co_await rooms::state_at(services.rooms, from.room, newest, kept);
    if (filter.lazy_load_members) {
        // It narrows the members to those who wrote, and nothing else.
        auto shown = older.events;
        shown.push_back(event);
        shown.insert(shown.end(), newer.events.begin(), newer.events.end());
        const auto members = co_await rooms::member_events_of(services.rooms, from.room, std::move(shown));
        then.insert(then.begin(), members.begin(), members.end());
    }
    std::string state;
    for (const auto& entry : then) {
        const auto parsed = entry->event();
        if (!filter.wants_type(parsed->type) || !filter.wants_sender(parsed->sender.str())) continue;
        if (!state.empty()) state += ',';
        state += entry->client_json() + "}";
    }
    const auto start = older.end.value_or(rooms::Place{older.events.empty() ? event->ord - 1 : older.events.back()->ord - 1});
    const auto end = rooms::Place{newest->ord};
    co_return net::Response::json(
        fmt::format(R"({{"start":"{}","end":"{}","event":{},"events_before":[{}],"events_after":[{}],"state":[{}]}})", start.str(),
                    end.str(), event_text, older_text, newer_text, state));
}

net::Task<net::Response> get_relations_of(const Call& call, Services& services, std::optional<std::string> rel_type,
                                          std::optional<std::string> event_type) {
    rooms::RelationsRequest request{.parent_id = call.id<schema::EventId>("eventId", Reason::not_found).str()};
    request.rel_type = std::move(rel_type);
    request.event_type = std::move(event_type);
    request.from = place(call, "from");
    request.to = place(call, "to");
    request.limit = static_cast<int>(call.query_number("limit", 50, 1, 100));
    request.direction = direction(call, Direction::backward);
    request.recurse = call.query_flag("recurse");
    const auto from = co_await readable_or_not_found(call, services);
    const auto parent = co_await rooms::find_event(services.rooms, from, *schema::EventId::parse(request.parent_id));
    if (!parent) throw Refusal(Reason::not_found, "There is no such event, or you may not read it.");
    const auto page = co_await rooms::relations(services.rooms, from, request);
    const auto chunk = co_await render_events(services, from, page.events);
    std::string body = fmt::format(R"({{"chunk":[{}])", chunk);
    if (page.end) body += fmt::format(R"(,"next_batch":"{}")", page.end->str());
    if (request.from) body += fmt::format(R"(,"prev_batch":"{}")", request.from->str());
    if (request.recurse) body += R"(,"recursion_depth":3)";
    co_return net::Response::json(body + "}");
}
net::Task<net::Response> get_relations(const Call& call, Services& services) {
    co_return co_await get_relations_of(call, services, std::nullopt, std::nullopt);
}
net::Task<net::Response> get_relations_typed(const Call& call, Services& services) {
    co_return co_await get_relations_of(call, services, call.param("relType"), std::nullopt);
}
net::Task<net::Response> get_relations_event_typed(const Call& call, Services& services) {
    co_return co_await get_relations_of(call, services, call.param("relType"), call.param("eventType"));
}

net::Task<net::Response> get_threads(const Call& call, Services& services) {
    const auto include = call.query("include").value_or("all");
    if (include != "all" && include != "participated") throw Refusal(Reason::invalid_param, "include is all or participated");
    const auto limit = static_cast<int>(call.query_number("limit", 20, 1, 100));
    const auto token = call.query("from").value_or("");
    const auto from = co_await readable_room(call, services);
    const auto page = co_await rooms::threads(services.rooms, from, include == "participated", token, limit);
    const auto chunk = co_await render_events(services, from, page.roots);
    std::string body = fmt::format(R"({{"chunk":[{}])", chunk);
    if (!page.next.empty()) body += fmt::format(R"(,"next_batch":"{}")", page.next);
    co_return net::Response::json(body + "}");
}

net::Task<net::Response> get_timestamp_to_event(const Call& call, Services& services) {
    if (!call.query("ts")) throw Refusal(Reason::missing_param, "ts is missing");
    const auto ts = call.query_number("ts", 0, 0, std::int64_t{1} << 53);
    const bool forward = direction(call) == Direction::forward;
    const auto from = co_await readable_room(call, services);
    Patience patience(services.runtime);
    std::optional<storage::StoredEvent> best;
    if (services.federation)
        best = co_await services.federation->reading_back.nearest_anywhere(from, ts, forward, patience);
    else
        best = co_await rooms::nearest_event(services.rooms, from.room, from.viewer.visible, ts, forward);
    if (!best) throw Refusal(Reason::not_found, "There is no event that way.");
    co_return answer({{"event_id", best->event_id}, {"origin_server_ts", best->origin_ts}});
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/messages", Access::user, Rate::read, get_messages,
     "client-server-api/#get_matrixclientv3roomsroomidmessages"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/event/{eventId}", Access::user, Rate::read, get_event,
     "client-server-api/#get_matrixclientv3roomsroomideventeventid"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/context/{eventId}", Access::user, Rate::read, get_context,
     "client-server-api/#get_matrixclientv3roomsroomidcontexteventid"},
    {net::Method::get, "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}", Access::user, Rate::read, get_relations,
     "client-server-api/#get_matrixclientv1roomsroomidrelationseventid"},
    {net::Method::get, "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}", Access::user, Rate::read,
     get_relations_typed, "client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltype"},
    {net::Method::get, "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}", Access::user, Rate::read,
     get_relations_event_typed, "client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltypeeventtype"},
    {net::Method::get, "/_matrix/client/v1/rooms/{roomId}/threads", Access::user, Rate::read, get_threads,
     "client-server-api/#get_matrixclientv1roomsroomidthreads"},
    {net::Method::get, "/_matrix/client/v1/rooms/{roomId}/timestamp_to_event", Access::user, Rate::read, get_timestamp_to_event,
     "client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event"},
};

}  // namespace

std::span<const Route> history_routes() { return routes; }

}  // namespace runde::api::client
