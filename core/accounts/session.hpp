#pragma once
#include <optional>
#include <string>

#include "schema/ids.hpp"

namespace runde::accounts {

/// Whose access token came with a request. A value: cheap to copy, true when the request began.
struct Session {
    schema::UserNid user_nid;
    schema::UserId user;
    schema::DeviceNid device_nid;
    std::string device_id;
    bool administrator = false;
    bool locked = false;  ///< May only log out: https://spec.matrix.org/v1.19/client-server-api/#account-locking
    bool suspended = false;  ///< May read and leave: https://spec.matrix.org/v1.19/client-server-api/#account-suspension
    bool must_change_password = false;  ///< Still has the one-time password that an operator was shown.
};

/// Throws Refusal(user_suspended). For whatever a suspended account must not do: write, join, invite, rename
/// itself.
void require_not_suspended(const Session& session);

}  // namespace runde::accounts
