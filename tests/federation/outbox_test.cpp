#include <doctest/doctest.h>
#include <fmt/format.h>

#include "federation/outbox.hpp"

using namespace runde;
using namespace runde::federation;

namespace {

constexpr std::int64_t minute = 60'000;

/// One outbox and the time; what it wants to do reads as a line.
struct Desk {
    Outbox box{100, false};
    std::int64_t now = 1'000'000;

    void says(std::initializer_list<Position> events) {
        for (const auto pos : events) box.add({pos, net::bytes(std::to_string(pos))}, now);
    }
    std::string step() {
        const auto action = box.step(now);
        if (const auto* send = std::get_if<Outbox::Send>(&action)) {
            std::string line = "send";
            for (const auto& pdu : send->pdus) line += " " + *pdu.json;
            for (const auto& edu : send->edus) line += " " + edu;
            return line;
        }
        if (const auto* load = std::get_if<Outbox::Load>(&action)) return fmt::format("load after {}", load->after);
        if (const auto* wait = std::get_if<Outbox::Wait>(&action)) return fmt::format("wait {} s", (wait->until - now) / 1000);
        return "rest";
    }
    void loaded(std::initializer_list<Position> events, Position upto, bool complete = true) {
        std::vector<Outbox::Pdu> pdus;
        for (const auto pos : events) pdus.push_back({pos, net::bytes(std::to_string(pos))});
        box.loaded(std::move(pdus), upto, complete);
    }
};

}  // namespace

TEST_CASE("the first event goes at once, what comes meanwhile collects") {
    Desk desk;
    CHECK(desk.step() == "rest");
    desk.says({101});
    CHECK(desk.step() == "send 101");
    desk.says({102, 105});
    CHECK(desk.step() == "rest");
    desk.box.delivered(desk.now);
    CHECK(desk.box.sent() == 101);
    CHECK(desk.step() == "send 102 105");
    desk.box.delivered(desk.now);
    CHECK(desk.box.sent() == 105);
    CHECK(desk.step() == "rest");
}

TEST_CASE("a transaction has 50 events at most") {
    Desk desk;
    for (Position pos = 101; pos <= 170; ++pos) desk.says({pos});
    const auto action = desk.box.step(desk.now);
    REQUIRE(std::holds_alternative<Outbox::Send>(action));
    CHECK(std::get<Outbox::Send>(action).pdus.size() == 50);
    desk.box.delivered(desk.now);
    CHECK(desk.box.sent() == 150);
    CHECK(std::get<Outbox::Send>(desk.box.step(desk.now)).pdus.size() == 20);
}

TEST_CASE("a server that does not answer costs nothing, and hears all when it is back") {
    Desk desk;
    desk.says({101});
    REQUIRE(desk.step() == "send 101");
    desk.box.failed(desk.now, 1);
    CHECK(desk.step() == "wait 2 s");
    for (Position pos = 102; pos <= 2000; ++pos) desk.says({pos});
    desk.now += minute;
    CHECK(desk.step() == "load after 100");
    CHECK(desk.step() == "rest");
    desk.loaded({101, 102, 103}, 2000, false);
    CHECK(desk.step() == "send 101 102 103");
    desk.box.failed(desk.now, 1);
    CHECK(desk.step() == "wait 4 s");
    desk.now += 2 * minute;
    CHECK(desk.step() == "load after 100");
    desk.loaded({101, 102, 103}, 2000, false);
    CHECK(desk.step() == "send 101 102 103");
    desk.box.delivered(desk.now);
    CHECK_FALSE(desk.box.failure());
    CHECK(desk.step() == "load after 103");

    SUBCASE("what happens while it reads is not lost") {
        desk.says({2001});
        desk.loaded({1999}, 2000);
        CHECK(desk.step() == "send 1999");
        desk.says({2002});
        desk.box.delivered(desk.now);
        CHECK(desk.box.sent() == 2000);
        CHECK(desk.step() == "load after 2000");
        desk.loaded({2001, 2002}, 2002);
        CHECK(desk.step() == "send 2001 2002");
        desk.says({2003});
        desk.box.delivered(desk.now);
        CHECK(desk.step() == "send 2003");
    }
    SUBCASE("and what is not for it moves its cursor, too") {
        desk.loaded({}, 2000);
        CHECK(desk.step() == "rest");
        CHECK(desk.box.sent() == 2000);
    }
    SUBCASE("a database that does not answer is waited for like the server") {
        desk.box.load_failed(desk.now, 1);
        CHECK(desk.step() == "wait 2 s");
    }
}

