#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace runde::schema {

/// Row numbers: as cheap as the integer, impossible to mix up. Drawn from blocks the process reserves
/// (storage/numbers.hpp), so a row's number is known before it is committed.
enum class RoomNid : std::int64_t {};
enum class EventNid : std::int64_t {};
enum class UserNid : std::int64_t {};
enum class DeviceNid : std::int64_t {};
constexpr std::int64_t raw(auto nid) { return static_cast<std::int64_t>(nid); }

/// A place in the server's one stream (storage/lane.hpp). Commit order is position order, without gaps.
using Position = std::int64_t;
/// The reading order inside a room: pos << 16 for live events, below rooms.min_ord for backfilled ones.
using Ord = std::int64_t;
constexpr Ord live_ord(Position pos) { return pos << 16; }

/// "hearth.example", "[::1]:8448": host and optional port, grammar checked.
/// https://spec.matrix.org/v1.19/appendices/#server-name
class ServerName {
public:
    static std::optional<ServerName> parse(std::string_view text);
    const std::string& str() const { return text_; }
    std::string_view host() const;  ///< Without the port, brackets kept.
    std::optional<std::uint16_t> port() const;
    auto operator<=>(const ServerName&) const = default;

private:
    explicit ServerName(std::string_view text) : text_(text) {}
    std::string text_;
};

/// An identifier of the form <sigil>localpart:server, at most 255 bytes, whose grammar has been checked.
/// parse() is the only way to make one, so code that holds one never checks again.
/// User ids are read in the historical form, as the spec demands of every server: any UTF-8 but ':' and NUL,
/// even an empty localpart. The strict form for new accounts is accounts::parse_new_localpart.
/// https://spec.matrix.org/v1.19/appendices/#historical-user-ids
template <char Sigil>
class ScopedId {
public:
    static std::optional<ScopedId> parse(std::string_view text);
    const std::string& str() const { return text_; }
    std::string_view localpart() const { return std::string_view(text_).substr(1, colon_ - 1); }
    std::string_view server() const { return std::string_view(text_).substr(colon_ + 1); }
    auto operator<=>(const ScopedId& other) const { return text_ <=> other.text_; }
    bool operator==(const ScopedId& other) const { return text_ == other.text_; }

private:
    ScopedId(std::string_view text, std::size_t colon) : text_(text), colon_(colon) {}
    std::string text_;
    std::size_t colon_;
};

using UserId = ScopedId<'@'>;
using RoomAlias = ScopedId<'#'>;
extern template class ScopedId<'@'>;
extern template class ScopedId<'#'>;

/// "!opaque:server" up to room version 11, "!<hash of the create event>" from 12 on. Nothing may read a
/// server name out of one to route by it; `server()` exists for the authorisation rules of old versions.
/// https://spec.matrix.org/v1.19/appendices/#room-ids
class RoomId {
public:
    static std::optional<RoomId> parse(std::string_view text);
    const std::string& str() const { return text_; }
    std::optional<std::string_view> server() const;
    auto operator<=>(const RoomId&) const = default;

private:
    explicit RoomId(std::string_view text) : text_(text) {}
    std::string text_;
};

/// "$opaque:server" in room versions 1 and 2, "$<base64 hash>" since. Opaque: any UTF-8 without NUL, up to
/// 255 bytes. https://spec.matrix.org/v1.19/appendices/#event-ids
class EventId {
public:
    static std::optional<EventId> parse(std::string_view text);
    const std::string& str() const { return text_; }
    auto operator<=>(const EventId&) const = default;

private:
    explicit EventId(std::string_view text) : text_(text) {}
    std::string text_;
};

}  // namespace runde::schema

template <>
struct std::hash<runde::schema::RoomId> {
    std::size_t operator()(const auto& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
template <>
struct std::hash<runde::schema::EventId> {
    std::size_t operator()(const auto& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
template <>
struct std::hash<runde::schema::ServerName> {
    std::size_t operator()(const auto& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
template <char Sigil>
struct std::hash<runde::schema::ScopedId<Sigil>> {
    std::size_t operator()(const auto& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
