#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "net/runtime.hpp"
#include "storage/database.hpp"
#include "tests/support/test_database.hpp"

using namespace runde;
using storage::Database;
using storage::Rows;
using storage::Tx;
using tests::TestDatabase;

namespace {

struct DatabaseFixture {
    DatabaseFixture() {
        db.transact_now(
            [](Tx& tx) { tx.exec_once("CREATE TABLE guests (name text PRIMARY KEY, age int, note text, face bytea)", {}); });
    }
    auto add(std::string name, int age) {
        return db.transact([name, age](Tx& tx) { tx.exec("INSERT INTO guests (name, age) VALUES ($1, $2)", name, age); });
    }
    std::string names() { return database.ask("SELECT string_agg(name, ', ' ORDER BY name) FROM guests"); }

    TestDatabase database;
    net::Runtime runtime;
    Database db{runtime, {.url = database.url(), .readers = 2}};
};

}  // namespace

TEST_CASE_FIXTURE(DatabaseFixture, "what was written is read back, whatever the type") {
    const std::string zeros("\0\xff\x01 face", 8);
    runtime.wait(db.transact([&](Tx& tx) {
        tx.exec("INSERT INTO guests (name, age, note, face) VALUES ($1, $2, $3, $4)", "Änna \"\\{,}", 41, nullptr,
                storage::Blob{zeros});
    }));
    runtime.wait(db.read([&](Tx& tx) {
        const auto row = tx.exec("SELECT name, age, note, face, age = 41, 1.5::float8 FROM guests").front();
        CHECK(row[0].string() == "Änna \"\\{,}");
        CHECK(row[1].number() == 41);
        CHECK(row[2].is_null());
        CHECK(row[2].maybe_string() == std::nullopt);
        CHECK(row[3].blob() == zeros);
        CHECK(row[4].flag());
        CHECK(row[5].real() == 1.5);
        CHECK_THROWS_AS((void)row[2].text(), std::logic_error);
        CHECK_THROWS_AS((void)row[0].number(), std::logic_error);
        CHECK_THROWS_AS((void)row[6], std::logic_error);
    }));
}

TEST_CASE_FIXTURE(DatabaseFixture, "arrays go in and come back") {
    const std::vector<std::string> texts{"", "plain", "a\"b\\c", "NULL", "{x,y}", "ß"};
    const std::vector<std::int64_t> numbers{-1, 0, 9007199254740993};
    runtime.wait(db.read([&](Tx& tx) {
        const auto row = tx.exec("SELECT $1::text[], $2::bigint[], $3::text[], $4::bigint[]", texts, numbers,
                                 std::vector<std::string>{}, std::vector<std::int64_t>{})
                             .front();
        CHECK(row[0].strings() == texts);
        CHECK(row[1].numbers() == numbers);
        CHECK(row[2].strings().empty());
        CHECK(row[3].numbers().empty());
    }));
}

TEST_CASE_FIXTURE(DatabaseFixture, "a transaction whose work throws leaves nothing behind") {
    runtime.wait(add("Anna", 41));
    const auto fails = [&] {
        runtime.wait(db.transact([](Tx& tx) {
            tx.exec("INSERT INTO guests (name) VALUES ('Ben')");
            throw std::runtime_error("changed my mind");
        }));
    };
    CHECK_THROWS_WITH(fails(), "changed my mind");
    CHECK(names() == "Anna");
}

TEST_CASE_FIXTURE(DatabaseFixture, "a violated constraint is named") {
    runtime.wait(add("Anna", 41));
    std::string constraint;
    try {
        runtime.wait(add("Anna", 42));
    } catch (const storage::ConstraintViolation& violation) {
        constraint = violation.constraint;
    }
    CHECK(constraint == "guests_pkey");
    runtime.wait(add("Ben", 42));  // The connection is as good as before.
    CHECK(names() == "Anna, Ben");
}