TEST_CASE("the wait doubles to a day, and ends when the server speaks to us") {
    Desk desk;
    std::int64_t longest = 0;
    for (int i = 0; i < 20; ++i) {
        desk.says({101 + i});
        desk.box.contact(desk.now);
        desk.now += Outbox::least_pause;
        auto action = desk.step();
        if (action.starts_with("load")) {
            desk.loaded({101}, 101 + i);
            action = desk.step();
        }
        REQUIRE(action.starts_with("send"));
        desk.box.failed(desk.now, 1);
        longest = desk.box.failure()->retry_at - desk.now;
        CHECK(desk.box.failure()->since == 1'030'000);
    }
    CHECK(longest == 24 * 60 * minute);
}

TEST_CASE("a server that speaks to us without end, but takes nothing, is tried every half minute") {
    Desk desk;
    desk.says({101});
    REQUIRE(desk.step() == "send 101");
    desk.box.failed(desk.now, 1);
    const auto tries = [&] {
        if (desk.step() != "load after 100") return false;
        desk.loaded({101}, 101);
        REQUIRE(desk.step() == "send 101");
        desk.box.failed(desk.now, 1);
        return true;
    };
    for (int i = 0; i < 6; ++i) {
        desk.now += 2 * minute;
        REQUIRE(tries());
    }
    CHECK(desk.step() == "wait 128 s");
    desk.box.contact(desk.now);
    CHECK(tries());  // At once, the first time.
    int tried = 0;
    for (int second = 0; second < 90; ++second) {
        desk.now += 1'000;
        desk.box.contact(desk.now);
        tried += tries();
    }
    CHECK(tried == 3);
    desk.now += 60 * minute;
    REQUIRE(desk.step() == "load after 100");
    desk.loaded({101}, 101);
    REQUIRE(desk.step() == "send 101");
    desk.box.delivered(desk.now);
    // It takes what it is sent; the next failure is a new one.
    desk.says({102});
    REQUIRE(desk.step() == "send 102");
    desk.box.failed(desk.now, 1);
    desk.box.contact(desk.now);
    CHECK(desk.step() == "load after 101");
}

TEST_CASE("one event that a server will never take is left out, and no other") {
    Desk desk;
    desk.says({101, 102, 103, 104, 105, 106});
    desk.box.add_typing("!r:x", "@anna:x", true, desk.now);
    REQUIRE(desk.step().starts_with("send 101 102 103 104 105 106 {"));
    desk.says({107});
    std::vector<std::string> taken, tried;
    for (desk.box.refused(); taken.size() < 6;) {
        const auto action = desk.step();
        tried.push_back(action);
        REQUIRE(action.starts_with("send"));
        if (action.find("104") == std::string::npos) {
            for (Position pos = 101; pos <= 107; ++pos)
                if (action.find(std::to_string(pos)) != std::string::npos) taken.push_back(std::to_string(pos));
            desk.box.delivered(desk.now);
        } else {
            desk.box.refused();
        }
    }
    CHECK(taken == std::vector<std::string>{"101", "102", "103", "105", "106", "107"});
    CHECK(tried.size() <= 10);
    CHECK(desk.step() == "rest");
    CHECK(desk.box.sent() == 107);
    CHECK_FALSE(desk.box.failure());
}

TEST_CASE("a refused transaction that was loaded moves the cursor all the same, in the end") {
    Desk desk;
    desk.says({101});
    REQUIRE(desk.step() == "send 101");
    desk.box.failed(desk.now, 1);
    desk.now += minute;
    REQUIRE(desk.step() == "load after 100");
    desk.loaded({101, 102}, 500);
    REQUIRE(desk.step() == "send 101 102");
    desk.box.refused();
    REQUIRE(desk.step() == "send 101");
    desk.box.delivered(desk.now);
    CHECK(desk.box.sent() == 101);
    REQUIRE(desk.step() == "send 102");
    desk.box.refused();
    CHECK(desk.box.sent() == 500);
    CHECK(desk.step() == "rest");
}

