#include "storage/lane.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "net/asio_bridge.hpp"
#include "schema/refusal.hpp"
#include "storage/connection_string.hpp"
#include "storage/lane_connection.hpp"

namespace runde::storage {

using namespace std::chrono_literals;
using Kind = BatchOutcome::Kind;
using Done = std::function<void(Committed, std::exception_ptr)>;

namespace {

constexpr std::size_t most_submissions = 64, most_bytes = 256 * 1024;
/// The stream's durable ceiling is raised by a step when its head comes within half of it.
constexpr Position reserve_step = 100'000;

struct Pending {
    Submission submission;
    Done done;
    std::uint64_t refusals_known;  ///< How many refusals had been delivered when it was submitted.
    std::size_t bytes;
};

struct Delivery {
    Done done;
    Committed committed;
    std::exception_ptr error;
    Position head;
    bool refused = false;  ///< Counts as a refusal delivered.
};

std::size_t bytes_of(const Submission& submission) {
    std::size_t bytes = 0;
    for (const auto& event : submission.events) bytes += event.json.size();
    for (const auto& message : submission.to_device) bytes += message.json.size();
    return bytes;
}

std::int64_t random_writer() {
    std::random_device device;
    return static_cast<std::int64_t>((static_cast<std::uint64_t>(device()) << 32 | device()) >> 1);
}

}  // namespace

struct Lane::Impl {
    Impl(net::Runtime& r, const std::string& url, Durability d)
        : runtime(r),
          conninfo(connection_string(
              url, {{"application_name", "runde-lane"},
                    {"connect_timeout", "5"},
                    {"client_encoding", "UTF8"},
                    // The statements touch a table each: one plan serves all, and planning would cost more than running.
                    {"options",
                     "-c statement_timeout=10s -c plan_cache_mode=force_generic_plan -c jit=off "
                     "-c synchronous_commit=on"}})),
          durability(d) {}

    // On the lane's thread
    void work();
    std::vector<Pending> next_batch();
    void write(std::vector<Pending>& batch, std::size_t begin, std::size_t end);
    BatchOutcome attempt(std::span<const Submission* const> submissions);
    std::optional<BatchOutcome> reconnect(std::int64_t positions);
    bool follows_a_refusal(const Pending& pending);
    void refuse(Pending& pending, const std::string& why);
    void settle(Pending& pending, std::exception_ptr error);
    void deliver();

    net::Runtime& runtime;
    const std::string conninfo;
    const Durability durability;
    const std::int64_t writer = random_writer();

    // The lane's thread only
    std::unique_ptr<LaneConnection> connection;
    LaneConnection::Head stream{};
    bool fenced = false;
    std::map<RoomNid, std::uint64_t> refused_rooms;  // By the number of the refusal.
    std::uint64_t refusals = 0;
    std::vector<Delivery> deliveries;

    // The I/O thread only; shared because the last deliveries may run after the lane is gone.
    struct Delivered {
        Position head = 0;
        std::uint64_t refusals = 0;
        std::function<void()> on_fenced;
    };
    const std::shared_ptr<Delivered> delivered = std::make_shared<Delivered>();

    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Pending> queue;  // Guarded by mutex, as is stopping.
    bool stopping = false;
    std::thread thread;
};

// ---------- the lane's thread ----------

/// Whatever has come together while the last batch was written. Empty: stop.
std::vector<Pending> Lane::Impl::next_batch() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return stopping || !queue.empty(); });
    std::vector<Pending> batch;
    std::size_t bytes = 0;
    while (!queue.empty() && batch.size() < most_submissions && (batch.empty() || bytes + queue.front().bytes <= most_bytes)) {
        bytes += queue.front().bytes;
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
    }
    return batch;
}

void Lane::Impl::work() {
    pthread_setname_np(pthread_self(), "db-lane");
    for (;;) {
        auto batch = next_batch();
        if (batch.empty()) break;
        // Those built on a refused one are sorted out before they can spoil the batch.
        std::vector<Pending> good;
        for (auto& pending : batch)
            if (follows_a_refusal(pending))
                settle(pending, std::make_exception_ptr(SubmissionRefused(SubmissionRefused::earlier_refused)));
            else
                good.push_back(std::move(pending));
        write(good, 0, good.size());
        deliver();
    }
    if (fenced || !connection) return;
    try {
        connection->mark_clean(stream.epoch);
    } catch (const std::exception&) {
        // Then the next start goes on above the ceiling, which is as good.
    }
}

