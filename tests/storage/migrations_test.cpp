#include "storage/migrations.hpp"

#include <doctest/doctest.h>

#include "net/runtime.hpp"
#include "tests/support/test_database.hpp"

using namespace runde;
using storage::Database;
using storage::Migration;
using storage::SchemaMismatch;

namespace {

struct EmptyDatabase {
    std::string url = tests::TestDatabase::empty_database();
    net::Runtime runtime;
    Database db{runtime, {.url = url, .readers = 1}};
    std::string ask(const std::string& sql) { return tests::ask(url, sql); }
};

const Migration first{1, "0001_chairs.sql", "CREATE TABLE chairs (n int); INSERT INTO chairs VALUES (12);", "aa"};
const Migration second{2, "0002_tables.sql", "CREATE TABLE tables (n int)", "bb"};

}  // namespace

TEST_CASE("all migrations make an empty database ours, once") {
    EmptyDatabase empty;
    const auto all = storage::migrations();
    REQUIRE(all.size() > 5);
    CHECK(storage::migrate(empty.db) == static_cast<int>(all.size()));
    CHECK(storage::migrate(empty.db) == 0);
    CHECK(empty.ask("SELECT count(*) FROM schema_migrations") == std::to_string(all.size()));
    CHECK(empty.ask("SELECT pos FROM stream_head") == "0");
}

TEST_CASE_FIXTURE(EmptyDatabase, "a new migration is added to those already there") {
    CHECK(storage::migrate(db, {first}) == 1);
    CHECK(storage::migrate(db, {first, second}) == 1);
    CHECK(ask("SELECT n FROM chairs") == "12");
}

TEST_CASE_FIXTURE(EmptyDatabase, "a migration that fails leaves nothing behind, the ones before it stay") {
    const Migration broken{2, "0002_broken.sql", "CREATE TABLE half (n int); SELECT 1/0", "cc"};
    CHECK_THROWS_AS(storage::migrate(db, {first, broken}), storage::DatabaseError);
    CHECK(ask("SELECT to_regclass('half') IS NULL") == "t");
    CHECK(ask("SELECT max(number) FROM schema_migrations") == "1");
}

TEST_CASE_FIXTURE(EmptyDatabase, "a program older than the data is told so") {
    storage::migrate(db, {first, second});
    std::string text;
    try {
        storage::migrate(db, {first});
    } catch (const SchemaMismatch& mismatch) {
        text = mismatch.what();
    }
    CHECK(text.find("newer version of Runde (its schema has step 2, this program knows 1)") != std::string::npos);
}

TEST_CASE_FIXTURE(EmptyDatabase, "an edited migration is noticed") {
    storage::migrate(db, {first});
    auto edited = first;
    edited.sha256 = "dd";
    CHECK_THROWS_AS(storage::migrate(db, {edited}), SchemaMismatch);
}

TEST_CASE("file names of migrations are checked") {
    const auto read = [](std::vector<embedded::File> files) { return storage::migrations(files); };
    CHECK(read({{"0002_b.sql", "", ""}, {"0001_a.sql", "", ""}}).front().number == 1);
    CHECK_THROWS_AS(read({{"0001_a.sql", "", ""}, {"0001_b.sql", "", ""}}), std::logic_error);
    CHECK_THROWS_AS(read({{"1_a.sql", "", ""}}), std::logic_error);
    CHECK_THROWS_AS(read({{"0001.sql", "", ""}}), std::logic_error);
    CHECK_THROWS_AS(read({{"0001_a.txt", "", ""}}), std::logic_error);
}
