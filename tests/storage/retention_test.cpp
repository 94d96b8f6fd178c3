#include "storage/retention.hpp"

#include <doctest/doctest.h>

#include <set>

#include "net/runtime.hpp"
#include "tests/support/test_database.hpp"

using namespace runde;
using storage::Tx;

namespace {

struct PurgeFixture {
    static constexpr std::int64_t day = 24 * 60 * 60 * 1000, now = 20'000 * day + 1234;

    void write(const std::string& sql) {
        db.transact_now([&](Tx& tx) { tx.exec_once(sql, {}); });
    }
    std::int64_t purge(std::int64_t at = now, std::int64_t limit = 5'000) {
        std::int64_t gone = 0;
        db.transact_now([&](Tx& tx) { gone = storage::purge(tx, at, limit); });
        return gone;
    }
    std::string ask(const std::string& sql) { return database.ask(sql); }

    tests::TestDatabase database;
    net::Runtime runtime;
    storage::Database db{runtime, {.url = database.url(), .readers = 1}};
};

}  // namespace

TEST_CASE_FIXTURE(PurgeFixture, "every table says what it holds and when that goes, and nothing else does") {
    std::set<std::string> tables, declared;
    db.transact_now([&](Tx& tx) {
        for (auto row : tx.exec("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")) tables.insert(row[0].string());
    });
    for (const auto& entry : storage::retention_registry()) {
        CHECK_MESSAGE(declared.emplace(entry.table).second, entry.table, " is declared twice");
        CHECK_FALSE(entry.kept.empty());
        // Personal data that nobody removes is a promise broken.
        CHECK_MESSAGE((entry.holds.empty() || !entry.removed.empty()), entry.table);
    }
    for (const auto& table : tables) CHECK_MESSAGE(declared.contains(table), table, " has no row in storage/retention.cpp");
    for (const auto& table : declared) CHECK_MESSAGE(tables.contains(table), table, " does not exist");
}

TEST_CASE_FIXTURE(PurgeFixture, "what is older than its time goes, what is younger stays") {
    write("INSERT INTO event_txn VALUES (1, 'old', " + std::to_string(now - day - 1) + ", '$a'), (1, 'young', " +
          std::to_string(now - day + 1) + ", '$b')");
    write("INSERT INTO fed_txn VALUES ('haven.test', 'old', " + std::to_string(now - 7 * day - 1) + "), ('haven.test', 'young', " +
          std::to_string(now - 7 * day + 1) + ")");
    CHECK(purge() == 2);
    CHECK(ask("SELECT string_agg(txn, ' ') FROM event_txn") == "young");
    CHECK(ask("SELECT string_agg(txn, ' ') FROM fed_txn") == "young");
    CHECK(purge() == 0);
}

TEST_CASE_FIXTURE(PurgeFixture, "a backlog goes in slices") {
    write("INSERT INTO event_txn SELECT 1, n::text, 0, '$' || n FROM generate_series(1, 250) n");
    CHECK(purge(now, 100) == 100);
    CHECK(purge(now, 100) == 100);
    CHECK(purge(now, 100) == 50);
    CHECK(purge(now, 100) == 0);
}

TEST_CASE_FIXTURE(PurgeFixture, "notifications go when they are read and a month has passed") {
    write("INSERT INTO user_rooms (user_nid, room_nid, membership, member_nid, pos, read_ord) VALUES (1, 1, 1, 1, 1, 20)");
    write("INSERT INTO notif (user_nid, pos, room_nid, ord, kind) VALUES (1, 5, 1, 10, 1), (1, 6, 1, 30, 1), (1, 60, 1, 11, 1)");
    write("UPDATE stream_head SET pos = 50");
    CHECK(purge(now - 31 * day) == 0);  // Notes where the stream stands, a month before.
    CHECK(purge() == 1);
    CHECK(ask("SELECT string_agg(pos::text, ' ' ORDER BY pos) FROM notif") == "6 60");  // Unread; young.
}

TEST_CASE_FIXTURE(PurgeFixture, "of a person's device changes the newest stays") {
    write("INSERT INTO device_list_log VALUES (1, '@anna:a.test'), (2, '@ben:a.test'), (3, '@anna:a.test')");
    CHECK(purge() == 1);
    CHECK(ask("SELECT string_agg(pos::text, ' ' ORDER BY pos) FROM device_list_log") == "2 3");
}

TEST_CASE_FIXTURE(PurgeFixture, "what was kept for a device goes after it has signed out") {
    write("INSERT INTO users (user_nid, localpart, created) VALUES (1, 'anna', 0)");
    write("INSERT INTO devices (user_nid, device_nid, device_id, created) VALUES (1, 7, 'PHONE', 0)");
    for (const char* device : {"7", "8"}) {
        const std::string id = device;
        write("INSERT INTO to_device VALUES (1, " + id + ", 1, '{}')");
        write("INSERT INTO e2e_otk VALUES (" + id + ", 'signed_curve25519', 1, 'AAA', '{}')");
        write("INSERT INTO e2e_fallback VALUES (" + id + ", 'signed_curve25519', 'AAA', false, '{}')");
        write("INSERT INTO sss_conn VALUES (" + id + ", 'main', 1, " + std::to_string(now) + ", '')");
    }
    CHECK(purge() == 4);
    CHECK(ask("SELECT count(*) FROM to_device WHERE device_nid = 7") == "1");
    CHECK(ask("SELECT count(*) FROM e2e_otk WHERE device_nid = 7") == "1");
    CHECK(ask("SELECT count(*) FROM e2e_fallback WHERE device_nid = 7") == "1");
    CHECK(ask("SELECT count(*) FROM sss_conn WHERE device_nid = 7") == "1");
}

