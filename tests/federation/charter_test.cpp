// Protected rooms: whoever is not in the charter learns nothing of them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "federation/federation.hpp"
#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;
using net::Method;

namespace {

constexpr auto only_others = R"({"servers":["harbour.test"]})", with_haven = R"({"servers":["harbour.test","haven.test"]})";

/// What haven's server is told about a room, endpoint by endpoint; "nothing" where it is what it is told of a room that does
/// not exist.
std::string told(TwoServers& world, const std::string& room, const Person& ben, std::string_view alias) {
    const auto ask = [&](std::string target) {
        const auto answer = world.ask("haven.test", "hearth.test", Method::get, "/_matrix/federation/v1/" + target);
        return fmt::format("{} {}", answer.status, answer.body);
    };
    const auto differs = [&](auto target, const std::string& nowhere) { return ask(target(room)) != ask(target(nowhere)); };
    const std::string nowhere = "!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    std::string learned;
    const auto note = [&](bool told_something, std::string_view name) {
        if (told_something) learned += fmt::format("{}{}", learned.empty() ? "" : ", ", name);
    };
    note(differs([&](const auto& id) { return fmt::format("make_join/{}/{}?ver=12", segment(id), segment(ben.id)); }, nowhere),
         "make_join");
    note(differs([&](const auto& id) { return fmt::format("make_knock/{}/{}?ver=12", segment(id), segment(ben.id)); }, nowhere),
         "make_knock");
    note(differs([&](const auto& id) { return fmt::format("hierarchy/{}", segment(id)); }, nowhere), "hierarchy");
    note(differs([&](const auto& id) { return fmt::format("state/{}?event_id=%24x", segment(id)); }, nowhere), "state");
    note(differs([&](const auto& id) { return fmt::format("backfill/{}?v=%24x&limit=1", segment(id)); }, nowhere), "backfill");
    note(ask(fmt::format("query/directory?room_alias=%23{}%3Ahearth.test", alias)) !=
             ask("query/directory?room_alias=%23nothing%3Ahearth.test"),
         "alias");
    note(ask("publicRooms").find(room) != std::string::npos, "publicRooms");
    return learned.empty() ? "nothing" : learned;
}

}  // namespace

TEST_CASE("a room with a charter does not exist for others") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(R"({"preset":"public_chat","visibility":"public","room_alias_name":"evening"})");
    CHECK(told(world, room, ben, "evening") == "make_join, make_knock, hierarchy, alias, publicRooms");

    REQUIRE(anna.set_state(room, "org.runde.charter", only_others) == "200");
    CHECK(told(world, room, ben, "evening") == "nothing");
    CHECK(ben.join(room, "hearth.test") == "404 M_NOT_FOUND");
    CHECK(anna.invite(room, ben) == "403 M_FORBIDDEN");

    SUBCASE("also after a restart") {
        world.restart();
        CHECK(told(world, room, ben, "evening") == "nothing");
    }
    SUBCASE("a charter that cannot be read admits nobody") {
        REQUIRE(anna.set_state(room, "org.runde.charter", R"({"servers":"haven.test"})") == "200");
        CHECK(told(world, room, ben, "evening") == "nothing");
    }
    SUBCASE("until they sign it") {
        REQUIRE(anna.set_state(room, "org.runde.charter", with_haven) == "200");
        CHECK(ben.join(room, "hearth.test") == "200");
    }
    SUBCASE("our own people come and go as ever") {
        auto carl = world.person("hearth.test", "carl");
        CHECK(carl.join(room) == "200");
    }
}

TEST_CASE("a space protects its rooms") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         carl = world.person("hearth.test", "carl");
    const auto space_of = [&](Neighbour& founder) {
        const auto space = founder.create_room(R"({"preset":"public_chat","creation_content":{"type":"m.space"}})");
        REQUIRE(founder.set_state(space, "org.runde.charter", only_others) == "200");
        return space;
    };
    const auto room = anna.create_room(R"({"preset":"public_chat","visibility":"public","room_alias_name":"evening"})");
    REQUIRE(told(world, room, ben, "evening") != "nothing");
    constexpr auto child = R"({"via":["hearth.test"]})";

    SUBCASE("that its founder put there") {
        const auto space = space_of(anna);
        REQUIRE(anna.set_state(space, "m.space.child", child, room) == "200");
        CHECK(told(world, room, ben, "evening") == "nothing");
        REQUIRE(anna.set_state(space, "m.space.child", "{}", room) == "200");
        CHECK(told(world, room, ben, "evening") != "nothing");
    }
    SUBCASE("that say that they belong to it") {
        const auto space = space_of(carl);
        REQUIRE(anna.set_state(room, "m.space.parent", child, space) == "200");
        CHECK(told(world, room, ben, "evening") == "nothing");
    }
    SUBCASE("but nobody can protect a room that is not theirs") {
        const auto space = space_of(carl);
        REQUIRE(carl.set_state(space, "m.space.child", child, room) == "200");
        CHECK(told(world, room, ben, "evening") != "nothing");
    }
}

