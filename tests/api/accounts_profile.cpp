#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

TEST_CASE("a profile: set, seen by others, removed") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    const auto profile = "/profile/" + anna.id;
    std::vector<std::string> heard;
    server.on_io([&] {
        server.wiring().accounts.listeners.profile_changed.add(
            [&](schema::UserNid, const schema::UserId&, std::string_view field) { heard.emplace_back(field); });
    });

    CHECK(anna.put(profile + "/displayname", R"({"displayname":"Änne 🌻"})") == "200");
    CHECK(anna.put(profile + "/avatar_url", R"({"avatar_url":"mxc://hearth.test/anna"})") == "200");
    CHECK(anna.put(profile + "/m.tz", R"({"m.tz":"Europe/Berlin"})") == "200");
    CHECK(anna.put(profile + "/org.runde.pronouns", R"({"org.runde.pronouns":["sie"]})") == "200");
    CHECK(ben.get(profile).text ==
          R"({"displayname":"Änne 🌻","avatar_url":"mxc://hearth.test/anna","m.tz":"Europe/Berlin","org.runde.pronouns":["sie"]})");
    CHECK(ben.get(profile + "/displayname").text == R"({"displayname":"Änne 🌻"})");
    CHECK(server.http("GET", "/_matrix/client/v3" + profile) == "200");  // No account needed.

    CHECK(anna.del(profile + "/m.tz") == "200");
    CHECK(anna.del(profile + "/m.tz") == "200");
    CHECK(ben.get(profile + "/m.tz") == "404 M_NOT_FOUND");
    CHECK(anna.put(profile + "/avatar_url", R"({"avatar_url":""})") == "200");
    CHECK(ben.get(profile + "/avatar_url") == "404 M_NOT_FOUND");
    CHECK(heard == std::vector<std::string>{"displayname", "avatar_url", "m.tz", "org.runde.pronouns", "m.tz", "avatar_url"});
}

TEST_CASE("a new name is in the rooms when the answer is") {
    TestServer server;
    auto anna = server.person("anna");
    for (int i = 0; i < 20; ++i) {
        const auto room = anna.post("/createRoom", "{}").at("/room_id");
        const auto name = fmt::format("Anna die {}.", i);
        const auto member = fmt::format("/rooms/{}/state/m.room.member/{}", segment(room), segment(anna.id));
        REQUIRE(anna.put("/profile/" + anna.id + "/displayname", fmt::format(R"({{"displayname":"{}"}})", name)) == "200");
        CHECK(anna.get(member).at("/displayname") == name);
        // Nothing new makes no event.
        const auto event = anna.get(member + "?format=event").at("/event_id");
        REQUIRE(anna.put("/profile/" + anna.id + "/m.tz", fmt::format(R"({{"m.tz":"Europe/{}"}})", i)) == "200");
        REQUIRE(anna.put("/profile/" + anna.id + "/displayname", fmt::format(R"({{"displayname":"{}"}})", name)) == "200");
        CHECK(anna.get(member + "?format=event").at("/event_id") == event);
    }
}

TEST_CASE("a profile: what is refused") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    const auto put = [&](std::string_view field, std::string_view body) {
        return anna.put("/profile/" + anna.id + "/" + std::string(field), body).summary();
    };
    REQUIRE(put("displayname", R"({"displayname":"Anna"})") == "200");
    CHECK(ben.put("/profile/" + anna.id + "/displayname", R"({"displayname":"Ben was here"})") == "403 M_FORBIDDEN");
    CHECK(ben.del("/profile/" + anna.id + "/displayname") == "403 M_FORBIDDEN");
    CHECK(put("displayname", "{}") == "400 M_MISSING_PARAM");
    CHECK(put("displayname", R"({"displayname":7})") == "400 M_BAD_JSON");
    CHECK(put("displayname", R"({"displayname":null})") == "400 M_BAD_JSON");
    CHECK(put("displayname", "nonsense") == "400 M_NOT_JSON");
    CHECK(put("displayname", fmt::format(R"({{"displayname":"{}"}})", std::string(600, 'x'))) == "400 M_INVALID_PARAM");
    CHECK(put("avatar_url", R"({"avatar_url":"https://elsewhere.test/track.png"})") == "400 M_INVALID_PARAM");
    for (const auto* field : {"hobby", "Org.runde.x", "org..runde", "org.runde.", ".org", "org.rün.de", "a%20b.c"})
        CHECK_MESSAGE(put(field, fmt::format(R"({{"{}":1}})", net::percent_decode(field).value())) == "400 M_INVALID_PARAM", field);
    CHECK(anna.del("/profile/" + anna.id + "/hobby") == "400 M_INVALID_PARAM");
    const auto long_name = "org." + std::string(300, 'x');
    CHECK(put(long_name, fmt::format(R"({{"{}":1}})", long_name)) == "400 M_KEY_TOO_LARGE");

    const auto piece = std::string(40'000, 'x');
    CHECK(put("org.runde.a", fmt::format(R"({{"org.runde.a":"{}"}})", piece)) == "200");
    CHECK(put("org.runde.b", fmt::format(R"({{"org.runde.b":"{}"}})", piece)) == "400 M_PROFILE_TOO_LARGE");

    CHECK(ben.get("/profile/@nobody:hearth.test") == "404 M_NOT_FOUND");
    CHECK(ben.get("/profile/@nobody:hearth.test/displayname") == "404 M_NOT_FOUND");
    CHECK(ben.get("/profile/anna") == "400 M_INVALID_PARAM");
    CHECK(ben.get("/profile/" + anna.id + "/displayname").at("/displayname") == "Anna");
}

TEST_CASE("a server may keep profiles among its members") {
    TestServer server([](server::WiringOptions& options) { options.accounts.profiles_need_sign_in = true; });
    auto anna = server.person("anna");
    CHECK(server.http("GET", "/_matrix/client/v3/profile/" + anna.id) == "403 M_FORBIDDEN");
    CHECK(server.http("GET", "/_matrix/client/v3/profile/@nobody:hearth.test") == "403 M_FORBIDDEN");
    CHECK(server.person("ben").get("/profile/" + anna.id) == "200");
}