TEST_CASE_FIXTURE(PurgeFixture, "a week after a redaction the content is gone from the disk too") {
    const std::string json = R"({"auth_events":[],"content":{"body":"my secret","msgtype":"m.text"},"depth":3,)"
                             R"("hashes":{"sha256":"x"},"origin_server_ts":1,"prev_events":[],"sender":"@anna:a.test",)"
                             R"("signatures":{},"type":"m.room.message"})";
    write("INSERT INTO rooms (room_nid, room_id, version) VALUES (1, '!a', '12')");
    const auto event = [&](int nid, const std::string& pos, const std::string& redacted_by) {
        write(
            "INSERT INTO events (room_nid, event_nid, pos, origin_ts, depth, flags, redacted_by, event_id, type, sender, json) "
            "VALUES (1, " +
            std::to_string(nid) + ", " + pos + ", 1, 1, 4, " + redacted_by + ", '$" + std::to_string(nid) +
            "', 'm.room.message', '@anna:a.test', '" + json + "')");
    };
    event(1, "1", "3");      // Redacted long ago
    event(2, "2", "4");      // Redacted yesterday
    event(3, "3", "NULL");
    event(4, "60", "NULL");
    event(5, "5", "NULL");   // Not redacted
    write("UPDATE stream_head SET pos = 50");
    purge(now - 8 * day);
    CHECK(ask("SELECT count(*) FROM events WHERE json LIKE '%my secret%'") == "5");
    CHECK(purge() == 1);
    CHECK(ask("SELECT string_agg(event_nid::text, ' ' ORDER BY event_nid) FROM events WHERE json LIKE '%my secret%'") == "2 3 4 5");
    CHECK(ask("SELECT json FROM events WHERE event_nid = 1") ==
          R"({"auth_events":[],"content":{},"depth":3,"hashes":{"sha256":"x"},"origin_server_ts":1,"prev_events":[],)"
          R"("sender":"@anna:a.test","signatures":{},"type":"m.room.message"})");
    CHECK(ask("SELECT flags FROM events WHERE event_nid = 1") == "516");
    CHECK(purge() == 0);
}

TEST_CASE_FIXTURE(PurgeFixture, "roles that ended are forgotten: having been a member after a week, the others after a year") {
    const auto grant = [&](std::string_view user, std::string_view role, std::int64_t until) {
        write("INSERT INTO role_grants (user_id, role, granted_by, granted_at, until) VALUES ('@" + std::string(user) + ":x', '" +
              std::string(role) + "', 'command line', 1, " + std::to_string(until) + ")");
    };
    grant("ben", "member", now - 8 * day);
    grant("carl", "member", now - 6 * day);
    grant("erika", "board", now - 366 * day);
    grant("frida", "board", now - 300 * day);
    write("INSERT INTO role_grants (user_id, role, granted_by, granted_at) VALUES ('@gustav:x', 'board', 'command line', 1)");
    purge();
    CHECK(ask("SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM role_grants") == "@carl:x @frida:x @gustav:x");
}

TEST_CASE_FIXTURE(PurgeFixture, "keys of servers that nobody here has to do with go after four weeks") {
    const auto keys = [&](const std::string& server, std::int64_t fetched) {
        write("INSERT INTO server_key_answers (server, fetched, valid_until, json) VALUES ('" + server + "', " +
              std::to_string(fetched) + ", 0, '{}')");
        write("INSERT INTO server_keys (server, key_id, pub, valid_until) SELECT '" + server +
              "', 'ed25519:' || n, decode(repeat('00', 32), 'hex'), 0 FROM generate_series(1, 2) n");
    };
    keys("stranger.test", now - 29 * day);
    keys("new.test", now - 27 * day);
    keys("inside.test", now - 29 * day);
    keys("left.test:8448", now - 29 * day);
    keys("told.test", now - 29 * day);
    write("INSERT INTO room_servers VALUES (1, 'inside.test', 1)");
    write("INSERT INTO room_state VALUES (1, 1, 'm.room.member', '@ben:left.test:8448', 7, 0)");
    write("INSERT INTO servers (server_nid, name) VALUES (1, 'told.test')");
    purge();
    const std::string left = "inside.test left.test:8448 new.test told.test";
    CHECK(ask("SELECT string_agg(server, ' ' ORDER BY server) FROM server_key_answers") == left);
    CHECK(ask("SELECT string_agg(DISTINCT server, ' ' ORDER BY server) FROM server_keys") == left);
    CHECK(ask("SELECT count(*) FROM server_keys") == "8");
}