TEST_CASE("a charter acts on those who are inside already") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    anna.say(room, "All of us");
    world.settle();
    REQUIRE(anna.set_state(room, "org.runde.charter", only_others) == "200");
    anna.say(room, "Among ourselves");
    ben.say(room, "Anybody there?");
    world.settle();
    CHECK(anna.sees(room) == "+anna, +ben, anna: All of us, anna: Among ourselves");
    CHECK(ben.sees(room) == "+ben, anna: All of us, ben: Anybody there?");

    SUBCASE("not even by catching up") {
        world.cut_link();
        anna.say(room, "Still among ourselves");
        world.settle();
        world.restart();
        world.restore_link();
        world.settle();
        CHECK(ben.sees(room) == "+ben, anna: All of us, ben: Anybody there?");
    }
    SUBCASE("until they are in it") {
        REQUIRE(anna.set_state(room, "org.runde.charter", with_haven) == "200");
        anna.say(room, "Welcome back");
        world.settle();
        CHECK(ben.sees(room).ends_with("anna: Welcome back"));
        // Who wrote the charter does not stand in it, and is heard by those who follow it.
        anna.say(room, "Do you hear me?");
        world.settle();
        CHECK(ben.sees(room).ends_with("anna: Welcome back, anna: Do you hear me?"));
    }
}

TEST_CASE("what a server sends, asks and is sent of a protected room is as if there were none") {
    SharedRoom play;
    auto& world = play.world;
    const auto event = play.pdu(play.ben, "m.room.message", R"({"msgtype":"m.text","body":"Anybody?"})");
    const auto exchange = [&](const std::string& id) {
        const auto body = fmt::format(
            R"({{"type":"m.room.member","room_id":"{}","sender":"{}","state_key":"@carl:haven.test",)"
            R"("content":{{"membership":"invite","third_party_invite":{{"signed":{{"mxid":"@carl:haven.test","token":"t"}}}}}}}})",
            id, play.anna.id);
        const auto answer = world.ask("haven.test", "hearth.test", Method::put,
                                      fmt::format("/_matrix/federation/v1/exchange_third_party_invite/{}", segment(id)),
                                      schema::canonical_json(schema::parse_json(body)));
        return fmt::format("{} {}", answer.status, answer.body);
    };
    const std::string nowhere = "!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    CHECK(exchange(play.room) != exchange(nowhere));
    const auto space = play.anna.create_room(R"({"preset":"public_chat","creation_content":{"type":"m.space"}})");
    REQUIRE(play.anna.set_state(space, "m.space.child", R"({"via":["hearth.test"]})", play.room) == "200");

    REQUIRE(play.anna.set_state(play.room, "org.runde.charter", only_others) == "200");
    CHECK(play.deliver("hearth.test", {event}) == std::vector<std::string>{"(no answer)"});
    CHECK(exchange(play.room) == exchange(nowhere));
    const auto hierarchy =
        world.ask("haven.test", "hearth.test", Method::get, "/_matrix/federation/v1/hierarchy/" + segment(space));
    CHECK(hierarchy.status == 200);
    CHECK(hierarchy.body.find(R"("inaccessible_children":[])") != std::string::npos);
    const auto before = play.ben.sees(play.room);
    REQUIRE(play.anna.post(fmt::format("/rooms/{}/kick", segment(play.room)), fmt::format(R"({{"user_id":"{}"}})", play.ben.id)) ==
            "200");
    world.settle();
    CHECK(play.ben.sees(play.room) == before);
}

TEST_CASE("spaces with rooms of other servers") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto child = R"({"via":["haven.test"]})";
    const auto room = ben.create_room(R"({"preset":"public_chat","name":"Haven's room"})");
    const auto secret = ben.create_room(R"({"preset":"private_chat","name":"Haven's secret"})");
    const auto inner = ben.create_room(R"({"preset":"public_chat","name":"Haven's space","creation_content":{"type":"m.space"}})");
    REQUIRE(ben.set_state(inner, "m.space.child", child, room) == "200");
    REQUIRE(ben.set_state(inner, "m.space.child", child, secret) == "200");
    const auto space = anna.create_room(R"({"preset":"public_chat","name":"Our space","creation_content":{"type":"m.space"}})");
    REQUIRE(anna.set_state(space, "m.space.child", child, inner) == "200");

    const auto names = [&] {
        const auto page = world.server("hearth.test")
                              .http("GET", fmt::format("/_matrix/client/v1/rooms/{}/hierarchy", segment(space)), anna.token);
        std::string list;
        for (const auto& entry : page["/rooms"].as_array()) {
            if (!list.empty()) list += ", ";
            list += schema::string_at(entry.as_object(), "name").value_or("?");
        }
        return list;
    };
    CHECK(names() == "Our space, Haven's space, Haven's room");
    world.cut_link();
    CHECK(names() == "Our space");
}
