#include "core/rooms/follower.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "net/gate.hpp"
#include "net/type_name.hpp"
#include "storage/search.hpp"

namespace runde::rooms {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

/// Positions in one transaction.
constexpr Position stride = 1000;
/// Events of the past in one.
constexpr int past_stride = 200;
/// It rests so many times as long as its last transaction took: at most a fifth of one core.
constexpr int rest_per_work = 4;
constexpr net::Milliseconds shortest_rest = 100ms, longest_rest = 2s, longest_backoff = 30s;
/// An event is left out when it has failed so many times.
constexpr int most_tries = 3;

/// Whether another try might do better with the very same event.
bool may_pass(const std::exception& failure) {
    if (dynamic_cast<const storage::Unreachable*>(&failure)) return true;
    const auto* error = dynamic_cast<const storage::DatabaseError*>(&failure);
    if (!error) return false;
    static const std::set<std::string, std::less<>> classes{"", "08", "40", "53", "55", "57", "58"};
    return classes.contains(std::string_view(error->sqlstate).substr(0, 2));
}

/// What the log may say of it: types and statements, never values.
std::string reason_of(const std::exception& failure) {
    if (dynamic_cast<const storage::DatabaseError*>(&failure)) return failure.what();
    return net::type_name(failure);
}

}  // namespace

/// What the running coroutine and its owner both know; outlives whichever ends first.
struct Follower::Shared {
    bool running = false, stopped = false;
    Position wanted = 0;                 ///< Of the newest event committed.
    std::optional<Position> cursor;      ///< Everything up to here has been read; nullopt: not asked yet.
    Position careful_until = 0;          ///< Up to here position by position: one of them made a transaction fail.
    int failures = 0;                    ///< In a row.
    int faults = 0;                      ///< Those of them that the event at the cursor is to blame for.
    std::uint64_t left_out = 0;
    net::Milliseconds rest = shortest_rest;
    std::shared_ptr<void> resting;       ///< The timer that ends the rest.
    std::uint64_t past_wanted = 1;       ///< Goes up when something joins the queue of the past; at start nobody has looked.
    std::uint64_t past_done = 0;         ///< The queue was empty after that.
    int past_careful = 0;                ///< So many more of the queue one by one.
    int past_faults = 0;                 ///< In a row, with the queue's first event alone.
    struct Waiting {
        Position position;
        std::uint64_t past;
        std::shared_ptr<net::Gate> gate;
    };
    std::vector<Waiting> waiting;

    Position done() const { return cursor.value_or(0); }
    bool is_careful() const { return done() < careful_until || past_careful > 0; }
    bool stream_is_read() const { return cursor && *cursor >= wanted; }
    bool is_done() const { return stream_is_read() && past_done >= past_wanted; }
    void answer_waiting() {
        std::erase_if(waiting, [&](const Waiting& one) {
            if (one.position > done() || one.past > past_done) return false;
            one.gate->open();
            return true;
        });
    }
};

Follower::Follower(Rooms& rooms) : rooms_(rooms), shared_(std::make_shared<Shared>()) {
    rooms_.on_commit([this](const Committed& committed) {
        if (committed.older) ++shared_->past_wanted;
        if (committed.events.empty() && !committed.older) return;
        shared_->wanted = std::max(shared_->wanted, committed.last);
        wake();
    });
}

Follower::~Follower() {
    shared_->stopped = true;
    shared_->resting.reset();
}

void Follower::start() {
    shared_->wanted = rooms_.parts().lane.head();
    wake();
}

/// Sees to it that what is outstanding will be read: now if somebody waits for it, else after a rest.
void Follower::wake() {
    auto& shared = *shared_;
    if (shared.running || shared.stopped || shared.is_done()) return;
    if (shared.waiting.empty()) {
        if (shared.resting) return;
        shared.resting = rooms_.parts().runtime.after(shared.rest, [this] { go_on(); });
        return;
    }
    go_on();
}

void Follower::go_on() {
    shared_->resting.reset();
    shared_->running = true;
    rooms_.parts().runtime.spawn("follow the stream", run(shared_));
}

