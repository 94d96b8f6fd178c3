#include <doctest/doctest.h>
#include <fmt/format.h>

#include "federation/discovery.hpp"

using namespace runde;
using namespace runde::federation;
using schema::ServerName;

namespace {

/// The world as a table: what well-knowns and SRV records say.
struct Atlas {
    std::map<std::string, std::string> well_knowns;
    std::map<std::string, std::vector<net::SrvTarget>> records;

    /// What is asked on the way, and where it leads: "host:port as Host for certificate".
    std::string way_to(std::string_view name) const {
        DiscoverySteps steps(*ServerName::parse(name));
        std::string way;
        for (int i = 0; i < 5; ++i) {
            if (const auto* ask = std::get_if<DiscoverySteps::AskWellKnown>(&steps.step())) {
                way += "well-known " + ask->host + ", ";
                const auto found = well_knowns.find(ask->host);
                steps.well_known(found == well_knowns.end() ? std::nullopt : ServerName::parse(found->second));
            } else if (const auto* srv = std::get_if<DiscoverySteps::AskSrv>(&steps.step())) {
                way += srv->name + ", ";
                const auto found = records.find(srv->name);
                steps.srv(found == records.end() ? std::vector<net::SrvTarget>() : found->second);
            } else {
                for (const auto& place : std::get<DiscoverySteps::Found>(steps.step()).places)
                    way += fmt::format("{}:{} as {} for {}; ", place.host, place.port, place.host_header, place.tls_name);
                return way.substr(0, way.size() - 2);
            }
        }
        return way + "and no end";
    }
};

net::ClientResponse says(int status, std::string body, std::string cache = "") {
    net::ClientResponse answer{.status = status, .body = std::move(body)};
    if (!cache.empty()) answer.headers.add("cache-control", std::move(cache));
    return answer;
}

}  // namespace

TEST_CASE("where a server is, by the numbers of the specification") {
    Atlas world;
    // 1: addresses
    CHECK(world.way_to("192.0.2.1") == "192.0.2.1:8448 as 192.0.2.1 for 192.0.2.1");
    CHECK(world.way_to("192.0.2.1:80") == "192.0.2.1:80 as 192.0.2.1:80 for 192.0.2.1");
    CHECK(world.way_to("[2001:db8::1]") == "2001:db8::1:8448 as [2001:db8::1] for 2001:db8::1");
    CHECK(world.way_to("[2001:db8::1]:80") == "2001:db8::1:80 as [2001:db8::1]:80 for 2001:db8::1");
    // 2: a port
    CHECK(world.way_to("haven.test:443") == "haven.test:443 as haven.test:443 for haven.test");
    // 6: nothing at all
    CHECK(world.way_to("haven.test") ==
          "well-known haven.test, _matrix-fed._tcp.haven.test, _matrix._tcp.haven.test, haven.test:8448 as haven.test for "
          "haven.test");

    SUBCASE("3.1: delegated to an address") {
        world.well_knowns["haven.test"] = "192.0.2.1";
        CHECK(world.way_to("haven.test") == "well-known haven.test, 192.0.2.1:8448 as 192.0.2.1 for 192.0.2.1");
    }
    SUBCASE("3.2: delegated to a port") {
        world.well_knowns["haven.test"] = "matrix.haven.test:443";
        CHECK(world.way_to("haven.test") ==
              "well-known haven.test, matrix.haven.test:443 as matrix.haven.test:443 for matrix.haven.test");
    }
    SUBCASE("3.3: delegated to a name with an SRV record, whose certificate is for that name") {
        world.well_knowns["haven.test"] = "matrix.haven.test";
        world.records["_matrix-fed._tcp.matrix.haven.test"] = {{"a.host.test", 1, 0, 0}, {"b.host.test", 2, 1, 0}};
        CHECK(world.way_to("haven.test") ==
              "well-known haven.test, _matrix-fed._tcp.matrix.haven.test, a.host.test:1 as matrix.haven.test for "
              "matrix.haven.test; b.host.test:2 as matrix.haven.test for matrix.haven.test");
    }
    SUBCASE("3.4: the older record") {
        world.well_knowns["haven.test"] = "matrix.haven.test";
        world.records["_matrix._tcp.matrix.haven.test"] = {{"a.host.test", 1, 0, 0}};
        CHECK(world.way_to("haven.test") ==
              "well-known haven.test, _matrix-fed._tcp.matrix.haven.test, _matrix._tcp.matrix.haven.test, "
              "a.host.test:1 as matrix.haven.test for matrix.haven.test");
    }
    SUBCASE("3.5: delegated to a name without records") {
        world.well_knowns["haven.test"] = "matrix.haven.test";
        CHECK(world.way_to("haven.test").ends_with("matrix.haven.test:8448 as matrix.haven.test for matrix.haven.test"));
    }
    SUBCASE("4: no well-known, but a record") {
        world.records["_matrix-fed._tcp.haven.test"] = {{"a.host.test", 1, 0, 0}};
        CHECK(world.way_to("haven.test") ==
              "well-known haven.test, _matrix-fed._tcp.haven.test, a.host.test:1 as haven.test for haven.test");
    }
    SUBCASE("a record that says: not here") {
        world.records["_matrix-fed._tcp.haven.test"] = {{".", 0, 0, 0}};
        CHECK(world.way_to("haven.test").ends_with("haven.test:8448 as haven.test for haven.test"));
    }
}

