#include "schema/ids.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "schema/json.hpp"

namespace runde::schema {
namespace {

constexpr std::size_t max_id_bytes = 255;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_dns_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.'; }

bool is_ipv6(std::string_view text) {
    in6_addr address;
    return text.size() <= 45 && inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    return text.size() <= 5 && !text.empty() && std::all_of(text.begin(), text.end(), is_digit) &&
           std::from_chars(text.data(), text.data() + text.size(), port).ec == std::errc{} && port <= 65535;
}

/// Where the host ends and ":port" or nothing follows.
std::size_t host_length(std::string_view text) {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        return close == text.npos ? text.size() : close + 1;
    }
    return std::min(text.find(':'), text.size());
}

bool is_server_name(std::string_view text) {
    const auto host = text.substr(0, host_length(text));
    const auto rest = text.substr(host.size());
    if (!rest.empty() && !(rest.starts_with(':') && is_port(rest.substr(1)))) return false;
    if (host.starts_with('[')) return host.ends_with(']') && is_ipv6(host.substr(1, host.size() - 2));
    return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), is_dns_char);
}

/// What every identifier must be: a sigil, something behind it, no NUL, UTF-8, not too long.
bool is_id(std::string_view text, char sigil) {
    return text.size() >= 2 && text.size() <= max_id_bytes && text.front() == sigil && text.find('\0') == text.npos &&
           is_utf8(text);
}

}  // namespace

std::optional<ServerName> ServerName::parse(std::string_view text) {
    if (!is_server_name(text)) return std::nullopt;
    return ServerName(text);
}

std::string_view ServerName::host() const { return std::string_view(text_).substr(0, host_length(text_)); }

std::optional<std::uint16_t> ServerName::port() const {
    const auto length = host_length(text_);
    if (length == text_.size()) return std::nullopt;
    std::uint16_t port = 0;
    std::from_chars(text_.data() + length + 1, text_.data() + text_.size(), port);
    return port;
}

template <char Sigil>
std::optional<ScopedId<Sigil>> ScopedId<Sigil>::parse(std::string_view text) {
    if (!is_id(text, Sigil)) return std::nullopt;
    const auto colon = text.find(':');
    if (colon == text.npos || !is_server_name(text.substr(colon + 1))) return std::nullopt;
    if (Sigil == '#' && colon == 1) return std::nullopt;  // Only user ids have empty localparts in old rooms.
    return ScopedId(text, colon);
}

template class ScopedId<'@'>;
template class ScopedId<'#'>;

std::optional<RoomId> RoomId::parse(std::string_view text) {
    if (!is_id(text, '!')) return std::nullopt;
    const auto colon = text.find(':');
    if (colon != text.npos && (colon == 1 || !is_server_name(text.substr(colon + 1)))) return std::nullopt;
    return RoomId(text);
}

std::optional<std::string_view> RoomId::server() const {
    const auto colon = text_.find(':');
    if (colon == text_.npos) return std::nullopt;
    return std::string_view(text_).substr(colon + 1);
}

std::optional<EventId> EventId::parse(std::string_view text) {
    if (!is_id(text, '$')) return std::nullopt;
    return EventId(text);
}

}  // namespace runde::schema
