#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"

namespace runde::api::federation {

namespace {

// GET /_matrix/federation/v1/version
net::Task<net::Response> get_version(const Call&, Services& services) {
    const auto& version = ours(services).options.version;
    schema::JsonObject server{{"name", "Runde"}};
    if (!version.empty()) server["version"] = version;
    co_return answer({{"server", std::move(server)}});
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/federation/v1/version", Access::anyone, Rate::federation, get_version,
     "server-server-api/#get_matrixfederationv1version"},
};

}  // namespace

std::span<const Route> version_routes() { return routes; }

}  // namespace runde::api::federation
