// Aliases, the directory, spaces: how rooms are found.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string create(Person& person, std::string_view body) {
    const auto made = person.post("/createRoom", body);
    REQUIRE(made == "200");
    return made.at("/room_id");
}

std::string in(const std::string& room, std::string_view rest) { return fmt::format("/rooms/{}{}", segment(room), rest); }
std::string hierarchy(const std::string& space, std::string_view query) {
    return fmt::format("/_matrix/client/v1/rooms/{}/hierarchy?{}", segment(space), query);
}

}  // namespace

TEST_CASE("a room stops naming an alias that was taken away") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna, R"({"room_alias_name":"dienstag"})");
    const auto alias = [&](std::string_view name) { return "/directory/room/" + segment(fmt::format("#{}:hearth.test", name)); };
    REQUIRE(anna.put(alias("abend"), fmt::format(R"({{"room_id":"{}"}})", room)) == "200");
    REQUIRE(anna.put(in(room, "/state/m.room.canonical_alias"),
                     R"({"alias":"#dienstag:hearth.test","alt_aliases":["#abend:hearth.test"]})") == "200");

    CHECK(anna.del(alias("abend")) == "200");
    CHECK(anna.get(in(room, "/state/m.room.canonical_alias")).at("/alt_aliases") == "[]");
    CHECK(anna.get(in(room, "/state/m.room.canonical_alias")).at("/alias") == "#dienstag:hearth.test");
    CHECK(anna.del(alias("dienstag")) == "200");
    CHECK_FALSE(anna.get(in(room, "/state/m.room.canonical_alias")).has("/alias"));
    CHECK(anna.get(alias("dienstag")) == "404 M_NOT_FOUND");
}

TEST_CASE("the pages of the directory meet") {
    TestServer server;
    auto anna = server.person("anna");
    for (const auto* name : {"eins", "zwei", "drei"}) create(anna, fmt::format(R"({{"visibility":"public","name":"{}"}})", name));
    std::string seen, since;
    for (int pages = 0; pages < 5; ++pages) {
        const auto page = anna.get("/publicRooms?limit=2" + (since.empty() ? "" : "&since=" + since));
        REQUIRE(page == "200");
        CHECK(page.at("/total_room_count_estimate") == "3");
        for (const auto& room : page["/chunk"].as_array()) seen += std::string(*schema::string_at(room.as_object(), "name")) + " ";
        if (!page.has("/next_batch")) break;
        since = page.at("/next_batch");
    }
    CHECK(seen == "eins zwei drei ");
    CHECK(anna.get("/publicRooms?since=p1&limit=1").at("/prev_batch") == "p0");
    CHECK(anna.get("/publicRooms?since=x") == "400 M_INVALID_PARAM");
}

TEST_CASE("a hierarchy says which rooms open a restricted one, and its pages answer one question") {
    TestServer server;
    auto anna = server.person("anna");
    const auto space = create(anna, R"({"creation_content":{"type":"m.space"},"preset":"public_chat"})");
    const auto room = create(
        anna,
        fmt::format(
            R"({{"initial_state":[{{"type":"m.room.join_rules","content":{{"join_rule":"restricted","allow":[{{"type":"m.room_membership","room_id":"{}"}}]}}}}]}})",
            space));
    REQUIRE(anna.put(in(space, "/state/m.space.child/" + segment(room)), R"({"via":["hearth.test"]})") == "200");

    const auto first = anna.get(hierarchy(space, "limit=1&max_depth=2"));
    REQUIRE(first == "200");
    CHECK(first.at("/rooms/0/room_id") == space);
    const auto from = "&from=" + first.at("/next_batch");
    const auto second = anna.get(hierarchy(space, "limit=1&max_depth=2" + from));
    CHECK(second.at("/rooms/0/allowed_room_ids/0") == space);
    CHECK(second.has("/rooms/0/room_version"));
    CHECK_FALSE(second.has("/next_batch"));
    CHECK(anna.get(hierarchy(space, "limit=1&max_depth=1" + from)) == "400 M_INVALID_PARAM");
    CHECK(anna.get(hierarchy(space, "limit=1&max_depth=2&suggested_only=true" + from)) == "400 M_INVALID_PARAM");
}

TEST_CASE("a room can be forgotten only after leaving it") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna, "{}");
    CHECK(anna.post(in(room, "/forget")) == "400 M_BAD_STATE");
    REQUIRE(anna.post(in(room, "/leave")) == "200");
    CHECK(anna.get(in(room, "/messages?dir=b")) == "200");
    CHECK(anna.post(in(room, "/forget")) == "200");
    CHECK(anna.get(in(room, "/messages?dir=b")) == "403 M_FORBIDDEN");
}

