#include "core/rooms/auth_events.hpp"

#include <doctest/doctest.h>

#include "tests/support/circle.hpp"

// Numbers are those of https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules; each case starts from an
// event that is allowed and changes one thing, so that the reason is why it is refused.
using namespace runde;
using namespace runde::tests;

TEST_CASE("3: which auth events an event may cite") {
    for (const auto& version : every_version) {
        CAPTURE(version);
        auto play = circle(version);
        const auto event = play.write(message(ben));
        const auto create = play.now("m.room.create");
        std::vector<rooms::CitedEvent> cited{{play.now("m.room.power_levels").get()}, {play.now("m.room.member", ben).get()}};
        if (!play.rules.room_id_is_create_hash) cited.push_back({create.get()});
        const auto check = [&](const schema::Event* named = nullptr) {
            return RoomPlay::text(rooms::check_auth_events(*event, play.rules, cited, named ? named : create.get()));
        };
        REQUIRE(check() == "yes, the auth events are as they must be");
        CHECK(event->auth_events.size() == cited.size());

        schema::EventPtr other;  // Lives as long as `cited` points to it.
        SUBCASE("3.1 two for one key") {
            other = play.write(membership(ben, ben, "join"));
            cited.push_back({other.get()});
            CHECK(check() == "no, two auth events for the same state");
        }
        SUBCASE("3.1 one event twice") {
            cited.push_back(cited.front());
            CHECK(check() == "no, two auth events for the same state");
        }
        SUBCASE("3.2 state that does not matter to a message") {
            cited.push_back({play.now("m.room.join_rules").get()});
            CHECK(check() == "no, an auth event that this event must not cite");
        }
        SUBCASE("3.2 somebody else's membership") {
            cited.push_back({play.now("m.room.member", anna).get()});
            CHECK(check() == "no, an auth event that this event must not cite");
        }
        SUBCASE("3.2 an event that is no state") {
            other = play.write(message(ben));
            cited.push_back({other.get()});
            CHECK(check() == "no, an auth event that this event must not cite");
        }
        SUBCASE("3.3 a rejected one") {
            cited.front().rejected = true;
            CHECK(check() == "no, an auth event was rejected");
        }
        SUBCASE("2.4, 3.2 the create event") {
            if (play.rules.room_id_is_create_hash) {
                cited.push_back({create.get()});
                CHECK(check() == "no, an auth event that this event must not cite");
            } else {
                cited.pop_back();
                CHECK(check() == "no, no create event among the auth events");
            }
        }
        SUBCASE("3.5 one of another room") {
            auto line = membership(ben, ben, "join");
            line.more["room_id"] = "!another:hearth.test";
            other = play.write(line);
            cited[1].event = other.get();
            CHECK(check() == "no, an auth event of another room");
        }
        SUBCASE("1: a create event needs none") {
            const auto creation = play.write(play.creation());
            CHECK(rooms::check_auth_events(*creation, play.rules, {}).allowed);
        }
    }
}

TEST_CASE("2: in version 12 the create event is named by the room id and must have been accepted") {
    auto play = circle("12");
    const auto event = play.write(message(ben));
    const rooms::CitedEvent cited[] = {{play.now("m.room.power_levels").get()}, {play.now("m.room.member", ben).get()}};
    REQUIRE(rooms::check_auth_events(*event, play.rules, cited, play.now("m.room.create").get()).allowed);

    const std::string_view refused = "the room id does not name an accepted create event";
    CHECK(rooms::check_auth_events(*event, play.rules, cited).why == refused);
    auto other = play.creation();
    other.id = "another";
    CHECK(rooms::check_auth_events(*event, play.rules, cited, play.write(other).get()).why == refused);
    CHECK(rooms::check_auth_events(*event, play.rules, cited, play.now("m.room.join_rules").get()).why == refused);
}

TEST_CASE("an event can be judged by what it cites") {
    for (const auto& version : {"11", "12"}) {
        auto play = circle(version);
        const auto event = play.write(message(ben));
        const auto create = play.now("m.room.create");
        std::vector<rooms::CitedEvent> cited{{play.now("m.room.power_levels").get()}, {play.now("m.room.member", ben).get()}};
        if (!play.rules.room_id_is_create_hash) cited.push_back({create.get()});
        const auto* named = play.rules.room_id_is_create_hash ? create.get() : nullptr;
        CHECK(rooms::authorise(*event, play.rules, rooms::state_of(cited, named)).allowed);
        cited[1].rejected = true;
        CHECK(rooms::authorise(*event, play.rules, rooms::state_of(cited, named)).why == "the sender is not in the room");
    }
}

TEST_CASE("which auth events an event selects") {
    const auto keys = [](std::string_view version, const Line& line) {
        const auto wanted = rooms::auth_types_for(line.type, line.sender, line.state_key.value_or(""), line.content,
                                                  *schema::find_room_rules(version));
        std::string text;
        for (const auto& key : wanted) text += fmt::format("{}|{} ", key.type.substr(7), key.state_key);
        return text;
    };
    const auto in = [&](std::string_view version, const Line& line, std::string_view more) {
        const auto create = version == "12" ? "" : "create| ";
        CHECK(keys(version, line) == fmt::format("{}power_levels| member|{} {}", create, line.sender, more));
    };
    const auto about_dora = fmt::format("member|{} ", dora);
    for (const auto& version : every_version) {
        CAPTURE(version);
        in(version, message(ben), "");
        in(version, state_event(ben, "m.room.topic", "{}"), "");
        in(version, membership(ben, ben, "join"), "join_rules| ");
        in(version, membership(ben, dora, "invite"), about_dora + "join_rules| ");
        in(version, membership(ben, dora, "leave"), about_dora);
        in(version, membership(ben, dora, "ban"), about_dora);
        in(version, membership(ben, ben, "knock"), "join_rules| ");
        const auto promise = json(R"({"third_party_invite":{"signed":{"token":"t"}}})");
        in(version, membership(ben, dora, "invite", promise), about_dora + "join_rules| third_party_invite|t ");
        in(version, membership(ben, dora, "leave", promise), about_dora);
        in(version, membership(ben, dora, "invite", json(R"({"third_party_invite":{"signed":{"token":1}}})")),
           about_dora + "join_rules| ");

        const schema::JsonObject authorised{{"join_authorised_via_users_server", dora}};
        const bool restricted = schema::find_room_rules(version)->restricted_joins;
        in(version, membership(ben, ben, "join", authorised), restricted ? "join_rules| " + about_dora : "join_rules| ");
        in(version, membership(ben, ben, "leave", authorised), "");
        CHECK(keys(version, RoomPlay(version).creation()).empty());
    }
}
