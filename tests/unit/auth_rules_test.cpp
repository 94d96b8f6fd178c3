#include "core/rooms/auth_rules.hpp"

#include <doctest/doctest.h>

#include "tests/support/circle.hpp"

// Numbers are those of https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules; each case starts from an
// event that is allowed and changes one thing, so that the reason is why it is refused.
using namespace runde;
using namespace runde::tests;

TEST_CASE("1: which room may begin") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        RoomPlay play(version);
        const auto creation = play.creation();
        REQUIRE(play.judge(creation) == "yes, a room begins");

        auto changed = creation;
        changed.after = {play.write(message(anna))};
        CHECK(play.judge(changed) == "no, a create event with something before it");

        changed = creation;
        changed.content["room_version"] = "org.example.unheard-of";
        CHECK(play.judge(changed) == "no, a room version that is not recognised");
        changed.content["room_version"] = 1;
        CHECK(play.judge(changed) == "no, a room version that is not recognised");
        changed.content.erase("room_version");
        CHECK(play.judge(changed) == "yes, a room begins");
    }
    for (const auto& version : versions(1, 11)) {
        RoomPlay play(version);
        auto creation = play.creation();
        creation.more["room_id"] = "!room:haven.test";
        CHECK(play.judge(creation) == "no, a room id of another server than the sender's");
    }
    for (const auto& version : versions(1, 10)) {
        RoomPlay play(version);
        auto creation = play.creation();
        creation.content.erase("creator");
        CHECK(play.judge(creation) == "no, no creator");
    }
}

TEST_CASE("1.2, 1.4: in version 12 a room is named by its beginning, and may have several creators") {
    RoomPlay play("12");
    auto creation = play.creation();
    creation.content["additional_creators"] = {ben, carl};
    REQUIRE(play.judge(creation) == "yes, a room begins");

    for (const schema::Json& wrong :
         {schema::Json(ben), schema::Json({ben, 7}), schema::Json({ben, "carl"}), schema::Json(nullptr)}) {
        creation.content["additional_creators"] = wrong;
        CHECK(play.judge(creation) == "no, additional creators that are no user ids");
    }
    creation.content["additional_creators"] = schema::JsonArray();
    CHECK(play.judge(creation) == "yes, a room begins");

    // A create event with a state key is none that schema::parse_event would refuse for its room id.
    creation.state_key = "elsewhere";
    creation.more["room_id"] = "!room";
    CHECK(play.judge(creation) == "no, a create event that chooses its room id");

    RoomPlay older("11");
    creation = older.creation();
    creation.content["additional_creators"] = "means nothing here";
    CHECK(older.judge(creation) == "yes, a room begins");
}

TEST_CASE("2: an event belongs to the room that its room id names") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        play.forget("m.room.create");
        CHECK(play.judge(message(ben)) == "no, the room has no create event");
    }
    auto play = circle("12");
    auto elsewhere = message(ben);
    elsewhere.more["room_id"] = "!another";
    CHECK(play.judge(elsewhere) == "no, the room id does not name the room's create event");
}

TEST_CASE("4: a room that does not federate is for its own server") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        auto creation = play.creation();
        creation.content["m.federate"] = false;
        play.given(creation);
        CHECK(play.judge(message(ben)) == "no, the room does not federate");
        CHECK(play.judge(membership(dora, dora, "join")) == "no, the room does not federate");
        CHECK(play.judge(message(carl)) == "yes, a member may send this");
        creation.content["m.federate"] = true;
        play.given(creation);
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
        creation.content["m.federate"] = "false";  // Only false is false.
        play.given(creation);
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
    }
}

