#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// The ids of one kind in their order: ".m.rule.master cake ...".
std::string order(Person& person, std::string_view kind) {
    std::string ids;
    const auto rules = person.get("/pushrules/global/");
    for (const auto& rule : rules.json.at(kind).as_array())
        ids += (ids.empty() ? "" : " ") + std::string(rule.at("rule_id").as_string());
    return ids;
}

constexpr auto content_rule = R"({"pattern":"Kuchen","actions":["notify",{"set_tweak":"sound","value":"bing"}]})";
constexpr auto silent = R"({"actions":[]})";

}  // namespace

TEST_CASE("push rules: everybody begins with the server's") {
    TestServer server;
    auto anna = server.person("anna");
    CHECK(order(anna, "override") ==
          ".m.rule.master .m.rule.suppress_notices .m.rule.invite_for_me .m.rule.member_event "
          ".m.rule.is_user_mention "
          ".m.rule.is_room_mention .m.rule.tombstone .m.rule.reaction .m.rule.room.server_acl "
          ".m.rule.suppress_edits");
    CHECK(order(anna, "underride") ==
          ".m.rule.call .m.rule.encrypted_room_one_to_one .m.rule.room_one_to_one .m.rule.message "
          ".m.rule.encrypted");
    CHECK(order(anna, "content") == "");
    const auto all = anna.get("/pushrules/");
    CHECK(all["/global"] == anna.get("/pushrules/global/").json);
    // They are account data, so that /sync shows them.
    CHECK(anna.get("/user/" + anna.id + "/account_data/m.push_rules").json == all.json);

    const auto invite = anna.get("/pushrules/global/override/.m.rule.invite_for_me");
    CHECK(invite.at("/conditions/2/pattern") == anna.id);
    CHECK(invite.at("/default") == "true");
    CHECK(anna.get("/pushrules/global/override/.m.rule.master/enabled").at("/enabled") == "false");
    CHECK(anna.get("/pushrules/global/underride/.m.rule.message/actions").text == R"({"actions":["notify"]})");
}

TEST_CASE("push rules: one's own, in the order of their weight") {
    TestServer server;
    auto anna = server.person("anna");
    const auto put = [&](std::string_view id, std::string_view query = "") {
        return anna.put(fmt::format("/pushrules/global/content/{}{}", id, query), content_rule).summary();
    };
    CHECK(put("a") == "200");
    CHECK(put("b") == "200");
    CHECK(order(anna, "content") == "b a");  // The newest weighs most.
    CHECK(put("c", "?after=b") == "200");
    CHECK(order(anna, "content") == "b c a");
    CHECK(put("d", "?before=a") == "200");
    CHECK(order(anna, "content") == "b c d a");
    CHECK(put("b", "?after=a") == "200");
    CHECK(order(anna, "content") == "c d a b");
    CHECK(put("c") == "200");  // Changed in its place.
    CHECK(order(anna, "content") == "c d a b");

    CHECK(put("e", "?before=none") == "400 M_UNKNOWN");
    CHECK(put("e", "?after=e") == "400 M_UNKNOWN");
    CHECK(anna.put("/pushrules/global/override/x?before=.m.rule.tombstone", silent) == "400 M_UNKNOWN");
    // Own rules stand above the server's, but for the master switch.
    CHECK(anna.put("/pushrules/global/override/x",
                   R"({"actions":["notify"],"conditions":[{"kind":"room_member_count","is":"<=10"}]})") == "200");
    CHECK(order(anna, "override").starts_with(".m.rule.master x .m.rule.suppress_notices"));

    CHECK(anna.del("/pushrules/global/content/d") == "200");
    CHECK(order(anna, "content") == "c a b");
    CHECK(anna.del("/pushrules/global/content/d") == "404 M_NOT_FOUND");
    server.restart();
    CHECK(order(anna, "content") == "c a b");
}

