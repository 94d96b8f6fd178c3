#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/signing.hpp"
#include "storage/tokens.hpp"
#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto path = "/_matrix/client/v3/register";
constexpr auto dummy = R"("auth":{"type":"m.login.dummy"})";

std::string anna_with(std::string_view more = dummy, std::string_view username = "anna",
                      std::string_view password = "correct horse") {
    return fmt::format(R"({{"username":"{}","password":"{}"{}{}}})", username, password, more.empty() ? "" : ",", more);
}

}  // namespace

TEST_CASE("registering: two steps, then signed in") {
    TestServer server;
    const auto ask = server.http("POST", path, {}, anna_with(""));
    CHECK(ask == "401");
    CHECK(ask.at("/flows/0/stages") == R"(["m.login.dummy"])");
    const auto session = ask.at("/session");
    REQUIRE_FALSE(session.empty());

    const auto done =
        server.http("POST", path, {}, anna_with(fmt::format(R"("auth":{{"type":"m.login.dummy","session":"{}"}})", session)));
    CHECK(done == "200");
    CHECK(done.at("/user_id") == "@anna:hearth.test");
    CHECK(server.http("GET", "/_matrix/client/v3/account/whoami", done.at("/access_token")).at("/device_id") ==
          done.at("/device_id"));

    // The confirmation served once.
    const auto again = server.http("POST", path, {},
                                   anna_with(fmt::format(R"("auth":{{"type":"m.login.dummy","session":"{}"}})", session), "ben"));
    CHECK(again == "401 M_FORBIDDEN");
}

TEST_CASE("registering: what the client may ask for") {
    TestServer server;
    SUBCASE("a device of its own") {
        const auto done =
            server.http("POST", path, {},
                        anna_with(std::string(dummy) + R"(,"device_id":"PHONE","initial_device_display_name":"Annas Handy")"));
        REQUIRE(done == "200");
        CHECK(done.at("/device_id") == "PHONE");
        const auto device = server.http("GET", "/_matrix/client/v3/devices/PHONE", done.at("/access_token"));
        CHECK(device.at("/display_name") == "Annas Handy");
        CHECK_FALSE(done.has("/refresh_token"));
    }
    SUBCASE("no sign-in") {
        const auto done = server.http("POST", path, {}, anna_with(std::string(dummy) + R"(,"inhibit_login":true)"));
        CHECK(done == "200");
        CHECK_FALSE(done.has("/access_token"));
        CHECK_FALSE(done.has("/device_id"));
    }
    SUBCASE("refresh tokens") {
        const auto done = server.http("POST", path, {}, anna_with(std::string(dummy) + R"(,"refresh_token":true)"));
        CHECK(done.has("/refresh_token"));
        CHECK(done.has("/expires_in_ms"));
    }
    SUBCASE("a name made up by the server") {
        const auto done = server.http("POST", path, {}, fmt::format(R"({{"password":"correct horse",{}}})", dummy));
        CHECK(done == "200");
        CHECK(done.at("/user_id").starts_with("@"));
    }
}

TEST_CASE("registering: capital letters are folded, and stay in the display name") {
    TestServer server;
    const auto done = server.http("POST", path, {}, anna_with(dummy, "Anna"));
    CHECK(done.at("/user_id") == "@anna:hearth.test");
    CHECK(server.http("GET", "/_matrix/client/v3/profile/@anna:hearth.test/displayname").at("/displayname") == "Anna");
}

TEST_CASE("registering: names and passwords that are refused before any stage") {
    TestServer server;
    REQUIRE(server.http("POST", path, {}, anna_with("")) == "401");  // The name is fine: on to the stages.
    const auto try_name = [&](std::string_view name) { return server.http("POST", path, {}, anna_with("", name)).summary(); };
    for (const auto* name : {"änna", "an na", "@anna:hearth.test", "_anna", "anna!", ""})
        CHECK_MESSAGE(try_name(name) == "400 M_INVALID_USERNAME", name);
    CHECK(try_name(std::string(250, 'a')) == "400 M_INVALID_USERNAME");
    for (const auto* name : {"q", "3", "a.b", "a_b", "a=b", "a-b", "a/b", "a+b"}) CHECK_MESSAGE(try_name(name) == "401", name);

    CHECK(server.http("POST", path, {}, anna_with("", "anna", "short")) == "400 M_WEAK_PASSWORD");
    CHECK(server.http("POST", path, {}, anna_with("", "annalena", "annalena")) == "400 M_WEAK_PASSWORD");
    CHECK(server.http("POST", path, {}, anna_with("", "anna", "äöüßäöüß")) == "401");  // Eight characters.
    CHECK(server.http("POST", path, {}, anna_with("", "anna", std::string(600, 'x'))) == "400 M_INVALID_PARAM");

    server.person("anna");
    CHECK(try_name("anna") == "400 M_USER_IN_USE");
    CHECK(try_name("ANNA") == "400 M_USER_IN_USE");
}

