#include "storage/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace runde::storage {

std::vector<Migration> migrations(std::span<const embedded::File> files) {
    std::vector<Migration> list;
    for (const auto& file : files) {
        int number = 0;
        const auto digits = file.name.substr(0, 4);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc() || end != digits.data() + 4 || number < 1 || !file.name.substr(4).starts_with('_') ||
            !file.name.ends_with(".sql"))
            throw std::logic_error(fmt::format("{} is not named like a migration: 0001_name.sql", file.name));
        list.push_back({number, file.name, file.bytes, file.sha256});
    }
    std::ranges::sort(list, {}, &Migration::number);
    if (const auto twice = std::ranges::adjacent_find(list, {}, &Migration::number); twice != list.end())
        throw std::logic_error(fmt::format("two migrations have the number {}", twice->number));
    return list;
}

static void prepare_table(Tx& tx) {
    // Held to the end of each transaction; the key is the word "runde".
    tx.exec("SELECT pg_advisory_xact_lock(x'72756e6465'::bigint)");
    tx.exec_once(
        "CREATE TABLE IF NOT EXISTS schema_migrations (number int PRIMARY KEY, name text NOT NULL, "
        "sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
        {});
}

/// The first migration that is still missing. Throws SchemaMismatch.
static const Migration* next_missing(Tx& tx, const std::vector<Migration>& known) {
    const auto applied = tx.exec("SELECT number, name, sha256 FROM schema_migrations ORDER BY number");
    for (auto row : applied) {
        const auto number = row[0].number();
        const auto found = std::ranges::find(known, number, &Migration::number);
        if (found == known.end())
            throw SchemaMismatch(
                fmt::format("The data was written by a newer version of Runde (its schema has step {}, this program knows {}). "
                            "Start that version, or restore a copy from before the update.",
                            number, known.empty() ? 0 : known.back().number));
        if (found->sha256 != row[2].text())
            throw SchemaMismatch(
                fmt::format("Step {} of the schema ({}) is not the one this database was made with. A migration is never edited "
                            "after its release: use the released program, or put the change into a new migration.",
                            number, found->name));
    }
    for (const auto& migration : known) {
        bool done = false;
        for (auto row : applied) done |= row[0].number() == migration.number;
        if (!done) return &migration;
    }
    return nullptr;
}

int migrate(Database& database, const std::vector<Migration>& to) {
    int applied = 0;
    for (bool more = true; more;) {
        database.transact_now([&](Tx& tx) {
            prepare_table(tx);
            const auto* migration = next_missing(tx, to);
            more = migration != nullptr;
            if (!more) return;
            // The reader's limit of 10 s is for requests; building an index may take as long as it needs.
            tx.exec("SET LOCAL statement_timeout = 0");
            tx.exec_once(std::string(migration->sql), {});
            tx.exec("INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)", migration->number, migration->name,
                    migration->sha256);
        });
        applied += more;
    }
    return applied;
}

}  // namespace runde::storage
