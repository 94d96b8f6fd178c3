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

/// Filters that clients keep on the server to name them in /sync. The newest 100 of an account are kept.
class Filters {
public:
    explicit Filters(storage::Database& db) : db_(db) {}

    /// Stores; the same filter again gets the same id. What a filter may be is known where it is used (sync/filter.hpp), so
    /// whoever calls has asked there.
    net::Task<std::string> define(schema::UserNid user, const schema::JsonObject& filter);
    /// The filter's JSON; nullopt when there is none of that id.
    net::Task<std::optional<std::string>> find(schema::UserNid user, std::string_view id);

private:
    storage::Database& db_;
};

}  // namespace runde::accounts
