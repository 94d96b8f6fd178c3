#pragma once
#include <functional>
#include <initializer_list>
#include <memory>

#include "net/runtime.hpp"

namespace runde::net {

/// Calls `act` on the I/O thread with the signal's number whenever one of `signals` arrives, until the
/// returned handle is destroyed.
[[nodiscard]] std::shared_ptr<void> on_signals(Runtime& runtime, std::initializer_list<int> signals, std::function<void(int)> act);

}  // namespace runde::net
