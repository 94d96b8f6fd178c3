#include "net/runtime.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "net/asio_bridge.hpp"
#include "net/type_name.hpp"
#include "schema/refusal.hpp"

namespace runde::net {

namespace asio = boost::asio;

namespace {

thread_local RequestCost* running_for = nullptr;

class CostScope {
public:
    explicit CostScope(RequestCost* cost) : before_(std::exchange(running_for, cost)) {}
    ~CostScope() { running_for = before_; }
    CostScope(const CostScope&) = delete;
    CostScope& operator=(const CostScope&) = delete;

private:
    RequestCost* before_;
};

/// The loop's executor, which points current_cost() at one request while it runs that request's code. A
/// coroutine is resumed through the executor it was spawned on, so this is all it takes to have
/// coroutine-local data. Two pointers wide: fits into any_io_executor without an allocation. `cost` is kept
/// alive by spawn().
template <class Inner>
class CostExecutor {
public:
    CostExecutor(Inner inner, RequestCost* cost) noexcept : inner_(std::move(inner)), cost_(cost) {}

    template <class Property>
        requires(asio::can_query<const Inner&, Property>::value)
    decltype(auto) query(const Property& property) const {
        return asio::query(inner_, property);
    }
    template <class Property>
        requires(asio::can_require<const Inner&, Property>::value)
    auto require(const Property& property) const {
        auto changed = asio::require(inner_, property);
        return CostExecutor<decltype(changed)>(std::move(changed), cost_);
    }
    template <class Property>
        requires(asio::can_prefer<const Inner&, Property>::value)
    auto prefer(const Property& property) const {
        auto changed = asio::prefer(inner_, property);
        return CostExecutor<decltype(changed)>(std::move(changed), cost_);
    }
    template <class Function>
    void execute(Function f) const {
        inner_.execute([cost = cost_, f = std::move(f)]() mutable {
            const CostScope scope(cost);
            std::move(f)();
        });
    }
    bool operator==(const CostExecutor&) const noexcept = default;

private:
    Inner inner_;
    RequestCost* cost_;
};

/// One thread behind a bounded queue.
class HashThread {
public:
    static constexpr std::size_t most_waiting = 64;

    HashThread() : thread_([this] { work(); }) {}
    ~HashThread() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            waiting_.clear();
        }
        changed_.notify_one();
        thread_.join();
    }

    /// False when too many are waiting already.
    bool submit(std::function<void()> job) {
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.size() >= most_waiting) return false;
            waiting_.push_back(std::move(job));
        }
        changed_.notify_one();
        return true;
    }

private:
    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            auto job = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            job();
            job = nullptr;  // Its captures die outside the lock.
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> waiting_;
    bool stopping_ = false;
    std::thread thread_;  // Last: starts when everything above exists.
};

/// Wall time, and timers of the loop that stop() can cut short.
class RealClock : public Clock {
public:
    std::int64_t now_ms() const override {
        const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
    }

    Task<> sleep(Milliseconds duration) override {
        if (stopping_) throw Stopped();
        const auto executor = co_await asio::this_coro::executor;
        const auto place = sleepers_.emplace(sleepers_.end(), executor, duration);
        const Sleeper sleeper{sleepers_, place};
        boost::system::error_code error;
        co_await place->async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (error) throw Stopped();
    }

    void stop() {
        stopping_ = true;
        for (auto& timer : sleepers_) timer.cancel();
    }

private:
    using Timers = std::list<asio::steady_timer>;
    /// Takes the timer out of the list when the coroutine goes on, or is destroyed.
    struct Sleeper {
        Timers& timers;
        Timers::iterator place;
        ~Sleeper() { timers.erase(place); }
    };
    Timers sleepers_;
    bool stopping_ = false;
};

unsigned pool_threads() {
    const unsigned cores = std::thread::hardware_concurrency();
    return cores > 2 ? cores - 1 : 1;
}

}  // namespace

RequestCost& current_cost() {
    thread_local RequestCost nobodys;
    return running_for ? *running_for : nobodys;
}

