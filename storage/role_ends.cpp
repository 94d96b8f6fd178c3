#include "storage/role_ends.hpp"

namespace runde::storage {

std::vector<RoleGrant> ended_roles(Tx& tx, std::int64_t now_ms) {
    std::vector<RoleGrant> grants;
    for (const auto& row :
         tx.exec("SELECT grant_id, user_id, role, group_id, granted_by, granted_at, until, withdrawn_by, withdrawn_at "
                 "FROM role_grants WHERE NOT followed AND (withdrawn_at IS NOT NULL OR until <= $1) ORDER BY grant_id",
                 now_ms))
        grants.push_back({row[0].number(), row[1].string(), row[2].string(), row[3].maybe_string(), row[4].string(),
                          row[5].number(), row[6].maybe_number(), row[7].maybe_string(), row[8].maybe_number()});
    return grants;
}

void set_role_end_followed(Tx& tx, std::int64_t id) { tx.exec("UPDATE role_grants SET followed = true WHERE grant_id = $1", id); }

std::optional<std::int64_t> next_end_of_role(Tx& tx, std::int64_t now_ms) {
    return tx.exec("SELECT min(until) FROM role_grants WHERE NOT followed AND withdrawn_at IS NULL AND until > $1", now_ms)
        .front()[0]
        .maybe_number();
}

bool belongs_to_organisation(Tx& tx, schema::UserNid user, std::string_view user_id) {
    constexpr int join = 1;  // rooms::Membership
    return tx
        .exec(R"(SELECT EXISTS (SELECT 1 FROM role_grants WHERE user_id = $2 AND withdrawn_at IS NULL)
                     OR EXISTS (SELECT 1 FROM association_members WHERE user_id = $2)
                     OR EXISTS (SELECT 1 FROM user_rooms u JOIN rooms r USING (room_nid) JOIN group_rooms g USING (room_id)
                                WHERE u.user_nid = $1 AND u.membership = $3))",
              user, user_id, join)
        .front()[0]
        .flag();
}

}  // namespace runde::storage
