#pragma once
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "net/task.hpp"

namespace runde::net {
class Clock;
}

namespace runde::accounts {

struct Options;

/// Making accounts with the operator's secret, in the form that Synapse gave it and that tools know:
/// https://element-hq.github.io/synapse/latest/admin_api/register_api.html
///
/// A nonce serves once and for 60 seconds; at most 1,000 are remembered, then the oldest is void.
class SharedSecret {
public:
    SharedSecret(net::Clock& clock, const Options& options) : clock_(clock), options_(options) {}

    /// Throws Refusal(forbidden) unless a secret is configured.
    std::string nonce();
    struct Claim {
        std::string nonce, username, password, mac;
        bool administrator = false;
        std::string user_type;  ///< Part of what is signed, if given.
    };
    /// Takes the nonce back and checks the signature. Throws Refusal: forbidden, invalid_param.
    void require(const Claim& claim);

private:
    net::Clock& clock_;
    const Options& options_;
    std::list<std::pair<std::string, std::int64_t>> nonces_;  ///< With the time they were made, oldest first.
};

}  // namespace runde::accounts
