#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "net/clock.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// What a table holds about people, for how long, and who deletes it. Every table has a row here (a test fails for one
/// without), and the privacy page is made from it.
struct Retention {
    std::string_view table;
    std::string_view holds;    ///< Personal data in it; "" for none.
    std::string_view kept;     ///< How long.
    std::string_view removed;  ///< By what: "purge" is the function below, others are named by module.
};
std::span<const Retention> retention_registry();

/// One round of the deletions that go by time, and of redacted content a week after its redaction. Deletes at most `limit` rows of a table, so that no transaction becomes
/// long; returns how many rows went, all in all. Repeat while it is not 0.
std::int64_t purge(Tx& tx, std::int64_t now_ms, std::int64_t limit = 5'000);

/// Purges at the start and every hour, until the clock stops.
net::Task<> purge_regularly(Database& database, net::Clock& clock);

}  // namespace runde::storage
