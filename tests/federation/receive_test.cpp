// Events of other servers, end to end: what arrives, what does not, and why.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

TEST_CASE("Anna and Ben share a room: what each says, the other reads") {
    SharedRoom play;
    CHECK(play.ben.sees(play.room) == "+ben");
    play.anna.say(play.room, "Hello Ben");
    play.world.settle();
    play.ben.say(play.room, "Hello Anna");
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: Hello Ben, ben: Hello Anna");
    CHECK(play.ben.sees(play.room) == "+ben, anna: Hello Ben, ben: Hello Anna");

    SUBCASE("state travels, too") {
        CHECK(play.anna.set_state(play.room, "m.room.topic", R"({"topic":"Tea at four"})") == "200");
        play.world.settle();
        CHECK(play.ben.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))).at("/topic") == "Tea at four");
    }
    SUBCASE("whoever leaves is gone on both sides") {
        CHECK(play.ben.leave(play.room) == "200");
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: Hello Ben, ben: Hello Anna, -ben");
    }
    SUBCASE("both servers go on where they were after a restart") {
        play.world.restart();
        play.anna.say(play.room, "Still here");
        play.world.settle();
        CHECK(play.ben.sees(play.room) == "+ben, anna: Hello Ben, ben: Hello Anna, anna: Still here");
    }
}

TEST_CASE("While the link is cut each side goes on; afterwards both know the same") {
    SharedRoom play;
    play.world.cut_link();
    play.anna.say(play.room, "Are you there?");
    play.ben.say(play.room, "Nobody answers");
    CHECK(play.anna.set_state(play.room, "m.room.topic", R"({"topic":"Alone"})") == "200");
    play.ben.say(play.room, "I go on");
    play.world.restore_link();
    play.world.settle();

    const auto anna = play.anna.sees(play.room);
    CHECK(anna.find("ben: Nobody answers, ben: I go on") != std::string::npos);
    const auto ben = play.ben.sees(play.room);
    CHECK(ben.find("anna: Are you there?") != std::string::npos);
    CHECK(play.ben.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))).at("/topic") == "Alone");

    // The next event ties the branches together again.
    play.anna.say(play.room, "Back");
    play.world.settle();
    CHECK(play.room_at("hearth.test")->extremities().size() == 1);
    CHECK(play.room_at("haven.test")->extremities() == play.room_at("hearth.test")->extremities());
}
