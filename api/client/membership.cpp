#include "core/rooms/membership.hpp"

#include <fmt/format.h>

#include "api/client/rooms_routes.hpp"
#include "api/client/rooms_support.hpp"
#include "core/rooms/aliases.hpp"

namespace runde::api::client {
namespace {

using schema::Reason;
using schema::Refusal;

std::optional<std::string> reason(const schema::Fields& body) {
    const auto text = body.string("reason");
    return text ? std::optional(std::string(*text)) : std::nullopt;
}

schema::UserId target(const schema::Fields& body) {
    const auto user = schema::UserId::parse(body.required_string("user_id"));
    if (!user) throw Refusal(Reason::invalid_param, "user_id is not a valid user id");
    return *user;
}

rooms::JoinRequest join_request(const Call& call, schema::RoomId room, std::vector<std::string> servers) {
    const auto body = call.fields(true);
    rooms::JoinRequest request{std::move(room), std::move(servers), reason(body), std::nullopt};
    if (const auto* third_party = body.object("third_party_signed")) request.third_party_signed = *third_party;
    return request;
}

/// {roomIdOrAlias} of the path.
net::Task<rooms::JoinRequest> join_request_by_name(const Call& call, Services& services) {
    const auto& name = call.param("roomIdOrAlias");
    if (auto id = schema::RoomId::parse(name)) co_return join_request(call, *id, via(call));
    const auto alias = schema::RoomAlias::parse(name);
    if (!alias) throw Refusal(Reason::invalid_param, "Neither a room id nor an alias.");
    auto found = co_await rooms::resolve_alias(services.rooms, *alias);
    auto servers = via(call);
    servers.insert(servers.end(), found.servers.begin(), found.servers.end());
    co_return join_request(call, found.room, std::move(servers));
}

net::Response room_answer(const schema::RoomId& room) { return answer({{"room_id", room.str()}}); }

net::Task<net::Response> post_join_by_name(const Call& call, Services& services) {
    const auto person = co_await caller(call, services);
    const auto request = co_await join_request_by_name(call, services);
    const auto room = co_await rooms::join(services.rooms, person, request);
    co_return room_answer(room->id());
}

net::Task<net::Response> post_join(const Call& call, Services& services) {
    const auto request = join_request(call, room_id(call), via(call));
    const auto person = co_await caller(call, services);
    const auto room = co_await rooms::join(services.rooms, person, request);
    co_return room_answer(room->id());
}

net::Task<net::Response> post_knock(const Call& call, Services& services) {
    const auto person = co_await caller(call, services);
    const auto request = co_await join_request_by_name(call, services);
    co_await rooms::knock(services.rooms, person, request);
    co_return room_answer(request.room);
}

net::Task<net::Response> post_leave(const Call& call, Services& services) {
    const auto why = reason(call.fields(true));
    const auto person = co_await caller(call, services);
    co_await rooms::leave(services.rooms, person, room_id(call), why);
    co_return empty_answer();
}

net::Task<net::Response> post_forget(const Call& call, Services& services) {
    const auto person = co_await caller(call, services);
    co_await rooms::forget(services.rooms, person, room_id(call));
    co_return empty_answer();
}

net::Task<net::Response> post_invite(const Call& call, Services& services) {
    const auto body = call.fields();
    if (body.has("medium") || body.has("id_server"))
        throw Refusal(Reason::third_party_id_denied, "This server does not invite by e-mail or phone.");
    co_await rooms::invite(services.rooms, call.session().user, room_id(call), target(body), reason(body));
    co_return empty_answer();
}

net::Task<net::Response> act(const Call& call, Services& services, rooms::Act act) {
    const auto body = call.fields();
    co_await rooms::act_on(services.rooms, act, call.session().user, room_id(call), target(body), reason(body));
    co_return empty_answer();
}

net::Task<net::Response> post_kick(const Call& call, Services& services) {
    co_return co_await act(call, services, rooms::Act::kick);
}
net::Task<net::Response> post_ban(const Call& call, Services& services) { co_return co_await act(call, services, rooms::Act::ban); }
net::Task<net::Response> post_unban(const Call& call, Services& services) {
    co_return co_await act(call, services, rooms::Act::unban);
}

net::Task<net::Response> get_joined_rooms(const Call& call, Services& services) {
    const auto listed =
        co_await services.db.read([user = call.session().user_nid](storage::Tx& tx) { return storage::rooms_of_user(tx, user); });
    schema::JsonArray joined;
    for (const auto& room : listed)
        if (room.membership == static_cast<int>(rooms::Membership::join)) joined.emplace_back(room.room_id);
    co_return answer({{"joined_rooms", std::move(joined)}});
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/client/v3/join/{roomIdOrAlias}", Access::user, Rate::write, post_join_by_name,
     "client-server-api/#post_matrixclientv3joinroomidoralias"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/join", Access::user, Rate::write, post_join,
     "client-server-api/#post_matrixclientv3roomsroomidjoin"},
    {net::Method::post, "/_matrix/client/v3/knock/{roomIdOrAlias}", Access::user, Rate::write, post_knock,
     "client-server-api/#post_matrixclientv3knockroomidoralias"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/leave", Access::user, Rate::write, post_leave,
     "client-server-api/#post_matrixclientv3roomsroomidleave"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/forget", Access::user, Rate::write, post_forget,
     "client-server-api/#post_matrixclientv3roomsroomidforget"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/invite", Access::user, Rate::write, post_invite,
     "client-server-api/#post_matrixclientv3roomsroomidinvite"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/kick", Access::user, Rate::write, post_kick,
     "client-server-api/#post_matrixclientv3roomsroomidkick"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/ban", Access::user, Rate::write, post_ban,
     "client-server-api/#post_matrixclientv3roomsroomidban"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/unban", Access::user, Rate::write, post_unban,
     "client-server-api/#post_matrixclientv3roomsroomidunban"},
    {net::Method::get, "/_matrix/client/v3/joined_rooms", Access::user, Rate::read, get_joined_rooms,
     "client-server-api/#get_matrixclientv3joined_rooms"},
};

}  // namespace

std::span<const Route> membership_routes() { return routes; }

}  // namespace runde::api::client