TEST_CASE_FIXTURE(DatabaseFixture, "an error of a statement says where, not what") {
    std::string what, state;
    try {
        runtime.wait(db.read([](Tx& tx) { return tx.exec("SELECT $1::bigint", "Anna's secret").size(); }));
    } catch (const storage::DatabaseError& error) {
        what = error.what();
        state = error.sqlstate;
    }
    CHECK(state == "22P02");
    CHECK(what.find("SELECT $1::bigint") != std::string::npos);
    CHECK(what.find("secret") == std::string::npos);
}

TEST_CASE_FIXTURE(DatabaseFixture, "text with NUL is refused, not cut") {
    CHECK_THROWS_AS(runtime.wait(add(std::string("An\0na", 5), 1)), std::logic_error);
    CHECK(names() == "");
}

TEST_CASE_FIXTURE(DatabaseFixture, "statements are counted for the request that made them") {
    const auto cost = std::make_shared<net::RequestCost>();
    const auto request = [](Database& db) -> net::Task<> {
        co_await db.read([](Tx& tx) { return tx.exec("SELECT 1").size() + tx.exec("SELECT 2").size(); });
        co_await db.transact([](Tx& tx) { tx.exec("DELETE FROM guests"); });
    };
    bool done = false;
    const auto counted = [&](Database& d) -> net::Task<> {
        co_await request(d);
        done = true;
        runtime.stop();
    };
    runtime.spawn("request", counted(db), cost);
    runtime.run();
    CHECK(done);
    CHECK(cost->reads == 3);
    CHECK(cost->batches == 0);
}

TEST_CASE_FIXTURE(DatabaseFixture, "transactions that stand in each other's way are repeated") {
    runtime.wait(add("Anna", 0));
    // Each reads, waits until the other has read as well, and writes: one of the two has to be repeated.
    std::atomic<int> have_read = 0, runs = 0;
    const auto birthday = [&](Tx& tx) {
        ++runs;
        tx.exec("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE");
        const auto age = tx.exec("SELECT age FROM guests").front()[0].number();
        for (++have_read; have_read < 2;) std::this_thread::yield();
        tx.exec("UPDATE guests SET age = $1", age + 1);
    };
    bool other_done = false;
    const auto in_background = [&]() -> net::Task<> {
        co_await db.transact(birthday);
        other_done = true;
    };
    runtime.spawn("other", in_background());
    runtime.wait(db.transact(birthday));
    const auto until_done = [&]() -> net::Task<> {
        while (!other_done) co_await db.read([](Tx& tx) { return tx.exec("SELECT 1").size(); });
    };
    runtime.wait(until_done());
    CHECK(database.ask("SELECT age FROM guests") == "2");
    CHECK(runs == 3);
}

TEST_CASE_FIXTURE(DatabaseFixture, "a lost connection is replaced and the work repeated") {
    int runs = 0;
    runtime.wait(db.transact([&](Tx& tx) {
        tx.exec("INSERT INTO guests (name, age) VALUES ('Anna', 41)");
        const auto pid = tx.exec("SELECT pg_backend_pid()").front()[0].number();
        if (runs++ == 0) tests::ask(database.url(), "SELECT pg_terminate_backend(" + std::to_string(pid) + ")");
    }));
    CHECK(runs == 2);
    CHECK(names() == "Anna");
    CHECK(db.reachable());
}

TEST_CASE_FIXTURE(DatabaseFixture, "a database that is not there is reported after the time allowed") {
    Database nowhere(runtime, {.url = "host=/nonexistent dbname=x", .patience = std::chrono::milliseconds(50)});
    const auto ask = [&] { runtime.wait(nowhere.read([](Tx& tx) { return tx.exec("SELECT 1").size(); })); };
    CHECK_THROWS_AS(ask(), storage::Unreachable);
    CHECK_FALSE(nowhere.reachable());
    CHECK_THROWS_AS(nowhere.transact_now([](Tx&) {}), storage::Unreachable);
}
