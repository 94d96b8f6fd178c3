#pragma once
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "net/clock.hpp"
#include "net/runtime.hpp"

namespace runde::tests {

/// A clock that stands still until a test moves it. All calls on the I/O thread, or while nothing runs there.
class FakeClock : public net::Clock {
public:
    explicit FakeClock(std::int64_t start_ms = 1'700'000'000'000) : now_(start_ms) {}

    std::int64_t now_ms() const override { return now_; }

    net::Task<> sleep(net::Milliseconds duration) override {
        if (duration.count() <= 0) co_return;
        const auto executor = co_await boost::asio::this_coro::executor;
        const auto place = sleepers_.insert(sleepers_.end(), Sleeper{boost::asio::steady_timer(executor), now_ + duration.count()});
        place->timer.expires_at(std::chrono::steady_clock::time_point::max());
        const struct Leave {
            std::list<Sleeper>& sleepers;
            std::list<Sleeper>::iterator place;
            ~Leave() { sleepers.erase(place); }
        } leave{sleepers_, place};
        boost::system::error_code woken;
        co_await place->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        if (place->wakes_at > now_) throw net::Stopped();
    }

    /// Moves time and wakes whoever slept until then.
    void advance(net::Milliseconds by) {
        now_ += by.count();
        for (auto& sleeper : sleepers_)
            if (sleeper.wakes_at <= now_) sleeper.timer.cancel();
    }
    /// Ends all sleeps with Stopped.
    void stop() {
        for (auto& sleeper : sleepers_) sleeper.timer.cancel();
    }
    std::size_t sleepers() const { return sleepers_.size(); }

private:
    struct Sleeper {
        boost::asio::steady_timer timer;
        std::int64_t wakes_at;
    };
    std::list<Sleeper> sleepers_;
    std::int64_t now_;
};

}  // namespace runde::tests
