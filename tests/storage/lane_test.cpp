#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>

#include "schema/refusal.hpp"
#include "tests/storage/lane_fixture.hpp"

using namespace runde;
using namespace runde::tests;
using storage::SubmissionRefused;

TEST_CASE_FIXTURE(LaneFixture, "a message stands where the lane says") {
    CHECK(lane.head() == 0);
    CHECK(submit(message(kitchen, 11)) == "1");
    CHECK(submit(message(kitchen, 12, "ä \" \\ {}")) == "2");
    CHECK(lane.head() == 2);
    CHECK(ask("SELECT pos || ' ' || ord || ' ' || json FROM events WHERE event_id = '$12'") ==
          R"(2 131072 {"content":{"body":"ä " \ {}"},"type":"m.room.message"})");
    CHECK(ask("SELECT head_pos || ' ' || n_main || ' ' || extremities::text || ' ' || room_id FROM rooms") == "2 12 {12} !1");
    CHECK(ask("SELECT pos FROM stream_head") == "2");
}

TEST_CASE_FIXTURE(LaneFixture, "submissions made at once share commits and keep their order") {
    std::vector<Submission> list;
    for (int i = 1; i <= 200; ++i) {
        list.push_back(message(i % 2 ? kitchen : garden, i));
        if (i % 10 == 0) {  // Takes three positions.
            list.back().positions = 3;
            list.back().device_lists = {{1, "@ben:hearth.test"}, {2, "@carl:hearth.test"}};
        }
    }
    const auto results = submit_together(std::move(list));
    REQUIRE(results.size() == 200);
    for (int i = 1; i <= 200; ++i) CHECK(results[static_cast<std::size_t>(i) - 1] == std::to_string(i + (i - 1) / 10 * 2));
    CHECK(ask("SELECT count(DISTINCT xmin::text) < 40 FROM events") == "t");
    CHECK(ask("SELECT bool_and(pos = event_nid + (event_nid - 1) / 10 * 2) FROM events") == "t");
    CHECK(ask("SELECT string_agg(pos::text, ',' ORDER BY pos) FROM device_list_log WHERE pos < 30") == "11,12,23,24");
    CHECK(ask("SELECT count(*) || ' ' || max(p) FROM (SELECT pos p FROM events UNION SELECT pos FROM device_list_log) u") ==
          "240 240");  // Without gaps.
    CHECK(lane.head() == 240);
    CHECK(ask("SELECT head_pos || ' ' || depth FROM rooms WHERE room_nid = 1") == "237 199");
}

TEST_CASE_FIXTURE(LaneFixture, "of two rows with one key in a batch the later wins") {
    std::vector<Submission> list;
    list.push_back(message(kitchen, 1));
    for (int i = 2; i <= 30; ++i) {
        auto s = message(kitchen, i);
        s.states = {{kitchen, 1, "m.room.name", "", EventNid{i}, {}}};
        s.state_log = {{kitchen, 0, 1, EventNid{i}, EventNid{i - 1}}};
        s.user_rooms = {
            {.user = UserNid{5}, .room = kitchen, .membership = 1, .member = EventNid{1}, .at = 0, .read_at = 0, .base_main = i}};
        s.threads = {{kitchen, EventNid{1}, 0, EventNid{i}, i - 1, i - 1, i % 2 ? "@ben:hearth.test" : "@carl:hearth.test"}};
        s.receipts = {{kitchen, "@ben:hearth.test", 0, "", 0, schema::live_ord(i - 1), "$" + std::to_string(i - 1), 99}};
        s.account_data = {{UserNid{5}, {}, "org.runde.draft", 0, fmt::format("{{\"n\":{}}}", i)}};
        list.push_back(std::move(s));
    }
    submit_together(std::move(list));
    CHECK(ask("SELECT event_nid FROM room_state") == "30");
    CHECK(ask("SELECT count(*) FROM room_state_log") == "29");
    CHECK(ask("SELECT pos || ' ' || read_ord || ' ' || base_main FROM user_rooms") == fmt::format("30 {} 30", 30 << 16));
    CHECK(ask("SELECT last_ord || ' ' || last_nid || ' ' || replies FROM threads") == fmt::format("{} 30 29", 30 << 16));
    CHECK(ask("SELECT string_agg(sender, ' ' ORDER BY sender) FROM thread_users") == "@ben:hearth.test @carl:hearth.test");
    CHECK(ask("SELECT pos || event_id FROM receipts") == "30$29");
    CHECK(ask("SELECT pos || json || room_nid FROM account_data") == "30{\"n\":30}0");
}

