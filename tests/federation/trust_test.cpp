#include <doctest/doctest.h>
#include <fmt/format.h>

#include "federation/federation.hpp"
#include "federation/server_keys.hpp"
#include "federation/x_matrix.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;
using net::Method;

namespace {

/// An endpoint that asks who is there before it looks at anything else, and one path of it for both servers.
constexpr auto target = "/_matrix/federation/v1/query/profile?user_id=%40anna%3Ahearth.test";

std::string summary(const federation::LinkAnswer& answer) {
    Answer read{.status = answer.status};
    read.json = schema::parse_json(answer.body);
    return read.summary();
}

/// Haven's request to hearth, with one thing about its header changed.
std::string asks_with(TwoServers& world, const std::function<void(federation::LinkRequest&)>& change) {
    world.link().tamper = [&](const std::string& to, federation::LinkRequest& request) {
        if (to == "hearth.test" && !request.target.starts_with("/_matrix/key/")) change(request);
        return std::optional<federation::LinkAnswer>();
    };
    auto answer = summary(world.ask("haven.test", "hearth.test", Method::get, target));
    world.link().tamper = nullptr;
    return answer;
}

std::size_t asked(TwoServers& world, std::string_view what) {
    return static_cast<std::size_t>(std::ranges::count(world.link().log, what));
}

}  // namespace

TEST_CASE("a server proves who it is, and its key is fetched once") {
    TwoServers world;
    const auto anna = world.person("hearth.test", "anna");
    CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
    CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
    CHECK(asked(world, "GET haven.test /_matrix/key/v2/server") == 1);

    SUBCASE("and is known after a restart without being asked") {
        world.restart();
        CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
        CHECK(asked(world, "GET haven.test /_matrix/key/v2/server") == 1);
    }
    SUBCASE("and is asked again when the key is no longer valid") {
        world.advance(std::chrono::hours(25));
        CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
        CHECK(asked(world, "GET haven.test /_matrix/key/v2/server") == 2);
    }
}

TEST_CASE("whoever is not who it says is refused") {
    TwoServers world;
    const auto anna = world.person("hearth.test", "anna");
    REQUIRE(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
    const auto header = [](std::string origin, std::string destination, const schema::SigningKey& key) {
        return federation::authorization("GET", target, origin, destination, "", key);
    };
    const schema::SigningKey theirs("of_n", std::string(32, 'n')), forged("of_n", std::string(32, 'x')),
        unknown("other", std::string(32, 'n'));

    std::string why;
    SUBCASE("no header") {
        why = asks_with(world, [](auto& request) { request.authorization.clear(); });
    }
    SUBCASE("a member's token") {
        why = asks_with(world, [&](auto& request) { request.authorization = "Bearer " + anna.token; });
    }
    SUBCASE("meant for another server") {
        why = asks_with(world, [&](auto& request) { request.authorization = header("haven.test", "harbour.test", theirs); });
    }
    SUBCASE("another path than was signed") {
        why = asks_with(world, [](auto& request) { request.target += "&field=displayname"; });
    }
    SUBCASE("a key that is not theirs") {
        why = asks_with(world, [&](auto& request) { request.authorization = header("haven.test", "hearth.test", forged); });
    }
    SUBCASE("a key id that nobody knows") {
        why = asks_with(world, [&](auto& request) { request.authorization = header("haven.test", "hearth.test", unknown); });
    }
    SUBCASE("in our own name") {
        why = asks_with(world, [&](auto& request) { request.authorization = header("hearth.test", "hearth.test", theirs); });
    }
    SUBCASE("from a server that nobody can reach") {
        why = asks_with(world, [&](auto& request) { request.authorization = header("nowhere.test", "hearth.test", theirs); });
    }
    CHECK(why == "401 M_UNAUTHORIZED");
}

TEST_CASE("old servers do not say whom they mean") {
    TwoServers world;
    const auto anna = world.person("hearth.test", "anna");
    const schema::SigningKey theirs("of_n", std::string(32, 'n'));
    CHECK(asks_with(world, [&](auto& request) {
              const auto bytes = federation::signed_request("GET", target, "haven.test", std::nullopt, "");
              request.authorization = fmt::format("X-Matrix origin=haven.test,key=\"ed25519:of_n\",sig=\"{}\"", theirs.sign(bytes));
          }) == "200");
}

TEST_CASE("forged key ids make us ask a server once a minute, and a dead server less and less often") {
    TwoServers world;
    const auto anna = world.person("hearth.test", "anna");
    const schema::SigningKey theirs("guess", std::string(32, 'n'));
    const auto guess = [&](const std::string& origin) {
        return asks_with(world, [&](auto& request) {
            request.authorization = federation::authorization("GET", target, origin, "hearth.test", "", theirs);
        });
    };
    for (int i = 0; i < 5; ++i) CHECK(guess("haven.test") == "401 M_UNAUTHORIZED");
    CHECK(asked(world, "GET haven.test /_matrix/key/v2/server") == 1);
    world.advance(std::chrono::seconds(61));
    CHECK(guess("haven.test") == "401 M_UNAUTHORIZED");
    CHECK(asked(world, "GET haven.test /_matrix/key/v2/server") == 2);

    for (int i = 0; i < 60; ++i) {
        CHECK(guess("nowhere.test") == "401 M_UNAUTHORIZED");
        world.advance(std::chrono::seconds(10));
    }
    CHECK(asked(world, "GET nowhere.test /_matrix/key/v2/server") == 5);  // After 0, 30, 90, 210 and 450 seconds.
}

TEST_CASE("a server that is no partner learns nothing but our keys, and is not asked") {
    TwoServers world([](server::WiringOptions& options) {
        if (options.accounts.server_name.str() == "hearth.test")
            options.federation.partners = {schema::ServerName::parse("partner.test").value()};
    });
    const auto anna = world.person("hearth.test", "anna");
    CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "403 M_FORBIDDEN");
    CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, "/_matrix/key/v2/server")) == "200");
    CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, "/_matrix/federation/v1/version")) == "200");
    CHECK(asked(world, "GET haven.test /_matrix/key/v2/server") == 0);
}

