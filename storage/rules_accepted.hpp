#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// That somebody accepted a group's rules: the newest version they did.
struct RulesAccepted {
    std::string group, user_id;
    int version = 0;
    std::int64_t accepted = 0;                           ///< ms
    schema::Position pos = 0;                            ///< Where the stream stood then.
};

void insert_rules_accepted(Tx& tx, const RulesAccepted& accepted);
void set_rules_accepted_position(Tx& tx, std::string_view group, std::string_view user_id, schema::Position pos);
std::vector<RulesAccepted> rules_accepted(Tx& tx);
bool delete_rules_accepted(Tx& tx, std::string_view group, std::string_view user_id);

}  // namespace runde::storage
