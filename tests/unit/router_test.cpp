#include <doctest/doctest.h>

#include "api/router.hpp"

using namespace runde;
using api::Access;
using api::Rate;
using net::Method;

namespace {

constexpr api::Route routes[] = {
    {Method::get, "/sync", Access::user, Rate::read, nullptr, ""},
    {Method::get, "/rooms/{roomId}/state/{eventType}/{stateKey}", Access::user, Rate::read, nullptr, ""},
    {Method::put, "/rooms/{room}/state/{type}/{key}", Access::user, Rate::send, nullptr, ""},
    {Method::get, "/rooms/{roomId}/state", Access::user, Rate::read, nullptr, ""},
    {Method::get, "/rooms/{roomId}/state/{eventType}", Access::user, Rate::read, nullptr, ""},
    {Method::get, "/rooms/summary/state", Access::user, Rate::read, nullptr, ""},
    {Method::get, "/_matrix/client/v3/sync", Access::user, Rate::read, nullptr, ""},
    {Method::get, "/{path*}", Access::anyone, Rate::none, nullptr, ""},
};

struct Fixture {
    api::Router router;
    Fixture() { router.add(routes); }
    std::string match(Method method, std::string_view path) const {
        const auto found = router.match(method, path);
        if (!found.route) return found.known_path ? "405" : "404";
        std::string text(found.route->pattern);
        for (const auto& [name, value] : found.params) text += " " + name + "=" + value;
        return text;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "paths lead to their routes, parameters decoded") {
    CHECK(match(Method::get, "/sync") == "/sync");
    CHECK(match(Method::head, "/sync") == "/sync");
    CHECK(match(Method::get, "/rooms/%21abend%3Ahearth.test/state") == "/rooms/{roomId}/state roomId=!abend:hearth.test");
    CHECK(match(Method::get, "/rooms/!a:b/state/m.room.name/") ==
          "/rooms/{roomId}/state/{eventType}/{stateKey} eventType=m.room.name roomId=!a:b stateKey=");
    CHECK(match(Method::get, "/rooms/!a:b/state/m.room.name") ==
          "/rooms/{roomId}/state/{eventType} eventType=m.room.name roomId=!a:b");
    CHECK(match(Method::get, "/rooms/summary/state") == "/rooms/summary/state");
    CHECK(match(Method::get, "/rooms/summary/state/t") == "/rooms/{roomId}/state/{eventType} eventType=t roomId=summary");
    // Names are those of the route that answers, not of the first pattern with this shape.
    CHECK(match(Method::put, "/rooms/!a:b/state/t/k%2Fk") == "/rooms/{room}/state/{type}/{key} key=k/k room=!a:b type=t");
    CHECK(match(Method::get, "/app/main.js") == "/{path*} path=app/main.js");
    CHECK(match(Method::get, "/") == "/{path*} path=");
}

TEST_CASE_FIXTURE(Fixture, "the paths of clients from before Matrix 1.1 are those of v3") {
    CHECK(match(Method::get, "/_matrix/client/r0/sync") == "/_matrix/client/v3/sync");
    CHECK(match(Method::get, "/_matrix/client/r1/sync") == "/{path*} path=_matrix/client/r1/sync");
}

TEST_CASE_FIXTURE(Fixture, "a known path with another method is told apart from an unknown one") {
    CHECK(match(Method::delete_, "/sync") == "405");
    CHECK(match(Method::put, "/rooms/!a:b/state/t") == "405");
    api::Router without_rest;
    without_rest.add(std::span(routes).first(7));
    CHECK_FALSE(without_rest.match(Method::get, "/sync/").known_path);
    CHECK_FALSE(without_rest.match(Method::get, "/rooms//state").known_path);
    CHECK_FALSE(without_rest.match(Method::get, "/").known_path);
}

TEST_CASE_FIXTURE(Fixture, "a parameter that is not clean text is refused") {
    const auto reason = [&](std::string_view path) {
        try {
            router.match(Method::get, path);
            return std::string("accepted");
        } catch (const schema::Refusal& refusal) {
            return refusal.reason == schema::Reason::invalid_param ? std::string("invalid") : std::string("other");
        }
    };
    CHECK(reason("/rooms/%C3%A4/state") == "accepted");
    CHECK(reason("/rooms/%C3/state") == "invalid");
    CHECK(reason("/rooms/a%00b/state") == "invalid");
    CHECK(reason("/rooms/a%0/state") == "invalid");
}

TEST_CASE_FIXTURE(Fixture, "two routes for one place are a mistake found at start") {
    CHECK_THROWS_AS(router.add(std::span(routes).first(1)), std::logic_error);
}

TEST_CASE("numbers, flags and the language of a request") {
    net::Request request;
    request.query = {
        {"limit", "20"}, {"huge", "99999999999999999999"}, {"low", "-5"}, {"text", "zehn"}, {"empty", ""}, {"yes", "true"},
        {"maybe", "1"}};
    const api::Call call(request, {});
    CHECK(call.query_number("limit", 10, 1, 100) == 20);
    CHECK(call.query_number("limit", 10, 1, 15) == 15);
    CHECK(call.query_number("huge", 10, 1, 100) == 100);
    CHECK(call.query_number("absent", 10, 1, 100) == 10);
    CHECK_THROWS_AS(call.query_number("low", 10, 0, 100), schema::Refusal);
    CHECK_THROWS_AS(call.query_number("text", 10, 0, 100), schema::Refusal);
    CHECK_THROWS_AS(call.query_number("empty", 10, 0, 100), schema::Refusal);
    CHECK(call.query_flag("yes"));
    CHECK_THROWS_AS(call.query_flag("maybe"), schema::Refusal);

    CHECK(call.language() == "de");
    request.headers.set("Accept-Language", "en-GB,en;q=0.9,de;q=0.8");
    CHECK(call.language() == "en");
    request.headers.set("Accept-Language", "de-AT, en;q=0.7");
    CHECK(call.language() == "de");
    request.headers.set("Accept-Language", "fr");
    CHECK(call.language() == "de");
}
