#include <array>

#include "api/client/self.hpp"
#include "api/client/tables.hpp"

namespace runde::api::client {

namespace {

// Without gaps, as clients look for single versions; what of them is missing here (media, keys, reports) stands in the README.
// From v1.15 on clients ask for /auth_metadata, which answers M_UNRECOGNIZED while there
// is no OAuth 2.0.
constexpr std::array versions{"v1.1", "v1.2",  "v1.3",  "v1.4",  "v1.5",  "v1.6",  "v1.7", "v1.8",
                              "v1.9", "v1.10", "v1.11", "v1.12", "v1.13", "v1.14", "v1.15"};

// Proposals that became part of the spec, under the names that older clients know.
constexpr std::array stable_proposals{
    "org.matrix.msc3440.stable",  // Threads
    "org.matrix.msc3771",         // Threaded receipts
    "org.matrix.msc3773",         // Threaded notification counts
    "uk.tcpip.msc4133.stable",    // Profile fields
};

// GET /_matrix/client/versions
net::Task<net::Response> get_versions(const Call&, Services&) {
    schema::JsonObject features;
    for (const auto* name : stable_proposals) features[name] = true;
    schema::JsonObject body;
    body["versions"] = schema::JsonArray(versions.begin(), versions.end());
    body["unstable_features"] = std::move(features);
    co_return answer(body);
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/versions", Access::anyone, Rate::read, get_versions,
     "client-server-api/#get_matrixclientversions"},
};

}  // namespace

std::span<const Route> version_routes() { return routes; }

}  // namespace runde::api::client