TEST_CASE("until version 5, aliases belong to a server") {
    for (const auto& version : versions(1, 5)) {
        CAPTURE(version);
        auto play = circle(version);
        auto aliases = state_event(dora, "m.room.aliases", R"({"aliases":["#circle:haven.test"]})", "haven.test");
        CHECK(play.judge(aliases) == "yes, a server's own aliases");  // Dora is not even in the room.
        aliases.state_key = "hearth.test";
        CHECK(play.judge(aliases) == "no, aliases of another server");
        aliases.state_key.reset();
        CHECK(play.judge(aliases) == "no, aliases that are no state");
    }
    for (const auto& version : versions(6, 12)) {
        auto play = circle(version);
        const auto aliases = state_event(ben, "m.room.aliases", R"({"aliases":[]})", "haven.test");
        CHECK(play.judge(aliases) == "no, may not send this type");
        CHECK(play.judge(state_event(carl, "m.room.aliases", "{}", "haven.test")) == "yes, a member may send this");
    }
}

TEST_CASE("6: only members speak") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        CHECK(play.judge(message(dora)) == "no, the sender is not in the room");
        for (const auto kind : {"invite", "leave", "ban", "knock"}) {
            play.given(membership(ben, ben, kind));
            CHECK(play.judge(message(ben)) == "no, the sender is not in the room");
        }
    }
}

TEST_CASE("7: promising an invite takes the level to invite") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto promise = state_event(ben, "m.room.third_party_invite", "{}", "token");
        REQUIRE(play.judge(promise) == "yes, a member who may invite");  // Not state_default, 50.
        play.given(levels_with(play, anna, "invite", 1));
        CHECK(play.judge(promise) == "no, may not invite");
    }
}

TEST_CASE("8: every type has its level") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        REQUIRE(play.judge(message(ben)) == "yes, a member may send this");
        const auto topic = [](const std::string& sender) { return state_event(sender, "m.room.topic", R"({"topic":"T"})"); };
        CHECK(play.judge(topic(ben)) == "no, may not send this type");
        CHECK(play.judge(topic(carl)) == "yes, a member may send this");

        play.given(levels_with(play, anna, "events", "m.room.topic", 51));
        CHECK(play.judge(topic(carl)) == "no, may not send this type");
        play.given(levels_with(play, anna, "events", "m.room.topic", 0));
        CHECK(play.judge(topic(ben)) == "yes, a member may send this");
        play.given(levels_with(play, anna, "state_default", 0));
        CHECK(play.judge(state_event(ben, "m.room.name", "{}")) == "yes, a member may send this");
        play.given(levels_with(play, anna, "events_default", 1));
        CHECK(play.judge(message(ben)) == "no, may not send this type");
        play.given(levels_with(play, anna, "users_default", 1));
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
    }
}

TEST_CASE("8: a room without power levels has its creator's") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        play.forget("m.room.power_levels");
        CHECK(play.judge(state_event(anna, "m.room.topic", "{}")) == "yes, a member may send this");
        CHECK(play.judge(state_event(carl, "m.room.topic", "{}")) == "no, may not send this type");
        CHECK(play.judge(message(ben)) == "yes, a member may send this");
        CHECK(play.judge(membership(anna, ben, "leave")) == "yes, kicked or unbanned by a member who may");
    }
}

TEST_CASE("creators stand above every level, since version 12") {
    auto play = circle("12");
    auto creation = play.creation();
    creation.content["additional_creators"] = schema::JsonArray{dora};
    play.given(creation);
    play.happens(membership(dora, dora, "join"));
    play.given(levels_with(play, anna, "events", "m.room.topic", 9007199254740991));
    play.given(levels_with(play, anna, "users", carl, 9007199254740991));
    CHECK(play.judge(state_event(anna, "m.room.topic", "{}")) == "yes, a member may send this");
    CHECK(play.judge(state_event(dora, "m.room.topic", "{}")) == "yes, a member may send this");
    CHECK(play.judge(membership(dora, carl, "ban")) == "yes, banned by a member who may");
    CHECK(play.judge(membership(carl, dora, "ban")) == "no, may not ban somebody of this level");
    CHECK(play.judge(membership(dora, anna, "leave")) == "no, may not kick somebody of this level");

    auto older = circle("11");
    older.given(creation);
    older.given(membership(dora, dora, "join"));
    CHECK(older.judge(state_event(dora, "m.room.topic", "{}")) == "no, may not send this type");
}