TEST_CASE("registering: bad requests") {
    TestServer server;
    const auto post = [&](std::string_view body) { return server.http("POST", path, {}, body).summary(); };
    CHECK(post("{") == "400 M_NOT_JSON");
    CHECK(post("[]") == "400 M_BAD_JSON");
    CHECK(post(R"({"username":7})") == "400 M_BAD_JSON");
    CHECK(post(R"({"auth":"please"})") == "400 M_BAD_JSON");
    CHECK(post(R"({"username":"anna","username":"ben"})") == "400 M_BAD_JSON");
    CHECK(post("{\"username\":\"\xff\"}").starts_with("400 M_"));
    CHECK(post(anna_with(std::string(dummy) + R"(,"device_id":"")")) == "400 M_INVALID_PARAM");
    CHECK(post(anna_with(std::string(dummy) + R"(,"device_id":"a\u0000b")")) == "400 M_INVALID_PARAM");
    CHECK(post(fmt::format(R"({{"username":"anna",{}}})", dummy)) == "400 M_MISSING_PARAM");  // No password.
    CHECK(post(anna_with(R"("auth":{"type":"m.login.password"})")) == "401 M_FORBIDDEN");  // No such stage.
    CHECK(post(anna_with(R"("auth":{"type":"m.login.dummy","session":"made-up"})")) == "401 M_FORBIDDEN");
    CHECK(server.http("POST", std::string(path) + "?kind=guest", {}, "{}") == "403 M_GUEST_ACCESS_FORBIDDEN");
    CHECK(server.http("POST", std::string(path) + "?kind=robot", {}, "{}") == "400 M_INVALID_PARAM");
    CHECK(server.http("GET", path) == "405 M_UNRECOGNIZED");
    CHECK(post(anna_with()) == "200");  // After all that.
}

TEST_CASE("registering: closed") {
    TestServer server([](server::WiringOptions& options) { options.accounts.registration = accounts::RegistrationMode::closed; });
    CHECK(server.http("POST", path, {}, anna_with()) == "403 M_FORBIDDEN");
    CHECK(server.http("GET", "/_matrix/client/v3/register/available?username=anna") == "403 M_FORBIDDEN");
    CHECK(server.http("GET", "/_matrix/client/v1/register/m.login.registration_token/validity?token=x") == "403 M_FORBIDDEN");
}

