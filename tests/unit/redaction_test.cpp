#include <doctest/doctest.h>

#include "schema/event.hpp"

using namespace runde::schema;

namespace {

/// What redaction leaves of the content, in the given version.
std::string left_of(std::string_view type, std::string_view content, std::string_view version) {
    JsonObject event;
    event["type"] = type;
    event["content"] = parse_json(content);
    return canonical_json(redact(event, *find_room_rules(version)).at("content"));
}

}  // namespace

TEST_CASE("redaction keeps what the graph needs of the envelope") {
    const auto event = parse_json(R"({"event_id":"$1","type":"m.room.message","room_id":"!r","sender":"@a:b","state_key":"",
        "content":{"body":"gone"},"hashes":{},"signatures":{},"depth":1,"prev_events":[],"auth_events":[],
        "origin_server_ts":2,"unsigned":{},"redacts":"$x","org.example.extra":1,
        "prev_state":[],"origin":"b","membership":"join"})")
                           .as_object();
    const std::string kept = R"({"auth_events":[],"content":{},"depth":1,"event_id":"$1","hashes":{},)";
    const std::string rest = R"("origin_server_ts":2,"prev_events":[],)";
    const std::string end = R"("room_id":"!r","sender":"@a:b","signatures":{},"state_key":"","type":"m.room.message"})";
    CHECK(canonical_json(redact(event, *find_room_rules("11"))) == kept + rest + end);
    CHECK(canonical_json(redact(event, *find_room_rules("10"))) ==
          kept + R"("membership":"join","origin":"b",)" + R"("origin_server_ts":2,"prev_events":[],"prev_state":[],)" + end);
}

TEST_CASE("redaction keeps what the rules need of the content, by version") {
    SUBCASE("m.room.member") {
        const auto member =
            R"({"membership":"join","displayname":"Anna","join_authorised_via_users_server":"@b:c",
                                "third_party_invite":{"display_name":"A","signed":{"token":"t"}}})";
        CHECK(left_of("m.room.member", member, "1") == R"({"membership":"join"})");
        CHECK(left_of("m.room.member", member, "8") == R"({"membership":"join"})");
        for (const auto version : {"9", "10"})
            CHECK(left_of("m.room.member", member, version) ==
                  R"({"join_authorised_via_users_server":"@b:c","membership":"join"})");
        for (const auto version : {"11", "12"})
            CHECK(
                left_of("m.room.member", member, version) ==
                R"({"join_authorised_via_users_server":"@b:c","membership":"join","third_party_invite":{"signed":{"token":"t"}}})");
        CHECK(left_of("m.room.member", R"({"third_party_invite":{"display_name":"A"}})", "11") == "{}");
        CHECK(left_of("m.room.member", R"({"third_party_invite":"A"})", "11") == "{}");
    }
    SUBCASE("m.room.create") {
        const auto create = R"({"creator":"@a:b","room_version":"10","m.federate":false})";
        CHECK(left_of("m.room.create", create, "10") == R"({"creator":"@a:b"})");
        CHECK(left_of("m.room.create", create, "11") == R"({"creator":"@a:b","m.federate":false,"room_version":"10"})");
    }
    SUBCASE("m.room.join_rules") {
        const auto rules = R"({"join_rule":"restricted","allow":[],"x":1})";
        CHECK(left_of("m.room.join_rules", rules, "7") == R"({"join_rule":"restricted"})");
        CHECK(left_of("m.room.join_rules", rules, "8") == R"({"allow":[],"join_rule":"restricted"})");
    }
    SUBCASE("m.room.power_levels") {
        const auto levels =
            R"({"ban":1,"events":{},"events_default":2,"invite":3,"kick":4,"redact":5,"state_default":6,
                                "users":{},"users_default":7,"notifications":{}})";
        CHECK(left_of("m.room.power_levels", levels, "10") ==
              R"({"ban":1,"events":{},"events_default":2,"kick":4,"redact":5,"state_default":6,"users":{},"users_default":7})");
        CHECK(
            left_of("m.room.power_levels", levels, "11") ==
            R"({"ban":1,"events":{},"events_default":2,"invite":3,"kick":4,"redact":5,"state_default":6,"users":{},"users_default":7})");
    }
    SUBCASE("m.room.aliases") {
        CHECK(left_of("m.room.aliases", R"({"aliases":["#a:b"],"x":1})", "5") == R"({"aliases":["#a:b"]})");
        CHECK(left_of("m.room.aliases", R"({"aliases":["#a:b"],"x":1})", "6") == "{}");
    }
    SUBCASE("m.room.history_visibility") {
        for (const auto version : {"1", "12"})
            CHECK(left_of("m.room.history_visibility", R"({"history_visibility":"joined","x":1})", version) ==
                  R"({"history_visibility":"joined"})");
    }
    SUBCASE("m.room.redaction") {
        CHECK(left_of("m.room.redaction", R"({"redacts":"$1","reason":"r"})", "10") == "{}");
        CHECK(left_of("m.room.redaction", R"({"redacts":"$1","reason":"r"})", "11") == R"({"redacts":"$1"})");
    }
    SUBCASE("anything else") {
        CHECK(left_of("m.room.message", R"({"body":"b","membership":"join"})", "1") == "{}");
        CHECK(left_of("m.room.name", R"({"name":"n"})", "12") == "{}");
    }
}

TEST_CASE("redaction survives what no event should be") {
    CHECK(canonical_json(redact({}, *find_room_rules("12"))) == R"({"content":{}})");
    JsonObject odd;
    odd["type"] = 3;
    odd["content"] = "text";
    CHECK(canonical_json(redact(odd, *find_room_rules("1"))) == R"({"content":{},"type":3})");
}
