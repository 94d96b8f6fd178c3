#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>

#include "net/clock.hpp"
#include "net/task.hpp"

namespace runde::net {

/// What one request (or background job) cost at the database. The object current when a coroutine calls into
/// storage is the one of the request that started it: Runtime::spawn runs a coroutine under its own RequestCost,
/// restored at every resumption, so nothing has to be passed along.
struct RequestCost {
    std::uint32_t reads = 0;    ///< Round trips of Database::transact.
    std::uint32_t batches = 0;  ///< Lane submissions awaited.
};
/// Work outside any coroutine of spawn() is counted on an object of its thread that nobody reads.
RequestCost& current_cost();

/// Thrown out of Clock::sleep when the process is shutting down; Runtime::spawn ends such a coroutine silently.
struct Stopped : std::exception {
    const char* what() const noexcept override { return "the server is shutting down"; }
};

/// The threads of the process.
///
/// Invariants
///  - ONE I/O thread: sockets, timers, coroutines, room actors, user hubs. Whatever lives there needs no mutex;
///    what must be atomic stands between two co_awaits.
///  - Blocking or long work (> 1 ms) never runs on it: on_pool() for CPU, storage::Database for SQL,
///    on_hash_thread() for passwords.
class Runtime {
public:
    /// `clock`: what clock() answers; it must outlive the runtime. Tests hand in theirs, nullptr is the real time.
    explicit Runtime(Clock* clock = nullptr);
    ~Runtime();  ///< Destroys what is still suspended; whatever those coroutines refer to must still exist.

    /// Runs until stop(); call from the thread that is to be the I/O thread.
    void run();
    /// From any thread: sleepers are woken with Stopped, then run() returns.
    void stop();
    /// From any thread: `work` runs on the I/O thread, never inside this call.
    void post(std::function<void()> work);
    /// Calls `work` on the I/O thread after `delay`. The timer holds nothing but `work`; destroying the returned
    /// handle cancels it.
    [[nodiscard]] std::shared_ptr<void> after(Milliseconds delay, std::function<void()> work);

    /// Starts a coroutine of its own, from any thread and never inside this call. What it throws is logged under
    /// `name` (a constant, never personal data).
    void spawn(std::string_view name, Task<> task);
    void spawn(std::string_view name, Task<> task, std::shared_ptr<RequestCost> cost);

    /// Runs f on the CPU pool (cores-1 threads, at least 1) and resumes here with its result or exception.
    template <class F>
    Task<std::invoke_result_t<F>> on_pool(F f);
    /// One thread, bounded queue: password hashing. Throws Refusal(limit_exceeded) when 64 are waiting.
    template <class F>
    Task<std::invoke_result_t<F>> on_hash_thread(F f);
    /// Blocks the calling thread until the task has ended: tests and start-up. Before run() the calling thread
    /// drives the loop meanwhile; on the I/O thread itself it would wait for ever and throws std::logic_error.
    template <class T>
    T wait(Task<T> task);

    Clock& clock();

private:
    enum class Where { pool, hashing };
    /// Runs `work` on the named threads, then `done` on the I/O thread.
    Task<> run_elsewhere(Where where, std::function<void()> work);
    void wait_for(Task<> task);

    struct Impl;
    friend boost::asio::io_context& io_context_of(Runtime& runtime);  // net/asio_bridge.hpp
    std::unique_ptr<Impl> impl_;
};

}  // namespace runde::net

#include "net/runtime_inline.hpp"