TEST_CASE_FIXTURE(LaneFixture, "what a room row leaves out stays as it was") {
    auto first = message(kitchen, 1);
    first.rooms[0].sg = 70;
    first.rooms[0].out_at = 0;
    submit(std::move(first));
    auto second = message(kitchen, 2);
    second.rooms[0].head_at = {};
    second.rooms[0].room_id = "";
    submit(std::move(second));
    CHECK(ask("SELECT head_pos || ' ' || out_pos || ' ' || sg || ' ' || n_main || room_id FROM rooms") == "1 1 70 2!1");
    // The same inside one batch.
    auto third = message(garden, 3), fourth = message(garden, 4);
    third.rooms[0].sg = 71;
    third.rooms[0].out_at = 0;
    fourth.rooms[0].head_at = {};
    submit_together({message(kitchen, 5), std::move(third), std::move(fourth)});
    CHECK(ask("SELECT head_pos || ' ' || out_pos || ' ' || sg || ' ' || n_main FROM rooms WHERE room_nid = 2") == "4 4 71 4");
}

TEST_CASE_FIXTURE(LaneFixture, "a submission is written whole or not at all") {
    auto room = message(kitchen, 1);
    room.aliases = {{"#tuesday:hearth.test", kitchen, "@anna:hearth.test"}};
    CHECK(submit(room) == "1");
    auto second = message(garden, 2);
    second.to_device = {{UserNid{5}, 50, 0, "{}"}};
    second.aliases = {{"#tuesday:hearth.test", garden, "@ben:hearth.test"}};
    CHECK(submit(second) == "room_aliases_pkey");
    CHECK(ask("SELECT count(*) FROM events") == "1");
    CHECK(ask("SELECT count(*) FROM to_device") == "0");
    CHECK(submit(message(garden, 3)) == "2");  // No position was lost.
}

TEST_CASE_FIXTURE(LaneFixture, "one refused submission does not harm its neighbours in the batch") {
    auto taken = message(kitchen, 1);
    taken.transactions = {{7, "send/1", 99, "$1"}};
    REQUIRE(submit(taken) == "1");
    const RoomNid hall{3};
    auto repeated = message(hall, 3);
    repeated.transactions = {{7, "send/1", 99, "$3"}};
    auto same_event = message(hall, 6);
    same_event.events[0].event_id = "$1";
    auto not_utf8 = message(RoomNid{4}, 7);
    not_utf8.events[0].type = "\xff";
    const auto results = submit_together(
        {message(kitchen, 2), repeated, message(garden, 4), message(hall, 5), same_event, not_utf8, message(kitchen, 8)});
    // The hall's later ones were made on top of the refused one, whatever they contain.
    CHECK(results ==
          std::vector<std::string>{"2", "event_txn_pkey", "3", "earlier_refused", "earlier_refused", "SQLSTATE 22021", "4"});
    CHECK(submit(same_event) == "events_id");
    CHECK(submit(message(hall, 9)) == "5");
    CHECK(ask("SELECT string_agg(event_id, ' ' ORDER BY pos) FROM events") == "$1 $2 $4 $8 $9");
}

TEST_CASE_FIXTURE(LaneFixture, "NUL, which JSON can say and PostgreSQL cannot hold, stops nobody") {
    auto with_nul = message(kitchen, 1);
    with_nul.events[0].type = std::string("a\0b", 3);
    CHECK(submit(with_nul) == "1");
    CHECK(ask("SELECT type = 'a' || chr(65533) || 'b' FROM events") == "t");
}

