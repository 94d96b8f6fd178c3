#pragma once
// What the handlers for other servers share.
#include "api/router.hpp"
#include "api/services.hpp"
#include "federation/federation.hpp"

namespace runde::api::federation {

/// Our side of it; Refusal(forbidden) when this server does not federate.
inline runde::federation::Federation& ours(Services& services) {
    if (!services.federation) throw schema::Refusal(schema::Reason::forbidden, "This server does not federate.");
    return *services.federation;
}

inline net::Response answer(const schema::JsonObject& body) { return net::Response::json(schema::to_text(body)); }

}  // namespace runde::api::federation