TEST_CASE("9: state in a person's name is that person's") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto status = [](const std::string& sender, std::string key) {
            return state_event(sender, "org.example.status", "{}", std::move(key));
        };
        REQUIRE(play.judge(status(carl, carl)) == "yes, a member may send this");
        CHECK(play.judge(status(carl, ben)) == "no, state of another person");
        CHECK(play.judge(status(anna, carl)) == "no, state of another person");
        CHECK(play.judge(status(carl, "@")) == "no, state of another person");
        CHECK(play.judge(status(carl, "#" + ben)) == "yes, a member may send this");
    }
}

TEST_CASE("until version 2, the rules decide about redactions") {
    for (const auto& version : versions(1, 2)) {
        CAPTURE(version);
        auto play = circle(version);
        const auto redaction = [](const std::string& sender, schema::Json redacts) {
            Line line{"m.room.redaction", sender, std::nullopt, {}};
            line.more["redacts"] = std::move(redacts);
            return line;
        };
        CHECK(play.judge(redaction(carl, "$x:haven.test")) == "yes, may redact what others wrote");
        CHECK(play.judge(redaction(ben, "$x:haven.test")) == "yes, redacts an event of the same server");
        CHECK(play.judge(redaction(ben, "$x:hearth.test")) == "no, may not redact what others wrote");
        CHECK(play.judge(redaction(ben, "$x")) == "no, may not redact what others wrote");
        CHECK(play.judge(redaction(ben, 7)) == "no, may not redact what others wrote");
        play.given(levels_with(play, anna, "redact", 51));
        CHECK(play.judge(redaction(carl, "$x:haven.test")) == "no, may not redact what others wrote");
        CHECK(play.judge(redaction(carl, "$x:hearth.test")) == "yes, redacts an event of the same server");

        // Whatever has become part of the room is then applied.
        const auto target = play.happens(message(anna));
        const auto applied = play.write(redaction(carl, schema::Json(target->id.str())));
        CHECK(RoomPlay::text(rooms::may_redact(*applied, *target, play.rules, play.lookup())) ==
              "yes, decided when the redaction was authorised");
    }
}

TEST_CASE("since version 3, a redaction is an event like others, and is applied only where it may") {
    for (const auto& version : versions(3, 12)) {
        CAPTURE(version);
        auto play = circle(version);
        const auto annas = play.happens(message(anna)), bens = play.happens(message(ben));
        const auto redaction = [&](const std::string& sender, const schema::EventPtr& target) {
            Line line{"m.room.redaction", sender, std::nullopt, {}};
            (play.rules.redacts_in_content ? line.content : line.more)["redacts"] = target->id.str();
            return play.happens(line);
        };
        const auto applied = [&](const std::string& sender, const schema::EventPtr& target) {
            return RoomPlay::text(rooms::may_redact(*redaction(sender, target), *target, play.rules, play.lookup()));
        };
        CHECK(applied(carl, bens) == "yes, may redact what others wrote");
        CHECK(applied(ben, bens) == "yes, redacts an event of the same server");
        CHECK(applied(ben, annas) == "no, may not redact what others wrote");
        play.happens(levels_with(play, anna, "redact", 51));
        CHECK(applied(carl, bens) == "no, may not redact what others wrote");
        CHECK(applied(carl, annas) == "yes, redacts an event of the same server");
        CHECK(applied(anna, bens) == "yes, may redact what others wrote");

        CHECK(rooms::may_redact(*redaction(anna, annas), *bens, play.rules, play.lookup()).why == "redacts another event");
        auto line = message(ben);
        line.more["room_id"] = "!another:haven.test";
        const auto elsewhere = play.write(line);
        CHECK(applied(anna, elsewhere) == "no, redacts an event of another room");
        const rooms::StateLookup nothing = [](auto, auto) { return nullptr; };
        CHECK(rooms::may_redact(*redaction(anna, annas), *annas, play.rules, nothing).why == "the room has no create event");

        play.happens(levels_with(play, anna, "events", "m.room.redaction", 1));
        CHECK(play.judge({"m.room.redaction", ben, std::nullopt, {}}) == "no, may not send this type");
    }
}