TEST_CASE_FIXTURE(LaneFixture, "outliers, backfilled events and late redactions find their place") {
    submit(message(kitchen, 1));
    auto past = message(kitchen, 2);
    past.positions = 0;
    past.events[0].at = {};
    past.events[0].ord = -65536;
    past.events.push_back(past.events[0]);
    past.events[1].nid = EventNid{3};
    past.events[1].event_id = "$3";
    past.events[1].ord = {};
    past.events[1].auth_nids = std::vector<std::int64_t>{1, 2};
    past.rooms[0].head_at = {};
    past.rooms[0].min_ord = -65536;
    CHECK(submit(past) == "2");
    CHECK(lane.head() == 1);
    CHECK(ask("SELECT string_agg(event_id || coalesce(ord::text, '-') || coalesce(pos::text, '-'), ' ' ORDER BY event_nid) "
              "FROM events") == "$1655361 $2-65536- $3--");
    CHECK(ask("SELECT auth_nids::text FROM events WHERE event_nid = 3") == "{1,2}");

    // A message and its redaction in one batch; the outlier becomes live.
    auto redaction = message(kitchen, 5);
    redaction.event_updates = {{kitchen, EventNid{4}, EventNid{5}}, {.room = kitchen, .nid = EventNid{3}, .at = 0, .sg = 9}};
    redaction.positions = 2;
    redaction.events[0].at = 1;
    submit_together({message(kitchen, 4), std::move(redaction)});
    CHECK(ask("SELECT redacted_by FROM events WHERE event_nid = 4") == "5");
    CHECK(ask("SELECT ord || ' ' || pos || ' ' || sg || ' ' || auth_nids::text FROM events WHERE event_nid = 3") ==
          fmt::format("{} 3 9 {{1,2}}", 3 << 16));
}

TEST_CASE_FIXTURE(LaneFixture, "rows that come and go") {
    Submission come;
    come.room_servers = {{kitchen, "haven.test", 2}, {kitchen, "harbour.test", 1}};
    come.missing_prevs = {{kitchen, "$x", {}, 77}, {kitchen, "$y", {}, 78}};
    come.pending_redactions = {{kitchen, "$t", EventNid{9}}, {kitchen, "$u", EventNid{9}}};
    come.user_threads = {{.user = UserNid{5}, .room = kitchen, .root = EventNid{1}, .read_ord = 12, .base = 3}};
    come.relations = {{kitchen, "$p", "m.thread", EventNid{2}, {}, 5, "m.room.message", "@anna:hearth.test", {}}};
    come.state_groups = {{kitchen, 1, {}, {}, 0, std::string("\0\x01\xff", 3)}};
    come.positions = 1;
    come.notifications = {{UserNid{5}, kitchen, 0, {}, 2}};
    CHECK(submit(come) == "1");
    CHECK(ask("SELECT encode(delta, 'hex') FROM state_groups") == "0001ff");
    CHECK(ask("SELECT pos || ' ' || ord || ' ' || kind FROM notif") == "1 65536 2");
    ask("INSERT INTO fed_inbox VALUES (1, 4, 'haven.test', '$x', '{}'), (1, 5, 'haven.test', '$z', '{}')");

    Submission go;
    go.room_servers = {{kitchen, "haven.test", 0}, {kitchen, "harbour.test", 5}};
    go.missing_prevs = {{.room = kitchen, .event_id = "$x", .below_at = {}, .found = true}};
    go.pending_redactions = {{kitchen, "$t", EventNid{9}, true}};
    go.inbox_done = {{kitchen, 4}};
    submit(go);
    CHECK(ask("SELECT string_agg(server || joined, ' ') FROM room_servers") == "harbour.test5");
    CHECK(ask("SELECT string_agg(event_id || below_ord, ' ') FROM missing_prev") == "$y78");
    CHECK(ask("SELECT string_agg(target_id, ' ') FROM pending_redactions") == "$u");
    CHECK(ask("SELECT string_agg(event_id, ' ') FROM fed_inbox") == "$z");
}

