#include <doctest/doctest.h>

#include "net/http_message.hpp"

using namespace runde;

TEST_CASE("percent-decoding refuses what is not whole, and leaves '+' alone outside forms") {
    CHECK(net::percent_decode("%23dienstag%3Ahearth.test") == "#dienstag:hearth.test");
    CHECK(net::percent_decode("a+b") == "a+b");
    CHECK(net::percent_decode("a+b", true) == "a b");
    CHECK(net::percent_decode("%C3%A4") == "ä");
    CHECK(net::percent_decode("100%") == std::nullopt);
    CHECK(net::percent_decode("%4") == std::nullopt);
    CHECK(net::percent_decode("%zz") == std::nullopt);
    CHECK(net::percent_encode("#a b/ä~") == "%23a%20b%2F%C3%A4~");
}

TEST_CASE("header names compare without case; set replaces every one of them") {
    net::Headers headers;
    headers.add("X-Forwarded-For", "192.0.2.1");
    headers.add("x-forwarded-for", "192.0.2.2");
    CHECK(headers.find("X-FORWARDED-FOR") == "192.0.2.1");
    headers.set("X-Forwarded-for", "192.0.2.3");
    CHECK(headers.find("x-forwarded-for") == "192.0.2.3");
    CHECK(std::distance(headers.begin(), headers.end()) == 1);
    CHECK(headers.find("Host") == std::nullopt);
}
