#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"

namespace runde::api::federation {

namespace {

// PUT /_matrix/federation/v1/send/{txnId}
net::Task<net::Response> send(const Call& call, Services& services) {
    auto& receiver = ours(services).receiver;
    const auto results = co_await receiver.take(call.origin(), call.param("txnId"), call.json());
    co_return answer(results);
}

constexpr Route routes[] = {
    {net::Method::put, "/_matrix/federation/v1/send/{txnId}", Access::server, Rate::federation, send,
     "server-server-api/#put_matrixfederationv1sendtxnid"},
};

}  // namespace

std::span<const Route> transaction_routes() { return routes; }

}  // namespace runde::api::federation
