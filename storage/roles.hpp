#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.hpp"

namespace runde::storage {

/// That somebody has (or had) a role, given by somebody named. `group` absent: on the whole node.
struct RoleGrant {
    std::int64_t id = 0;
    std::string user_id, role;
    std::optional<std::string> group;
    std::string granted_by;
    std::int64_t granted_at = 0;                         ///< ms
    std::optional<std::int64_t> until = {};              ///< ms
    std::optional<std::string> withdrawn_by = {};
    std::optional<std::int64_t> withdrawn_at = {};

    bool holds(std::int64_t now_ms) const { return !withdrawn_at && (!until || *until > now_ms); }
};

/// `no`: the person has that role already and it does not run out earlier. One that has run out, or runs out before
/// `until`, is replaced (the old row stays as withdrawn).
Inserted insert_role(Tx& tx, const RoleGrant& grant);
/// nullopt when there is no such grant in force.
std::optional<RoleGrant> withdraw_role(Tx& tx, std::int64_t id, std::string_view by, std::int64_t now_ms);
/// All of a person's in the group with that role; true if there was one.
bool withdraw_role(Tx& tx, std::string_view user_id, std::string_view role, const std::optional<std::string>& group,
                   std::string_view by, std::int64_t now_ms);
std::optional<RoleGrant> find_role(Tx& tx, std::int64_t id);

/// Those in force at `now_ms`.
std::vector<RoleGrant> roles_of(Tx& tx, std::string_view user_id, std::int64_t now_ms);
std::vector<RoleGrant> roles_in_force(Tx& tx, std::int64_t now_ms);
/// With former ones, newest first: the log of a group, or (nullopt) of the node.
std::vector<RoleGrant> role_log(Tx& tx, const std::optional<std::string>& group, int limit);
/// People with that role in a group. lock_group() first where a seat depends on it.
int count_role(Tx& tx, std::string_view group, std::string_view role, std::int64_t now_ms);

/// When the next of these grants ends by itself; nullopt: none does.
std::optional<std::int64_t> next_end_of_role(Tx& tx, std::string_view group, std::string_view role, std::int64_t now_ms);

Inserted insert_association_member(Tx& tx, std::string_view user_id, std::string_view by, std::int64_t now_ms);
bool delete_association_member(Tx& tx, std::string_view user_id);
bool is_association_member(Tx& tx, std::string_view user_id);
std::vector<std::string> association_members(Tx& tx);

/// The account is closed: roles, membership and acceptances of rules go.
void forget_roles(Tx& tx, std::string_view user_id);

}  // namespace runde::storage
