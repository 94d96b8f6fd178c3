#include <set>

#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "net/clock.hpp"

namespace runde::api::federation {

namespace {

/// The answer of a notary, as text: what it passes on is signed and must not change.
net::Response vouched(const std::vector<schema::JsonObject>& answers) {
    std::string text = R"({"server_keys":[)";
    for (const auto& object : answers) {
        if (text.back() == '}') text += ',';
        schema::append_canonical(text, object, schema::Numbers::any);
    }
    return net::Response::json(text + "]}");
}

// GET /_matrix/key/v2/server
net::Task<net::Response> get_own_keys(const Call&, Services& services) {
    co_return net::Response::json(ours(services).keys.own_keys());
}

// GET /_matrix/key/v2/query/{serverName}
net::Task<net::Response> get_keys_of(const Call& call, Services& services) {
    const auto server = call.id<schema::ServerName>("serverName");
    const auto now = services.runtime.clock().now_ms();
    const auto until = call.query_number("minimum_valid_until_ts", now, 0, std::numeric_limits<std::int64_t>::max());
    const auto answers = co_await ours(services).keys.vouch_for({{server.str(), until}});
    co_return vouched(answers);
}

// POST /_matrix/key/v2/query
net::Task<net::Response> post_query(const Call& call, Services& services) {
    const auto now = services.runtime.clock().now_ms();
    std::map<std::string, std::int64_t> servers;
    for (const auto& [server, keys] : call.fields().required_object("server_keys")) {
        std::int64_t until = 0;
        const auto wanted = schema::Fields::of(keys);
        for (const auto& [key_id, criteria] : wanted.raw())
            until = std::max(until, schema::Fields::of(criteria).integer("minimum_valid_until_ts").value_or(now));
        servers.emplace(server, wanted.raw().empty() ? now : until);
    }
    const auto answers = co_await ours(services).keys.vouch_for(std::move(servers));
    co_return vouched(answers);
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/key/v2/server", Access::anyone, Rate::federation, get_own_keys,
     "server-server-api/#get_matrixkeyv2server"},
    // Until 2021 servers asked with a key id at the end.
    {net::Method::get, "/_matrix/key/v2/server/{keyId}", Access::anyone, Rate::federation, get_own_keys,
     "server-server-api/#get_matrixkeyv2server"},
    {net::Method::get, "/_matrix/key/v2/query/{serverName}", Access::anyone, Rate::federation, get_keys_of,
     "server-server-api/#get_matrixkeyv2queryservername"},
    {net::Method::get, "/_matrix/key/v2/query/{serverName}/{keyId}", Access::anyone, Rate::federation, get_keys_of,
     "server-server-api/#get_matrixkeyv2queryservername"},
    {net::Method::post, "/_matrix/key/v2/query", Access::anyone, Rate::federation, post_query,
     "server-server-api/#post_matrixkeyv2query"},
};

}  // namespace

std::span<const Route> key_routes() { return routes; }

}  // namespace runde::api::federation
