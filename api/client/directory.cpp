#include "core/rooms/directory.hpp"

#include "api/client/rooms_routes.hpp"
#include "api/client/rooms_support.hpp"
#include "api/public_rooms.hpp"
#include "core/rooms/aliases.hpp"
#include "core/rooms/elsewhere.hpp"
#include "core/rooms/membership.hpp"
#include "core/rooms/restricted.hpp"
#include "core/rooms/spaces.hpp"
#include "core/rooms/upgrade.hpp"

namespace runde::api::client {
namespace {

using schema::Reason;
using schema::Refusal;

net::Task<net::Response> get_alias(const Call& call, Services& services) {
    const auto alias = call.id<schema::RoomAlias>("roomAlias");
    const auto found = co_await rooms::resolve_alias(services.rooms, alias);
    schema::JsonArray servers;
    for (const auto& server : found.servers) servers.emplace_back(server);
    co_return answer({{"room_id", found.room.str()}, {"servers", std::move(servers)}});
}

net::Task<net::Response> put_alias(const Call& call, Services& services) {
    const auto alias = call.id<schema::RoomAlias>("roomAlias");
    const auto room = schema::RoomId::parse(call.fields().required_string("room_id"));
    if (!room) throw Refusal(Reason::invalid_param, "room_id is not a room id");
    co_await rooms::create_alias(services.rooms, call.session().user, alias, *room);
    co_return empty_answer();
}

net::Task<net::Response> delete_alias(const Call& call, Services& services) {
    const auto alias = call.id<schema::RoomAlias>("roomAlias");
    co_await rooms::delete_alias(services.rooms, call.session().user, call.session().administrator, alias);
    co_return empty_answer();
}

net::Task<net::Response> get_aliases(const Call& call, Services& services) {
    const auto room = co_await services.rooms.find(room_id(call));
    if (!room || !(room->is_joined(call.session().user.str()) || room->history_visibility() == "world_readable"))
        throw Refusal(Reason::forbidden, "You are not a member of this room.");
    const auto found = co_await rooms::aliases_of(services.rooms, room);
    schema::JsonArray aliases;
    for (const auto& alias : found) aliases.emplace_back(alias);
    co_return answer({{"aliases", std::move(aliases)}});
}

net::Task<net::Response> get_visibility(const Call& call, Services& services) {
    const auto room = co_await services.rooms.find(room_id(call));
    const auto& session = call.maybe_session();
    bool knows = room && room->is_published();
    if (room && !knows && session) knows = co_await rooms::may_see(services.rooms, room, session->user);
    // Whether an unlisted room exists is nothing that strangers are told.
    if (!knows) throw Refusal(Reason::not_found, "There is no such room, or you may not know of it.");
    co_return answer({{"visibility", room->is_published() ? "public" : "private"}});
}

net::Task<net::Response> put_visibility(const Call& call, Services& services) {
    const auto visibility = call.fields(true).string_or("visibility", "public");
    if (visibility != "public" && visibility != "private") throw Refusal(Reason::invalid_param, "visibility is public or private");
    co_await rooms::set_published(services.rooms, call.session().user, call.session().administrator, room_id(call),
                                  visibility == "public");
    co_return empty_answer();
}

net::Task<net::Response> public_rooms(const Call& call, Services& services, rooms::DirectoryRequest request) {
    const auto server = call.query("server");
    if (server && *server != services.rooms.identity().server.str()) {
        if (!services.rooms.parts().elsewhere) throw Refusal(Reason::not_found, "That server cannot be reached.");
        co_return answer(co_await services.rooms.parts().elsewhere->public_rooms(*server, std::move(request)));
    }
    co_return answer(co_await directory_page(services.rooms, std::move(request)));
}

net::Task<net::Response> get_public_rooms(const Call& call, Services& services) {
    co_return co_await public_rooms(call, services, directory_query(call));
}

net::Task<net::Response> post_public_rooms(const Call& call, Services& services) {
    co_return co_await public_rooms(call, services, directory_body(call));
}

net::Task<net::Response> get_hierarchy(const Call& call, Services& services) {
    rooms::HierarchyRequest request{room_id(call), call.session().user};
    request.suggested_only = call.query_flag("suggested_only");
    request.limit = static_cast<int>(call.query_number("limit", 50, 1, 100));
    if (call.query("max_depth")) request.max_depth = static_cast<int>(call.query_number("max_depth", 0, 0, 100));
    request.from = call.query("from").value_or("");
    auto page = co_await rooms::hierarchy(services.rooms, std::move(request));
    schema::JsonObject body{{"rooms", std::move(page.rooms)}};
    if (!page.next.empty()) body["next_batch"] = page.next;
    co_return answer(body);
}

net::Task<net::Response> get_summary(const Call& call, Services& services) {
    const auto& name = call.param("roomIdOrAlias");
    std::vector<std::string> via;
    auto id = schema::RoomId::parse(name);
    if (!id) {
        const auto alias = schema::RoomAlias::parse(name);
        if (!alias) throw Refusal(Reason::invalid_param, "Neither a room id nor an alias.");
        auto resolved = co_await rooms::resolve_alias(services.rooms, *alias);
        id = resolved.room;
        via = std::move(resolved.servers);
    }
    for (const auto& [parameter, value] : call.request().query)
        if (parameter == "via" && via.size() < 20) via.push_back(value);
    const auto room = co_await services.rooms.find(*id);
    const auto& session = call.maybe_session();
    // Who is signed in may have other servers asked.
    if (session && !via.empty() && (!room || !rooms::is_resident(*room))) {
        auto told = co_await rooms::summary_elsewhere(services.rooms, *id, std::move(via), session->user);
        if (!told) throw Refusal(Reason::not_found, "There is no such room, or you may not see it.");
        (*told)["membership"] = rooms::to_string(room ? room->membership(session->user.str()) : rooms::Membership::leave);
        co_return answer(*told);
    }
    bool visible = false;
    if (room && session) visible = co_await rooms::may_see(services.rooms, room, session->user);
    if (room && !session) visible = rooms::may_preview(*room, "");
    if (!visible) throw Refusal(Reason::not_found, "There is no such room, or you may not see it.");
    auto body = rooms::full_summary(*room);
    if (session) body["membership"] = rooms::to_string(room->membership(session->user.str()));
    co_return answer(body);
}

net::Task<net::Response> post_upgrade(const Call& call, Services& services) {
    const auto body = call.fields();
    std::vector<std::string> creators = body.strings("additional_creators").value_or(std::vector<std::string>{});
    const std::string version(body.required_string("new_version"));
    const auto person = co_await caller(call, services);
    const auto replacement = co_await rooms::upgrade(services.rooms, person, room_id(call), version, std::move(creators));
    co_return answer({{"replacement_room", replacement.str()}});
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/directory/room/{roomAlias}", Access::anyone, Rate::read, get_alias,
     "client-server-api/#get_matrixclientv3directoryroomroomalias"},
    {net::Method::put, "/_matrix/client/v3/directory/room/{roomAlias}", Access::user, Rate::write, put_alias,
     "client-server-api/#put_matrixclientv3directoryroomroomalias"},
    {net::Method::delete_, "/_matrix/client/v3/directory/room/{roomAlias}", Access::user, Rate::write, delete_alias,
     "client-server-api/#delete_matrixclientv3directoryroomroomalias"},
    {net::Method::get, "/_matrix/client/v3/rooms/{roomId}/aliases", Access::user, Rate::read, get_aliases,
     "client-server-api/#get_matrixclientv3roomsroomidaliases"},
    {net::Method::get, "/_matrix/client/v3/directory/list/room/{roomId}", Access::maybe_user, Rate::read, get_visibility,
     "client-server-api/#get_matrixclientv3directorylistroomroomid"},
    {net::Method::put, "/_matrix/client/v3/directory/list/room/{roomId}", Access::user, Rate::write, put_visibility,
     "client-server-api/#put_matrixclientv3directorylistroomroomid"},
    {net::Method::get, "/_matrix/client/v3/publicRooms", Access::maybe_user, Rate::read, get_public_rooms,
     "client-server-api/#get_matrixclientv3publicrooms"},
    {net::Method::post, "/_matrix/client/v3/publicRooms", Access::user, Rate::read, post_public_rooms,
     "client-server-api/#post_matrixclientv3publicrooms"},
    {net::Method::get, "/_matrix/client/v1/rooms/{roomId}/hierarchy", Access::user, Rate::read, get_hierarchy,
     "client-server-api/#get_matrixclientv1roomsroomidhierarchy"},
    {net::Method::get, "/_matrix/client/v1/room_summary/{roomIdOrAlias}", Access::maybe_user, Rate::read, get_summary,
     "client-server-api/#get_matrixclientv1room_summaryroomidoralias"},
    {net::Method::get, "/_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary", Access::maybe_user, Rate::read,
     get_summary, "client-server-api/#get_matrixclientv1room_summaryroomidoralias"},
    {net::Method::post, "/_matrix/client/v3/rooms/{roomId}/upgrade", Access::user, Rate::write, post_upgrade,
     "client-server-api/#post_matrixclientv3roomsroomidupgrade"},
};

}  // namespace

std::span<const Route> directory_routes() { return routes; }

}  // namespace runde::api::client
