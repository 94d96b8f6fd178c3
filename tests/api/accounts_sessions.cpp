#include <doctest/doctest.h>
#include <fmt/format.h>

#include "storage/users.hpp"
#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto login_path = "/_matrix/client/v3/login";

Answer login(TestServer& server, std::string_view name, std::string_view password, std::string_view more = "") {
    return server.http(
        "POST", login_path, {},
        fmt::format(R"({{"type":"m.login.password","identifier":{{"type":"m.id.user","user":"{}"}},"password":"{}"{}}})", name,
                    password, more));
}

Answer whoami(TestServer& server, std::string_view token) { return server.http("GET", "/_matrix/client/v3/account/whoami", token); }

Answer refresh(TestServer& server, std::string_view token) {
    return server.http("POST", "/_matrix/client/v3/refresh", {}, fmt::format(R"({{"refresh_token":"{}"}})", token));
}

void set_flag(TestServer& server, const Person& person, int flag, bool on) {
    const auto nid = std::stoll(server.ask("SELECT user_nid FROM users WHERE localpart = '" + person.name + "'"));
    server.wiring().db.transact_now(
        [&](storage::Tx& tx) { storage::change_user_flags(tx, schema::UserNid{nid}, on ? flag : 0, on ? 0 : flag); });
    server.on_io([&] { server.wiring().accounts.sessions.forget_user(schema::UserNid{nid}); });
}

}  // namespace

TEST_CASE("signing in by any form of the name") {
    TestServer server;
    const auto anna = server.person("anna");
    CHECK(server.http("GET", login_path).at("/flows/0/type") == "m.login.password");
    for (const auto* name : {"anna", "ANNA", "@anna:hearth.test", "@Anna:hearth.test"}) {
        const auto done = login(server, name, anna.password);
        CHECK_MESSAGE(done == "200", name);
        CHECK(done.at("/user_id") == anna.id);
        CHECK(whoami(server, done.at("/access_token")).at("/device_id") == done.at("/device_id"));
    }
    const auto old_form = server.http("POST", login_path, {},
                                      fmt::format(R"({{"type":"m.login.password","user":"anna","password":"{}"}})", anna.password));
    CHECK(old_form == "200");
    CHECK(old_form.at("/well_known/m.homeserver/base_url") == "https://matrix.hearth.test");
}

TEST_CASE("signing in: what does not open the door, and says no more than that") {
    TestServer server;
    const auto anna = server.person("anna");
    REQUIRE(login(server, "anna", anna.password) == "200");
    const auto wrong = login(server, "anna", "a guess, long enough");
    const auto unknown = login(server, "nobody", "a guess, long enough");
    CHECK(wrong == "403 M_FORBIDDEN");
    CHECK(unknown.text == wrong.text);
    CHECK(login(server, "anna", "") == "403 M_FORBIDDEN");
    CHECK(login(server, "@anna:elsewhere.test", anna.password) == "403 M_FORBIDDEN");
    CHECK(login(server, "", anna.password) == "403 M_FORBIDDEN");
    CHECK(login(server, "anna\\u0000", anna.password) == "403 M_FORBIDDEN");
    CHECK(login(server, "ännä", anna.password) == "403 M_FORBIDDEN");
    CHECK(login(server, "anna", std::string(5000, 'x')) == "403 M_FORBIDDEN");
}

TEST_CASE("signing in: bad requests") {
    TestServer server;
    server.person("anna");
    const auto post = [&](std::string_view body) { return server.http("POST", login_path, {}, body).summary(); };
    CHECK(post("") == "400 M_NOT_JSON");
    CHECK(post("{}") == "400 M_MISSING_PARAM");
    CHECK(post(R"({"type":7})") == "400 M_BAD_JSON");
    CHECK(post(R"({"type":"m.login.token","token":"x"})") == "400 M_UNKNOWN");
    CHECK(post(R"({"type":"m.login.password","password":"x"})") == "400 M_MISSING_PARAM");
    CHECK(post(R"({"type":"m.login.password","user":"anna"})") == "400 M_MISSING_PARAM");
    CHECK(post(R"({"type":"m.login.password","identifier":"anna","password":"x"})") == "400 M_BAD_JSON");
    CHECK(post(R"({"type":"m.login.password","identifier":{"type":"m.id.moon"},"password":"x"})") == "400 M_INVALID_PARAM");
    CHECK(
        post(
            R"({"type":"m.login.password","identifier":{"type":"m.id.thirdparty","medium":"email","address":"a@b"},"password":"x"})") ==
        "403 M_FORBIDDEN");
}

