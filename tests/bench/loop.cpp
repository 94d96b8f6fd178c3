#include "tests/bench/loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace runde::bench {

namespace {

/// Starts at once and owns itself: how something that is not awaited runs.
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

struct Crowd {
    std::size_t left;
    std::coroutine_handle<> waiting;
    std::exception_ptr error;
};

Detached run_one(Task<>& task, Crowd& crowd) {
    try {
        co_await task;
    } catch (...) {
        if (!crowd.error) crowd.error = std::current_exception();
    }
    if (--crowd.left == 0 && crowd.waiting) crowd.waiting.resume();
}

struct AllDone {
    Crowd& crowd;
    bool await_ready() const { return crowd.left == 0; }
    void await_suspend(std::coroutine_handle<> handle) { crowd.waiting = handle; }
    void await_resume() const {
        if (crowd.error) std::rethrow_exception(crowd.error);
    }
};

}  // namespace

Task<> all(std::vector<Task<>> tasks) {
    Crowd crowd{tasks.size(), {}, {}};
    for (auto& task : tasks) run_one(task, crowd);
    co_await AllDone{crowd};
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Loop::~Loop() { close(epoll_); }

void Loop::watch(int file, Watched& watched) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watched;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, file, &event) != 0) throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

int Loop::wake_sleepers() {
    while (!sleepers_.empty()) {
        const auto [when, handle] = sleepers_.top();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
        if (left > 0) return static_cast<int>(left);
        sleepers_.pop();
        handle.resume();
    }
    return 1000;
}

void Loop::run(Task<> task) {
    Crowd crowd{1, {}, {}};
    run_one(task, crowd);
    epoll_event events[256];
    while (crowd.left > 0) {
        const int timeout = wake_sleepers();
        if (crowd.left == 0) break;
        const int count = epoll_wait(epoll_, events, 256, timeout);
        for (int i = 0; i < count; ++i) {
            auto& watched = *static_cast<Watched*>(events[i].data.ptr);
            // Both are taken first: whoever is resumed may close the connection that `watched` belongs to.
            std::coroutine_handle<> reader, writer;
            if (events[i].events & ~static_cast<unsigned>(EPOLLOUT)) reader = std::exchange(watched.reader, nullptr);
            if (events[i].events & ~static_cast<unsigned>(EPOLLIN)) writer = std::exchange(watched.writer, nullptr);
            if (writer) writer.resume();
            if (reader) reader.resume();
        }
    }
    if (crowd.error) std::rethrow_exception(crowd.error);
}

}  // namespace runde::bench