bool Lane::Impl::follows_a_refusal(const Pending& pending) {
    return std::ranges::any_of(pending.submission.rooms, [&](const rows::Room& row) {
        const auto found = refused_rooms.find(row.room);
        if (found == refused_rooms.end()) return false;
        if (pending.refusals_known < found->second) return true;
        refused_rooms.erase(found);  // Its actor has heard of it.
        return false;
    });
}

/// Writes a range of the batch as one, or if it is refused, one by one.
void Lane::Impl::write(std::vector<Pending>& batch, std::size_t begin, std::size_t end) {
    if (begin == end) return;
    if (fenced) {
        for (auto i = begin; i < end; ++i) settle(batch[i], std::make_exception_ptr(Fenced{}));
        return;
    }
    std::vector<const Submission*> submissions;
    for (auto i = begin; i < end; ++i) submissions.push_back(&batch[i].submission);
    const auto outcome = attempt(submissions);
    switch (outcome.kind) {
        case Kind::committed: {
            auto base = outcome.base;
            for (auto i = begin; i < end; ++i) {
                const auto positions = batch[i].submission.positions;
                deliveries.push_back({std::move(batch[i].done), {base}, nullptr, base + positions - 1});
                base += positions;
            }
            return;
        }
        case Kind::fenced:
            fenced = true;
            spdlog::error("another process has taken over the stream; this one writes nothing more");
            runtime.post([to = delivered] {
                if (to->on_fenced) to->on_fenced();
            });
            return write(batch, begin, end);
        case Kind::refused:
            if (end - begin == 1) return refuse(batch[begin], outcome.detail);
            for (auto i = begin; i < end; ++i)
                if (follows_a_refusal(batch[i]))
                    settle(batch[i], std::make_exception_ptr(SubmissionRefused(SubmissionRefused::earlier_refused)));
                else
                    write(batch, i, i + 1);
            return;
        case Kind::failed:
        case Kind::conflict:
        case Kind::lost: {
            spdlog::error("a batch of {} could not be written: SQLSTATE {}", end - begin, outcome.detail);
            const auto error = DatabaseError(outcome.detail, "the stream could not be written: SQLSTATE " + outcome.detail);
            // Whoever was built on these must go back as well.
            ++refusals;
            const auto first = deliveries.size();
            for (auto i = begin; i < end; ++i) {
                for (const auto& room : batch[i].submission.rooms) refused_rooms[room.room] = refusals;
                settle(batch[i], std::make_exception_ptr(error));
            }
            deliveries[first].refused = true;
            return;
        }
    }
}

void Lane::Impl::refuse(Pending& pending, const std::string& why) {
    ++refusals;
    for (const auto& room : pending.submission.rooms) refused_rooms[room.room] = refusals;
    settle(pending, std::make_exception_ptr(SubmissionRefused(why)));
    deliveries.back().refused = true;
}

void Lane::Impl::settle(Pending& pending, std::exception_ptr error) {
    deliveries.push_back({std::move(pending.done), {0}, std::move(error), 0});
}

/// Runs the submissions as one transaction until its outcome is certain.
BatchOutcome Lane::Impl::attempt(std::span<const Submission* const> submissions) {
    std::int64_t positions = 0;
    bool flush = durability == Durability::safe;
    for (const auto* submission : submissions) {
        positions += submission->positions;
        flush |= submission->flush;
    }
    const auto base = stream.position + 1;
    auto calls = merge(submissions, base);
    calls.insert(calls.begin(), StatementCall{Statement::take_positions, {}});
    for (unsigned conflicts = 0;;) {
        auto reserved = stream.reserved;
        const bool raise = stream.position + positions > reserved - reserve_step / 2;
        if (raise) reserved = stream.position + positions + reserve_step;
        // A raised ceiling must be on the disk before positions near it are given out.
        calls.front().parameters = {binary(base), binary(positions), binary(reserved), binary(stream.epoch),
                                    flush || raise ? "on" : "off"};

        const auto outcome = connection ? connection->run(calls) : BatchOutcome{Kind::lost, "", 0};
        if (outcome.kind == Kind::lost) {
            auto known = reconnect(positions);
            if (!known) continue;  // Not committed: once more.
            return *std::move(known);
        }
        if (outcome.kind == Kind::conflict && ++conflicts < 10) continue;
        if (outcome.kind == Kind::committed) {
            stream.position = outcome.base + positions - 1;
            stream.reserved = reserved;
            ++stream.batch;
        }
        return outcome;
    }
}