TEST_CASE("a notary vouches for servers, also for one that is away") {
    TwoServers world;
    auto& hearth = world.server("hearth.test");
    auto answer = hearth.http("GET", "/_matrix/key/v2/query/haven.test");
    REQUIRE(answer == "200");
    CHECK(answer.at("/server_keys/0/server_name") == "haven.test");
    CHECK(answer.has("/server_keys/0/signatures/haven.test"));
    CHECK(answer.has("/server_keys/0/signatures/hearth.test"));

    world.cut_link();
    world.advance(std::chrono::hours(48));
    const auto question = R"({"server_keys":{"haven.test":{"ed25519:of_n":{"minimum_valid_until_ts":1}},"nowhere.test":{}}})";
    answer = hearth.http("POST", "/_matrix/key/v2/query", {}, question);
    REQUIRE(answer == "200");
    CHECK(answer["/server_keys"].as_array().size() == 1);
    CHECK(answer.at("/server_keys/0/server_name") == "haven.test");
}

TEST_CASE("a stranger cannot make us ask any number of servers") {
    TwoServers world([](server::WiringOptions& options) { options.rate_limits = true; });
    const auto anna = world.person("hearth.test", "anna");
    const schema::SigningKey theirs("guess", std::string(32, 'n'));
    const auto fetches = [&] {
        return std::ranges::count_if(world.link().log, [](const auto& line) {
            return line.starts_with("GET nowhere") && line.ends_with("/_matrix/key/v2/server");
        });
    };
    SUBCASE("by claiming to be them") {
        REQUIRE(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
        std::string why;
        for (int i = 0; i < 50; ++i)
            why = asks_with(world, [&](auto& request) {
                request.authorization =
                    federation::authorization("GET", target, fmt::format("nowhere{}.test", i), "hearth.test", "", theirs);
            });
        CHECK(why == "429 M_LIMIT_EXCEEDED");
        CHECK(fetches() > 3);
        CHECK(fetches() < 15);
        // Neither whom we know already, nor a stranger at another address pays for that.
        CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
        world.link().from = "192.0.2.77";
        CHECK(asks_with(world, [&](auto& request) {
                  request.authorization = federation::authorization("GET", target, "nowhere99.test", "hearth.test", "", theirs);
              }) == "401 M_UNAUTHORIZED");
        world.link().from = "192.0.2.2";
        // Later again.
        world.advance(std::chrono::seconds(10));
        CHECK(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
    }
    SUBCASE("by asking us for their keys") {
        for (int round = 0; round < 3; ++round) {
            schema::JsonObject names;
            for (int i = 0; i < 90; ++i) names[fmt::format("nowhere{}.test", round * 100 + i)] = schema::JsonObject();
            CHECK(world.server("hearth.test")
                      .http("POST", "/_matrix/key/v2/query", {},
                            schema::to_text(schema::Json(schema::JsonObject{{"server_keys", std::move(names)}}))) == "200");
        }
        CHECK(fetches() == 100);
    }
}

TEST_CASE("a key that its server has withdrawn is no longer valid") {
    TwoServers world;
    const auto anna = world.person("hearth.test", "anna");
    REQUIRE(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
    // Somebody has the old key; haven says since when it is not its own any more.
    const schema::SigningKey lost("of_n", std::string(32, 'n')), fresh("fresh", std::string(32, 'f'));
    const auto now = world.server("hearth.test").now_ms();
    const auto published = federation::write_server_keys(
        "haven.test", fresh, {{"ed25519:of_n", std::string(lost.public_key()), now - 1000}}, now + 3'600'000);
    world.advance(std::chrono::minutes(2));
    const auto asks = [&](const schema::SigningKey& key) {
        world.link().tamper = [&](const std::string& to,
                                  federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (to == "haven.test" && request.target == "/_matrix/key/v2/server") return federation::LinkAnswer{200, published};
            if (to == "hearth.test")
                request.authorization = federation::authorization("GET", target, "haven.test", "hearth.test", "", key);
            return std::nullopt;
        };
        auto answer = summary(world.ask("haven.test", "hearth.test", Method::get, target));
        world.link().tamper = nullptr;
        return answer;
    };
    CHECK(asks(lost) == "200");  // Not heard of yet.
    CHECK(asks(fresh) == "200");
    CHECK(asks(lost) == "401 M_UNAUTHORIZED");
    world.restart();
    CHECK(asks(lost) == "401 M_UNAUTHORIZED");
    CHECK(asks(fresh) == "200");
}

TEST_CASE("what is believed of a key of which something is known already") {
    using federation::PublishedKey;
    using storage::KeySource;
    const std::string one(32, '1'), other(32, '2');
    const auto weighed = [](const PublishedKey& known, const PublishedKey& said, KeySource source) {
        const auto believed = federation::weigh(known, said, source);
        return fmt::format("{}{} until {}", believed.public_key.front(), believed.withdrawn ? " withdrawn" : "",
                           believed.valid_until);
    };
    const PublishedKey in_use{"ed25519:a", one, 500}, given_up{"ed25519:a", one, 300, true};
    // Whoever says it: a key in use may be in use for longer.
    for (const auto source : {KeySource::origin, KeySource::notary}) {
        CHECK(weighed(in_use, {"ed25519:a", one, 600}, source) == "1 until 600");
        CHECK(weighed(in_use, {"ed25519:a", one, 400}, source) == "1 until 500");
        CHECK(weighed(in_use, given_up, source) == "1 withdrawn until 300");
    }
    SUBCASE("its server may change its mind") {
        CHECK(weighed(given_up, {"ed25519:a", one, 400}, KeySource::origin) == "1 until 400");
        CHECK(weighed(given_up, {"ed25519:a", one, 200, true}, KeySource::origin) == "1 withdrawn until 200");
        CHECK(weighed(in_use, {"ed25519:a", other, 400}, KeySource::origin) == "2 until 400");
    }
    SUBCASE("a notary may not do that for it") {
        CHECK(weighed(given_up, {"ed25519:a", one, 900}, KeySource::notary) == "1 withdrawn until 300");
        CHECK(weighed(given_up, {"ed25519:a", one, 900, true}, KeySource::notary) == "1 withdrawn until 300");
        CHECK(weighed(in_use, {"ed25519:a", other, 900}, KeySource::notary) == "1 until 500");
    }
}

TEST_CASE("a notary that remembers a withdrawn key does not bring it back") {
    TwoServers world(
        [](server::WiringOptions& options) {
            if (options.accounts.server_name.str() == "hearth.test")
                options.federation.notaries = {schema::ServerName::parse("harbour.test").value()};
        },
        TwoServers::Size::three);
    const auto anna = world.person("hearth.test", "anna");
    const schema::SigningKey lost("of_n", std::string(32, 'n')), fresh("fresh", std::string(32, 'f')),
        unknown("unknown", std::string(32, 'u'));
    const auto now = world.server("hearth.test").now_ms();
    const auto published = federation::write_server_keys(
        "haven.test", fresh, {{"ed25519:of_n", std::string(lost.public_key()), now - 1000}}, now + 3'600'000);
    bool away = false;
    const auto asks = [&](const schema::SigningKey& key) {
        world.link().tamper = [&](const std::string& to,
                                  federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (to == "haven.test" && away) throw federation::LinkFailed("connect");
            if (to == "haven.test" && request.target == "/_matrix/key/v2/server") return federation::LinkAnswer{200, published};
            if (to == "hearth.test" && !request.target.starts_with("/_matrix/key/"))
                request.authorization = federation::authorization("GET", target, "haven.test", "hearth.test", "", key);
            return std::nullopt;
        };
        auto answer = summary(world.ask("haven.test", "hearth.test", Method::get, target));
        world.link().tamper = nullptr;
        return answer;
    };
    // Harbour asked haven while the old key was in use, and remembers.
    REQUIRE(world.server("harbour.test").http("GET", "/_matrix/key/v2/query/haven.test") == "200");
    REQUIRE(summary(world.ask("haven.test", "hearth.test", Method::get, target)) == "200");
    world.advance(std::chrono::minutes(2));
    REQUIRE(asks(fresh) == "200");
    REQUIRE(asks(lost) == "401 M_UNAUTHORIZED");

    // Haven is away, so harbour is asked.
    away = true;
    world.advance(std::chrono::minutes(2));
    world.link().log.clear();
    CHECK(asks(unknown) == "401 M_UNAUTHORIZED");
    REQUIRE(asked(world, "POST harbour.test /_matrix/key/v2/query") == 1);
    CHECK(asks(lost) == "401 M_UNAUTHORIZED");
    CHECK(asks(fresh) == "200");
    // Nor do we tell others of it what harbour told us.
    const auto told = world.server("hearth.test").http("GET", "/_matrix/key/v2/query/haven.test");
    CHECK(told.has("/server_keys/0/old_verify_keys/ed25519:of_n"));
    world.restart();
    CHECK(asks(lost) == "401 M_UNAUTHORIZED");
    CHECK(asks(fresh) == "200");
}
