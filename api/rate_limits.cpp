#include "api/rate_limits.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "schema/refusal.hpp"

namespace runde::api {

namespace {

struct Limit {
    double per_second;
    double burst;
};

/// Generous for people and their apps, narrow where guessing pays or where one caller makes others work.
constexpr Limit limit_of(Rate rate) {
    switch (rate) {
        case Rate::none: return {0, 0};
        case Rate::read: return {50, 300};
        case Rate::write: return {10, 100};
        case Rate::send: return {10, 60};
        case Rate::login: return {0.2, 10};
        case Rate::registration: return {0.1, 10};
        case Rate::search: return {2, 20};
        case Rate::federation: return {50, 200};
    }
    return {0, 0};
}

constexpr std::size_t most_buckets = 50'000;

}  // namespace

std::optional<net::Milliseconds> RateLimits::take(Rate rate, std::string_view caller, std::int64_t now_ms) {
    if (!enabled_ || rate == Rate::none) return std::nullopt;
    const Limit limit = limit_of(rate);
    std::string key(1, static_cast<char>('a' + static_cast<int>(rate)));
    key += caller;
    Bucket& mine = bucket(key, limit.burst, now_ms);

    const double elapsed = static_cast<double>(std::max<std::int64_t>(0, now_ms - mine.updated_ms)) / 1000;
    mine.tokens = std::min(limit.burst, mine.tokens + elapsed * limit.per_second);
    mine.updated_ms = now_ms;
    if (mine.tokens >= 1) {
        mine.tokens -= 1;
        return std::nullopt;
    }
    return net::Milliseconds(static_cast<std::int64_t>((1 - mine.tokens) / limit.per_second * 1000) + 1);
}

void RateLimits::require(Rate rate, std::string_view caller, std::int64_t now_ms) {
    if (const auto wait = take(rate, caller, now_ms))
        throw schema::Refusal(schema::Reason::limit_exceeded, "", {{"retry_after_ms", wait->count()}});
}

RateLimits::Bucket& RateLimits::bucket(const std::string& key, double full, std::int64_t now_ms) {
    if (const auto found = young_.find(key); found != young_.end()) return found->second;
    if (young_.size() >= most_buckets) old_ = std::exchange(young_, {});
    Bucket fresh{full, now_ms};
    if (const auto found = old_.find(key); found != old_.end()) fresh = found->second;
    return young_.emplace(key, fresh).first->second;
}

std::string caller_of_address(std::string_view address) {
    std::array<unsigned char, 16> bytes{};
    const std::string text(address);
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
    const auto* first = reinterpret_cast<const char*>(bytes.data());
    return std::string(first, 8);
}

}  // namespace runde::api