TEST_CASE("what others have read is kept for a dead server in small measure") {
    Desk desk;
    desk.says({101});
    REQUIRE(desk.step() == "send 101");
    desk.box.failed(desk.now, 1);
    for (int i = 0; i < 500; ++i) desk.box.add_receipt("!r:x", fmt::format("@p{}:x", i), "", "$1", 1);
    desk.now += minute;
    REQUIRE(desk.step() == "load after 100");
    desk.loaded({}, 101);
    const auto sent = desk.step();
    std::size_t n = 0;
    for (auto at = sent.find("@p"); at != sent.npos; at = sent.find("@p", at + 1)) ++n;
    CHECK(n == Outbox::most_receipts_away);
}

TEST_CASE("too many events for memory come from the database") {
    Desk desk;
    desk.says({101});
    REQUIRE(desk.step() == "send 101");
    for (Position pos = 102; pos <= 400; ++pos) desk.says({pos});
    desk.box.delivered(desk.now);
    CHECK(desk.step() == "load after 101");
}

TEST_CASE("who types is forgotten after half a minute, and while the server is away") {
    Desk desk;
    desk.box.add_typing("!r:x", "@anna:x", true, desk.now);
    desk.box.add_typing("!r:x", "@anna:x", false, desk.now);
    CHECK(desk.step() == R"(send {"content":{"room_id":"!r:x","typing":false,"user_id":"@anna:x"},"edu_type":"m.typing"})");
    desk.box.add_typing("!r:x", "@ben:x", true, desk.now);
    desk.now += 30'000;
    desk.box.delivered(desk.now);
    CHECK(desk.step() == "rest");

    desk.says({101});
    REQUIRE(desk.step() == "send 101");
    desk.box.failed(desk.now, 1);
    desk.box.add_typing("!r:x", "@anna:x", true, desk.now);
    desk.now += minute;
    CHECK(desk.step() == "load after 100");
    desk.loaded({101}, 101);
    CHECK(desk.step() == "send 101");
}

TEST_CASE("receipts are merged per room and person, threads apart, and survive a failure") {
    Desk desk;
    desk.box.add_receipt("!r:x", "@anna:x", "", "$1", 1);
    desk.box.add_receipt("!r:x", "@anna:x", "", "$2", 2);
    desk.box.add_receipt("!r:x", "@anna:x", "$t", "$3", 3);
    desk.box.add_receipt("!r:x", "@ben:x", "", "$4", 4);
    const std::string first =
        R"({"content":{"!r:x":{"m.read":{"@anna:x":{"data":{"ts":2},"event_ids":["$2"]},"@ben:x":{"data":{"ts":4},"event_ids":["$4"]}}}},"edu_type":"m.receipt"})";
    const std::string second =
        R"({"content":{"!r:x":{"m.read":{"@anna:x":{"data":{"thread_id":"$t","ts":3},"event_ids":["$3"]}}}},"edu_type":"m.receipt"})";
    CHECK(desk.step() == "send " + first + " " + second);
    desk.box.add_receipt("!r:x", "@anna:x", "$t", "$5", 5);
    desk.box.failed(desk.now, 1);
    desk.now += minute;
    const auto again = desk.step();
    CHECK(again.find("$2") != again.npos);
    CHECK(again.find("$5") != again.npos);
    CHECK(again.find("$3") == again.npos);
}

TEST_CASE("a cursor skips what is not for its server only when nothing waits") {
    Desk desk;
    CHECK(desk.box.skip_to(500));
    CHECK(desk.box.sent() == 500);
    CHECK_FALSE(desk.box.skip_to(400));
    desk.says({501});
    CHECK_FALSE(desk.box.skip_to(600));
    CHECK(desk.box.sent() == 500);
}
