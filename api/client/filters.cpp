#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"
#include "core/sync/filter.hpp"

namespace runde::api::client {

namespace {

// POST /_matrix/client/v3/user/{userId}/filter
net::Task<net::Response> post_filter(const Call& call, Services& services) {
    require_self(call);
    // The one that /sync reads it with: what is stored can be used.
    sync::Filter::parse(schema::to_text(call.json()));
    auto id = co_await services.accounts.filters.define(call.session().user_nid, call.json());
    schema::JsonObject body;
    body["filter_id"] = std::move(id);
    co_return answer(body);
}

// GET /_matrix/client/v3/user/{userId}/filter/{filterId}
net::Task<net::Response> get_filter(const Call& call, Services& services) {
    require_self(call);
    auto json = co_await services.accounts.filters.find(call.session().user_nid, call.param("filterId"));
    if (!json) throw schema::Refusal(schema::Reason::not_found, "");
    co_return net::Response::json(*std::move(json));
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/client/v3/user/{userId}/filter", Access::user, Rate::write, post_filter,
     "client-server-api/#post_matrixclientv3useruseridfilter"},
    {net::Method::get, "/_matrix/client/v3/user/{userId}/filter/{filterId}", Access::user, Rate::read, get_filter,
     "client-server-api/#get_matrixclientv3useruseridfilterfilterid"},
};

}  // namespace

std::span<const Route> filter_routes() { return routes; }

}  // namespace runde::api::client
