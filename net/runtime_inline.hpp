#pragma once
// Templates of net/runtime.hpp; included by it alone.
#include <exception>
#include <optional>
#include <utility>

namespace runde::net {
namespace detail {

/// Where f's result waits until its coroutine runs again. Shared with the other thread, because the coroutine may
/// be destroyed (shutdown) while f still runs.
template <class F>
struct Job {
    using Result = std::invoke_result_t<F>;
    struct Nothing {};
    explicit Job(F function) : f(std::move(function)) {}
    void operator()() noexcept {
        try {
            if constexpr (std::is_void_v<Result>) {
                f();
            } else {
                result.emplace(f());
            }
        } catch (...) {
            error = std::current_exception();
        }
    }
    Result take() {
        if (error) std::rethrow_exception(error);
        if constexpr (!std::is_void_v<Result>) return std::move(*result);
    }

    F f;
    std::optional<std::conditional_t<std::is_void_v<Result>, Nothing, Result>> result;
    std::exception_ptr error;
};

}  // namespace detail

template <class F>
Task<std::invoke_result_t<F>> Runtime::on_pool(F f) {
    auto job = std::make_shared<detail::Job<F>>(std::move(f));
    co_await run_elsewhere(Where::pool, [job] { (*job)(); });
    co_return job->take();
}

template <class F>
Task<std::invoke_result_t<F>> Runtime::on_hash_thread(F f) {
    auto job = std::make_shared<detail::Job<F>>(std::move(f));
    co_await run_elsewhere(Where::hashing, [job] { (*job)(); });
    co_return job->take();
}

template <class T>
T Runtime::wait(Task<T> task) {
    if constexpr (std::is_void_v<T>) {
        wait_for(std::move(task));
    } else {
        std::optional<T> result;
        auto keep = [](Task<T> inner, std::optional<T>& into) -> Task<> { into.emplace(co_await std::move(inner)); };
        wait_for(keep(std::move(task), result));
        return std::move(*result);
    }
}

}  // namespace runde::net
