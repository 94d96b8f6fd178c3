#pragma once
#include "api/router.hpp"

namespace runde::api {

/// What a suspended account may still do: read, leave, sign out, close itself, and whatever belongs to its own application; it
/// may write in its reception, as the spec advises for the room with the administration. Applicants have such accounts until they
/// are admitted. Throws Refusal(user_suspended).
/// https://spec.matrix.org/v1.19/client-server-api/#account-suspension
void require_open_to_suspended(const Call& call, const Route& route, const Services& services);

}  // namespace runde::api
