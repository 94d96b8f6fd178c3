#pragma once
#include <boost/asio/awaitable.hpp>

namespace runde::net {

/// A coroutine of this server. Runs on the I/O thread; starts when awaited or given to Runtime::spawn.
/// Write `co_await` as a statement of its own with a named result.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace runde::net
