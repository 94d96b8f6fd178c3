#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// A room that somebody is in, made without the rooms' endpoints.
std::string room_of(TestServer& server, const Person& person) {
    const auto id = "!evening-of-" + person.name + ":hearth.test";
    server.ask(fmt::format(R"(WITH room AS (INSERT INTO rooms (room_nid, room_id, version) VALUES (77, '{}', '11'))
                              INSERT INTO user_rooms (user_nid, room_nid, membership, member_nid, pos)
                              SELECT user_nid, 77, 1, 1, 1 FROM users WHERE localpart = '{}' RETURNING 1)",
                           id, person.name));
    return id;
}

}  // namespace

TEST_CASE("account data: kept, changed, and nobody else's") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    const auto path = "/user/" + anna.id + "/account_data/org.runde.theme";
    CHECK(anna.get(path) == "404 M_NOT_FOUND");
    CHECK(anna.put(path, R"({"dark":true,"size":1.5})") == "200");
    CHECK(anna.get(path).json == schema::parse_json(R"({"dark":true,"size":1.5})"));
    CHECK(anna.put(path, R"({"dark":false})") == "200");
    CHECK(anna.get(path).text == R"({"dark":false})");
    CHECK(anna.put(path, "{}") == "200");
    CHECK(anna.get(path).text == "{}");
    server.restart();
    CHECK(anna.get(path).text == "{}");

    CHECK(ben.get(path) == "403 M_FORBIDDEN");
    CHECK(ben.put(path, "{}") == "403 M_FORBIDDEN");
    CHECK(anna.get("/user/@nobody:hearth.test/account_data/x") == "403 M_FORBIDDEN");
}

TEST_CASE("account data: positions move with every write, and listeners hear it") {
    TestServer server;
    auto anna = server.person("anna");
    std::vector<std::string> heard;
    schema::Position last = 0;
    server.on_io([&] {
        server.wiring().accounts.listeners.account_data_changed.add([&](const accounts::AccountDataChange& change) {
            heard.push_back(fmt::format("{} {} {}", change.type, change.json, change.at > last ? "later" : "not later"));
            last = change.at;
        });
    });
    for (const auto* json : {R"({"n":1})", R"({"n":2})"})
        CHECK(anna.put("/user/" + anna.id + "/account_data/org.runde.n", json) == "200");
    CHECK(heard == std::vector<std::string>{R"(org.runde.n {"n":1} later)", R"(org.runde.n {"n":2} later)"});
    CHECK(server.ask("SELECT pos FROM account_data WHERE type = 'org.runde.n'") == std::to_string(last));
}