TEST_CASE_FIXTURE(LaneFixture, "a younger lane fences off the older for good") {
    bool told = false;
    lane.on_fenced([&] { told = true; });
    CHECK(submit(message(kitchen, 1)) == "1");
    CHECK_FALSE(told);
    {
        Lane younger(runtime, database.url(), storage::Durability::safe);
        CHECK(submit(message(kitchen, 2)) == "another process has taken over this database");
        // Taken over without a clean end: it goes on above the durable ceiling.
        CHECK(submit(younger, message(kitchen, 3)) == "100001");
    }
    CHECK(told);
    CHECK(submit(message(kitchen, 4)) == "another process has taken over this database");
    CHECK(ask("SELECT string_agg(event_id, ' ' ORDER BY pos) FROM events") == "$1 $3");
}

TEST_CASE("after a clean end the stream goes on without a jump") {
    TestDatabase database;
    net::Runtime runtime;
    for (int i = 1; i <= 3; ++i) {
        Lane lane(runtime, database.url(), storage::Durability::safe);
        CHECK(lane.head() == i - 1);
        CHECK(runtime.wait(lane.submit(message(kitchen, i))).base == i);
    }
}

TEST_CASE("the durable ceiling is always ahead of the head") {
    TestDatabase database;
    net::Runtime runtime;
    Lane lane(runtime, database.url(), storage::Durability::relaxed);
    for (int i = 1; i <= 12; ++i) {
        Submission s;
        s.flush = false;
        s.positions = 30'000;
        runtime.wait(lane.submit(std::move(s)));
        CHECK(database.ask("SELECT reserved >= pos + 50000 FROM stream_head") == "t");
    }
}

TEST_CASE("what was submitted before the end is written") {
    TestDatabase database;
    net::Runtime runtime;
    {
        Lane lane(runtime, database.url(), storage::Durability::safe);
        for (int i = 1; i <= 300; ++i) lane.submit(message(kitchen, i), [](Committed, std::exception_ptr) {});
    }
    CHECK(database.ask("SELECT count(*) || ' ' || max(pos) FROM events") == "300 300");
    CHECK(database.ask("SELECT clean FROM stream_head") == "t");
}

TEST_CASE_FIXTURE(LaneFixture, "connections that are killed under load lose nothing and double nothing") {
    constexpr int count = 3000;
    int next = 1;
    std::vector<std::int64_t> positions;
    std::size_t without_position = 0;
    std::vector<std::string> errors;
    // Eight senders, each waiting for its answer before it goes on.
    const auto sender = [&]() -> net::Task<> {
        while (next <= count) {
            const int mine = next++;
            auto s = message(RoomNid{mine % 8 + 1}, mine);
            s.transactions = {{7, std::to_string(mine), 1, "$" + std::to_string(mine)}};
            const bool live = mine % 5 != 0;
            if (!live) {  // Backfilled: takes no position, and would be refused if it was written twice.
                s.positions = 0;
                s.events[0].at = s.rooms[0].head_at = {};
            }
            try {
                const auto committed = co_await lane.submit(std::move(s));
                if (live)
                    positions.push_back(committed.base);
                else
                    ++without_position;
            } catch (const std::exception& error) {
                errors.emplace_back(error.what());
            }
        }
    };
    for (int i = 0; i < 8; ++i) runtime.spawn("sender", sender());
    const auto killer = [&]() -> net::Task<> {
        // Again as soon as some work was done: by the clock alone, a slow machine would never get anywhere.
        const auto finished = [&] { return positions.size() + without_position + errors.size(); };
        for (std::size_t at = 100; finished() < count; at = finished() + 100) {
            while (finished() < std::min<std::size_t>(at, count)) co_await runtime.clock().sleep(net::Milliseconds(2));
            ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'runde-lane' AND datname = "
                "current_database()");
        }
    };
    runtime.wait(killer());
    CHECK(errors.empty());
    REQUIRE(positions.size() == count * 4 / 5);
    for (std::size_t i = 0; i < positions.size(); ++i) REQUIRE(positions[i] == static_cast<std::int64_t>(i) + 1);
    CHECK(ask("SELECT count(*) || ' ' || count(DISTINCT event_id) || ' ' || max(pos) FROM events") == "3000 3000 2400");
    CHECK(std::stoi(ask("SELECT epoch FROM stream_head")) > 3);  // It was killed, and more than once.
}

