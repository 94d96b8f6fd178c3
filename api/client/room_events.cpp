#include <fmt/format.h>

#include <algorithm>

#include "api/client/rooms_routes.hpp"
#include "api/client/rooms_support.hpp"
#include "core/rooms/write.hpp"

namespace runde::api::client {
namespace {

using schema::Reason;
using schema::Refusal;

rooms::Writing writing(const Call& call, std::string type, const schema::JsonObject& content) {
    return {call.session().user, call.session().device_nid, room_id(call), std::move(type), content, std::nullopt};
}

net::Response event_answer(const rooms::Room::Appended& event) { return answer({{"event_id", event.id.str()}}); }

net::Task<net::Response> put_send(const Call& call, Services& services) {
    // The same transaction id at another endpoint is another request.
    const auto& type = call.param("eventType");
    if (type.empty()) throw Refusal(Reason::unrecognized, "An event has a type.");
    const auto appended = co_await rooms::send(services.rooms, writing(call, type, call.event_json()), call.param("txnId"));
    co_return event_answer(appended);
}

net::Task<net::Response> put_redact(const Call& call, Services& services) {
    const auto target = call.id<schema::EventId>("eventId");
    schema::JsonObject content;
    const auto body = call.fields(true);
    if (const auto reason = body.string("reason")) content["reason"] = *reason;
    const auto appended =
        co_await rooms::redact(services.rooms, writing(call, "m.room.redaction", content), target, call.param("txnId"));
    co_return event_answer(appended);
}

net::Task<net::Response> put_state_for(const Call& call, Services& services, std::string state_key) {
    if (call.param("eventType").empty()) throw Refusal(Reason::unrecognized, "An event has a type.");
    const auto appended =
        co_await rooms::set_state(services.rooms, writing(call, call.param("eventType"), call.event_json()), std::move(state_key));
    co_return event_answer(appended);
}
net::Task<net::Response> put_state(const Call& call, Services& services) { co_return co_await put_state_for(call, services, ""); }
net::Task<net::Response> put_state_keyed(const Call& call, Services& services) {
    co_return co_await put_state_for(call, services, call.param("stateKey"));
}

std::string rendered(const std::vector<rooms::StateEventPtr>& state) {
    std::string out;
    for (const auto& event : state) {
        if (!out.empty()) out += ',';
        out += event->client_json() + "}";
    }
    return out;
}

net::Task<net::Response> get_all_state(const Call& call, Services& services) {
    const auto from = co_await readable_room(call, services);
    const auto state = co_await rooms::readable_state(services.rooms, from);
    co_return net::Response::json("[" + rendered(state) + "]");
}

net::Task<net::Response> get_state_for(const Call& call, Services& services, std::string state_key) {
    const auto format = call.query("format").value_or("content");
    if (format != "content" && format != "event") throw Refusal(Reason::invalid_param, "format is content or event");
    const auto from = co_await readable_room(call, services);
    const auto& type = call.param("eventType");
    rooms::StateEventPtr found;
    if (from.room->is_joined(from.viewer.user.str())) {
        found = from.room->state(type, state_key);
    } else {
        const auto state = co_await rooms::readable_state(services.rooms, from);
        for (const auto& event : state)
            if (event->event()->is_state(type, state_key)) found = event;
    }
    if (!found) throw Refusal(Reason::not_found, "The room has no such state.");
    if (format == "event") co_return net::Response::json(found->client_json() + "}");
    co_return net::Response::json(schema::to_text(found->event()->content()));
}
net::Task<net::Response> get_state(const Call& call, Services& services) { co_return co_await get_state_for(call, services, ""); }
net::Task<net::Response> get_state_keyed(const Call& call, Services& services) {
    co_return co_await get_state_for(call, services, call.param("stateKey"));
}

net::Task<net::Response> get_members(const Call& call, Services& services) {
    const auto known = [&](std::string_view name) {
        const auto value = call.query(name);
        if (value && !rooms::parse_membership(*value))
            throw Refusal(Reason::invalid_param, std::string(name) + " is no membership");
        return value;
    };
    const auto wanted = known("membership"), unwanted = known("not_membership");
    const auto at = place(call, "at");
    const auto from = co_await readable_room(call, services);
    // Whoever left asks for later members in vain: they are told those of the moment they left.
    const auto visible = from.viewer.visible.newest();
    const auto state = at ? co_await rooms::state_after(services.rooms, from.room, std::min(at->after, visible) >> 16)
                          : co_await rooms::readable_state(services.rooms, from);
    std::vector<rooms::StateEventPtr> members;
    for (const auto& entry : state) {
        const auto event = entry->event();
        if (event->type != "m.room.member") continue;
        const auto membership = schema::string_at(event->content(), "membership").value_or("leave");
        // Both together are an "or". https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers
        if ((wanted || unwanted) && !(wanted && membership == *wanted) && !(unwanted && membership != *unwanted)) continue;
        members.push_back(entry);
    }
    co_return net::Response::json(fmt::format(R"({{"chunk":[{}]}})", rendered(members)));
}

net::Task<net::Response> get_joined_members(const Call& call, Services& services) {
    const auto room = co_await services.rooms.require_joined(room_id(call), call.session().user);
    schema::JsonObject joined;
    for (const auto& [user, membership] : room->memberships()) {
        if (membership != rooms::Membership::join) continue;
        const auto content = room->state_content("m.room.member", user);
        schema::JsonObject person;
        if (const auto name = schema::string_at(content, "displayname")) person["display_name"] = *name;
        if (const auto avatar = schema::string_at(content, "avatar_url")) person["avatar_url"] = *avatar;
        joined[user] = std::move(person);
    }
    co_return answer({{"joined", std::move(joined)}});
}

constexpr Route routes[] = {
    {net::Method::put, "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", Access::user, Rate::send, put_send,
     "client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid"},
    {net::Method::put, "/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}", Access::user, Rate::send, put_redact,
     "client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid"},
    {net::Method::put, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}", Access::user, Rate::send, put_state,
     "client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey"},
    {net::Method::put, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}", Access::user, Rate::send, put_state_keyed,
     "client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/state", Access::user, Rate::read, get_all_state,
     "client-server-api/#get_matrixclientv3roomsroomidstate"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}", Access::user, Rate::read, get_state,
     "client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}", Access::user, Rate::read, get_state_keyed,
     "client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/members", Access::user, Rate::read, get_members,
     "client-server-api/#get_matrixclientv3roomsroomidmembers"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/joined_members", Access::user, Rate::read, get_joined_members,
     "client-server-api/#get_matrixclientv3roomsroomidjoined_members"},
};

}  // namespace

std::span<const Route> room_event_routes() { return routes; }

}  // namespace runde::api::client