TEST_CASE("whoever is invited twice in createRoom gets one invitation") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna, fmt::format(R"({{"invite":["{0}","{0}"]}})", ben.id));
    const auto page = anna.get(in(room, R"(/messages?dir=b&limit=100&filter=%7B%22types%22:%5B%22m.room.member%22%5D%7D)"));
    REQUIRE(page == "200");
    CHECK(page["/chunk"].as_array().size() == 2);  // Anna's own and Ben's.
}

TEST_CASE("a search in the directory takes only what it shows into memory") {
    TestServer server;
    auto anna = server.person("anna");
    create(anna, R"({"visibility":"public","name":"Reha und Alltag"})");
    create(anna, R"({"visibility":"public","name":"Garten","topic":"Alles über GRÜNE Daumen"})");
    create(anna, R"({"visibility":"public","name":"Forum","creation_content":{"type":"org.runde.forum"}})");
    for (int i = 0; i < 20; ++i) {
        server.advance(std::chrono::milliseconds(1));
        create(anna, fmt::format(R"({{"visibility":"public","name":"Raum {}"}})", i));
    }
    create(anna, R"({"name":"Reha, aber nicht gelistet"})");
    server.restart();
    anna.get("/account/whoami");

    const auto ask = [&](std::string_view filter) { return anna.post("/publicRooms", fmt::format(R"({{"filter":{}}})", filter)); };
    const auto reha = ask(R"({"generic_search_term":"reha"})");
    REQUIRE(reha == "200");
    CHECK(reha.at("/total_room_count_estimate") == "1");
    CHECK(reha.at("/chunk/0/name") == "Reha und Alltag");
    // The list, what its rooms say, and the one room: not every room there is.
    CHECK(reha.cost.reads < 20);
    CHECK(ask(R"({"generic_search_term":"grüne"})").at("/chunk/0/name") == "Garten");
    CHECK(ask(R"({"room_types":["org.runde.forum"]})").at("/chunk/0/name") == "Forum");
    CHECK(ask(R"({"room_types":[null]})").at("/total_room_count_estimate") == "22");
    CHECK(ask(R"({"generic_search_term":"nirgends"})").at("/total_room_count_estimate") == "0");
}

TEST_CASE("an unlisted room and one that does not exist are the same to a stranger") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto secret = create(anna, R"({"preset":"private_chat"})");
    const auto open = create(anna, R"({"preset":"public_chat","visibility":"public"})");
    const std::string none = "!nothing:hearth.test";
    const auto visibility = [&](Person& who, const std::string& room) { return who.get("/directory/list/room/" + segment(room)); };
    CHECK(visibility(anna, secret).at("/visibility") == "private");
    CHECK(visibility(ben, open).at("/visibility") == "public");
    CHECK(server.http("GET", "/_matrix/client/v3/directory/list/room/" + segment(open)) == "200");
    for (const auto* way : {"/join", "/knock"}) {
        const auto enter = [&](const std::string& room) {
            return ben.post(std::string_view(way) == "/join" ? in(room, way) : "/knock/" + segment(room));
        };
        CHECK(enter(secret) == "403 M_FORBIDDEN");
        CHECK(enter(secret).text == enter(none).text);
    }
    CHECK(visibility(ben, secret) == "404 M_NOT_FOUND");
    CHECK(visibility(ben, secret).text == visibility(ben, none).text);
    CHECK(server.http("GET", "/_matrix/client/v3/directory/list/room/" + segment(secret)) == "404 M_NOT_FOUND");

    // Whoever was invited knows of it, and hears the rules' own reason when banned.
    REQUIRE(anna.post(in(secret, "/invite"), fmt::format(R"({{"user_id":"{}"}})", carl.id)) == "200");
    CHECK(visibility(carl, secret).at("/visibility") == "private");
    CHECK(carl.post(in(secret, "/join")) == "200");
    REQUIRE(anna.post(in(secret, "/ban"), fmt::format(R"({{"user_id":"{}"}})", carl.id)) == "200");
    CHECK(carl.post(in(secret, "/join")).text != ben.post(in(none, "/join")).text);
}

TEST_CASE("one unknown name among the invited does not cost the others their room") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room =
        create(anna, fmt::format(R"({{"preset":"trusted_private_chat","invite":["@nobody:hearth.test","{}"]}})", ben.id));
    CHECK(ben.post(in(room, "/join")) == "200");
    const auto state = anna.get(in(room, "/state")).text;
    CHECK(state.find("@nobody:hearth.test") == std::string::npos);
}