TEST_CASE_FIXTURE(LaneFixture, "a PostgreSQL that has lost commits ends the lane, and the next one goes on above the ceiling") {
    submit(message(kitchen, 1));
    submit(message(kitchen, 2));
    // As after a crash under relaxed durability: the last commit is gone.
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'runde-lane' AND datname = "
        "current_database()");
    ask("DELETE FROM events WHERE event_id = '$2'");
    ask("UPDATE stream_head SET pos = 1, batch = batch - 1");
    bool told = false;
    lane.on_fenced([&] { told = true; });
    CHECK(submit(message(kitchen, 3)) == "another process has taken over this database");
    CHECK(told);
    Lane next(runtime, database.url(), storage::Durability::relaxed);
    CHECK(submit(next, message(kitchen, 4)) == "100001");
}

TEST_CASE("updated rows stay on their page and touch no index") {
    TestDatabase database;
    net::Runtime runtime;
    {
        Lane lane(runtime, database.url(), storage::Durability::safe);
        for (int i = 1; i <= 1000; ++i) {
            auto s = message(RoomNid{i % 4 + 1}, i);
            s.user_rooms = {{.user = UserNid{i % 7}, .room = RoomNid{i % 4 + 1}, .membership = 1, .member = EventNid{1}, .at = 0}};
            runtime.wait(lane.submit(std::move(s)));
        }
    }
    // A backend hands its statistics in at its end.
    const auto updates = [&] { return database.ask("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'stream_head'"); };
    for (int i = 0; i < 1000 && (updates().empty() || std::stoi(updates()) < 1000); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (const std::string table : {"stream_head", "rooms", "user_rooms"}) {
        const auto count = [&](const char* what) {
            return std::stoi(
                database.ask("SELECT " + std::string(what) + " FROM pg_stat_user_tables WHERE relname = '" + table + "'"));
        };
        REQUIRE(count("n_tup_upd") > 900);
        // 100 % in peace; a snapshot that somebody holds keeps a page from being tidied for a while. An index on one of the
        // updated columns, or a full page, would make it 0.
        CHECK_MESSAGE(count("n_tup_hot_upd") >= count("n_tup_upd") / 2, table);
    }
}

TEST_CASE_FIXTURE(LaneFixture, "waiting for the lane is counted for the request") {
    const auto cost = std::make_shared<net::RequestCost>();
    bool done = false;
    const auto request = [&]() -> net::Task<> {
        co_await lane.submit(message(kitchen, 1));
        done = true;
    };
    runtime.spawn("request", request(), cost);
    const auto until_done = [&]() -> net::Task<> {
        while (!done) co_await runtime.clock().sleep(net::Milliseconds(1));
    };
    runtime.wait(until_done());
    CHECK(cost->batches == 1);
    CHECK(cost->reads == 0);
}

TEST_CASE("numbers are never given out twice, not even after a restart") {
    TestDatabase database;
    net::Runtime runtime;
    storage::Database db(runtime, {.url = database.url(), .readers = 1});
    std::int64_t last = 0;
    for (int start = 0; start < 3; ++start) {
        storage::Numbers numbers(db);
        bool rising = true;
        for (int i = 0; i < 35'000; ++i) {
            const auto number = numbers.next();
            rising &= number > last;
            last = number;
        }
        CHECK(rising);
        CHECK(std::stoll(database.ask("SELECT next_nid FROM process")) > last);
        runtime.wait(db.read([](storage::Tx& tx) { tx.exec("SELECT 1"); }));  // Lets the background fetch end.
    }
}
