#include "storage/rules_accepted.hpp"

#include "storage/texts.hpp"

namespace runde::storage {

void insert_rules_accepted(Tx& tx, const RulesAccepted& accepted) {
    bump_revision(tx);
    tx.exec(
        R"(INSERT INTO rules_accepted (group_id, user_id, version, accepted, pos) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (group_id, user_id) DO UPDATE SET version = $3, accepted = $4, pos = $5
           WHERE rules_accepted.version < $3)",
        accepted.group, accepted.user_id, accepted.version, accepted.accepted, accepted.pos);
}

void set_rules_accepted_position(Tx& tx, std::string_view group, std::string_view user_id, schema::Position pos) {
    tx.exec("UPDATE rules_accepted SET pos = $3 WHERE group_id = $1 AND user_id = $2", group, user_id, pos);
}

std::vector<RulesAccepted> rules_accepted(Tx& tx) {
    std::vector<RulesAccepted> all;
    for (const auto& row : tx.exec("SELECT group_id, user_id, version, accepted, pos FROM rules_accepted"))
        all.push_back({row[0].string(), row[1].string(), static_cast<int>(row[2].number()), row[3].number(), row[4].number()});
    return all;
}

bool delete_rules_accepted(Tx& tx, std::string_view group, std::string_view user_id) {
    bump_revision(tx);
    return tx.exec("DELETE FROM rules_accepted WHERE group_id = $1 AND user_id = $2", group, user_id).affected() > 0;
}

}  // namespace runde::storage
