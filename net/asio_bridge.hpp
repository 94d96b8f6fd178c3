#pragma once
// For .cpp files of net and storage only: the one place where the loop behind Runtime can be reached.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "net/runtime.hpp"

namespace runde::net {

boost::asio::io_context& io_context_of(Runtime& runtime);

/// Suspends the calling coroutine, then calls `start(resume)`. Calling `resume` once, from any thread, lets the
/// coroutine go on: on the I/O thread, under its own RequestCost, never inside the call of `resume`.
/// `start` must not throw.
template <class Start>
Task<> suspend(Start start) {
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        [](auto handler, Start begin) {
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            begin(std::function<void()>([shared] {
                auto executor = boost::asio::get_associated_executor(*shared);
                boost::asio::post(executor, [shared] { std::move (*shared)(); });
            }));
        },
        boost::asio::use_awaitable, std::move(start));
}

}  // namespace runde::net
