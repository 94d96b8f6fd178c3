#include <doctest/doctest.h>

#include "schema/power_levels.hpp"

using namespace runde::schema;

namespace {

const RoomRules& version(std::string_view name) { return *find_room_rules(name); }
UserId user(std::string_view name) { return *UserId::parse("@" + std::string(name) + ":hearth.test"); }
PowerLevels levels(std::string_view content, std::string_view room_version = "11") {
    const auto json = parse_json(content).as_object();
    return PowerLevels(&json, version(room_version), {user("anna")});
}

}  // namespace

TEST_CASE("without m.room.power_levels the creator has 100, from version 12 on everything") {
    const PowerLevels none(nullptr, version("11"), {user("anna")});
    CHECK(none.level_of(user("anna")) == 100);
    CHECK(none.level_of(user("ben")) == 0);
    CHECK(none.needed_for_state("m.room.name") == 50);
    CHECK(none.needed_for_message("m.room.message") == 0);
    CHECK(none.needed_to_kick() == 50);
    CHECK(none.needed_to_ban() == 50);
    CHECK(none.needed_to_invite() == 0);
    CHECK(none.needed_to_redact() == 50);
    CHECK(none.needed_to_notify() == 50);
    const PowerLevels twelve(nullptr, version("12"), {user("anna"), user("carl")});
    CHECK(twelve.level_of(user("anna")) == PowerLevels::infinite);
    CHECK(twelve.level_of(user("carl")) == PowerLevels::infinite);
    CHECK(twelve.level_of(user("ben")) == 0);
}

TEST_CASE("what the event states holds, the rest follows") {
    const auto stated = levels(R"({"users":{"@ben:hearth.test":50},"users_default":10,"events":{"m.room.name":30},
        "events_default":5,"state_default":60,"ban":1,"kick":2,"redact":3,"invite":4,"notifications":{"room":20}})");
    CHECK(stated.level_of(user("ben")) == 50);
    CHECK(stated.level_of(user("carl")) == 10);
    CHECK(stated.level_of(user("anna")) == 10);  // Creators are nobody special up to version 11.
    CHECK(stated.needed_for_state("m.room.name") == 30);
    CHECK(stated.needed_for_state("m.room.topic") == 60);
    CHECK(stated.needed_for_message("m.room.message") == 5);
    CHECK(stated.needed_to_ban() == 1);
    CHECK(stated.needed_to_kick() == 2);
    CHECK(stated.needed_to_redact() == 3);
    CHECK(stated.needed_to_invite() == 4);
    CHECK(stated.needed_to_notify() == 20);

    const auto twelve = levels(R"({"users":{"@ben:hearth.test":50}})", "12");
    CHECK(twelve.level_of(user("anna")) == PowerLevels::infinite);
    CHECK_FALSE(twelve.lists_a_creator());
    CHECK(levels(R"({"users":{"@anna:hearth.test":50}})", "12").lists_a_creator());
    CHECK_FALSE(levels(R"({"users":{"@anna:hearth.test":50}})", "11").lists_a_creator());
}

TEST_CASE("how old rooms may spell a level") {
    const auto read = [](std::string_view spelled, std::string_view room_version) {
        return read_level(parse_json(spelled), version(room_version));
    };
    CHECK(read(R"("50")", "9") == 50);
    CHECK(read(R"(" +00050 ")", "9") == 50);
    CHECK(read(R"("-50")", "9") == -50);
    for (const auto spelled : {R"("")", R"(" ")", R"("+-5")", R"("5.0")", R"("0x5")", R"("fifty")", "true", "null", "{}"})
        CHECK(read(spelled, "9") == std::nullopt);
    CHECK(read("50.57", "5") == 50);
    CHECK(read("5.114698E4", "5") == 51146);
    CHECK(read("-1.9", "5") == -1);
    CHECK(read("1e300", "5") == std::nullopt);
    CHECK(read(R"("50")", "10") == std::nullopt);
    CHECK(read("50.0", "10") == std::nullopt);
    CHECK(read("50", "10") == 50);
    CHECK(levels(R"({"ban":"7","kick":"x"})", "9").needed_to_ban() == 7);
    CHECK(levels(R"({"ban":"7","kick":"x"})", "9").needed_to_kick() == 50);
}

TEST_CASE("what is wrong with power levels") {
    const auto complaint = [](std::string_view content, std::string_view room_version) {
        return std::string(PowerLevels::complaint(parse_json(content).as_object(), version(room_version)).value_or("fine"));
    };
    CHECK(complaint("{}", "10") == "fine");
    CHECK(complaint(R"({"ban":50,"events":{"a":1},"users":{"@ben:hearth.test":1}})", "10") == "fine");
    CHECK(complaint(R"({"ban":"50"})", "10") == "a level is not an integer");
    CHECK(complaint(R"({"ban":"50"})", "9") == "fine");
    CHECK(complaint(R"({"events":{"a":"1"}})", "10") == "a level in events or notifications is not an integer");
    CHECK(complaint(R"({"notifications":[]})", "10") == "a level in events or notifications is not an integer");
    CHECK(complaint(R"({"users":{"@ben:hearth.test":"1"}})", "10") == "a level in users is not an integer");
    CHECK(complaint(R"({"users":{"@ben:hearth.test":"1"}})", "9") == "fine");
    CHECK(complaint(R"({"users":{"@ben:hearth.test":"one"}})", "1") == "a level in users is not an integer");
    CHECK(complaint(R"({"users":[]})", "1") == "a level in users is not an integer");
    CHECK(complaint(R"({"users":{"ben":1}})", "1") == "users holds a key that is no user id");
}

TEST_CASE("who created a room, by version") {
    const auto creators = [](std::string_view room_version) {
        const auto pdu = parse_json(R"({"type":"m.room.create","state_key":"","room_id":"!r:hearth.test",
            "sender":"@anna:hearth.test","content":{"creator":"@ben:hearth.test","additional_creators":["@carl:hearth.test","?",3]},
            "depth":1,"origin_server_ts":1,"prev_events":[],"auth_events":[],"hashes":{},"signatures":{}})");
        auto object = pdu.as_object();
        if (room_version == "12") object.erase("room_id");
        const auto event = parse_event(std::move(object), version(room_version));
        std::string names;
        for (const auto& creator : PowerLevels::creators_of(*event, version(room_version)))
            names += std::string(creator.localpart()) + " ";
        return names;
    };
    CHECK(creators("10") == "ben ");
    CHECK(creators("11") == "anna ");
    CHECK(creators("12") == "anna carl ");
}
