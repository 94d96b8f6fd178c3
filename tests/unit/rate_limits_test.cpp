#include "api/rate_limits.hpp"

#include <doctest/doctest.h>

using namespace runde;
using api::Rate;
using api::RateLimits;

namespace {

/// How many calls in a row are let through at one moment.
int burst(RateLimits& limits, Rate rate, std::string_view caller, std::int64_t now) {
    int calls = 0;
    while (calls < 10'000 && !limits.take(rate, caller, now)) ++calls;
    return calls;
}

}  // namespace

TEST_CASE("a burst is let through, then it takes time; every caller and class has its own") {
    RateLimits limits(true);
    CHECK(burst(limits, Rate::login, "anna", 0) == 10);
    const auto wait = limits.take(Rate::login, "anna", 0);
    REQUIRE(wait);
    CHECK(wait->count() == 5001);  // One in five seconds.
    CHECK(limits.take(Rate::login, "anna", wait->count() - 100));
    CHECK_FALSE(limits.take(Rate::login, "anna", wait->count()));
    CHECK(burst(limits, Rate::login, "ben", 0) == 10);
    CHECK(burst(limits, Rate::registration, "anna", 0) == 10);
    CHECK(burst(limits, Rate::login, "anna", 3'600'000) == 10);  // Never more than the burst, however long ago.
    CHECK(burst(limits, Rate::none, "anna", 0) == 10'000);
}

TEST_CASE("a clock that goes back takes nothing away") {
    RateLimits limits(true);
    CHECK_FALSE(limits.take(Rate::login, "anna", 1'000'000));
    CHECK(burst(limits, Rate::login, "anna", 0) == 9);
}

TEST_CASE("switched off, they let everything through") {
    RateLimits limits(false);
    CHECK(burst(limits, Rate::login, "anna", 0) == 10'000);
}

TEST_CASE("an IPv6 client is its /64; a refusal says how long to wait") {
    CHECK(api::caller_of_address("2001:db8::1") == api::caller_of_address("2001:db8::2:3:4:5"));
    CHECK(api::caller_of_address("2001:db8::1") != api::caller_of_address("2001:db8:0:1::1"));
    CHECK(api::caller_of_address("192.0.2.1") != api::caller_of_address("192.0.2.2"));
    RateLimits limits(true);
    burst(limits, Rate::login, "anna", 0);
    try {
        limits.require(Rate::login, "anna", 0);
        FAIL("let through");
    } catch (const schema::Refusal& refusal) {
        CHECK(refusal.reason == schema::Reason::limit_exceeded);
        CHECK(schema::integer_at(refusal.extra, "retry_after_ms") == 5001);
    }
}

TEST_CASE("memory is bounded: who was not seen for long is forgotten, who calls on is not") {
    RateLimits limits(true);
    burst(limits, Rate::login, "anna", 0);
    for (int i = 0; i < 60'000; ++i) limits.take(Rate::login, std::to_string(i), 0);
    CHECK(limits.take(Rate::login, "anna", 0));  // From the older generation.
    for (int i = 0; i < 200'000; ++i) limits.take(Rate::login, std::to_string(i), 0);
    CHECK_FALSE(limits.take(Rate::login, "anna", 0));
}