TEST_CASE("push rules: switches and actions, of the server's rules too") {
    TestServer server;
    auto anna = server.person("anna");
    CHECK(anna.put("/pushrules/global/override/.m.rule.master/enabled", R"({"enabled":true})") == "200");
    CHECK(anna.get("/pushrules/global/override/.m.rule.master/enabled").at("/enabled") == "true");
    CHECK(anna.put("/pushrules/global/underride/.m.rule.message/actions", R"({"actions":["dont_notify"]})") == "200");
    CHECK(anna.get("/pushrules/global/underride/.m.rule.message/actions").text == R"({"actions":[]})");
    server.restart();
    CHECK(anna.get("/pushrules/global/override/.m.rule.master/enabled").at("/enabled") == "true");

    CHECK(anna.put("/pushrules/global/content/cake", content_rule) == "200");
    CHECK(anna.put("/pushrules/global/content/cake/enabled", R"({"enabled":false})") == "200");
    CHECK(anna.put("/pushrules/global/content/cake", content_rule) == "200");
    CHECK(anna.get("/pushrules/global/content/cake/enabled").at("/enabled") == "false");  // A change is no switch.
    CHECK(anna.get("/pushrules/global/content/cake").at("/pattern") == "Kuchen");
}

TEST_CASE("push rules: what is refused") {
    TestServer server;
    auto anna = server.person("anna");
    const auto put = [&](std::string_view where, std::string_view body) {
        return anna.put(fmt::format("/pushrules/global/{}", where), body).summary();
    };
    REQUIRE(put("room/!evening:hearth.test", silent) == "200");
    REQUIRE(put("sender/@spam:x.test", silent) == "200");
    CHECK(put("room/evening", silent) == "400 M_INVALID_PARAM");
    CHECK(put("sender/spam", silent) == "400 M_INVALID_PARAM");
    CHECK(put("content/.mine", content_rule) == "400 M_INVALID_PARAM");
    CHECK(put("content/a%5Cb", content_rule) == "400 M_INVALID_PARAM");
    CHECK(put("content/a%2Fb", content_rule) == "400 M_INVALID_PARAM");
    CHECK(put("content/a", silent) == "400 M_MISSING_PARAM");  // No pattern.
    CHECK(put("weather/a", silent) == "400 M_INVALID_PARAM");
    CHECK(put("override/a", "{}") == "400 M_MISSING_PARAM");
    CHECK(put("override/a", R"({"actions":"notify"})") == "400 M_BAD_JSON");
    CHECK(put("override/a", R"({"actions":["sing"]})") == "400 M_INVALID_PARAM");
    CHECK(put("override/a", R"({"actions":[7]})") == "400 M_INVALID_PARAM");
    CHECK(put("override/a", R"({"actions":[{"value":1}]})") == "400 M_INVALID_PARAM");
    CHECK(put("override/a", R"({"actions":[],"conditions":[7]})") == "400 M_BAD_JSON");
    CHECK(put("override/a", R"({"actions":[],"conditions":[{"kind":"event_match","key":"type"}]})") == "400 M_MISSING_PARAM");
    CHECK(put("override/a", R"({"actions":[],"conditions":[{"kind":"org.runde.moon_phase","phase":3}]})") ==
          "200");  // Never matches.
    CHECK(put("override/none/enabled", R"({"enabled":true})") == "404 M_NOT_FOUND");
    CHECK(put("override/.m.rule.master/enabled", "{}") == "400 M_MISSING_PARAM");
    CHECK(put("override/.m.rule.master/enabled", R"({"enabled":1})") == "400 M_BAD_JSON");
    CHECK(put("override/none/actions", R"({"actions":[]})") == "404 M_NOT_FOUND");
    CHECK(anna.get("/pushrules/global/override/none") == "404 M_NOT_FOUND");
    CHECK(anna.get("/pushrules/global/override/none/enabled") == "404 M_NOT_FOUND");
    CHECK(anna.get("/pushrules/global/override/none/actions") == "404 M_NOT_FOUND");
    CHECK(anna.del("/pushrules/global/override/.m.rule.master") == "400 M_INVALID_PARAM");
}
