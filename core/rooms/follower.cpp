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
    std::vector<std::pair<Position, std::shared_ptr<net::Gate>>> waiting;

    Position done() const { return cursor.value_or(0); }
    bool is_careful() const { return done() < careful_until; }
    void answer_waiting() {
        std::erase_if(waiting, [&](const auto& entry) {
            if (entry.first > done()) return false;
            entry.second->open();
            return true;
        });
    }
};

Follower::Follower(Rooms& rooms) : rooms_(rooms), shared_(std::make_shared<Shared>()) {
    rooms_.on_commit([this](const Committed& committed) {
        if (committed.events.empty()) return;
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
    if (shared.running || shared.stopped || (shared.cursor && *shared.cursor >= shared.wanted)) return;
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
            for (const auto& reader : readers_) reader(tx, events);
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

/// Reads until nobody waits for more, then rests if there is more.
net::Task<> Follower::run(std::shared_ptr<Shared> shared) {
    do {
        const auto began = Steady::now();
        std::string failed;
        try {
            if (!shared->cursor) {
                const auto place = co_await step(0, shared->wanted);
                shared->cursor = place;
            }
            const bool leaves_out = shared->faults >= most_tries;
            const auto place =
                leaves_out ? co_await leave_out_one() : co_await step(shared->is_careful() ? 1 : stride, shared->wanted);
            if (leaves_out) {
                ++shared->left_out;
                spdlog::error("the archive leaves out the event at position {}", place);
            }
            shared->cursor = place;
            shared->failures = shared->faults = 0;
            const auto worked = std::chrono::ceil<net::Milliseconds>(Steady::now() - began);
            shared->rest = std::clamp(worked * rest_per_work, shortest_rest, longest_rest);
            shared->answer_waiting();
        } catch (const std::exception& failure) {
            failed = reason_of(failure);
            if (!may_pass(failure) && shared->is_careful()) ++shared->faults;
            if (!may_pass(failure)) shared->careful_until = std::min(shared->wanted, shared->done() + stride);
        }
        if (!failed.empty()) {
            spdlog::warn("the archive could not be brought up to date: {}", failed);
            shared->rest = std::min<net::Milliseconds>(shortest_rest * (1 << std::min(shared->failures++, 10)), longest_backoff);
            // The cursor stands. Whoever waits is told rather than kept.
            for (auto& [position, gate] : std::exchange(shared->waiting, {})) gate->open();
            break;
        }
    } while (!shared->stopped && shared->done() < shared->wanted && (!shared->waiting.empty() || shared->is_careful()));
    shared->running = false;
    if (!shared->stopped) wake();
}

net::Task<> Follower::catch_up() {
    if (shared_->cursor && *shared_->cursor >= shared_->wanted) co_return;
    const auto gate = std::make_shared<net::Gate>();
    shared_->waiting.emplace_back(shared_->wanted, gate);
    wake();
    co_await gate->wait();
}

std::uint64_t Follower::left_out() const { return shared_->left_out; }

Position Follower::behind() const { return std::max<Position>(0, shared_->wanted - shared_->done()); }

}  // namespace runde::rooms
