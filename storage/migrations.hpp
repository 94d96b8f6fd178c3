#pragma once
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "schema/embedded.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// One file of schema/sql, part of the program: "0007_keys.sql".
struct Migration {
    int number;
    std::string_view name;    ///< The file's.
    std::string_view sql;
    std::string_view sha256;  ///< Lower-case hex.
};

/// The schema cannot be brought to what this program needs. The text says what to do and is meant for people.
struct SchemaMismatch : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The program's migrations in their order. Throws std::logic_error when two share a number or a name is malformed.
std::vector<Migration> migrations(std::span<const embedded::File> files = embedded::sql());

/// Brings the database to the newest schema: forward only, each migration in a transaction of its own under an
/// advisory lock, so that processes starting at once take turns. Returns how many were applied.
/// Throws SchemaMismatch when the database was written by a newer program, or when a migration was edited after it
/// had been applied.
int migrate(Database& database, const std::vector<Migration>& to = migrations());

}  // namespace runde::storage
