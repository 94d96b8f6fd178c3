// Reading what lies before one's own time without reading through everything in between: jumps to a date, links to a message.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto day = 24h;

std::size_t asked(TwoServers& world, std::string_view what) {
    return static_cast<std::size_t>(
        std::ranges::count_if(world.link().log, [&](const std::string& line) { return line.find(what) != std::string::npos; }));
}

std::string bodies(const Answer& answer, std::string_view list) {
    std::string story;
    for (const auto& entry : answer[list].as_array()) {
        const auto* content = schema::object_at(entry.as_object(), "content");
        const auto body = content ? schema::string_at(*content, "body") : std::nullopt;
        if (body) story += (story.empty() ? "" : ", ") + std::string(*body);
    }
    return story;
}

/// Answers of /backfill hold three events at most: a gap takes many of them.
void trickle(TwoServers& world) {
    world.link().answered = [](const federation::LinkRequest& request, federation::LinkAnswer& answer) {
        if (request.target.find("/backfill/") == std::string::npos || answer.status != 200) return;
        auto body = schema::parse_json(answer.body).get_object();
        auto& pdus = body["pdus"].get_array();
        if (pdus.size() > 3) pdus.erase(pdus.begin() + 3, pdus.end());
        answer.body = schema::to_text(body);
    };
}

/// A room of Anna's, in which something is said every day; Ben comes in at the end.
struct LongAgo {
    explicit LongAgo(int days, std::string_view body = R"({"preset":"public_chat"})")
        : anna(world.person("hearth.test", "anna")), ben(world.person("haven.test", "ben")), room(anna.create_room(body)) {
        for (int i = 1; i <= days; ++i) {
            world.advance(day);
            times.push_back(anna.server.now_ms());
            said.push_back(anna.say(room, fmt::format("Day {}", i)));
        }
        world.advance(day);
        bring_in(world, anna, ben, room);
    }
    Answer jump(Neighbour& who, std::int64_t ts, std::string_view dir) {
        return who.get(fmt::format("/_matrix/client/v1/rooms/{}/timestamp_to_event?ts={}&dir={}", segment(room), ts, dir));
    }
    Answer context(Neighbour& who, const std::string& event, int limit) {
        return who.get(fmt::format("/rooms/{}/context/{}?limit={}", segment(room), segment(event), limit));
    }
    TwoServers world;
    Neighbour anna, ben;
    std::string room;
    std::vector<std::int64_t> times;
    std::vector<std::string> said;
};

}  // namespace

TEST_CASE("Ben jumps to a day before he came") {
    LongAgo play(30);
    CHECK(play.ben.sees(play.room) == "+ben");

    SUBCASE("forward from a time, and reads what was said around it") {
        const auto found = play.jump(play.ben, play.times[9] - 1, "f");
        CHECK(found.at("/event_id") == play.said[9]);
        CHECK(found["/origin_server_ts"].as_int64() == play.times[9]);
        CHECK(play.ben.sees(play.room).ends_with("+ben"));
        const auto around = play.context(play.ben, play.said[9], 6);
        CHECK(bodies(around, "/events_before") == "Day 9, Day 8, Day 7");
        CHECK(bodies(around, "/events_after") == "Day 11, Day 12, Day 13");
        CHECK(around["/state"].as_array().size() > 3);
    }
    SUBCASE("backward") { CHECK(play.jump(play.ben, play.times[9] + 1, "b").at("/event_id") == play.said[9]); }
    SUBCASE("to the very first") {
        CHECK(play.jump(play.ben, play.times[0] - 1, "f").at("/event_id") == play.said[0]);
        CHECK(play.jump(play.ben, 0, "b").status == 404);
    }
    SUBCASE("here and there, and everything finds its place in between") {
        for (const auto i : {20u, 3u, 11u})
            CHECK(play.jump(play.ben, play.times[i] - 1, "f").at("/event_id") == play.said[i]);
        std::string from, story;
        for (int i = 0; i < 40; ++i) {
            const auto page =
                play.ben.get(fmt::format("/rooms/{}/messages?dir=b&limit=7{}", segment(play.room), from.empty() ? "" : "&from=" + from));
            const auto more = bodies(page, "/chunk");
            if (!more.empty()) story += (story.empty() ? "" : ", ") + more;
            if (!page.has("/end")) break;
            from = page.at("/end");
        }
        std::string all;
        for (int i = 30; i >= 1; --i) all += fmt::format("{}Day {}", all.empty() ? "" : ", ", i);
        CHECK(story == all);
        CHECK(play.world.server("haven.test").ask("SELECT count(*) FROM missing_prev") == "0");
    }
    SUBCASE("once it is here nobody is asked again") {
        play.jump(play.ben, play.times[9], "f");
        const auto before = play.world.link().log.size();
        CHECK(play.jump(play.ben, play.times[9], "f").at("/event_id") == play.said[9]);
        CHECK(play.world.link().log.size() == before);
    }
    SUBCASE("not while nobody answers") {
        play.world.cut_link();
        const auto found = play.jump(play.ben, play.times[9], "f");
        CHECK(found == "200");
        CHECK(found.at("/event_id") != play.said[9]);
        CHECK(play.jump(play.ben, play.times[9], "b").status == 404);
    }
    SUBCASE("not to what another server invents") {
        std::string told;
        play.world.link().tamper = [&](const std::string&, federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (request.target.find("/timestamp_to_event/") == std::string::npos) return std::nullopt;
            return federation::LinkAnswer{200, told};
        };
        // An event that is not there, one that lies in the other direction, and one whose time is another.
        for (const auto& [event, ts] : {std::pair(std::string("$nothing"), play.times[9]), std::pair(play.said[2], play.times[2]),
                                        std::pair(play.said[2], play.times[9])}) {
            told = fmt::format(R"({{"event_id":"{}","origin_server_ts":{}}})", event, ts);
            const auto found = play.jump(play.ben, play.times[9], "f");
            CHECK(found == "200");
            CHECK(found.at("/event_id") != event);
        }
        CHECK(play.ben.sees(play.room) == "+ben");
    }
}

