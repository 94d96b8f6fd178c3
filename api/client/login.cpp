#include "api/client/self.hpp"
#include "api/client/signed_in.hpp"
#include "api/client/tables.hpp"
#include "api/discovery.hpp"
#include "api/rate_limits.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"
#include "net/runtime.hpp"

namespace runde::api::client {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

accounts::DeviceRequest read_device_request(const schema::Fields& fields) {
    accounts::DeviceRequest device;
    if (const auto id = fields.string("device_id")) device.device_id = std::string(*id);
    if (const auto name = fields.string("initial_device_display_name")) device.display_name = std::string(*name);
    device.wants_refresh_token = fields.boolean_or("refresh_token", false);
    return device;
}

void add_tokens(JsonObject& body, const accounts::Tokens& tokens) {
    body["access_token"] = tokens.access;
    if (tokens.refresh) body["refresh_token"] = *tokens.refresh;
    if (tokens.expires_in_ms) body["expires_in_ms"] = *tokens.expires_in_ms;
}

namespace {

// GET /_matrix/client/v3/login
net::Task<net::Response> get_login(const Call&, Services&) {
    co_return net::Response::json(R"({"flows":[{"type":"m.login.password"}]})");
}

// POST /_matrix/client/v3/login
net::Task<net::Response> post_login(const Call& call, Services& services) {
    const auto fields = call.fields();
    const auto type = fields.required_string("type", 255);
    if (type != accounts::stage::password) throw Refusal(Reason::bad_login_type, "");
    const auto name = accounts::read_identifier(fields);
    if (!name) throw Refusal(Reason::missing_param, "identifier is missing");
    std::string password(fields.required_string("password"));
    const auto device = read_device_request(fields);

    const auto signed_in = co_await services.accounts.sign_in.with_password(*name, std::move(password), device);
    JsonObject body{{"user_id", signed_in.user.str()}, {"device_id", signed_in.device_id}};
    add_tokens(body, signed_in.tokens);
    if (!services.discovery.base_url.empty()) {
        JsonObject well_known;
        well_known["m.homeserver"] = JsonObject{{"base_url", services.discovery.base_url}};
        body["well_known"] = std::move(well_known);
    }
    if (signed_in.must_change_password) body["org.runde.must_change_password"] = true;
    co_return answer(body);
}

// POST /_matrix/client/v3/refresh
net::Task<net::Response> post_refresh(const Call& call, Services& services) {
    const auto token = call.fields().required_string("refresh_token", 1024);
    std::optional<accounts::Tokens> tokens;
    try {
        tokens = co_await services.accounts.sessions.refresh(token);
    } catch (const Refusal&) {
        // Many members may share an address, and each refreshes every few minutes; who guesses is slowed down like at the login.
        services.rate_limits.require(Rate::login, caller_of_address(call.request().client_address),
                                     services.runtime.clock().now_ms());
        throw;
    }
    JsonObject body;
    add_tokens(body, *tokens);
    co_return answer(body);
}

// POST /_matrix/client/v3/logout
net::Task<net::Response> post_logout(const Call& call, Services& services) {
    const auto& session = call.session();
    const std::vector devices{session.device_id};
    co_await services.accounts.devices.remove(session.user_nid, session.user, devices);
    co_return empty_answer();
}

// POST /_matrix/client/v3/logout/all
net::Task<net::Response> post_logout_all(const Call& call, Services& services) {
    const auto& session = call.session();
    co_await services.accounts.devices.remove_all(session.user_nid, session.user);
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/login", Access::anyone, Rate::read, get_login,
     "client-server-api/#get_matrixclientv3login"},
    {net::Method::post, "/_matrix/client/v3/login", Access::anyone, Rate::login, post_login,
     "client-server-api/#post_matrixclientv3login"},
    {net::Method::post, "/_matrix/client/v3/refresh", Access::anyone, Rate::read, post_refresh,
     "client-server-api/#post_matrixclientv3refresh"},
    {net::Method::post, "/_matrix/client/v3/logout", Access::user_even_locked, Rate::write, post_logout,
     "client-server-api/#post_matrixclientv3logout"},
    {net::Method::post, "/_matrix/client/v3/logout/all", Access::user_even_locked, Rate::write, post_logout_all,
     "client-server-api/#post_matrixclientv3logoutall"},
};

}  // namespace

std::span<const Route> login_routes() { return routes; }

}  // namespace runde::api::client
