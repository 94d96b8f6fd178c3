#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace runde::net {

/// An IP address as 16 bytes; IPv4 as "mapped" IPv6, so that both compare.
class Address {
public:
    static std::optional<Address> parse(std::string_view text);
    const std::array<unsigned char, 16>& bytes() const { return bytes_; }
    bool is_v4() const;

private:
    std::array<unsigned char, 16> bytes_{};
};

/// A single address or a network: "192.0.2.7", "192.0.2.0/24", "2001:db8::/32".
class Network {
public:
    static std::optional<Network> parse(std::string_view text);
    bool contains(const Address& address) const;

private:
    Address prefix_;
    unsigned bits_ = 128;  ///< Of the 16 bytes.
};

/// Reachable from the whole Internet: not private, local, multicast, documentation or a way around into such
/// (mapped, 6to4, NAT64). What a foreign name resolves to must pass this, or servers could make us talk to
/// our own neighbours.
bool is_public(const Address& address);

}  // namespace runde::net