TEST_CASE("what a well-known says, and how long it is believed") {
    constexpr std::int64_t minute = 60'000, hour = 60 * minute;
    const auto* good = R"({"m.server":"matrix.haven.test:443"})";
    REQUIRE(read_well_known(says(200, good), 0).delegated);
    CHECK(read_well_known(says(200, good), 0).delegated->str() == "matrix.haven.test:443");
    CHECK(read_well_known(says(200, good), 0).keep_ms == 24 * hour);
    CHECK(read_well_known(says(200, good, "public, Max-Age=7200"), 0).keep_ms == 2 * hour);
    CHECK(read_well_known(says(200, good, "max-age=1"), 0).keep_ms == 5 * minute);
    CHECK(read_well_known(says(200, good, "no-store"), 0).keep_ms == 5 * minute);
    CHECK(read_well_known(says(200, good, "max-age=99999999999999999999"), 0).keep_ms == 48 * hour);
    CHECK(read_well_known(says(200, good, "max-age=-5"), 0).keep_ms == 24 * hour);

    for (const auto* bad :
         {"", "{", "[]", "{}", R"({"m.server":7})", R"({"m.server":"not a name"})", R"({"m.server":"a:99999999"})"})
        CHECK_FALSE(read_well_known(says(200, bad), 0).delegated);
    CHECK_FALSE(read_well_known(says(404, good), 0).delegated);
    CHECK_FALSE(read_well_known(std::nullopt, 0).delegated);
    CHECK(read_well_known(std::nullopt, 0).keep_ms == minute);
    CHECK(read_well_known(std::nullopt, 3).keep_ms == 8 * minute);
    CHECK(read_well_known(std::nullopt, 100).keep_ms == hour);
}

TEST_CASE("whoever asks has only so much time; the search goes on for the next who asks") {
    /// Its well-known is a server that accepts and says nothing.
    struct SlowWorld : Discovery::World {
        net::Gate gate;
        int asked = 0;
        net::Task<std::optional<net::ClientResponse>> well_known(std::string) override {
            ++asked;
            co_await gate.wait();
            co_return std::nullopt;
        }
        net::Task<std::vector<net::SrvTarget>> srv(std::string) override { co_return std::vector<net::SrvTarget>(); }
    };
    net::Runtime runtime;
    SlowWorld world;
    Discovery discovery(runtime, world, {});
    const auto name = *ServerName::parse("haven.test");
    CHECK(runtime.wait(discovery.find(name, net::Milliseconds(10))).empty());
    CHECK(runtime.wait(discovery.find(name, net::Milliseconds(10))).empty());
    CHECK(world.asked == 1);
    world.gate.open();
    const auto places = runtime.wait(discovery.find(name, net::Milliseconds(10'000)));
    REQUIRE(places.size() == 1);
    CHECK(places.front() == Place{"haven.test", 8448, "haven.test", "haven.test"});
    // What is known is known at once.
    CHECK(runtime.wait(discovery.find(name, net::Milliseconds(0))).size() == 1);
    CHECK(world.asked == 1);
    CHECK(runtime.wait(discovery.find(*ServerName::parse("[::1]:1234"), net::Milliseconds(10'000))).size() == 1);
}