TEST_CASE("registering: with a token that serves twice") {
    TestServer server([](server::WiringOptions& options) { options.accounts.registration = accounts::RegistrationMode::token; });
    server.wiring().db.transact_now(
        [&](storage::Tx& tx) { storage::insert_registration_token(tx, "tuesday", 2, server.now_ms() + 60'000, server.now_ms()); });
    const auto valid = [&](std::string_view token) {
        return server.http("GET", fmt::format("/_matrix/client/v1/register/m.login.registration_token/validity?token={}", token))
            .at("/valid");
    };
    const auto try_token = [&](std::string_view token, std::string_view name) {
        return server
            .http("POST", path, {},
                  anna_with(fmt::format(R"("auth":{{"type":"m.login.registration_token","token":"{}"}})", token), name))
            .summary();
    };
    CHECK(server.http("POST", path, {}, anna_with("")).at("/flows/0/stages") == R"(["m.login.registration_token"])");
    CHECK(valid("tuesday") == "true");
    CHECK(valid("monday") == "false");
    CHECK(try_token("monday", "anna") == "401 M_FORBIDDEN");
    CHECK(server.http("POST", path, {}, anna_with()) == "401 M_FORBIDDEN");  // Dummy is not among the stages.
    CHECK(try_token("tuesday", "anna") == "200");
    SUBCASE("used up") {
        CHECK(try_token("tuesday", "ben") == "200");
        CHECK(try_token("tuesday", "carl") == "401 M_FORBIDDEN");
    }
    SUBCASE("expired") {
        server.advance(61s);
        CHECK(try_token("tuesday", "ben") == "401 M_FORBIDDEN");
    }
    CHECK(valid("tuesday") == "false");
}

TEST_CASE("registering: the texts that new members accept") {
    TestServer server([](server::WiringOptions& options) {
        options.accounts.terms = {{.id = "privacy_policy",
                                   .version = "1.2",
                                   .translations = {{"de", {"Datenschutz", "https://hearth.test/datenschutz"}},
                                                    {"en", {"Privacy", "https://hearth.test/privacy"}}}}};
    });
    const auto ask = server.http("POST", path, {}, anna_with(""));
    CHECK(ask.at("/flows/0/stages") == R"(["m.login.terms"])");
    CHECK(ask.at("/params/m.login.terms/policies/privacy_policy/de/name") == "Datenschutz");
    CHECK(server.http("POST", path, {}, anna_with()) == "401 M_FORBIDDEN");
    CHECK(server.http("POST", path, {}, anna_with(R"("auth":{"type":"m.login.terms"})")) == "200");
    CHECK(server.ask("SELECT policy || ' ' || version FROM terms_accepted") == "privacy_policy 1.2");
}

TEST_CASE("is a name free?") {
    TestServer server;
    server.person("anna");
    const auto available = [&](std::string_view query) {
        return server.http("GET", fmt::format("/_matrix/client/v3/register/available{}", query)).summary();
    };
    CHECK(available("?username=ben") == "200");
    CHECK(available("?username=anna") == "400 M_USER_IN_USE");
    CHECK(available("?username=b%20n") == "400 M_INVALID_USERNAME");
    CHECK(available("") == "400 M_MISSING_PARAM");
    CHECK(available("?username=%ff").starts_with("400 M_"));
}

TEST_CASE("registering with the operator's secret, as Synapse does it") {
    TestServer server([](server::WiringOptions& options) { options.accounts.registration = accounts::RegistrationMode::closed; });
    constexpr auto admin_path = "/_synapse/admin/v1/register";
    const auto nonce = [&] { return server.http("GET", admin_path).at("/nonce"); };
    const auto body = [](const std::string& with_nonce, std::string_view secret, bool admin) {
        const std::string zero(1, '\0');
        const auto mac = schema::hmac_sha1_hex(
            secret, with_nonce + zero + "anna" + zero + "correct horse" + zero + (admin ? "admin" : "notadmin"));
        return fmt::format(
            R"({{"nonce":"{}","username":"anna","password":"correct horse","admin":{},"displayname":"Anna A.","mac":"{}"}})",
            with_nonce, admin, mac);
    };
    const auto good = "the operator's secret";
    CHECK(server.http("POST", admin_path, {}, body(nonce(), "a guess", true)) == "403 M_FORBIDDEN");
    CHECK(server.http("POST", admin_path, {}, body("made-up", good, true)) == "400 M_INVALID_PARAM");
    const auto late = nonce();
    server.advance(61s);
    CHECK(server.http("POST", admin_path, {}, body(late, good, true)) == "400 M_INVALID_PARAM");

    const auto fresh = nonce();
    const auto done = server.http("POST", admin_path, {}, body(fresh, good, true));
    CHECK(done == "200");
    CHECK(done.at("/home_server") == "hearth.test");
    CHECK(server.http("GET", "/_matrix/client/v3/profile/@anna:hearth.test").at("/displayname") == "Anna A.");
    CHECK(server.ask("SELECT flags & 8 FROM users WHERE localpart = 'anna'") == "8");
    CHECK(server.http("POST", admin_path, {}, body(fresh, good, true)) == "400 M_INVALID_PARAM");  // Serves once.
    CHECK(server.http("POST", admin_path, {}, body(nonce(), good, true)) == "400 M_USER_IN_USE");
}

TEST_CASE("without a secret the operator's door is shut") {
    TestServer server([](server::WiringOptions& options) { options.accounts.shared_secret = ""; });
    CHECK(server.http("GET", "/_synapse/admin/v1/register") == "403 M_FORBIDDEN");
}
