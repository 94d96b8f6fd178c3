#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "net/gate.hpp"
#include "net/runtime.hpp"
#include "schema/refusal.hpp"
#include "tests/support/fake_clock.hpp"

using namespace runde;
using namespace std::chrono_literals;

namespace {

/// A runtime whose loop runs in a thread of its own, as in the server.
struct RunningRuntime {
    net::Runtime runtime;
    std::promise<void> started;
    std::thread io{[this] { runtime.run(); }};
    RunningRuntime() {
        runtime.post([this] { started.set_value(); });
        started.get_future().wait();  // Else a wait() of the test would drive the loop itself.
    }
    ~RunningRuntime() {
        runtime.stop();
        io.join();
    }
};

net::Task<int> read_several_times(net::Runtime& runtime, int times) {
    for (int i = 0; i < times; ++i) {
        ++net::current_cost().reads;
        co_await runtime.on_pool([] {});
        co_await runtime.clock().sleep(1ms);
    }
    co_return times;
}

net::Task<> read_and_forget(net::Runtime& runtime, int times) { co_await read_several_times(runtime, times); }

}  // namespace

TEST_CASE_FIXTURE(RunningRuntime, "each coroutine counts on the cost it was spawned with, whatever runs between") {
    std::vector<std::shared_ptr<net::RequestCost>> costs;
    for (int times = 1; times <= 8; ++times) {
        costs.push_back(std::make_shared<net::RequestCost>());
        runtime.spawn("test", read_and_forget(runtime, times), costs.back());
    }
    while (costs.back().use_count() > 1) runtime.wait(read_several_times(runtime, 1));
    for (int times = 1; times <= 8; ++times) CHECK(costs[times - 1]->reads == static_cast<std::uint32_t>(times));
}

TEST_CASE_FIXTURE(RunningRuntime, "work runs where it belongs and comes back") {
    const auto here = [](net::Runtime& of) -> net::Task<std::vector<std::thread::id>> {
        const auto before = std::this_thread::get_id();
        const auto pool = co_await of.on_pool([] { return std::this_thread::get_id(); });
        const auto hashing = co_await of.on_hash_thread([] { return std::this_thread::get_id(); });
        co_return std::vector{before, pool, hashing, std::this_thread::get_id()};
    };
    const auto threads = runtime.wait(here(runtime));
    CHECK(threads[0] == io.get_id());
    CHECK(threads[1] != io.get_id());
    CHECK(threads[2] != threads[1]);
    CHECK(threads[3] == io.get_id());
}

TEST_CASE_FIXTURE(RunningRuntime, "exceptions travel back from the pool, and out of wait") {
    const auto fails = [](net::Runtime& of) -> net::Task<int> {
        const int never = co_await of.on_pool([]() -> int { throw std::out_of_range("the pool"); });
        co_return never;
    };
    CHECK_THROWS_AS(runtime.wait(fails(runtime)), std::out_of_range);
}

TEST_CASE("the queue of the hash thread is bounded, and says so") {
    std::atomic<bool> go{false};
    std::atomic<int> done{0}, refused{0};
    RunningRuntime fixture;
    const auto hash = [](net::Runtime& of, std::atomic<bool>& when, std::atomic<int>& good, std::atomic<int>& bad) -> net::Task<> {
        try {
            co_await of.on_hash_thread([&] { when.wait(false); });
            ++good;
        } catch (const schema::Refusal& refusal) {
            if (refusal.reason == schema::Reason::limit_exceeded) ++bad;
        }
    };
    // One runs, 64 wait, and a hundred more hear no.
    for (int i = 0; i < 165; ++i) fixture.runtime.spawn("hash", hash(fixture.runtime, go, done, refused));
    while (refused < 100) std::this_thread::yield();
    go = true;
    go.notify_all();
    while (done + refused < 165) std::this_thread::yield();
    CHECK(refused <= 101);  // The first job may not have left the queue yet when the 65th came.
    CHECK(done >= 64);
}

TEST_CASE_FIXTURE(RunningRuntime, "a call set for later is cancelled with its handle") {
    std::atomic<int> calls{0};
    auto dropped = runtime.after(1ms, [&] { calls += 100; });
    dropped.reset();
    const auto kept = runtime.after(2ms, [&] { ++calls; });
    while (calls == 0) runtime.wait(read_several_times(runtime, 1));
    CHECK(calls == 1);
}

TEST_CASE("stop wakes sleepers with Stopped") {
    std::atomic<bool> told{false};
    {
        RunningRuntime fixture;
        const auto sleep = [](net::Runtime& of, std::atomic<bool>& flag) -> net::Task<> {
            try {
                co_await of.clock().sleep(1h);
            } catch (const net::Stopped&) {
                flag = true;
            }
        };
        fixture.runtime.spawn("sleeper", sleep(fixture.runtime, told));
        fixture.runtime.wait(read_several_times(fixture.runtime, 1));
    }
    CHECK(told);
}

TEST_CASE("a fake clock wakes sleepers when it is moved, not before") {
    tests::FakeClock clock;
    net::Runtime runtime(&clock);
    int woken = 0;
    const auto nap = [](net::Clock& by, int& count) -> net::Task<> {
        co_await by.sleep(10s);
        ++count;
    };
    const auto turn = [](net::Runtime& of) -> net::Task<> { co_await of.on_pool([] {}); };
    runtime.spawn("nap", nap(clock, woken));
    runtime.wait(turn(runtime));
    clock.advance(9s);
    runtime.wait(turn(runtime));
    CHECK(woken == 0);
    clock.advance(1s);
    runtime.wait(turn(runtime));
    CHECK(woken == 1);
}

TEST_CASE("a gate holds everybody until it is opened, and nobody after that") {
    net::Runtime runtime;
    net::Gate gate;
    int through = 0;
    const auto pass = [](net::Gate& at, int& count) -> net::Task<> {
        co_await at.wait();
        ++count;
    };
    const auto turn = [](net::Runtime& of) -> net::Task<> { co_await of.on_pool([] {}); };
    runtime.spawn("Anna", pass(gate, through));
    runtime.spawn("Ben", pass(gate, through));
    runtime.wait(turn(runtime));
    CHECK(through == 0);
    gate.open();
    runtime.wait(turn(runtime));
    CHECK(through == 2);
    runtime.wait(pass(gate, through));
    CHECK(through == 3);
}
