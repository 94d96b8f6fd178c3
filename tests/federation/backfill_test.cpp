// Reading back beyond what this server has: history comes from the others.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// Reads back to the beginning, page by page; at most ten.
Answer read_back(Neighbour& who, const std::string& room, int limit = 50) {
    std::string from;
    Answer page;
    for (int i = 0; i < 10; ++i) {
        page =
            who.get(fmt::format("/rooms/{}/messages?dir=b&limit={}{}", segment(room), limit, from.empty() ? "" : "&from=" + from));
        REQUIRE(page == "200");
        if (!page.has("/end")) break;
        from = page.at("/end");
    }
    return page;
}

std::size_t asked(TwoServers& world) {
    return static_cast<std::size_t>(std::ranges::count_if(
        world.link().log, [](const std::string& line) { return line.find("/backfill/") != std::string::npos; }));
}

}  // namespace

TEST_CASE("Ben comes into a room with a past: reading back he finds it") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna");
    auto ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();
    anna.say(room, "One");
    const auto second = anna.say(room, "Two");
    CHECK(anna.send(
              room, "m.room.message",
              fmt::format(R"({{"msgtype":"m.text","body":"An answer","m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}}}})",
                          second)) == "200");
    const auto third = anna.say(room, "Three");
    CHECK(anna.put(fmt::format("/rooms/{}/redact/{}/x", segment(room), segment(third)), "{}") == "200");
    bring_in(world, anna, ben, room);
    CHECK(ben.sees(room) == "+ben");

    SUBCASE("in one go") {
        read_back(ben, room);
        CHECK(ben.sees(room) == "+anna, anna: One, anna: Two, anna: An answer, anna: (removed), +ben");
        CHECK(world.server("haven.test").ask("SELECT count(*) FROM missing_prev") == "0");
        const auto threads = ben.get(fmt::format("/_matrix/client/v1/rooms/{}/threads", segment(room)));
        CHECK(threads.at("/chunk/0/event_id") == second);
        CHECK(threads.at("/chunk/0/unsigned/m.relations/m.thread/count") == "1");

        SUBCASE("nobody is asked twice") {
            const auto before = asked(world);
            read_back(ben, room);
            CHECK(asked(world) == before);
        }
        SUBCASE("and it is still there after a restart") {
            world.restart();
            CHECK(ben.sees(room) == "+anna, anna: One, anna: Two, anna: An answer, anna: (removed), +ben");
            anna.say(room, "Four");
            world.settle();
            CHECK(ben.sees(room) == "+anna, anna: One, anna: Two, anna: An answer, anna: (removed), +ben, anna: Four");
        }
    }
    SUBCASE("in small pages") {
        read_back(ben, room, 2);
        CHECK(ben.sees(room) == "+anna, anna: One, anna: Two, anna: An answer, anna: (removed), +ben");
    }
    SUBCASE("not while nobody answers; that is remembered for a while") {
        world.cut_link();
        CHECK(read_back(ben, room)["/chunk"].as_array().size() == 1);
        const auto before = asked(world);
        read_back(ben, room);
        CHECK(asked(world) == before);
        world.restore_link();
        world.advance(std::chrono::minutes(3));
        read_back(ben, room);
        CHECK(ben.sees(room).starts_with("+anna, anna: One"));
    }
    SUBCASE("not what another server invents") {
        world.link().tamper = [&](const std::string&, federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (request.target.find("/backfill/") == std::string::npos) return std::nullopt;
            return federation::LinkAnswer{
                200, fmt::format(
                         R"({{"origin":"hearth.test","origin_server_ts":1,"pdus":[{{"room_id":"{}","type":"m.room.message"}},4]}})",
                         room)};
        };
        read_back(ben, room);
        CHECK(ben.sees(room) == "+ben");
    }
}

TEST_CASE("A gap in the middle is filled in its place") {
    SharedRoom play;
    play.ben.say(play.room, "One");
    play.world.settle();
    play.world.link().tamper = [](const std::string& to,
                                  federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (to == "hearth.test" && request.target.find("/send/") != std::string::npos)
            return federation::LinkAnswer{200, R"({"pdus":{}})"};
        return std::nullopt;
    };
    play.ben.say(play.room, "Two");
    play.ben.say(play.room, "Three");
    play.world.settle();
    hide_missing_events(play.world);
    play.ben.say(play.room, "Four");
    play.world.settle();
    play.world.link().tamper = nullptr;
    CHECK(play.hearth().ask("SELECT count(*) FROM missing_prev") == "1");
    SUBCASE("by who reads back") { read_back(play.anna, play.room); }
    SUBCASE("by who reads on") {}
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One, ben: Two, ben: Three, ben: Four");
    CHECK(play.hearth().ask("SELECT count(*) FROM missing_prev") == "0");
}
