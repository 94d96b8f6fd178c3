#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "net/task.hpp"
#include "schema/ids.hpp"
#include "schema/json.hpp"

namespace runde::storage {
class Database;
}

namespace runde::accounts {

/// Refuses (bad_json) a filter whose known members are not what the spec says: of another type, ids that are
/// none, a limit below 0. Unknown members are passed over.
/// https://spec.matrix.org/v1.19/client-server-api/#filtering
void check_filter(const schema::JsonObject& filter);

/// Filters that clients keep on the server to name them in /sync. The newest 100 of an account are kept.
class Filters {
public:
    explicit Filters(storage::Database& db) : db_(db) {}

    /// Checks and stores; the same filter again gets the same id. Throws Refusal: bad_json, too_large (16
    /// KiB).
    net::Task<std::string> define(schema::UserNid user, const schema::JsonObject& filter);
    /// The filter's JSON; nullopt when there is none of that id.
    net::Task<std::optional<std::string>> find(schema::UserNid user, std::string_view id);

private:
    storage::Database& db_;
};

}  // namespace runde::accounts
