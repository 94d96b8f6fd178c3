#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {

namespace {

// POST /_matrix/client/v3/user/{userId}/openid/request_token
net::Task<net::Response> post_request_token(const Call& call, Services& services) {
    require_self(call);
    auto& open_id = services.accounts.open_id;
    co_return answer({{"access_token", open_id.issue(call.session().user)},
                      {"token_type", "Bearer"},
                      {"matrix_server_name", services.accounts.options.server_name.str()},
                      {"expires_in", accounts::OpenId::lifetime_ms / 1000}});
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/client/v3/user/{userId}/openid/request_token", Access::user, Rate::write, post_request_token,
     "client-server-api/#post_matrixclientv3useruseridopenidrequest_token"},
};

}  // namespace

std::span<const Route> open_id_routes() { return routes; }

}  // namespace runde::api::client