TEST_CASE("Anna's server asks nobody: it has everything") {
    LongAgo play(3);
    CHECK(play.jump(play.anna, play.times[1] + 5, "f").at("/event_id") == play.said[2]);
    CHECK(play.jump(play.anna, play.times[1] + 5, "b").at("/event_id") == play.said[1]);
    CHECK(play.anna.get(fmt::format("/rooms/{}/event/%24nothing", segment(play.room))).status == 404);
    CHECK(asked(play.world, "/timestamp_to_event/") == 0);
    CHECK(asked(play.world, "/event/") == 0);
}

TEST_CASE("Whoever may not read the time before they came jumps to their coming at most") {
    LongAgo play(
        3,
        R"({"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"joined"}}]})");
    const auto found = play.jump(play.ben, play.times[1], "f");
    CHECK(found == "200");
    CHECK(found["/origin_server_ts"].as_int64() > play.times[2]);
    CHECK(play.jump(play.ben, play.times[1], "b").status == 404);
    CHECK(asked(play.world, "/timestamp_to_event/") == 0);
}

TEST_CASE("Ben follows a link to an old message") {
    LongAgo play(30);
    const auto path = fmt::format("/rooms/{}/event/{}", segment(play.room), segment(play.said[4]));

    SUBCASE("and finds it") {
        CHECK(play.ben.get(path).at("/content/body") == "Day 5");
        CHECK(asked(play.world, "/event/") == 1);
        CHECK(play.ben.get(path).at("/content/body") == "Day 5");
        CHECK(asked(play.world, "/event/") == 1);
    }
    SUBCASE("and what is around it") {
        const auto around = play.context(play.ben, play.said[4], 4);
        CHECK(around.at("/event/content/body") == "Day 5");
        CHECK(bodies(around, "/events_before") == "Day 4, Day 3");
        CHECK(bodies(around, "/events_after") == "Day 6, Day 7");
    }
    SUBCASE("which leads nowhere: nobody is asked twice") {
        const auto nowhere = fmt::format("/rooms/{}/event/%24nothing", segment(play.room));
        CHECK(play.ben.get(nowhere).summary() == "404 M_NOT_FOUND");
        CHECK(asked(play.world, "/event/") == 1);
        CHECK(play.ben.get(nowhere).summary() == "404 M_NOT_FOUND");
        CHECK(asked(play.world, "/event/") == 1);
        play.world.advance(2min);
        CHECK(play.ben.get(nowhere).summary() == "404 M_NOT_FOUND");
        CHECK(asked(play.world, "/event/") == 2);
    }
    SUBCASE("a stranger makes nobody ask") {
        auto carl = play.world.person("haven.test", "carl");
        CHECK(carl.get(path).summary() == "404 M_NOT_FOUND");
        CHECK(asked(play.world, "/event/") == 0);
    }
}

TEST_CASE("A server that the room keeps out is not asked for its history") {
    TwoServers world({}, TwoServers::Size::three);
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         carl = world.person("harbour.test", "carl");
    const auto room = anna.create_room();
    const auto first = anna.say(room, "First");
    REQUIRE(carl.join(room, "hearth.test") == "200");
    world.settle();
    REQUIRE(anna.set_state(room, "m.room.server_acl", R"({"allow":["*"],"deny":["harbour.test"]})") == "200");
    REQUIRE(ben.join(room, "hearth.test") == "200");
    world.settle();
    world.link().log.clear();
    CHECK(ben.get(fmt::format("/rooms/{}/event/{}", segment(room), segment(first))) == "200");
    CHECK(ben.get(fmt::format("/rooms/{}/messages?dir=b&limit=100", segment(room))) == "200");
    CHECK(asked(world, "harbour.test") == 0);
    CHECK(asked(world, "GET hearth.test") >= 2);
}

TEST_CASE("A page ends where a gap stays open, and goes on there") {
    LongAgo play(60);
    trickle(play.world);
    std::string all;
    const auto read = [&](std::string_view dir, std::string from, int pages) {
        std::string story;
        for (int i = 0; i < pages; ++i) {
            const auto page = play.ben.get(fmt::format("/rooms/{}/messages?dir={}&limit=100{}", segment(play.room), dir,
                                                       from.empty() ? "" : "&from=" + from));
            REQUIRE(page == "200");
            const auto more = bodies(page, "/chunk");
            if (!more.empty()) story += (story.empty() ? "" : ", ") + more;
            if (!page.has("/end")) break;
            CHECK(page.at("/end") != from);
            from = page.at("/end");
        }
        return story;
    };
    SUBCASE("backward") {
        for (int i = 60; i >= 1; --i) all += fmt::format("{}Day {}", all.empty() ? "" : ", ", i);
        CHECK(read("b", "", 3) != all);
        CHECK(read("b", "", 30) == all);
    }
    SUBCASE("forward from an old message") {
        const auto around = play.context(play.ben, play.said[9], 0);
        for (int i = 11; i <= 60; ++i) all += fmt::format("{}Day {}", all.empty() ? "" : ", ", i);
        CHECK(read("f", around.at("/end"), 30) == all);
    }
}
