#pragma once
#include <variant>

#include "api/router.hpp"
#include "core/accounts/user_interactive.hpp"

namespace runde::api {

/// Either what was confirmed, or the answer (401) that asks for the next stage.
using Confirmed = std::variant<accounts::Confirmation, net::Response>;

/// User-interactive authentication of one request: reads the body's `auth`. A handler that needs it begins
/// with
///
///     auto confirmed = co_await confirm(call, services, services.accounts.sign_in.confirm_owner("...",
///     session)); if (auto* ask = std::get_if<net::Response>(&confirmed)) co_return std::move(*ask);
///
/// and ends with services.accounts.interactive.finish(std::get<accounts::Confirmation>(confirmed).session).
/// https://spec.matrix.org/v1.19/client-server-api/#user-interactive-api-in-the-rest-api
net::Task<Confirmed> confirm(const Call& call, Services& services, accounts::Demand demand);

}  // namespace runde::api
