#include "core/sync/token.hpp"

#include <fmt/format.h>

#include <charconv>

namespace runde::sync {
namespace {

/// Positions stay below 2^46, because ord = pos << 16 (schema/ids.hpp).
constexpr std::int64_t highest = std::int64_t{1} << 46;

/// Takes a number off the front of `text`.
bool take_number(std::string_view& text, std::int64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0 || number >= highest || text.front() == '-') return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<Token> Token::parse(std::string_view text) {
    Token token;
    if (!take(text, 's') || !take_number(text, token.position)) return std::nullopt;
    token.to_device = token.position;
    if (text.empty()) return token;
    if (!take(text, '_') || !take_number(text, token.typing)) return std::nullopt;
    if (!take(text, '_') || !take_number(text, token.to_device) || !text.empty()) return std::nullopt;
    return token;
}

std::string Token::str() const { return fmt::format("s{}_{}_{}", position, typing, to_device); }

}  // namespace runde::sync