TEST_CASE("account data: what is refused") {
    TestServer server;
    auto anna = server.person("anna");
    const auto put = [&](std::string_view type, std::string_view body) {
        return anna.put(fmt::format("/user/{}/account_data/{}", anna.id, type), body).summary();
    };
    REQUIRE(put("org.runde.x", "{}") == "200");
    CHECK(put("org.runde.x", "[]") == "400 M_BAD_JSON");
    CHECK(put("org.runde.x", "{") == "400 M_NOT_JSON");
    CHECK(put("org.runde.x", "") == "400 M_NOT_JSON");
    CHECK(put("org.runde.x", R"({"a":1,"a":2})") == "400 M_BAD_JSON");
    CHECK(put("org.runde.x", std::string(200, '[') + std::string(200, ']')).starts_with("400 M_"));
    CHECK(put("m.fully_read", R"({"event_id":"$x"})") == "405 M_BAD_JSON");
    CHECK(put("m.push_rules", "{}") == "405 M_BAD_JSON");
    CHECK(put(std::string(300, 'x'), "{}") == "400 M_INVALID_PARAM");
    CHECK(put("a%00b", "{}") == "400 M_INVALID_PARAM");
    CHECK(put("org.runde.x", fmt::format(R"({{"x":"{}"}})", std::string(300'000, 'x'))) == "413 M_TOO_LARGE");
    CHECK(put("org.runde.x", R"({"zero":"a\u0000b"})") == "200");  // In JSON it is only an escape.
    CHECK(anna.get("/user/" + anna.id + "/account_data/org.runde.x").json.at("zero").as_string().size() == 3);
}

TEST_CASE("account data of a room") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    const auto room = room_of(server, anna);
    const auto path = [&](const Person& person, std::string_view of) {
        return fmt::format("/user/{}/rooms/{}/account_data/org.runde.note", person.id, of);
    };
    CHECK(anna.get(path(anna, room)) == "404 M_NOT_FOUND");
    CHECK(anna.put(path(anna, room), R"({"text":"hier"})") == "200");
    CHECK(anna.get(path(anna, room)).at("/text") == "hier");
    CHECK(anna.get("/user/" + anna.id + "/account_data/org.runde.note") == "404 M_NOT_FOUND");  // Another drawer.
    CHECK(anna.put(fmt::format("/user/{}/rooms/{}/account_data/m.fully_read", anna.id, room), "{}") == "405 M_BAD_JSON");

    // A room that one was never in, and one that does not exist, answer alike.
    CHECK(ben.put(path(ben, room), "{}").text == ben.put(path(ben, "!none:hearth.test"), "{}").text);
    CHECK(ben.get(path(ben, room)) == "404 M_NOT_FOUND");
    CHECK(ben.get(path(anna, room)) == "403 M_FORBIDDEN");
    CHECK(anna.get(path(anna, "evening")) == "400 M_INVALID_PARAM");
}

TEST_CASE("tags") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = room_of(server, anna);
    const auto tags = fmt::format("/user/{}/rooms/{}/tags", anna.id, room);
    CHECK(anna.get(tags).text == R"({"tags":{}})");
    CHECK(anna.put(tags + "/m.favourite", R"({"order":0.25})") == "200");
    CHECK(anna.put(tags + "/u.Gruppe%20am%20Dienstag", "{}") == "200");
    CHECK(anna.get(tags).json == schema::parse_json(R"({"tags":{"m.favourite":{"order":0.25},"u.Gruppe am Dienstag":{}}})"));
    // Tags are account data of the type m.tag.
    CHECK(anna.get(fmt::format("/user/{}/rooms/{}/account_data/m.tag", anna.id, room)).json == anna.get(tags).json);

    CHECK(anna.del(tags + "/m.favourite") == "200");
    CHECK(anna.del(tags + "/m.favourite") == "200");
    CHECK(anna.get(tags).text == R"({"tags":{"u.Gruppe am Dienstag":{}}})");

    CHECK(anna.put(tags + "/x", R"({"order":"first"})") == "400 M_BAD_JSON");
    CHECK(anna.put(tags + "/x", "[]") == "400 M_BAD_JSON");
    CHECK(anna.put(tags + "/" + std::string(256, 'x'), "{}") == "400 M_INVALID_PARAM");
    CHECK(anna.put(fmt::format("/user/{}/rooms/!none:hearth.test/tags/x", anna.id), "{}") == "404 M_NOT_FOUND");
    CHECK(server.person("ben").get(tags) == "403 M_FORBIDDEN");
}

TEST_CASE("tags set at the same moment are all kept") {
    TestServer server;
    auto anna = server.person("anna");
    const auto tags = fmt::format("/user/{}/rooms/{}/tags", anna.id, room_of(server, anna));
    std::vector<std::future<Answer>> coming;
    for (int i = 0; i < 20; ++i) coming.push_back(anna.begin("PUT", fmt::format("{}/u.{}", tags, i), "{}"));
    for (auto& answer : coming) CHECK(answer.get() == "200");
    CHECK(anna.get(tags).json.at("tags").as_object().size() == 20);
}

TEST_CASE("filters") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    const auto path = "/user/" + anna.id + "/filter";
    constexpr auto filter =
        R"({"room":{"timeline":{"limit":10,"types":["m.room.*"],"not_senders":["@spam:x.test"]},"state":{"lazy_load_members":true}},"event_fields":["content.body"],"org.runde.x":1})";
    const auto made = anna.post(path, filter);
    REQUIRE(made == "200");
    const auto id = made.at("/filter_id");
    CHECK(anna.get(path + "/" + id).text == filter);
    CHECK(anna.post(path, filter).at("/filter_id") == id);
    CHECK(anna.post(path, "{}").at("/filter_id") != id);

    for (const auto* none : {"999", "x", "1x", "-1", "99999999999999999999"})
        CHECK_MESSAGE(anna.get(path + "/" + none) == "404 M_NOT_FOUND", none);
    CHECK(ben.get(path + "/" + id) == "403 M_FORBIDDEN");
    CHECK(ben.post(path, "{}") == "403 M_FORBIDDEN");
    for (const auto* bad :
         {R"({"room":[]})", R"({"room":{"timeline":7}})", R"({"room":{"timeline":{"limit":"ten"}}})",
          R"({"room":{"timeline":{"limit":-1}}})", R"({"room":{"timeline":{"types":"m.room.message"}}})",
          R"({"room":{"rooms":["evening"]}})", R"({"presence":{"senders":["anna"]}})", R"({"event_format":"xml"})",
          R"({"event_fields":[1]})", R"({"room":{"include_leave":1}})", R"({"room":{"state":{"lazy_load_members":"yes"}}})"})
        CHECK_MESSAGE(anna.post(path, bad) == "400 M_BAD_JSON", bad);
    CHECK(anna.post(path, "[]") == "400 M_BAD_JSON");
    CHECK(anna.post(path, "nonsense") == "400 M_NOT_JSON");
}

TEST_CASE("a filter that was stored can be used, one that cannot is not stored") {
    TestServer server;
    auto anna = server.person("anna");
    REQUIRE(anna.post("/createRoom", "{}") == "200");
    const auto path = "/user/" + anna.id + "/filter";
    std::string many;
    for (int i = 0; i < 600; ++i) many += fmt::format(R"({}"t.{}")", i ? "," : "", i);
    const auto too_many = fmt::format(R"({{"room":{{"timeline":{{"types":[{}]}}}}}})", many);
    const auto too_long = fmt::format(R"({{"event_fields":["{}"]}})", std::string(17'000, 'x'));
    for (const std::string& filter : {too_many, too_long}) {
        CHECK(anna.post(path, filter) == "413 M_TOO_LARGE");
        CHECK(anna.get("/sync?filter=" + segment(filter)) == "413 M_TOO_LARGE");
    }
    for (const auto* filter :
         {R"({"room":{"timeline":{"limit":0}}})", R"({"event_format":"federation"})", R"({"presence":{"limit":0,"types":null}})",
          R"({"account_data":{"limit":0},"room":{"state":{"limit":0}}})"}) {
        const auto stored = anna.post(path, filter);
        REQUIRE_MESSAGE(stored == "200", filter);
        CHECK_MESSAGE(anna.get("/sync?filter=" + stored.at("/filter_id")) == "200", filter);
        CHECK_MESSAGE(anna.get("/sync?filter=" + segment(filter)) == "200", filter);
    }
}

TEST_CASE("of the filters the newest hundred are kept") {
    TestServer server;
    auto anna = server.person("anna");
    const auto path = "/user/" + anna.id + "/filter";
    for (int i = 1; i <= 101; ++i)
        REQUIRE(anna.post(path, fmt::format(R"({{"room":{{"timeline":{{"limit":{}}}}}}})", i)).at("/filter_id") ==
                std::to_string(i));
    CHECK(anna.get(path + "/1") == "404 M_NOT_FOUND");
    CHECK(anna.get(path + "/2") == "200");
}

TEST_CASE("pushers") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    const auto pusher = [](std::string_view more = R"("kind":"http")",
                           std::string_view url = "https://push.test/_matrix/push/v1/notify") {
        return fmt::format(
            R"({{"app_id":"org.runde.app","pushkey":"key-1","app_display_name":"App","device_display_name":"Handy","lang":"de","data":{{"url":"{}","format":"event_id_only"}},{}}})",
            url, more);
    };
    CHECK(anna.get("/pushers").text == R"({"pushers":[]})");
    CHECK(anna.post("/pushers/set", pusher()) == "200");
    CHECK(anna.get("/pushers").at("/pushers/0/data/format") == "event_id_only");
    CHECK(anna.post("/pushers/set", pusher()) == "200");
    CHECK(anna.get("/pushers").json.at("pushers").as_array().size() == 1);

    SUBCASE("removed by kind null") {
        CHECK(anna.post("/pushers/set", pusher(R"("kind":null)")) == "200");
        CHECK(anna.get("/pushers").text == R"({"pushers":[]})");
    }
    SUBCASE("gone with its device") {
        auto phone = anna.on_another_device();
        CHECK(anna.post("/logout") == "200");
        CHECK(phone.get("/pushers").text == R"({"pushers":[]})");
    }
    SUBCASE("somebody else signs in on the same phone") {
        CHECK(ben.post("/pushers/set", pusher()) == "200");
        CHECK(anna.get("/pushers").text == R"({"pushers":[]})");
    }
    SUBCASE("unless both are meant") {
        CHECK(ben.post("/pushers/set", pusher(R"("kind":"http","append":true)")) == "200");
        CHECK(anna.get("/pushers").json.at("pushers").as_array().size() == 1);
    }
    SUBCASE("refused") {
        CHECK(anna.post("/pushers/set", "{}") == "400 M_MISSING_PARAM");
        CHECK(anna.post("/pushers/set", pusher(R"("x":1)")) == "400 M_MISSING_PARAM");
        CHECK(anna.post("/pushers/set", pusher(R"("kind":"email")")) == "400 M_INVALID_PARAM");
        CHECK(anna.post("/pushers/set", pusher(R"("kind":"http")", "http://push.test/_matrix/push/v1/notify")) ==
              "400 M_INVALID_PARAM");
        CHECK(anna.post("/pushers/set", pusher(R"("kind":"http")", "https://push.test/elsewhere")) == "400 M_INVALID_PARAM");
        CHECK(anna.post("/pushers/set", pusher(R"("kind":"http")", "https:///_matrix/push/v1/notify")) == "400 M_INVALID_PARAM");
        CHECK(anna.post("/pushers/set", R"({"kind":null,"app_id":")" + std::string(65, 'x') + R"(","pushkey":"k"})") ==
              "400 M_INVALID_PARAM");
    }
}
