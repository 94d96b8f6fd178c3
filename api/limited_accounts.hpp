#pragma once
#include "api/router.hpp"

namespace runde::api {

/// What a suspended account may still do: read, leave, sign out, close itself, and whatever belongs to its own application; it
/// may write in its reception, as the spec advises for the room with the administration. Applicants have such accounts until they
/// are admitted. Throws Refusal(user_suspended).
/// https://spec.matrix.org/v1.19/client-server-api/#account-suspension
void require_open_to_suspended(const Call& call, const Route& route, const Services& services);

/// What an account may do that still has the one-time password an operator was shown: choose its own, look who it is, sign out.
/// Else that password would be no less than a lasting one. Throws Refusal(forbidden).
void require_own_password(const Route& route);

}  // namespace runde::api
