#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {

namespace {

// GET /_matrix/client/v3/pushers
net::Task<net::Response> get_pushers(const Call& call, Services& services) {
    auto pushers = co_await services.accounts.pushers.list(call.session().user_nid);
    schema::JsonObject body;
    body["pushers"] = std::move(pushers);
    co_return answer(body);
}

// POST /_matrix/client/v3/pushers/set
net::Task<net::Response> post_pusher(const Call& call, Services& services) {
    co_await services.accounts.pushers.set(call.session(), call.json());
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/pushers", Access::user, Rate::read, get_pushers,
     "client-server-api/#get_matrixclientv3pushers"},
    {net::Method::post, "/_matrix/client/v3/pushers/set", Access::user, Rate::write, post_pusher,
     "client-server-api/#post_matrixclientv3pushersset"},
};

}  // namespace

std::span<const Route> pusher_routes() { return routes; }

}  // namespace runde::api::client
