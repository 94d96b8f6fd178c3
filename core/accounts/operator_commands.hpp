#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::accounts {

/// What operators do from the command line, beside the running server or without one. These block.

/// An administrator with a password made up, returned so that it can be printed once. Such an account is
/// asked to choose its own (must_change_password). Throws Refusal: user_in_use.
std::string create_administrator_now(storage::Database& db, schema::UserNid nid, const schema::UserId& user, std::int64_t now_ms);

/// For somebody who has forgotten theirs, after the operator has made sure who is asking: a password made up,
/// to be changed by its owner. The devices stay signed in. Throws Refusal: not_found (also for closed
/// accounts).
std::string reset_password_now(storage::Database& db, const schema::UserId& user);

/// A token for registration.mode = "token". `uses`: how many people it admits; `lifetime_ms`: how long.
/// Absent: no limit.
std::string create_registration_token_now(storage::Database& db, std::optional<std::int64_t> uses,
                                          std::optional<std::int64_t> lifetime_ms, std::int64_t now_ms);

}  // namespace runde::accounts
