#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "api/http_error.hpp"

namespace runde::api::federation {

namespace {

// POST /_matrix/policy/v1/sign
net::Task<net::Response> sign(const Call& call, Services& services) {
    try {
        const auto signature = co_await ours(services).policy.sign(call.origin(), call.json());
        co_return answer(signature);
    } catch (const runde::federation::PolicyRefusal& refusal) {
        // 403 says that the server may not take part at all, 400 that this event may not.
        auto response = error_response(refusal);
        response.status = 400;
        co_return response;
    }
}

// GET /.well-known/matrix/policy_server
net::Task<net::Response> get_policy_server(const Call&, Services& services) {
    if (!services.federation) throw schema::Refusal(schema::Reason::not_found, "");
    const auto key = schema::base64(services.federation->policy.public_key());
    co_return answer({{"public_keys", schema::JsonObject{{"ed25519", key}}}});
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/policy/v1/sign", Access::server, Rate::federation, sign,
     "server-server-api/#post_matrixpolicyv1sign"},
    {net::Method::get, "/.well-known/matrix/policy_server", Access::anyone, Rate::read, get_policy_server,
     "client-server-api/#getwell-knownmatrixpolicy_server"},
};

}  // namespace

std::span<const Route> policy_routes() { return routes; }

}  // namespace runde::api::federation