/// A new connection in place of the lost one, and what became of the batch: nothing, if it was not committed.
/// Keeps trying; a server that is being stopped gives up after a while.
std::optional<BatchOutcome> Lane::Impl::reconnect(std::int64_t positions) {
    connection.reset();
    spdlog::warn("the lane has lost its connection");
    auto backoff = 10ms;
    for (auto give_up = std::chrono::steady_clock::time_point::max();;) {
        try {
            connection = std::make_unique<LaneConnection>(conninfo);
            const auto now = connection->resume(writer);
            if (!now) return BatchOutcome{Kind::fenced, "", 0};
            const auto before = std::exchange(stream, *now);
            spdlog::info("the lane is connected again");
            if (stream.batch == before.batch) return std::nullopt;
            if (stream.batch == before.batch + 1 && stream.position == before.position + positions)
                return BatchOutcome{Kind::committed, "", before.position + 1};
            // Relaxed durability and a crash of PostgreSQL: what was acknowledged last is not there any more, and what
            // stands in memory is built on it. Only a fresh start, above `reserved`, can go on from here.
            spdlog::error("PostgreSQL has lost the last commits");
            return BatchOutcome{Kind::fenced, "", 0};
        } catch (const std::exception&) {
            connection.reset();
        }
        std::unique_lock lock(mutex);
        if (stopping && give_up == std::chrono::steady_clock::time_point::max()) give_up = std::chrono::steady_clock::now() + 5s;
        if (std::chrono::steady_clock::now() > give_up) return BatchOutcome{Kind::failed, "08006", 0};
        wake.wait_for(lock, backoff);  // Woken by every submission too: they are as eager as we are.
        backoff = std::min<std::chrono::milliseconds>(backoff * 2, 500ms);
    }
}

/// Hands the results over: one hop for all of them, in their order.
void Lane::Impl::deliver() {
    if (deliveries.empty()) return;
    runtime.post([to = delivered, results = std::make_shared<std::vector<Delivery>>(std::move(deliveries))] {
        for (auto& result : *results) {
            if (!result.error) to->head = std::max(to->head, result.head);
            if (result.refused) ++to->refusals;
            result.done(result.committed, result.error);
        }
    });
    deliveries.clear();
}

// ---------- callers ----------

Lane::Lane(net::Runtime& runtime, std::string url, Durability durability)
    : impl_(std::make_unique<Impl>(runtime, url, durability)) {
    impl_->connection = std::make_unique<LaneConnection>(impl_->conninfo);
    impl_->stream = impl_->connection->take_over(impl_->writer);
    impl_->delivered->head = impl_->stream.position;
    impl_->thread = std::thread([impl = impl_.get()] { impl->work(); });
}

Lane::~Lane() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->wake.notify_all();
    impl_->thread.join();
}

void Lane::on_fenced(std::function<void()> call) { impl_->delivered->on_fenced = std::move(call); }

Position Lane::head() const { return impl_->delivered->head; }

void Lane::submit(Submission submission, Done done) {
    const auto bytes = bytes_of(submission);
    {
        const std::lock_guard lock(impl_->mutex);
        if (impl_->queue.size() < most_waiting) {
            impl_->queue.push_back({std::move(submission), std::move(done), impl_->delivered->refusals, bytes});
            impl_->wake.notify_one();
            return;
        }
    }
    impl_->runtime.post([done = std::move(done)] {
        done({},
             std::make_exception_ptr(schema::Refusal(
                 schema::Reason::limit_exceeded, "The server is busy. Please try again in a moment.", {{"retry_after_ms", 1000}})));
    });
}

net::Task<Committed> Lane::submit(Submission submission) {
    namespace asio = boost::asio;
    struct Outcome {
        Committed committed{};
        std::exception_ptr error;
    };
    const auto outcome = std::make_shared<Outcome>();
    ++net::current_cost().batches;
    // Not net::suspend, which resumes by another hop: the coroutine goes on inside its own delivery, so that nobody
    // sees the new head before it has published what stands there.
    const auto initiate = [this, &submission, outcome](auto handler) {
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        submit(std::move(submission), [held, outcome](Committed committed, std::exception_ptr error) {
            *outcome = {committed, std::move(error)};
            asio::dispatch(asio::get_associated_executor(*held), [held] { std::move (*held)(); });
        });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(initiate, asio::use_awaitable);
    if (outcome->error) std::rethrow_exception(outcome->error);
    co_return outcome->committed;
}

}  // namespace runde::storage
