#pragma once
#include "schema/ids.hpp"
#include "storage/roles.hpp"

namespace runde::storage {

/// Withdrawn or run out, and what follows from it is not done yet; oldest first.
std::vector<RoleGrant> ended_roles(Tx& tx, std::int64_t now_ms);
void set_role_end_followed(Tx& tx, std::int64_t id);
/// When the next of all grants ends by itself; nullopt: none does.
std::optional<std::int64_t> next_end_of_role(Tx& tx, std::int64_t now_ms);

/// Has a role, is a member of the association or is in a room of a group: somebody's place, not only an application's.
bool belongs_to_organisation(Tx& tx, schema::UserNid user, std::string_view user_id);

}  // namespace runde::storage
