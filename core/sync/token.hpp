#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/ids.hpp"

namespace runde::sync {

using schema::Position;

/// What a device has seen: the since and next_batch of /sync. Opaque to clients; "s<position>_<typing>_<to-device>".
///
/// `typing` counts changes of typing lists and lives in memory: it begins with the time of the start, so that a token of
/// a former process is older than everything of this one. `to_device` lags behind `position` while more messages wait for
/// a device than one answer holds.
struct Token {
    Position position = 0;
    std::int64_t typing = 0;
    Position to_device = 0;

    /// nullopt for anything that str() has not made. Also reads "s<position>".
    static std::optional<Token> parse(std::string_view text);
    std::string str() const;
    bool operator==(const Token&) const = default;
};

}  // namespace runde::sync
