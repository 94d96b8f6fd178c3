#pragma once
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

/// One thread, one epoll, coroutines: enough for some thousand connections, and cheap, because the generator
/// shares the machine with the server that it measures.
namespace runde::bench {

using Clock = std::chrono::steady_clock;

template <class T = void>
class [[nodiscard]] Task;

namespace detail {

struct PromiseBase {
    std::coroutine_handle<> awaiting = std::noop_coroutine();
    std::exception_ptr error;

    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
        bool await_ready() noexcept { return false; }
        template <class P>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
            return self.promise().awaiting;
        }
        void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() { error = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;
    Task<T> get_return_object();
    void return_value(T result) { value.emplace(std::move(result)); }
};
template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object();
    void return_void() {}
};

}  // namespace detail

/// Starts when awaited; lives as long as this object.
template <class T>
class [[nodiscard]] Task {
public:
    using promise_type = detail::Promise<T>;
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
        handle_.promise().awaiting = awaiting;
        return handle_;
    }
    T await_resume() {
        if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
        if constexpr (!std::is_void_v<T>) return *std::move(handle_.promise().value);
    }

private:
    std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

/// A socket as the loop knows it: who waits for it. At most one waits to read and one to write.
struct Watched {
    std::coroutine_handle<> reader, writer;
};

class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs until `task` is done; throws what it throws.
    void run(Task<> task);

    /// Edge-triggered for as long as the file is open; `watched` must live as long.
    void watch(int file, Watched& watched);
    auto readable(Watched& watched) { return Wait{watched.reader}; }
    auto writable(Watched& watched) { return Wait{watched.writer}; }
    auto sleep_until(Clock::time_point when) { return Sleep{*this, when}; }

private:
    struct Wait {
        std::coroutine_handle<>& slot;
        bool await_ready() const { return false; }
        void await_suspend(std::coroutine_handle<> handle) { slot = handle; }
        void await_resume() const {}
    };
    struct Sleep {
        Loop& loop;
        Clock::time_point when;
        bool await_ready() const { return when <= Clock::now(); }
        void await_suspend(std::coroutine_handle<> handle) { loop.sleepers_.push({when, handle}); }
        void await_resume() const {}
    };
    struct Sleeper {
        Clock::time_point when;
        std::coroutine_handle<> handle;
        bool operator>(const Sleeper& other) const { return when > other.when; }
    };
    int wake_sleepers();  ///< Milliseconds until the next one.

    int epoll_;
    std::priority_queue<Sleeper, std::vector<Sleeper>, std::greater<>> sleepers_;
};

/// Runs the tasks side by side until all are done; throws the first error then.
Task<> all(std::vector<Task<>> tasks);

}  // namespace runde::bench
