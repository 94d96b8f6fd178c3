#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "schema/room_rules.hpp"

namespace runde::api::client {

using schema::JsonObject;

namespace {

JsonObject enabled(bool yes) {
    JsonObject capability;
    capability["enabled"] = yes;
    return capability;
}

// GET /_matrix/client/v3/capabilities
net::Task<net::Response> get_capabilities(const Call&, Services&) {
    JsonObject available;
    for (const auto& rules : schema::all_room_rules()) available[rules.version] = "stable";
    JsonObject room_versions{{"default", schema::default_room_version}};
    room_versions["available"] = std::move(available);

    JsonObject capabilities;
    capabilities["m.change_password"] = enabled(true);
    capabilities["m.room_versions"] = std::move(room_versions);
    capabilities["m.profile_fields"] = enabled(true);
    capabilities["m.set_displayname"] = enabled(true);
    capabilities["m.set_avatar_url"] = enabled(true);
    capabilities["m.3pid_changes"] = enabled(false);
    capabilities["m.get_login_token"] = enabled(false);
    capabilities["m.forget_forced_upon_leave"] = enabled(false);
    JsonObject body;
    body["capabilities"] = std::move(capabilities);
    co_return answer(body);
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/capabilities", Access::user, Rate::read, get_capabilities,
     "client-server-api/#get_matrixclientv3capabilities"},
};

}  // namespace

std::span<const Route> capabilities_routes() { return routes; }

}  // namespace runde::api::client
