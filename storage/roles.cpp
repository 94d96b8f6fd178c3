#include "storage/roles.hpp"

#include "storage/texts.hpp"

namespace runde::storage {
namespace {

#define ROLE_COLUMNS \
    "SELECT grant_id, user_id, role, group_id, granted_by, granted_at, until, withdrawn_by, withdrawn_at FROM role_grants "

std::vector<RoleGrant> role_rows(const Rows& rows) {
    std::vector<RoleGrant> grants;
    for (const auto& row : rows)
        grants.push_back({row[0].number(), row[1].string(), row[2].string(), row[3].maybe_string(), row[4].string(),
                          row[5].number(), row[6].maybe_number(), row[7].maybe_string(), row[8].maybe_number()});
    return grants;
}

}  // namespace

Inserted insert_role(Tx& tx, const RoleGrant& grant) {
    bump_revision(tx);  // Also makes two grants at once take turns.
    // An infinite end is later than any other.
    tx.exec(
        R"(UPDATE role_grants SET withdrawn_by = $4, withdrawn_at = $5
           WHERE user_id = $1 AND role = $2 AND coalesce(group_id, '') = coalesce($3, '') AND withdrawn_at IS NULL
             AND until IS NOT NULL AND ($6::bigint IS NULL OR until < $6))",
        grant.user_id, grant.role, grant.group, grant.granted_by, grant.granted_at, grant.until);
    const auto rows = tx.exec(
        R"(INSERT INTO role_grants (user_id, role, group_id, granted_by, granted_at, until) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_id, role, coalesce(group_id, '')) WHERE withdrawn_at IS NULL DO NOTHING)",
        grant.user_id, grant.role, grant.group, grant.granted_by, grant.granted_at, grant.until);
    return rows.affected() == 1 ? Inserted::yes : Inserted::no;
}

std::optional<RoleGrant> withdraw_role(Tx& tx, std::int64_t id, std::string_view by, std::int64_t now_ms) {
    bump_revision(tx);
    const auto found = role_rows(
        tx.exec("UPDATE role_grants SET withdrawn_by = $2, withdrawn_at = $3 WHERE grant_id = $1 AND withdrawn_at IS NULL "
                "RETURNING grant_id, user_id, role, group_id, granted_by, granted_at, until, withdrawn_by, withdrawn_at",
                id, by, now_ms));
    return found.empty() ? std::nullopt : std::optional(found.front());
}

bool withdraw_role(Tx& tx, std::string_view user_id, std::string_view role, const std::optional<std::string>& group,
                   std::string_view by, std::int64_t now_ms) {
    bump_revision(tx);
    return tx.exec(
                 R"(UPDATE role_grants SET withdrawn_by = $4, withdrawn_at = $5
                    WHERE user_id = $1 AND role = $2 AND coalesce(group_id, '') = coalesce($3, '') AND withdrawn_at IS NULL)",
                 user_id, role, group, by, now_ms)
               .affected() > 0;
}

std::optional<RoleGrant> find_role(Tx& tx, std::int64_t id) {
    const auto found = role_rows(tx.exec(ROLE_COLUMNS "WHERE grant_id = $1", id));
    return found.empty() ? std::nullopt : std::optional(found.front());
}

std::vector<RoleGrant> roles_of(Tx& tx, std::string_view user_id, std::int64_t now_ms) {
    return role_rows(tx.exec(ROLE_COLUMNS "WHERE user_id = $1 AND withdrawn_at IS NULL AND (until IS NULL OR until > $2) "
                                          "ORDER BY grant_id",
                             user_id, now_ms));
}

std::vector<RoleGrant> roles_in_force(Tx& tx, std::int64_t now_ms) {
    return role_rows(
        tx.exec(ROLE_COLUMNS "WHERE withdrawn_at IS NULL AND (until IS NULL OR until > $1) ORDER BY grant_id", now_ms));
}

std::vector<RoleGrant> role_log(Tx& tx, const std::optional<std::string>& group, int limit) {
    return role_rows(tx.exec(ROLE_COLUMNS "WHERE coalesce(group_id, '') = coalesce($1, '') "
                                          "ORDER BY coalesce(withdrawn_at, granted_at) DESC, grant_id DESC LIMIT $2",
                             group, limit));
}

int count_role(Tx& tx, std::string_view group, std::string_view role, std::int64_t now_ms) {
    return static_cast<int>(tx.exec("SELECT count(*) FROM role_grants WHERE group_id = $1 AND role = $2 AND withdrawn_at IS NULL "
                                    "AND (until IS NULL OR until > $3)",
                                    group, role, now_ms)
                                .front()[0]
                                .number());
}

std::optional<std::int64_t> next_end_of_role(Tx& tx, std::string_view group, std::string_view role, std::int64_t now_ms) {
    return tx
        .exec("SELECT min(until) FROM role_grants WHERE group_id = $1 AND role = $2 AND withdrawn_at IS NULL AND until > $3", group,
              role, now_ms)
        .front()[0]
        .maybe_number();
}

Inserted insert_association_member(Tx& tx, std::string_view user_id, std::string_view by, std::int64_t now_ms) {
    const auto rows =
        tx.exec("INSERT INTO association_members (user_id, set_by, set_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", user_id, by,
                now_ms);
    return rows.affected() == 1 ? Inserted::yes : Inserted::no;
}

bool delete_association_member(Tx& tx, std::string_view user_id) {
    return tx.exec("DELETE FROM association_members WHERE user_id = $1", user_id).affected() > 0;
}

bool is_association_member(Tx& tx, std::string_view user_id) {
    return !tx.exec("SELECT 1 FROM association_members WHERE user_id = $1", user_id).empty();
}

std::vector<std::string> association_members(Tx& tx) {
    std::vector<std::string> users;
    for (const auto& row : tx.exec("SELECT user_id FROM association_members ORDER BY user_id")) users.push_back(row[0].string());
    return users;
}

void forget_roles(Tx& tx, std::string_view user_id) {
    bump_revision(tx);
    tx.exec("DELETE FROM role_grants WHERE user_id = $1", user_id);
    tx.exec("DELETE FROM association_members WHERE user_id = $1", user_id);
    tx.exec("DELETE FROM rules_accepted WHERE user_id = $1", user_id);
}

}  // namespace runde::storage
