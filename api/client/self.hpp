#pragma once
#include "api/router.hpp"

namespace runde::api::client {

/// For paths that name a user but serve only that user: throws Refusal(forbidden) for anybody else's
/// {userId}.
inline void require_self(const Call& call) {
    if (call.param("userId") != call.session().user.str()) throw schema::Refusal(schema::Reason::forbidden, "");
}

inline net::Response empty_answer() { return net::Response::json("{}"); }
inline net::Response answer(const schema::JsonObject& body) { return net::Response::json(schema::to_text(body)); }

}  // namespace runde::api::client
