#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {

using accounts::AccountData;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

/// The room that the path names, if it names one.
net::Task<schema::RoomNid> room_of(const Call& call, Services& services) {
    const auto room = call.id<schema::RoomId>("roomId");
    const auto nid = co_await services.accounts.account_data.room_of(call.session().user_nid, room);
    co_return nid;
}

net::Task<net::Response> get(const Call& call, Services& services, AccountData::Room room) {
    auto json = co_await services.accounts.account_data.find(call.session().user_nid, room, call.param("type"));
    if (!json) throw Refusal(Reason::not_found, "");
    co_return net::Response::json(*std::move(json));
}

net::Task<net::Response> put(const Call& call, Services& services, AccountData::Room room) {
    co_await services.accounts.account_data.put_by_client(call.session().user_nid, room, call.param("type"), call.json());
    co_return empty_answer();
}

// GET /_matrix/client/v3/user/{userId}/account_data/{type}
net::Task<net::Response> get_global(const Call& call, Services& services) {
    require_self(call);
    auto response = co_await get(call, services, std::nullopt);
    co_return response;
}

// PUT /_matrix/client/v3/user/{userId}/account_data/{type}
net::Task<net::Response> put_global(const Call& call, Services& services) {
    require_self(call);
    auto response = co_await put(call, services, std::nullopt);
    co_return response;
}

// GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}
net::Task<net::Response> get_of_room(const Call& call, Services& services) {
    require_self(call);
    const auto room = co_await room_of(call, services);
    auto response = co_await get(call, services, room);
    co_return response;
}

// PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}
net::Task<net::Response> put_of_room(const Call& call, Services& services) {
    require_self(call);
    const auto room = co_await room_of(call, services);
    auto response = co_await put(call, services, room);
    co_return response;
}

// GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags
net::Task<net::Response> get_tags(const Call& call, Services& services) {
    require_self(call);
    const auto room = co_await room_of(call, services);
    auto tags = co_await services.accounts.account_data.tags(call.session().user_nid, room);
    JsonObject body;
    body["tags"] = std::move(tags);
    co_return answer(body);
}

// PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}
net::Task<net::Response> put_tag(const Call& call, Services& services) {
    require_self(call);
    const auto room = co_await room_of(call, services);
    const auto& content = call.json(true);
    if (const auto* order = content.if_contains("order"); order && !order->is_number())
        throw Refusal(Reason::bad_json, "order must be a number");
    co_await services.accounts.account_data.set_tag(call.session().user_nid, room, call.param("tag"), content);
    co_return empty_answer();
}

// DELETE /_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}
net::Task<net::Response> delete_tag(const Call& call, Services& services) {
    require_self(call);
    const auto room = co_await room_of(call, services);
    co_await services.accounts.account_data.remove_tag(call.session().user_nid, room, call.param("tag"));
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/user/{userId}/account_data/{type}", Access::user, Rate::read, get_global,
     "client-server-api/#get_matrixclientv3useruseridaccount_datatype"},
    {net::Method::put, "/_matrix/client/v3/user/{userId}/account_data/{type}", Access::user, Rate::write, put_global,
     "client-server-api/#put_matrixclientv3useruseridaccount_datatype"},
    {net::Method::get, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}", Access::user, Rate::read, get_of_room,
     "client-server-api/#get_matrixclientv3useruseridroomsroomidaccount_datatype"},
    {net::Method::put, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}", Access::user, Rate::write,
     put_of_room, "client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype"},
    {net::Method::get, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags", Access::user, Rate::read, get_tags,
     "client-server-api/#get_matrixclientv3useruseridroomsroomidtags"},
    {net::Method::put, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}", Access::user, Rate::write, put_tag,
     "client-server-api/#put_matrixclientv3useruseridroomsroomidtagstag"},
    {net::Method::delete_, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}", Access::user, Rate::write, delete_tag,
     "client-server-api/#delete_matrixclientv3useruseridroomsroomidtagstag"},
};

}  // namespace

std::span<const Route> account_data_routes() { return routes; }

}  // namespace runde::api::client
