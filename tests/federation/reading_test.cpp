// What another server may read of our rooms, and how much of it at once.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "federation/history.hpp"
#include "schema/refusal.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

TEST_CASE("a server may read what any of its people may have read, also those who have left") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), bea = world.person("haven.test", "bea"),
         ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(
        R"({"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"joined"}}]})");
    const auto before = anna.say(room, "Before anybody");
    REQUIRE(bea.join(room, "hearth.test") == "200");
    const auto with_bea = anna.say(room, "With Bea");
    world.settle();
    REQUIRE(ben.join(room) == "200");
    REQUIRE(bea.leave(room) == "200");
    const auto with_ben = anna.say(room, "With Ben");
    world.settle();
    const auto status = [&](const std::string& event) {
        return world.ask("haven.test", "hearth.test", net::Method::get, "/_matrix/federation/v1/event/" + segment(event)).status;
    };
    CHECK(status(with_ben) == 200);
    CHECK(status(with_bea) == 200);
    CHECK(status(before) == 404);
}

TEST_CASE("only a few large answers are made at once") {
    federation::BigAnswers answers;
    const auto server = [](std::string_view name) { return *schema::ServerName::parse(name); };
    auto first = answers.enter(server("a.test"));
    const auto second = answers.enter(server("a.test"));
    CHECK_THROWS_AS(answers.enter(server("a.test")), schema::Refusal);
    first = nullptr;
    first = answers.enter(server("a.test"));
    std::vector<std::shared_ptr<void>> others;
    for (const auto* name : {"b.test", "c.test", "d.test", "e.test", "f.test", "g.test"})
        others.push_back(answers.enter(server(name)));
    CHECK_THROWS_AS(answers.enter(server("h.test")), schema::Refusal);
    others.pop_back();
    CHECK_NOTHROW(answers.enter(server("h.test")));
}