net::Task<Position> Follower::step(Position most, Position head) {
    co_return co_await rooms_.parts().db.transact([this, most, head](storage::Tx& tx) {
        const auto from = storage::lock_search_cursor(tx);
        const auto to = std::min(head, from + most);
        if (to <= from) return from;
        const auto events = storage::events_at(tx, from, to);
        if (!events.empty())
            for (const auto& reader : readers_) reader(tx, events, From::stream);
        storage::move_search_cursor(tx, to);
        return to;
    });
}

net::Task<Position> Follower::leave_out_one() {
    co_return co_await rooms_.parts().db.transact([](storage::Tx& tx) {
        const auto to = storage::lock_search_cursor(tx) + 1;
        storage::move_search_cursor(tx, to);
        return to;
    });
}

net::Task<> Follower::follow_stream(std::shared_ptr<Shared> shared) {
    if (!shared->cursor) {
        const auto place = co_await step(0, shared->wanted);
        shared->cursor = place;
    }
    const bool leaves_out = shared->faults >= most_tries;
    const bool careful = shared->done() < shared->careful_until;
    const auto place = leaves_out ? co_await leave_out_one() : co_await step(careful ? 1 : stride, shared->wanted);
    if (leaves_out) {
        ++shared->left_out;
        spdlog::error("the archive leaves out the event at position {}", place);
    }
    shared->cursor = place;
}

net::Task<> Follower::follow_past(std::shared_ptr<Shared> shared) {
    const auto asked = shared->past_wanted;
    const bool leaves_out = shared->past_faults >= most_tries;
    const int most = shared->past_careful > 0 ? 1 : past_stride;
    const bool empty = co_await rooms_.parts().db.transact([this, leaves_out, most](storage::Tx& tx) {
        storage::lock_search_cursor(tx);
        if (leaves_out) {
            storage::drop_queued(tx);
            return false;
        }
        const auto events = storage::take_queued(tx, most);
        if (!events.empty())
            for (const auto& reader : readers_) reader(tx, events, From::past);
        return static_cast<int>(events.size()) < most;
    });
    if (leaves_out) {
        ++shared->left_out;
        spdlog::error("the archive leaves out an event of the past");
    }
    if (shared->past_careful > 0) --shared->past_careful;
    if (!empty) co_return;
    shared->past_done = asked;
    shared->past_careful = 0;
}

/// Reads until nobody waits for more, then rests if there is more.
net::Task<> Follower::run(std::shared_ptr<Shared> shared) {
    do {
        const auto began = Steady::now();
        const bool in_stream = !shared->stream_is_read();
        std::string failed;
        try {
            if (in_stream)
                co_await follow_stream(shared);
            else
                co_await follow_past(shared);
            shared->failures = 0;
            (in_stream ? shared->faults : shared->past_faults) = 0;
            const auto worked = std::chrono::ceil<net::Milliseconds>(Steady::now() - began);
            shared->rest = std::clamp(worked * rest_per_work, shortest_rest, longest_rest);
            shared->answer_waiting();
        } catch (const std::exception& failure) {
            failed = reason_of(failure);
            if (!may_pass(failure) && in_stream) {
                if (shared->done() < shared->careful_until) ++shared->faults;
                shared->careful_until = std::min(shared->wanted, shared->done() + stride);
            } else if (!may_pass(failure)) {
                if (shared->past_careful > 0) ++shared->past_faults;
                shared->past_careful = past_stride;
            }
        }
        if (!failed.empty()) {
            spdlog::warn("the archive could not be brought up to date: {}", failed);
            shared->rest = std::min<net::Milliseconds>(shortest_rest * (1 << std::min(shared->failures++, 10)), longest_backoff);
            // The cursor stands. Whoever waits is told rather than kept.
            for (auto& one : std::exchange(shared->waiting, {})) one.gate->open();
            break;
        }
    } while (!shared->stopped && !shared->is_done() && (!shared->waiting.empty() || shared->is_careful()));
    shared->running = false;
    if (!shared->stopped) wake();
}

net::Task<> Follower::catch_up() {
    if (shared_->is_done()) co_return;
    const auto gate = std::make_shared<net::Gate>();
    shared_->waiting.push_back({shared_->wanted, shared_->past_wanted, gate});
    wake();
    co_await gate->wait();
}

std::uint64_t Follower::left_out() const { return shared_->left_out; }

Position Follower::behind() const { return std::max<Position>(0, shared_->wanted - shared_->done()); }

}  // namespace runde::rooms
