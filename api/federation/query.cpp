#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "api/public_rooms.hpp"
#include "core/accounts/accounts.hpp"
#include "core/rooms/aliases.hpp"
#include "core/rooms/directory.hpp"

namespace runde::api::federation {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

std::string required_query(const Call& call, std::string_view name) {
    auto value = call.query(name);
    if (!value) throw Refusal(Reason::missing_param, std::string(name) + " is missing");
    return *std::move(value);
}

// GET /_matrix/federation/v1/query/profile
net::Task<net::Response> get_profile(const Call& call, Services& services) {
    const auto user = schema::UserId::parse(required_query(call, "user_id"));
    if (!user) throw Refusal(Reason::invalid_param, "user_id is not a user id");
    if (!services.rooms.identity().is_local(*user)) throw Refusal(Reason::invalid_param, "That user is on another server");
    auto profile = co_await services.accounts.profiles.find(*user);
    if (!profile) throw Refusal(Reason::not_found, "");
    const auto field = call.query("field");
    if (!field) co_return answer(*profile);
    JsonObject body;
    if (const auto* value = profile->if_contains(*field)) body[*field] = *value;
    co_return answer(body);
}

// GET /_matrix/federation/v1/query/directory
net::Task<net::Response> get_directory(const Call& call, Services& services) {
    const auto alias = schema::RoomAlias::parse(required_query(call, "room_alias"));
    if (!alias) throw Refusal(Reason::invalid_param, "room_alias is not a room alias");
    if (alias->server() != services.rooms.identity().server.str())
        throw Refusal(Reason::not_found, "That alias is on another server");
    const auto found = co_await rooms::resolve_alias(services.rooms, *alias);
    const auto room = co_await services.rooms.find(found.room);
    if (room && !rooms::admits(*room, call.origin().str())) throw Refusal(Reason::not_found, "There is no such room alias.");
    schema::JsonArray servers;
    for (const auto& server : found.servers) servers.emplace_back(server);
    co_return answer({{"room_id", found.room.str()}, {"servers", std::move(servers)}});
}

// GET /_matrix/federation/v1/query/{queryType}: what servers may ask stands above, each kind by itself.
net::Task<net::Response> get_unknown(const Call&, Services&) {
    throw Refusal(Reason::unrecognized, "This server does not answer that kind of query.");
    co_return net::Response{};
}

net::Task<net::Response> public_rooms(const Call& call, Services& services, rooms::DirectoryRequest request) {
    // "Defaults to 0 (no limit)": as many as we tell at once.
    if (request.limit == 0) request.limit = most_public_rooms;
    request.for_server = call.origin().str();
    co_return answer(co_await directory_page(services.rooms, std::move(request)));
}

// GET /_matrix/federation/v1/publicRooms
net::Task<net::Response> get_public_rooms(const Call& call, Services& services) {
    co_return co_await public_rooms(call, services, directory_query(call));
}

// POST /_matrix/federation/v1/publicRooms
net::Task<net::Response> post_public_rooms(const Call& call, Services& services) {
    co_return co_await public_rooms(call, services, directory_body(call));
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/federation/v1/query/profile", Access::server, Rate::federation, get_profile,
     "server-server-api/#get_matrixfederationv1queryprofile"},
    {net::Method::get, "/_matrix/federation/v1/query/directory", Access::server, Rate::federation, get_directory,
     "server-server-api/#get_matrixfederationv1querydirectory"},
    {net::Method::get, "/_matrix/federation/v1/query/{queryType}", Access::server, Rate::federation, get_unknown,
     "server-server-api/#get_matrixfederationv1queryquerytype"},
    {net::Method::get, "/_matrix/federation/v1/publicRooms", Access::server, Rate::federation, get_public_rooms,
     "server-server-api/#get_matrixfederationv1publicrooms"},
    {net::Method::post, "/_matrix/federation/v1/publicRooms", Access::server, Rate::federation, post_public_rooms,
     "server-server-api/#post_matrixfederationv1publicrooms"},
};

}  // namespace

std::span<const Route> query_routes() { return routes; }

}  // namespace runde::api::federation
