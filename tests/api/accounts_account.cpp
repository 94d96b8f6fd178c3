#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/accounts/operator_commands.hpp"
#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string with_auth(const std::string& auth, std::string_view more = "") { return fmt::format(R"({{"auth":{}{}}})", auth, more); }

Answer login(TestServer& server, std::string_view name, std::string_view password) {
    return server.http("POST", "/_matrix/client/v3/login", {},
                       fmt::format(R"({{"type":"m.login.password","user":"{}","password":"{}"}})", name, password));
}

}  // namespace

TEST_CASE("who am I?") {
    TestServer server;
    auto anna = server.person("anna");
    const auto me = anna.get("/account/whoami");
    CHECK(me.at("/user_id") == anna.id);
    CHECK(me.at("/device_id") == anna.device_id);
    CHECK_FALSE(me.has("/org.runde.must_change_password"));
}

TEST_CASE("changing the password") {
    TestServer server;
    auto anna = server.person("anna");
    auto phone = anna.on_another_device();
    constexpr auto fresh = R"(,"new_password":"battery staple")";
    CHECK(anna.post("/account/password", R"({"new_password":"battery staple"})") == "401");
    SUBCASE("signs the other devices out") {
        CHECK(anna.post("/account/password", with_auth(anna.password_auth(), fresh)) == "200");
        CHECK(anna.get("/account/whoami") == "200");
        CHECK(phone.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
    }
    SUBCASE("unless asked not to") {
        CHECK(anna.post("/account/password", with_auth(anna.password_auth(), std::string(fresh) + R"(,"logout_devices":false)")) ==
              "200");
        CHECK(phone.get("/account/whoami") == "200");
    }
    SUBCASE("also without being signed in, by whoever knows the old one") {
        CHECK(server.http("POST", "/_matrix/client/v3/account/password", {}, with_auth(anna.password_auth(), fresh)) == "200");
        CHECK(anna.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
    }
    CHECK(login(server, "anna", anna.password) == "403 M_FORBIDDEN");
    CHECK(login(server, "anna", "battery staple") == "200");
}

TEST_CASE("changing the password: what is refused") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    const auto post = [&](const std::string& body) { return anna.post("/account/password", body).summary(); };
    CHECK(post(R"({"new_password":"short"})") == "400 M_WEAK_PASSWORD");
    CHECK(post(R"({"new_password":7})") == "400 M_BAD_JSON");
    CHECK(post(R"({"new_password":"battery staple","logout_devices":"yes"})") == "400 M_BAD_JSON");
    CHECK(post(with_auth(anna.password_auth())) == "400 M_MISSING_PARAM");
    CHECK(post(with_auth(ben.password_auth(), R"(,"new_password":"battery staple")")) == "401 M_FORBIDDEN");
    CHECK(server.http("POST", "/_matrix/client/v3/account/password", {},
                      R"({"new_password":"anna's password","auth":{"type":"m.login.password","password":"x"}})") ==
          "401 M_MISSING_PARAM");  // Nobody said who.
    CHECK(server.http("POST", "/_matrix/client/v3/account/password", "rda_made-up", R"({"new_password":"battery staple"})") ==
          "401 M_UNKNOWN_TOKEN");
    CHECK(login(server, "anna", anna.password) == "200");
}

TEST_CASE("closing the account") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    auto phone = anna.on_another_device();
    CHECK(anna.put("/user/" + anna.id + "/account_data/org.runde.note", R"({"text":"private"})") == "200");
    server.ask("INSERT INTO terms_accepted SELECT user_nid, 'terms', '1', 0 FROM users WHERE kind = 0 RETURNING 1");
    server.ask("INSERT INTO e2e_keys VALUES ('" + anna.id + "', '', 1, 1, '{}') RETURNING 1");
    bool erased = false;
    std::string closed;
    server.on_io([&] {
        server.wiring().accounts.listeners.deactivated.add([&](schema::UserNid, const schema::UserId& user, bool erase) {
            closed = user.str();
            erased = erase;
        });
    });

    CHECK(anna.post("/account/deactivate") == "401");
    CHECK(anna.post("/account/deactivate", with_auth(ben.password_auth())) == "401 M_FORBIDDEN");
    const auto done = anna.post("/account/deactivate", with_auth(anna.password_auth(), R"(,"erase":true)"));
    CHECK(done == "200");
    CHECK(done.at("/id_server_unbind_result") == "success");
    CHECK(closed == anna.id);
    CHECK(erased);
    CHECK(phone.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
    CHECK(login(server, "anna", anna.password) == "403 M_FORBIDDEN");
    CHECK(ben.get("/profile/" + anna.id) == "404 M_NOT_FOUND");
    CHECK(server.ask("SELECT count(*) FROM account_data WHERE user_nid = (SELECT user_nid FROM users WHERE "
                     "localpart = 'anna')") == "0");
    CHECK(server.ask("SELECT count(*) FROM terms_accepted") == "1");  // Ben's.
    CHECK(server.ask("SELECT count(*) FROM e2e_keys") == "0");
    // The name is never given to somebody else.
    CHECK(server.http("GET", "/_matrix/client/v3/register/available?username=anna") == "400 M_USER_IN_USE");
    CHECK(ben.get("/account/whoami") == "200");
}

TEST_CASE("there are no e-mail addresses and phone numbers here") {
    TestServer server;
    auto anna = server.person("anna");
    CHECK(anna.get("/account/3pid").text == R"({"threepids":[]})");
    CHECK(anna.post("/account/3pid/add", R"({"client_secret":"s","sid":"1"})") == "403 M_THREEPID_DENIED");
    CHECK(anna.post("/account/3pid/bind", "{}") == "403 M_THREEPID_DENIED");
    CHECK(anna.post("/account/3pid", "{}") == "403 M_THREEPID_DENIED");
    CHECK(anna.post("/account/3pid/delete", R"({"medium":"email","address":"a@b.example"})").at("/id_server_unbind_result") ==
          "no-support");
    CHECK(anna.post("/account/3pid/unbind", R"({"medium":"email"})") == "400 M_MISSING_PARAM");
    constexpr auto mail = R"({"client_secret":"s","email":"a@b.example","send_attempt":1})";
    CHECK(anna.post("/account/3pid/email/requestToken", mail) == "400 M_THREEPID_MEDIUM_NOT_SUPPORTED");
    CHECK(anna.post("/account/password/email/requestToken", mail) == "400 M_THREEPID_NOT_FOUND");
    CHECK(anna.post("/register/email/requestToken", mail) == "403 M_THREEPID_DENIED");
    CHECK(anna.post("/register/msisdn/requestToken", "nonsense") == "400 M_NOT_JSON");
}

TEST_CASE("an administrator made by the operator is asked to choose a password") {
    TestServer server;
    const auto user = schema::UserId::parse("@boss:hearth.test").value();
    schema::UserNid nid{};
    server.on_io([&] { nid = server.wiring().numbers.next<schema::UserNid>(); });
    const auto password = accounts::create_administrator_now(server.wiring().db, nid, user, server.now_ms());
    CHECK(password.size() == 23);

    const auto in = login(server, "boss", password);
    REQUIRE(in == "200");
    CHECK(in.at("/org.runde.must_change_password") == "true");
    Person boss(server, "boss", password);
    boss.take_session(in);
    CHECK(boss.get("/account/whoami").at("/org.runde.must_change_password") == "true");
    // Until then that is all the account is good for.
    CHECK(boss.get("/capabilities") == "200");
    CHECK(server.http("GET", "/_matrix/client/versions", boss.token) == "200");
    for (const auto* closed : {"/pushrules/", "/sync", "/joined_rooms"})
        CHECK_MESSAGE(boss.get(closed) == "403 M_FORBIDDEN", closed);
    const auto refused = boss.post("/createRoom", "{}");
    CHECK(refused == "403 M_FORBIDDEN");
    CHECK(refused.at("/org.runde.must_change_password") == "true");
    CHECK(boss.post("/account/password", with_auth(boss.password_auth(), R"(,"new_password":"battery staple")")) == "200");
    CHECK_FALSE(boss.get("/account/whoami").has("/org.runde.must_change_password"));
    CHECK(boss.get("/pushrules/") == "200");
    CHECK(boss.post("/createRoom", "{}") == "200");
}

TEST_CASE("a forgotten password is replaced by the operator") {
    TestServer server;
    auto anna = server.person("anna");
    auto& db = server.wiring().db;
    const auto password = accounts::reset_password_now(db, schema::UserId::parse(anna.id).value());
    CHECK(login(server, "anna", anna.password) == "403 M_FORBIDDEN");
    CHECK(login(server, "anna", password).at("/org.runde.must_change_password") == "true");
    CHECK(anna.get("/account/whoami") == "200");
    CHECK_THROWS_AS(accounts::reset_password_now(db, schema::UserId::parse("@nobody:hearth.test").value()), schema::Refusal);
}

TEST_CASE("a registration token made by the operator") {
    TestServer server([](server::WiringOptions& options) { options.accounts.registration = accounts::RegistrationMode::token; });
    const auto token = accounts::create_registration_token_now(server.wiring().db, 1, 86'400'000, server.now_ms());
    const auto valid = [&] {
        return server.http("GET", "/_matrix/client/v1/register/m.login.registration_token/validity?token=" + token).at("/valid");
    };
    CHECK(valid() == "true");
    server.advance(std::chrono::hours(25));
    CHECK(valid() == "false");
}

TEST_CASE("what the server says of itself") {
    TestServer server([](server::WiringOptions& options) {
        options.discovery.contacts = {{.role = "m.role.admin", .email_address = "office@hearth.test"}};
        options.discovery.support_page = "https://hearth.test/hilfe";
    });
    auto anna = server.person("anna");
    SUBCASE("versions, for the gates of each client") {
        const auto versions = server.http("GET", "/_matrix/client/versions").json.at("versions").as_array();
        std::string all;
        for (const auto& version : versions) all += std::string(version.as_string()) + " ";
        // matrix-js-sdk needs v1.5, nheko one of v1.1 to v1.10, Element X looks for v1.13; no gaps.
        CHECK(all == "v1.1 v1.2 v1.3 v1.4 v1.5 v1.6 v1.7 v1.8 v1.9 v1.10 v1.11 v1.12 v1.13 v1.14 v1.15 ");
        // FluffyChat asks for this from v1.15 on and takes M_UNRECOGNIZED for "no OAuth 2.0 here".
        CHECK(server.http("GET", "/_matrix/client/v1/auth_metadata") == "404 M_UNRECOGNIZED");
    }
    SUBCASE("capabilities") {
        const auto capabilities = anna.get("/capabilities");
        CHECK(capabilities.at("/capabilities/m.room_versions/default") == "12");
        for (int version = 1; version <= 12; ++version)
            CHECK(capabilities.at(fmt::format("/capabilities/m.room_versions/available/{}", version)) == "stable");
        CHECK(capabilities.at("/capabilities/m.change_password/enabled") == "true");
        CHECK(capabilities.at("/capabilities/m.3pid_changes/enabled") == "false");
        CHECK(server.http("GET", "/_matrix/client/v3/capabilities") == "401 M_MISSING_TOKEN");
    }
    SUBCASE("well-known documents") {
        CHECK(server.http("GET", "/.well-known/matrix/client").at("/m.homeserver/base_url") == "https://matrix.hearth.test");
        CHECK(server.http("GET", "/.well-known/matrix/server").at("/m.server") == "matrix.hearth.test:443");
        const auto support = server.http("GET", "/.well-known/matrix/support");
        CHECK(support.at("/contacts/0/email_address") == "office@hearth.test");
        CHECK(support.at("/support_page") == "https://hearth.test/hilfe");
    }
}

TEST_CASE("well-known documents that nobody configured are not there") {
    TestServer server([](server::WiringOptions& options) { options.discovery = {}; });
    for (const auto* name : {"client", "server", "support"})
        CHECK(server.http("GET", std::string("/.well-known/matrix/") + name) == "404 M_NOT_FOUND");
}
