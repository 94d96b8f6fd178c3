#include <doctest/doctest.h>
#include <fmt/format.h>

#include "api/routes.hpp"
#include "tests/support/matrix_spec.hpp"

using namespace runde;
using runde::tests::MatrixSpec;

namespace {

const std::string prefix = "/_runde/";

}  // namespace

TEST_CASE("every endpoint of ours is described in docs/openapi, under the names of its parameters") {
    const auto router = api::all_routes();
    for (const auto& route : router.all()) {
        if (!route.pattern.starts_with(prefix)) continue;
        const auto method = net::to_string(route.method);
        const auto* found = MatrixSpec::runde().find(method, route.pattern);
        CHECK_MESSAGE((found && found->pattern == route.pattern), fmt::format("{} {} is not described", method, route.pattern));
    }
}

TEST_CASE("nothing is described that is not there") {
    const auto router = api::all_routes();
    for (const auto& operation : MatrixSpec::runde().operations()) {
        const bool there = std::any_of(router.all().begin(), router.all().end(), [&](const auto& route) {
            return route.pattern == operation.pattern && net::to_string(route.method) == operation.method;
        });
        CHECK_MESSAGE(there, fmt::format("{} {} has no route", operation.method, operation.pattern));
    }
}

TEST_CASE("answers are held against the description") {
    const auto& ours = MatrixSpec::runde();
    const auto complaint = [&](std::string_view path, int status, std::string_view body) {
        return ours.complaint("GET", path, status, body).value_or("fine");
    };
    const std::string me =
        R"({"user_id":"@anna:hearth.test","administrator":false,"association_member":false,"roles":[],"groups":[]})";
    CHECK(complaint("/_runde/v1/me", 200, me) == "fine");
    CHECK(complaint("/_runde/v1/me", 200, R"({"user_id":"anna"})") != "fine");
    CHECK(complaint("/_runde/v1/me", 200, R"({"surprise":1,)" + me.substr(1)) != "fine");
    CHECK(complaint("/_runde/v1/me", 401, R"({"errcode":"M_MISSING_TOKEN","error":"Please sign in."})") == "fine");
    CHECK(complaint("/_runde/v1/me", 401, R"({"error":"Please sign in."})") != "fine");
    CHECK(complaint("/_runde/v1/nowhere", 200, "{}") != "fine");
    CHECK(complaint("/_matrix/client/v3/sync", 200, "{}") == "fine");  // The specification's.
}
