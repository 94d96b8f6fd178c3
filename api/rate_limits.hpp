#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/router.hpp"
#include "net/clock.hpp"

namespace runde::api {

/// Token buckets in memory, one per class and caller.
///
/// Invariants
///  - At most 2 x 50,000 buckets: at the bound the callers that were not seen for longest are forgotten, that is,
///    start with a full bucket again.
///  - Nothing is stored or logged; addresses live here for some minutes at most while nobody else calls.
/// https://spec.matrix.org/v1.19/client-server-api/#rate-limiting
class RateLimits {
public:
    explicit RateLimits(bool enabled) : enabled_(enabled) {}

    /// Takes one token. When there is none: how long to wait for it.
    std::optional<net::Milliseconds> take(Rate rate, std::string_view caller, std::int64_t now_ms);
    /// For limits a handler sets besides its route's, for example per account that somebody tries to enter.
    void require(Rate rate, std::string_view caller, std::int64_t now_ms);  ///< Throws Refusal(limit_exceeded).

    void enable(bool on) { enabled_ = on; }

private:
    struct Bucket {
        double tokens;
        std::int64_t updated_ms;
    };
    using Buckets = std::unordered_map<std::string, Bucket>;
    Bucket& bucket(const std::string& key, double full, std::int64_t now_ms);

    bool enabled_;
    Buckets young_, old_;
};

/// The key under which a client address is limited: an IPv6 client owns its /64, so that is what counts.
std::string caller_of_address(std::string_view address);

}  // namespace runde::api
