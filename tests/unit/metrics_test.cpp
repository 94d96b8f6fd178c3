#include "server/metrics.hpp"

#include <doctest/doctest.h>

using namespace runde;
using namespace std::chrono_literals;

TEST_CASE("requests are counted by route, method and status, with what they cost") {
    server::Metrics metrics;
    metrics.gauge("runde_connections", "Open HTTP connections.", [] { return 3; });
    metrics.count({"/sync", net::Method::get, 200, 2000us, false, {.reads = 2, .batches = 0}});
    metrics.count({"/sync", net::Method::get, 200, 25s, true, {.reads = 1, .batches = 0}});
    metrics.count({"/send", net::Method::put, 429, 10s, false, {.reads = 0, .batches = 1}});
    const auto text = metrics.text();
    const auto has = [&](std::string_view line) { return ("\n" + text).find("\n" + std::string(line) + "\n") != text.npos; };
    CHECK(has("runde_connections 3"));
    CHECK(has(R"(runde_requests_total{route="/sync",method="GET",status="200"} 2)"));
    CHECK(has(R"(runde_requests_total{route="/send",method="PUT",status="429"} 1)"));
    CHECK(has(R"(runde_request_seconds_bucket{route="/sync",method="GET",le="0.001"} 0)"));
    CHECK(has(R"(runde_request_seconds_bucket{route="/sync",method="GET",le="0.0025"} 1)"));
    CHECK(has(R"(runde_request_seconds_bucket{route="/send",method="PUT",le="5"} 0)"));
    CHECK(has(R"(runde_request_seconds_bucket{route="/send",method="PUT",le="+Inf"} 1)"));
    CHECK(has(R"(runde_request_seconds_count{route="/sync",method="GET"} 1)"));  // Not the poll that waited.
    CHECK(has(R"(runde_database_reads_total{route="/sync",method="GET"} 3)"));
    CHECK(has(R"(runde_database_batches_total{route="/send",method="PUT"} 1)"));
    CHECK(server::resident_bytes() > 1e6);
}
