// Waiting for news: tokens, long-polls, and what they cost.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde::tests;

namespace {

std::string since(const Answer& answer) { return "since=" + answer.at("/next_batch"); }

}  // namespace

TEST_CASE("a new account syncs: an empty house with default push rules") {
    TestServer server;
    auto anna = server.person("anna");
    const auto first = anna.get("/sync");
    REQUIRE(first == "200");
    CHECK(first.at("/account_data/events/0/type") == "m.push_rules");
    CHECK(first["/device_one_time_keys_count"].is_object());
    CHECK(first["/device_unused_fallback_key_types"].is_array());
    CHECK(first.has("/rooms"));

    const auto idle = anna.get("/sync?" + since(first));
    REQUIRE(idle == "200");
    CHECK_FALSE(idle.has("/account_data"));
    CHECK(idle.at("/next_batch") == first.at("/next_batch"));
    CHECK(idle.cost.reads == 0);
}

TEST_CASE("tokens that are none of ours are refused, those of the future are not") {
    TestServer server;
    auto anna = server.person("anna");
    REQUIRE(anna.get("/sync") == "200");
    for (const auto* token :
         {"x", "s", "s-1", "s1_", "s1_2", "s1_2_", "s1_2_3_4", "s1_2_3x", "s99999999999999999999", "t5", "s1%00"})
        CHECK_MESSAGE(anna.get(std::string("/sync?since=") + token) == "400 M_INVALID_PARAM", token);
    const auto future = anna.get("/sync?since=s99999999_0_99999999");
    REQUIRE(future == "200");
    CHECK(anna.get("/sync?" + since(future)) == "200");
}

TEST_CASE("whoever waits is told at once") {
    TestServer server;
    auto anna = server.person("anna");
    const auto first = anna.get("/sync");
    auto waiting = anna.begin("GET", "/sync?timeout=30000&" + since(first));
    CHECK(anna.put("/user/" + anna.id + "/account_data/de.house.colour", R"({"colour": "green"})") == "200");
    const auto news = waiting.get();
    REQUIRE(news == "200");
    CHECK(news.at("/account_data/events/0/content/colour") == "green");
    CHECK(news.at("/next_batch") != first.at("/next_batch"));

    SUBCASE("each of two devices") {
        auto phone = anna.on_another_device();
        const auto on_phone = phone.get("/sync");
        auto here = anna.begin("GET", "/sync?timeout=30000&" + since(on_phone));
        auto there = phone.begin("GET", "/sync?timeout=30000&" + since(on_phone));
        CHECK(anna.put("/user/" + anna.id + "/account_data/de.house.colour", R"({"colour": "blue"})") == "200");
        CHECK(here.get().at("/account_data/events/0/content/colour") == "blue");
        CHECK(there.get().at("/account_data/events/0/content/colour") == "blue");
    }
    SUBCASE("and not for what the filter leaves out") {
        const auto filter = R"({"account_data": {"not_types": ["de.house.*"]}})";
        auto picky = anna.begin("GET", "/sync?timeout=30000&" + since(news) + "&filter=" + segment(filter));
        CHECK(anna.put("/user/" + anna.id + "/account_data/de.house.colour", R"({"colour": "red"})") == "200");
        CHECK(anna.put("/user/" + anna.id + "/account_data/de.garden", R"({"trees": 3})") == "200");
        const auto answer = picky.get();
        REQUIRE(answer["/account_data/events"].is_array());
        CHECK(answer["/account_data/events"].get_array().size() == 1);
        CHECK(answer.at("/account_data/events/0/type") == "de.garden");
    }
}

TEST_CASE("when nothing happens the wait ends with a token") {
    TestServer server;
    auto anna = server.person("anna");
    const auto first = anna.get("/sync");
    const auto idle = anna.get("/sync?timeout=20&" + since(first));
    REQUIRE(idle == "200");
    CHECK(idle.at("/next_batch") == first.at("/next_batch"));
}

TEST_CASE("tokens live on when the server does not") {
    TestServer server;
    auto anna = server.person("anna");
    const auto first = anna.get("/sync");
    CHECK(anna.put("/user/" + anna.id + "/account_data/de.house.colour", R"({"colour": "green"})") == "200");
    server.restart();
    const auto news = anna.get("/sync?timeout=30000&" + since(first));
    REQUIRE(news == "200");
    CHECK(news.at("/account_data/events/0/content/colour") == "green");
    CHECK(news.cost.reads <= 4);  // The token, the hub's two, whose devices changed.
}

TEST_CASE("bad filters are refused") {
    TestServer server;
    auto anna = server.person("anna");
    for (const auto* filter :
         {R"({"room": 3})", R"({"room": {"timeline": {"limit": "many"}}})",
          R"({"room": {"timeline": {"types": "m.room.message"}}})", R"({"room": {"state": {"lazy_load_members": "yes"}}})",
          R"({"presence": {"types": [1]}})", R"({"room": {"timeline": {"limit": -1}}})", R"({"room": {"rooms": ["hearth"]}})",
          R"({"room": {"timeline": {"senders": ["anna"]}}})", R"({"event_format": "xml"})"})
        CHECK_MESSAGE(anna.get("/sync?filter=" + segment(filter)) == "400 M_BAD_JSON", filter);
    CHECK(anna.get("/sync?filter=77") == "400 M_INVALID_PARAM");
    CHECK(anna.get("/sync?filter=" + segment("{not json")) == "400 M_NOT_JSON");
    CHECK(anna.get("/sync?timeout=soon") == "400 M_INVALID_PARAM");
    CHECK(anna.get("/sync?set_presence=asleep") == "400 M_INVALID_PARAM");
}
