#pragma once
#include <chrono>
#include <cstdint>

#include "net/task.hpp"

namespace runde::net {

using Milliseconds = std::chrono::milliseconds;

/// The time, handed to whoever needs it so that tests can move it.
class Clock {
public:
    virtual ~Clock() = default;
    virtual std::int64_t now_ms() const = 0;                 ///< Unix time in milliseconds (origin_server_ts).
    virtual Task<> sleep(Milliseconds duration) = 0;         ///< Cancelled (throws) at shutdown.
};

}  // namespace runde::net
