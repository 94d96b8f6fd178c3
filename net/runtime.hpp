#pragma once
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
/// Never null on the I/O thread; work outside any request is counted on a process-wide object.
RequestCost& current_cost();

/// The threads of the process.
///
/// Invariants
///  - ONE I/O thread: sockets, timers, coroutines, room actors, user hubs. Whatever lives there needs no mutex;
///    what must be atomic stands between two co_awaits.
///  - Blocking or long work (> 1 ms) never runs on it: on_pool() for CPU, storage::Database for SQL,
///    on_hash_thread() for passwords.
class Runtime {
public:
    Runtime();
    ~Runtime();

    /// Runs until stop(); call from the thread that is to be the I/O thread.
    void run();
    void stop();
    /// From any thread: `work` runs on the I/O thread, never inside this call.
    void post(std::function<void()> work);
    /// Calls `work` on the I/O thread after `delay`. The timer holds nothing but `work`; destroying the returned
    /// handle cancels it.
    [[nodiscard]] std::shared_ptr<void> after(Milliseconds delay, std::function<void()> work);

    /// Starts a coroutine of its own. What it throws is logged under `name` (a constant, never personal data).
    void spawn(std::string_view name, Task<> task);
    void spawn(std::string_view name, Task<> task, std::shared_ptr<RequestCost> cost);

    /// Runs f on the CPU pool (cores-1 threads, at least 1) and resumes here with its result or exception.
    template <class F>
    Task<std::invoke_result_t<F>> on_pool(F f);
    /// One thread, bounded queue: password hashing. Throws Refusal(limit_exceeded) when 64 are waiting.
    template <class F>
    Task<std::invoke_result_t<F>> on_hash_thread(F f);
    /// Blocks the calling (non-I/O) thread until the task has ended: tests and start-up.
    template <class T>
    T wait(Task<T> task);

    Clock& clock();

private:
    enum class Where { pool, hashing };
    /// Runs `work` on the named threads, then `done` on the I/O thread.
    Task<> run_elsewhere(Where where, std::function<void()> work);
    void wait_for(Task<> task);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runde::net

#include "net/runtime_inline.hpp"
