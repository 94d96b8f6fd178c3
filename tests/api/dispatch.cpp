// What holds for every endpoint, whatever it does: tokens, methods, languages, limits, headers.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "api/rate_limits.hpp"
#include "server/listeners.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/test_server.hpp"

using namespace runde;
using tests::Answer;
using tests::RawHttp;
using tests::TestServer;

namespace {

constexpr auto whoami = "/_matrix/client/v3/account/whoami";

net::Request request(net::Method method, std::string path) {
    net::Request made;
    made.method = method;
    made.target = made.path = std::move(path);
    made.client_address = "192.0.2.1";
    return made;
}

}  // namespace

TEST_CASE("a token that is missing, unknown, in the header or in the query") {
    TestServer server;
    server.check_against_spec = false;
    auto anna = server.person("anna");
    CHECK(server.http("GET", whoami) == "401 M_MISSING_TOKEN");
    const auto unknown = server.http("GET", whoami, "nobody's token");
    CHECK(unknown == "401 M_UNKNOWN_TOKEN");
    CHECK_FALSE(unknown.json.at("error").as_string().empty());
    CHECK(server.http("GET", whoami, anna.token) == "200");
    auto in_query = request(net::Method::get, whoami);
    in_query.query = {{"access_token", std::string(anna.token)}};
    CHECK(server.http(in_query) == "200");
    auto basic = request(net::Method::get, whoami);
    basic.headers.add("Authorization", "Basic YW5uYTpwdw==");
    CHECK(server.http(basic) == "401 M_MISSING_TOKEN");
}

TEST_CASE("unknown paths and methods, in the language of whoever asks") {
    TestServer server;
    server.check_against_spec = false;
    auto unknown = request(net::Method::get, "/_matrix/client/v3/no/such/thing");
    CHECK(server.http(unknown) == "404 M_UNRECOGNIZED");
    CHECK(server.http(unknown).at("/error") == "Das kennt dieser Server nicht.");
    unknown.headers.add("Accept-Language", "en");
    CHECK(server.http(unknown).at("/error") == "This server does not know that request.");
    CHECK(server.http(request(net::Method::delete_, whoami)) == "405 M_UNRECOGNIZED");
    // CORS: every path answers OPTIONS without looking at anything.
    CHECK(server.http(request(net::Method::options, whoami)) == "200");
    CHECK(server.http(request(net::Method::head, "/_matrix/client/versions")) == "200");
}

TEST_CASE("bodies that are no JSON, no object, or not text") {
    TestServer server;
    server.check_against_spec = false;
    const auto login = [&](std::string body) { return server.http("POST", "/_matrix/client/v3/login", {}, body); };
    CHECK(login("{") == "400 M_NOT_JSON");
    CHECK(login("nonsense") == "400 M_NOT_JSON");
    CHECK(login("") == "400 M_NOT_JSON");
    CHECK(login("[]") == "400 M_BAD_JSON");
    CHECK(login("\"text\"") == "400 M_BAD_JSON");
    CHECK(login("{\"type\": \"\xff\"}") == "400 M_NOT_JSON");
    auto query = request(net::Method::get, "/_matrix/client/versions");
    query.query = {{"a", std::string("\0", 1)}};
    CHECK(server.http(query) == "400 M_INVALID_PARAM");
}

TEST_CASE("who asks too often waits; strangers by address, members by account") {
    TestServer server([](server::WiringOptions& options) { options.rate_limits = true; });
    server.check_against_spec = false;
    int attempts = 0;
    const auto login_from = [&](std::string address) {
        auto attempt = request(net::Method::post, "/_matrix/client/v3/login");
        attempt.client_address = std::move(address);
        // Another name each time: accounts have a limit of their own.
        attempt.body = fmt::format(
            R"({{"type":"m.login.password","identifier":{{"type":"m.id.user","user":"nobody{}"}},"password":"x"}})", attempts++);
        return server.http(attempt);
    };
    auto answer = login_from("192.0.2.1");
    while (answer.status != 429 && attempts < 50) {
        CHECK(answer == "403 M_FORBIDDEN");
        answer = login_from("192.0.2.1");
    }
    CHECK(answer == "429 M_LIMIT_EXCEEDED");
    CHECK(answer.has("/retry_after_ms"));
    CHECK(answer.headers.find("Retry-After").has_value());
    CHECK(login_from("192.0.2.2") == "403 M_FORBIDDEN");
    server.advance(std::chrono::minutes(1));
    CHECK(login_from("192.0.2.1") == "403 M_FORBIDDEN");
}

TEST_CASE("refreshing is not limited by address, guessing refresh tokens is") {
    TestServer server([](server::WiringOptions& options) { options.rate_limits = true; });
    server.check_against_spec = false;
    auto anna = server.person("anna");
    const auto refresh_with = [&](std::string_view token) {
        auto attempt = request(net::Method::post, "/_matrix/client/v3/refresh");
        attempt.client_address = "192.0.2.1";
        attempt.body = fmt::format(R"({{"refresh_token":"{}"}})", token);
        return server.http(attempt);
    };
    auto mine = server.http("POST", "/_matrix/client/v3/login", {},
                            fmt::format(R"({{"type":"m.login.password","identifier":{{"type":"m.id.user","user":"anna"}},)"
                                        R"("password":"{}","refresh_token":true}})",
                                        anna.password));
    REQUIRE(mine == "200");
    for (int i = 0; i < 30; ++i) {
        mine = refresh_with(mine.at("/refresh_token"));
        REQUIRE(mine == "200");
    }
    int guesses = 0;
    auto answer = refresh_with("nonsense");
    for (; answer.status != 429 && guesses < 50; ++guesses) answer = refresh_with("nonsense");
    CHECK(answer == "429 M_LIMIT_EXCEEDED");
    CHECK(refresh_with(mine.at("/refresh_token")) == "200");  // Neighbours go on.
}

TEST_CASE("listeners: what each serves, metrics, health, and headers on every answer") {
    TestServer server;
    server::Metrics metrics;
    server::Config config;
    config.listeners.resize(2);
    config.listeners[0].port = config.listeners[1].port = 0;
    config.listeners[0].serves = {"client"};
    config.listeners[1].serves = {"metrics"};
    std::unique_ptr<server::Listeners> listeners;
    server.on_io([&] {
        listeners = std::make_unique<server::Listeners>(server.runtime(), config, server.wiring().router, server.wiring().services,
                                                        metrics, 1000);
    });
    RawHttp client(listeners->port(0)), operators(listeners->port(1));
    const auto versions = client.ask(RawHttp::get("/_matrix/client/versions"));
    CHECK(versions.status == 200);
    CHECK(versions.headers.at("access-control-allow-origin") == "*");
    CHECK_FALSE(versions.headers.contains("server"));
    CHECK(client.ask(RawHttp::get("/health")).status == 200);
    CHECK(client.ask(RawHttp::get("/metrics")).errcode() == "M_UNRECOGNIZED");
    CHECK(client.ask(RawHttp::get("/")).status == 404);
    CHECK(operators.ask(RawHttp::get("/metrics")).body.find("runde_requests_total") != std::string::npos);
    CHECK(operators.ask(RawHttp::get("/_matrix/client/versions")).status == 404);
    CHECK(operators.ask(RawHttp::get("/health")).status == 200);
    server.on_io([&] { listeners.reset(); });
}
