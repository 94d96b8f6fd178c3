#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/runtime.hpp"

namespace runde::net {

/// One answer of an SRV lookup.
struct SrvTarget {
    std::string host;
    std::uint16_t port;
    std::uint16_t priority, weight;
};

/// DNS without a thread (c-ares on the loop), with a time limit per question. I/O thread only.
class Resolver {
public:
    explicit Resolver(Runtime& runtime);
    ~Resolver();

    enum class Outcome { found, none, failed, timed_out };  ///< none: it is certain that there is no such record.
    struct Addresses {
        Outcome outcome;
        std::vector<std::string> addresses;  ///< IPv4 and IPv6, best first.
    };
    struct Services {
        Outcome outcome;
        std::vector<SrvTarget> targets;  ///< In the order to try them: by priority, then at random by weight.
    };
    /// An address passes through. Knows /etc/hosts.
    Task<Addresses> addresses(std::string host, Milliseconds limit = Milliseconds(5'000));
    /// `name`: "_matrix-fed._tcp.hearth.example". https://www.rfc-editor.org/rfc/rfc2782
    Task<Services> resolve_srv(std::string name, Milliseconds limit = Milliseconds(5'000));

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

/// RFC 2782: lower priorities first; among equals at random, heavier ones more often. `random`: below its
/// argument.
void put_in_order(std::vector<SrvTarget>& targets, const std::function<std::uint32_t(std::uint32_t)>& random);

}  // namespace runde::net
