#include "net/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace runde::net {

std::optional<Address> Address::parse(std::string_view text) {
    const std::string copy(text);
    Address address;
    if (inet_pton(AF_INET6, copy.c_str(), address.bytes_.data()) == 1) return address;
    address.bytes_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (inet_pton(AF_INET, copy.c_str(), address.bytes_.data() + 12) == 1) return address;
    return std::nullopt;
}

bool Address::is_v4() const {
    static constexpr std::array<unsigned char, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::equal(mapped.begin(), mapped.end(), bytes_.begin());
}

std::optional<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = Address::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    const unsigned width = address->is_v4() ? 32 : 128;
    unsigned length = width;
    if (slash != text.npos) {
        const auto digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (error != std::errc() || end != digits.data() + digits.size() || length > width) return std::nullopt;
    }
    Network network;
    network.prefix_ = *address;
    network.bits_ = length + (128 - width);
    return network;
}

bool Network::contains(const Address& address) const {
    const auto &a = address.bytes(), &b = prefix_.bytes();
    const auto whole = bits_ / 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
    if (bits_ % 8 == 0) return true;
    const auto mask = static_cast<unsigned char>(0xff << (8 - bits_ % 8));
    return (a[whole] & mask) == (b[whole] & mask);
}

bool is_public(const Address& address) {
    // https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
    static const std::vector<Network> never = [] {
        std::vector<Network> networks;
        for (const auto* text :
             {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
              "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
              "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"})
            networks.push_back(*Network::parse(text));
        return networks;
    }();
    static const auto global_v6 = *Network::parse("2000::/3");
    if (!address.is_v4() && !global_v6.contains(address)) return false;
    return std::ranges::none_of(never, [&](const Network& network) { return network.contains(address); });
}

}  // namespace runde::net
