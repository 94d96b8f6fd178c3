#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>

namespace runde::accounts {

/// Wrong passwords per account, so that guessing one from many addresses is as slow as from one. While somebody guesses,
/// the owner too may have to wait for their turn to sign in anew; who is signed in notices nothing.
///
/// A name that nobody has is treated like any other, or the limit would tell who has an account. In memory only; at
/// most 2 x 20,000 names, those not tried for longest are forgotten.
class FailedLogins {
public:
    /// Throws Refusal(limit_exceeded) when too many were wrong lately.
    void require(const std::string& name, std::int64_t now_ms);
    void failed(const std::string& name, std::int64_t now_ms);
    void succeeded(const std::string& name);

    static constexpr int at_once = 10;                       ///< Wrong ones that come in a row,
    static constexpr std::int64_t one_more_every_ms = 20'000;  ///< and then.

private:
    struct Tries {
        double wrong = 0;
        std::int64_t at_ms = 0;
    };
    Tries& tries(const std::string& name, std::int64_t now_ms);
    std::unordered_map<std::string, Tries> young_, old_;
};

}  // namespace runde::accounts