TEST_CASE("a device that signs in again keeps its name and loses its old token") {
    TestServer server;
    auto anna = server.person("anna");
    const auto more = fmt::format(R"(,"device_id":"{}","initial_device_display_name":"Zweites")", anna.device_id);
    const auto again = login(server, "anna", anna.password, more);
    CHECK(again.at("/device_id") == anna.device_id);
    CHECK(anna.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
    anna.take_session(again);
    CHECK(anna.get("/devices").json.at("devices").as_array().size() == 1);
    CHECK_FALSE(anna.get("/devices/" + anna.device_id).has("/display_name"));
}

TEST_CASE("tokens: missing, unknown, and the price of a known one") {
    TestServer server;
    auto anna = server.person("anna");
    CHECK(whoami(server, "") == "401 M_MISSING_TOKEN");
    const auto unknown = whoami(server, "rda_made-up");
    CHECK(unknown == "401 M_UNKNOWN_TOKEN");
    CHECK_FALSE(unknown.has("/soft_logout"));
    CHECK(whoami(server, std::string(3000, 'x')) == "401 M_UNKNOWN_TOKEN");
    CHECK(server.http("GET", "/_matrix/client/v3/account/whoami?access_token=" + anna.token) == "200");

    CHECK(anna.get("/account/whoami").cost.reads == 0);
    server.restart();
    CHECK(anna.get("/account/whoami").cost.reads == 1);
    CHECK(anna.get("/account/whoami").cost.reads == 0);
}

TEST_CASE("nothing in the database signs anybody in") {
    TestServer server;
    auto anna = server.person("anna");
    CHECK(server.ask("SELECT encode(token_hash, 'hex') FROM access_tokens").size() == 64);
    CHECK(server.ask("SELECT count(*) FROM access_tokens WHERE position(convert_to('" + anna.token +
                     "', 'UTF8') IN token_hash) > 0") == "0");
    CHECK(server.ask("SELECT pw_hash FROM users WHERE kind = 0").starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}

TEST_CASE("signing out") {
    TestServer server;
    auto anna = server.person("anna");
    auto phone = anna.on_another_device();
    SUBCASE("this device") {
        CHECK(anna.post("/logout") == "200");
        CHECK(anna.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
        CHECK(anna.post("/logout") == "401 M_UNKNOWN_TOKEN");
        CHECK(phone.get("/devices").json.at("devices").as_array().size() == 1);
    }
    SUBCASE("all devices") {
        CHECK(anna.post("/logout/all", "") == "200");
        CHECK(anna.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
        CHECK(phone.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
        CHECK(server.ask("SELECT count(*) FROM devices") == "0");
        CHECK(login(server, "anna", anna.password) == "200");
    }
}

TEST_CASE("a token that expires and is refreshed") {
    TestServer server;
    const auto anna = server.person("anna");
    const auto first = login(server, "anna", anna.password, R"(,"refresh_token":true)");
    const auto lifetime = std::stoll(first.at("/expires_in_ms"));
    REQUIRE(whoami(server, first.at("/access_token")) == "200");

    server.advance(net::Milliseconds(lifetime + 1));
    const auto expired = whoami(server, first.at("/access_token"));
    CHECK(expired == "401 M_UNKNOWN_TOKEN");
    CHECK(expired.at("/soft_logout") == "true");
    server.restart();
    CHECK(whoami(server, first.at("/access_token")).at("/soft_logout") == "true");  // Cold as well.

    const auto second = refresh(server, first.at("/refresh_token"));
    REQUIRE(second == "200");
    CHECK(whoami(server, second.at("/access_token")).at("/device_id") == first.at("/device_id"));
    CHECK(refresh(server, first.at("/refresh_token")) == "401 M_UNKNOWN_TOKEN");  // Its successor was used.
    CHECK(refresh(server, second.at("/refresh_token")) == "200");
}

TEST_CASE("an answer to a refresh that got lost can be asked for again") {
    TestServer server;
    const auto anna = server.person("anna");
    const auto first = login(server, "anna", anna.password, R"(,"refresh_token":true)");
    const auto lost = refresh(server, first.at("/refresh_token"));
    CHECK(whoami(server, first.at("/access_token")) == "200");  // Still good: the new one was not seen.
    const auto second = refresh(server, first.at("/refresh_token"));
    CHECK(second == "200");
    CHECK(whoami(server, lost.at("/access_token")) == "401 M_UNKNOWN_TOKEN");
    CHECK(refresh(server, lost.at("/refresh_token")) == "401 M_UNKNOWN_TOKEN");

    SUBCASE("until the new refresh token is used") {
        CHECK(refresh(server, second.at("/refresh_token")) == "200");
        CHECK(refresh(server, first.at("/refresh_token")) == "401 M_UNKNOWN_TOKEN");
    }
    SUBCASE("until the new access token is used") {
        CHECK(whoami(server, second.at("/access_token")) == "200");
        CHECK(whoami(server, first.at("/access_token")) == "401 M_UNKNOWN_TOKEN");
        CHECK(refresh(server, first.at("/refresh_token")) == "401 M_UNKNOWN_TOKEN");
    }
}

TEST_CASE("refreshing: what is refused") {
    TestServer server;
    const auto anna = server.person("anna");
    const auto first = login(server, "anna", anna.password, R"(,"refresh_token":true)");
    CHECK(refresh(server, "rdr_made-up") == "401 M_UNKNOWN_TOKEN");
    CHECK(refresh(server, first.at("/access_token")) == "401 M_UNKNOWN_TOKEN");  // Not for that.
    CHECK(server.http("POST", "/_matrix/client/v3/refresh", {}, "{}") == "400 M_MISSING_PARAM");
    CHECK(server.http("POST", "/_matrix/client/v3/refresh", {}, R"({"refresh_token":1})") == "400 M_BAD_JSON");
    CHECK(whoami(server, first.at("/refresh_token")) == "401 M_UNKNOWN_TOKEN");
    SUBCASE("after signing out") {
        CHECK(server.http("POST", "/_matrix/client/v3/logout", first.at("/access_token")) == "200");
        CHECK(refresh(server, first.at("/refresh_token")) == "401 M_UNKNOWN_TOKEN");
    }
    SUBCASE("after half a year") {
        server.advance(181 * 24h);
        CHECK(refresh(server, first.at("/refresh_token")).at("/soft_logout") == "true");
    }
}

TEST_CASE("a locked account can do nothing but sign out") {
    TestServer server;
    auto anna = server.person("anna");
    set_flag(server, anna, storage::locked, true);
    const auto refused = anna.get("/account/whoami");
    CHECK(refused == "401 M_USER_LOCKED");
    CHECK(refused.at("/soft_logout") == "true");
    CHECK(login(server, "anna", anna.password) == "401 M_USER_LOCKED");
    CHECK(login(server, "anna", "a guess, long enough") == "403 M_FORBIDDEN");  // Strangers do not learn of it.
    SUBCASE("unlocked, it goes on as before") {
        set_flag(server, anna, storage::locked, false);
        CHECK(anna.get("/account/whoami") == "200");
    }
    SUBCASE("signed out") {
        CHECK(anna.post("/logout") == "200");
        CHECK(anna.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
    }
}

TEST_CASE("devices are seen by the day, and only once a day is it written") {
    TestServer server;
    auto anna = server.person("anna");
    const auto seen = [&] { return anna.get("/devices/" + anna.device_id).at("/last_seen_ts"); };
    const auto today = seen();
    CHECK(std::stoll(today) % 86'400'000 == 0);
    server.advance(25h);
    anna.get("/account/whoami");
    server.restart();  // Waits for what was begun.
    CHECK(std::stoll(seen()) == std::stoll(today) + 86'400'000);
}

TEST_CASE("tokens that expired long ago are purged") {
    TestServer server;
    const auto anna = server.person("anna");
    const auto first = login(server, "anna", anna.password, R"(,"refresh_token":true)");
    const auto tokens = [&] {
        return server.ask("SELECT count(*) FROM access_tokens") + server.ask("SELECT count(*) FROM refresh_tokens");
    };
    REQUIRE(tokens() == "21");
    server.advance(100 * 24h);
    server.restart();
    CHECK(tokens() == "21");
    server.advance(120 * 24h);
    server.restart();  // The purge runs at the start; stopping waits for it.
    server.restart();
    CHECK(tokens() == "10");  // Anna's first token, which does not expire.
    CHECK(whoami(server, anna.token) == "200");
}

TEST_CASE("guessing one account's password is slow, from however many addresses") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    for (int i = 0; i < 10; ++i) {
        CHECK(login(server, i % 2 == 0 ? "anna" : "@ANNA:hearth.test", "a guess, long enough") == "403 M_FORBIDDEN");
        CHECK(login(server, "nobody", "a guess, long enough") == "403 M_FORBIDDEN");
    }
    const auto one_more = login(server, "anna", "a guess, long enough");
    CHECK(one_more == "429 M_LIMIT_EXCEEDED");
    CHECK(one_more["/retry_after_ms"].as_int64() > 10'000);
    CHECK(login(server, "nobody", "a guess, long enough") == "429 M_LIMIT_EXCEEDED");  // The limit tells nothing either.
    CHECK(login(server, "anna", anna.password) == "429 M_LIMIT_EXCEEDED");
    CHECK(anna.get("/account/whoami") == "200");
    CHECK(login(server, "ben", ben.password) == "200");

    server.advance(std::chrono::seconds(21));
    CHECK(login(server, "anna", anna.password) == "200");
    // Who got in has a clean slate.
    for (int i = 0; i < 9; ++i) CHECK(login(server, "anna", "a guess, long enough") == "403 M_FORBIDDEN");
    CHECK(login(server, "anna", anna.password) == "200");
}
