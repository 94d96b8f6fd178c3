#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::federation {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

// GET /_matrix/federation/v1/user/devices/{userId}
// Only devices with encryption keys concern other servers, and none has any yet.
net::Task<net::Response> get_devices(const Call& call, Services& services) {
    const auto user = call.id<schema::UserId>("userId");
    if (!services.rooms.identity().is_local(user)) throw Refusal(Reason::not_found, "That user is on another server");
    const auto profile = co_await services.accounts.profiles.find(user);
    if (!profile) throw Refusal(Reason::not_found, "");
    co_return answer({{"user_id", user.str()}, {"stream_id", 1}, {"devices", JsonArray()}});
}

// POST /_matrix/federation/v1/user/keys/query
net::Task<net::Response> post_keys_query(const Call& call, Services&) {
    call.fields().required_object("device_keys");
    co_return answer({{"device_keys", JsonObject()}});
}

// POST /_matrix/federation/v1/user/keys/claim
net::Task<net::Response> post_keys_claim(const Call& call, Services&) {
    call.fields().required_object("one_time_keys");
    co_return answer({{"one_time_keys", JsonObject()}});
}

// GET /_matrix/federation/v1/openid/userinfo: asked by services that hold a member's token, not only by servers.
net::Task<net::Response> get_userinfo(const Call& call, Services& services) {
    const auto token = call.query("access_token");
    if (!token) throw Refusal(Reason::missing_token, "");
    const auto user = services.accounts.open_id.find(*token);
    if (!user) throw Refusal(Reason::unknown_token, "");
    co_return answer({{"sub", user->str()}});
}

// GET /_matrix/federation/v1/media/download/{mediaId}
net::Task<net::Response> get_media(const Call&, Services&) {
    throw Refusal(Reason::not_found, "This server has no such file.");
    co_return net::Response{};
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/federation/v1/user/devices/{userId}", Access::server, Rate::federation, get_devices,
     "server-server-api/#get_matrixfederationv1userdevicesuserid"},
    {net::Method::post, "/_matrix/federation/v1/user/keys/query", Access::server, Rate::federation, post_keys_query,
     "server-server-api/#post_matrixfederationv1userkeysquery"},
    {net::Method::post, "/_matrix/federation/v1/user/keys/claim", Access::server, Rate::federation, post_keys_claim,
     "server-server-api/#post_matrixfederationv1userkeysclaim"},
    {net::Method::get, "/_matrix/federation/v1/openid/userinfo", Access::anyone, Rate::federation, get_userinfo,
     "server-server-api/#get_matrixfederationv1openiduserinfo"},
    {net::Method::get, "/_matrix/federation/v1/media/download/{mediaId}", Access::server, Rate::federation, get_media,
     "server-server-api/#get_matrixfederationv1mediadownloadmediaid"},
    {net::Method::get, "/_matrix/federation/v1/media/thumbnail/{mediaId}", Access::server, Rate::federation, get_media,
     "server-server-api/#get_matrixfederationv1mediathumbnailmediaid"},
};

}  // namespace

std::span<const Route> user_routes() { return routes; }

}  // namespace runde::api::federation
