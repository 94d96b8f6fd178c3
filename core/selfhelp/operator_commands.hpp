#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.hpp"
#include "schema/json.hpp"
#include "storage/database.hpp"
#include "storage/roles.hpp"

/// What operators do from the command line, beside the running server (which notices within half a minute) or without one.
/// These block. What they do is logged as done by "command line".
namespace runde::selfhelp {

constexpr std::string_view command_line = "command line";

/// `json`: the organisation as PUT /_runde/v1/organisation takes it. Throws what read_organisation does.
void set_organisation_now(storage::Database& db, const schema::JsonObject& json, std::int64_t now_ms);
/// imprint, privacy or house_rules. Returns the number of the version. Throws Refusal(invalid_param, too_large).
int set_text_now(storage::Database& db, const std::string& kind, const std::map<std::string, std::string>& by_register,
                 std::int64_t now_ms);
/// A role on the node: board, office, moderator, operator. Groups' roles are given by people. Throws Refusal: invalid_param,
/// not_found (no such account).
void grant_role_now(storage::Database& db, const schema::UserId& user, const std::string& role,
                    std::optional<std::int64_t> lifetime_ms, std::int64_t now_ms);
/// Throws Refusal(not_found).
void withdraw_role_now(storage::Database& db, const schema::UserId& user, const std::string& role, std::int64_t now_ms);
/// On the node, in force.
std::vector<storage::RoleGrant> roles_now(storage::Database& db, std::int64_t now_ms);

}  // namespace runde::selfhelp