struct Runtime::Impl {
    // The clock outlives the loop: coroutines that the loop's end destroys take themselves off its list.
    RealClock real_clock;
    Clock* clock;
    // One thread runs it, others only post: the hint leaves the locks in and skips needless wake-ups.
    asio::io_context loop{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
    // Held by whoever drives the loop: run(), or wait() before run().
    std::mutex driving;
    std::atomic<std::thread::id> io_thread{};

    void drive(const std::function<void()>& turn) {
        io_thread = std::this_thread::get_id();
        turn();
        io_thread = std::thread::id();
    }
    asio::thread_pool pool{pool_threads()};
    HashThread hashing;
};

Runtime::Runtime(Clock* clock) : impl_(std::make_unique<Impl>()) { impl_->clock = clock ? clock : &impl_->real_clock; }

Runtime::~Runtime() {
    // First the threads that could still resume somebody, then (with impl_) the loop and what is suspended in
    // it.
    impl_->pool.stop();
    impl_->pool.join();
}

boost::asio::io_context& io_context_of(Runtime& runtime) { return runtime.impl_->loop; }

void Runtime::run() {
    const std::lock_guard only_driver(impl_->driving);
    impl_->drive([this] { impl_->loop.run(); });
}

void Runtime::stop() {
    post([this] {
        impl_->real_clock.stop();
        // After the sleepers, which the line above has queued, have run.
        post([this] { post([this] { impl_->loop.stop(); }); });
    });
}

void Runtime::post(std::function<void()> work) { asio::post(impl_->loop, std::move(work)); }

std::shared_ptr<void> Runtime::after(Milliseconds delay, std::function<void()> work) {
    struct Pending {
        asio::steady_timer timer;
        std::function<void()> work;
    };
    auto pending = std::make_shared<Pending>(Pending{asio::steady_timer(impl_->loop, delay), std::move(work)});
    // Weak: an expired timer whose call is already queued must not run after its handle is gone.
    pending->timer.async_wait([weak = std::weak_ptr(pending)](boost::system::error_code error) {
        if (const auto still_wanted = weak.lock(); still_wanted && !error) {
            const auto call = std::move(still_wanted->work);
            call();
        }
    });
    return pending;
}

void Runtime::spawn(std::string_view name, Task<> task) { spawn(name, std::move(task), std::make_shared<RequestCost>()); }

void Runtime::spawn(std::string_view name, Task<> task, std::shared_ptr<RequestCost> cost) {
    using Executor = CostExecutor<asio::io_context::executor_type>;
    const asio::any_io_executor executor = Executor(impl_->loop.get_executor(), cost.get());
    asio::post(executor, [executor, name, task = std::move(task), cost]() mutable {
        asio::co_spawn(executor, std::move(task), [name, cost](const std::exception_ptr& error) {
            if (!error) return;
            try {
                std::rethrow_exception(error);
            } catch (const Stopped&) {
            } catch (const std::exception& thrown) {
                // Not what(): it may quote data.
                spdlog::error("{} ended by an exception of type {}", name, type_name(thrown));
            }
        });
    });
}

Task<> Runtime::run_elsewhere(Where where, std::function<void()> work) {
    bool refused = false;
    const auto start = [this, where, work = std::move(work), &refused](std::function<void()> resume) {
        auto both = [work, resume] {
            work();
            resume();
        };
        if (where == Where::pool) {
            asio::post(impl_->pool, std::move(both));
        } else if (!impl_->hashing.submit(std::move(both))) {
            refused = true;  // Thrown below: nothing may be thrown while a coroutine is being suspended.
            resume();
        }
    };
    co_await suspend(start);
    if (refused)
        throw schema::Refusal(schema::Reason::limit_exceeded, "Too many sign-ins at the moment. Please try again.",
                              {{"retry_after_ms", 2000}});
}

void Runtime::wait_for(Task<> task) {
    if (impl_->io_thread.load() == std::this_thread::get_id()) throw std::logic_error("Runtime::wait on the I/O thread");
    struct Outcome {
        std::mutex mutex;
        std::condition_variable changed;
        bool ended = false;
        std::exception_ptr error;
    };
    const auto outcome = std::make_shared<Outcome>();
    const auto cost = std::make_shared<RequestCost>();
    const CostExecutor executor(impl_->loop.get_executor(), cost.get());
    asio::co_spawn(asio::any_io_executor(executor), std::move(task), [outcome, cost](std::exception_ptr error) {
        const std::lock_guard lock(outcome->mutex);
        outcome->error = std::move(error);
        outcome->ended = true;
        outcome->changed.notify_all();
    });
    if (const std::unique_lock only_driver(impl_->driving, std::try_to_lock); only_driver) {
        impl_->drive([&] {
            while (!outcome->ended && impl_->loop.run_one() > 0) {
            }
        });
    }
    std::unique_lock lock(outcome->mutex);
    outcome->changed.wait(lock, [&] { return outcome->ended; });
    if (outcome->error) std::rethrow_exception(outcome->error);
}

Clock& Runtime::clock() { return *impl_->clock; }

}  // namespace runde::net
