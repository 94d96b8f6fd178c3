#include "core/rooms/auth_rules.hpp"

#include <doctest/doctest.h>

#include "tests/support/circle.hpp"

// Numbers are those of https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules; each case starts from an
// event that is allowed and changes one thing, so that the reason is why it is refused.
using namespace runde;
using namespace runde::tests;

TEST_CASE("10.1 to 10.3: how levels are written") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const bool strict = play.rules.integer_power_levels_only;
        REQUIRE(play.judge(levels_with(play, anna, "ban", 60)) == "yes, changes levels within reach");

        for (const auto name : {"users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"}) {
            CAPTURE(name);
            for (const schema::Json& value : {schema::Json("7"), schema::Json(schema::JsonArray()), schema::Json(true)}) {
                const auto verdict = play.judge(levels_with(play, anna, name, value));
                CHECK(verdict == (strict ? "no, a level is not an integer" : "yes, changes levels within reach"));
            }
        }
        for (const auto table : {"events", "notifications"}) {
            for (const schema::Json& value : {schema::Json("7"), schema::Json({{"m.room.name", "7"}})}) {
                const auto verdict = play.judge(levels_with(play, anna, table, value));
                CHECK(verdict ==
                      (strict ? "no, a level in events or notifications is not an integer" : "yes, changes levels within reach"));
            }
        }

        auto users = play.now("m.room.power_levels")->content().at("users").as_object();
        users[ben] = " +010 ";
        CHECK(play.judge(levels_with(play, anna, "users", users)) ==
              (strict ? "no, a level in users is not an integer" : "yes, changes levels within reach"));
        for (const schema::Json& value : {schema::Json("ten"), schema::Json(schema::JsonObject()), schema::Json(false)}) {
            users[ben] = value;
            CHECK(play.judge(levels_with(play, anna, "users", users)) == "no, a level in users is not an integer");
        }
        users.erase(ben);
        users["ben"] = 10;
        CHECK(play.judge(levels_with(play, anna, "users", users)) == "no, users holds a key that is no user id");
        CHECK(play.judge(levels_with(play, anna, "users", schema::JsonArray())) == "no, a level in users is not an integer");
    }
}

TEST_CASE("10.4: creators are not listed, since version 12") {
    auto play = circle("12");
    auto creation = play.creation();
    creation.content["additional_creators"] = schema::JsonArray{dora};
    play.given(creation);
    REQUIRE(play.judge(levels_with(play, anna, "users", ben, 10)) == "yes, changes levels within reach");
    CHECK(play.judge(levels_with(play, anna, "users", anna, 100)) == "no, creators have no level to be set");
    CHECK(play.judge(levels_with(play, anna, "users", dora, 0)) == "no, creators have no level to be set");
    play.forget("m.room.power_levels");
    Line first{"m.room.power_levels", anna, "", json("{}")};
    CHECK(play.judge(first) == "yes, the first power levels");
    first.content["users"] = schema::JsonObject{{dora, 100}};
    CHECK(play.judge(first) == "no, creators have no level to be set");
}

TEST_CASE("10.5: the first power levels may say anything") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        play.forget("m.room.power_levels");
        Line first{"m.room.power_levels", anna, "", json(R"({"ban":1000})")};
        first.content["users"] = schema::JsonObject{{ben, 1000}};
        CHECK(play.judge(first) == "yes, the first power levels");
        first.sender = ben;
        CHECK(play.judge(first) == "no, may not send this type");
    }
}

TEST_CASE("10.6: no single level is changed from or to above one's own") {
    for (const auto& version : every_version) {
        for (const std::string name : {"users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"}) {
            CAPTURE(version);
            CAPTURE(name);
            auto play = circle(version);
            const std::string_view refused = "no, changes a level above the sender's own";
            const std::string_view allowed = "yes, changes levels within reach";
            CHECK(play.judge(levels_with(play, carl, name, 50)) == allowed);  // Added.
            CHECK(play.judge(levels_with(play, carl, name, 51)) == refused);
            play.given(levels_with(play, anna, name, 50));
            if (name == "events_default" || name == "users_default") play.given(levels_with(play, anna, name, 40));
            CHECK(play.judge(levels_with(play, carl, name, 30)) == allowed);  // Changed.
            CHECK(play.judge(levels_with(play, carl, name, 51)) == refused);
            CHECK(play.judge(levels_with(play, carl, name, nullptr)) == allowed);  // Removed.

            if (name == "state_default") continue;  // Carl could not send it at all.
            play.given(levels_with(play, anna, name, 51));
            if (name == "users_default") continue;
            CHECK(play.judge(levels_with(play, carl, name, 50)) == refused);
            CHECK(play.judge(levels_with(play, carl, name, nullptr)) == refused);
            CHECK(play.judge(levels_with(play, carl, name, 51)) == allowed);  // Not altered.
        }
    }
}

TEST_CASE("10.6: what is spelled differently is not altered") {
    for (const auto& version : versions(1, 9)) {
        auto play = circle(version);
        play.given(levels_with(play, anna, "ban", 90));
        CHECK(play.judge(levels_with(play, carl, "ban", "90")) == "yes, changes levels within reach");
        CHECK(play.judge(levels_with(play, carl, "ban", "91")) == "no, changes a level above the sender's own");
    }
}

TEST_CASE("10.7, 10.8: levels of events and notifications") {
    for (const auto& version : every_version) {
        for (const std::string table : {"events", "notifications"}) {
            CAPTURE(version);
            CAPTURE(table);
            auto play = circle(version);
            const bool checked = table == "events" || play.rules.notifications_levels_checked;
            const std::string_view allowed = "yes, changes levels within reach";
            const std::string refused = !checked            ? std::string(allowed)
                                        : table == "events" ? "no, changes an event's level above the sender's own"
                                                            : "no, changes a notification's level above the sender's own";
            play.given(levels_with(play, anna, table, schema::JsonObject{{"mine", 50}, {"above", 51}}));
            CHECK(play.judge(levels_with(play, carl, table, "mine", 1)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "mine", nullptr)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "mine", 51)) == refused);
            CHECK(play.judge(levels_with(play, carl, table, "above", 1)) == refused);
            CHECK(play.judge(levels_with(play, carl, table, "above", nullptr)) == refused);
            CHECK(play.judge(levels_with(play, carl, table, "above", 51)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "new", 50)) == allowed);
            CHECK(play.judge(levels_with(play, carl, table, "new", 51)) == refused);
        }
    }
}

TEST_CASE("10.9, 10.10: levels of people") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const std::string_view allowed = "yes, changes levels within reach";
        const std::string_view refused = "no, changes a user's level at or above the sender's own";
        const std::string emil = "@emil:hearth.test", frieda = "@frieda:hearth.test";
        play.given(levels_with(play, anna, "users", emil, 50));
        play.given(levels_with(play, anna, "users", frieda, 51));

        CHECK(play.judge(levels_with(play, carl, "users", ben, 50)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", ben, 51)) == refused);
        play.given(levels_with(play, anna, "users", ben, 49));
        CHECK(play.judge(levels_with(play, carl, "users", ben, 10)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", ben, nullptr)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", ben, 50)) == allowed);
        for (const auto& other : {emil, frieda}) {
            CHECK(play.judge(levels_with(play, carl, "users", other, 10)) == refused);
            CHECK(play.judge(levels_with(play, carl, "users", other, nullptr)) == refused);
        }
        // One's own level may go down, never up.
        CHECK(play.judge(levels_with(play, carl, "users", carl, 10)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", carl, nullptr)) == allowed);
        CHECK(play.judge(levels_with(play, carl, "users", carl, 51)) == refused);
    }
}
