#include "core/rooms/follower.hpp"

#include <spdlog/spdlog.h>

#include "net/gate.hpp"
#include "storage/search.hpp"

namespace runde::rooms {

/// What the running coroutine and its owner both know; outlives whichever ends first.
struct Follower::Shared {
    bool running = false, again = false, stopped = false;
    Position done = 0;
    std::vector<std::pair<Position, std::shared_ptr<net::Gate>>> waiting;

    void answer_waiting() {
        std::erase_if(waiting, [&](const auto& entry) {
            if (entry.first > done) return false;
            entry.second->open();
            return true;
        });
    }
};

Follower::Follower(Rooms& rooms) : rooms_(rooms), shared_(std::make_shared<Shared>()) {
    rooms_.on_commit([this](const Committed& committed) {
        if (!committed.events.empty()) wake();
    });
}

Follower::~Follower() { shared_->stopped = true; }

void Follower::start() { wake(); }

void Follower::wake() {
    shared_->again = true;
    if (shared_->running || shared_->stopped) return;
    shared_->running = true;
    rooms_.parts().runtime.spawn("follow the stream", run(shared_));
}

net::Task<> Follower::run(std::shared_ptr<Shared> shared) {
    constexpr int stride = 500;
    try {
        while (shared->again && !shared->stopped) {
            shared->again = false;
            const auto head = rooms_.parts().lane.head();
            for (bool more = true; more && !shared->stopped;) {
                const auto step = co_await rooms_.parts().db.transact([this, head](storage::Tx& tx) {
                    const auto from = storage::lock_search_cursor(tx);
                    const auto to = std::min<Position>(head, from + stride);
                    if (to <= from) return std::pair(from, false);
                    const auto events = storage::events_at(tx, from, to);
                    if (!events.empty())
                        for (const auto& reader : readers_) reader(tx, events);
                    storage::move_search_cursor(tx, to);
                    return std::pair(to, to < head);
                });
                shared->done = step.first;
                more = step.second;
                shared->answer_waiting();
            }
        }
    } catch (const std::exception& failure) {
        // The cursor stands: the next commit tries again. Whoever waits is told rather than kept.
        spdlog::warn("the archive's index could not be brought up to date");
        for (auto& [position, gate] : std::exchange(shared->waiting, {})) gate->open();
    }
    shared->running = false;
}

net::Task<> Follower::catch_up() {
    const auto target = rooms_.parts().lane.head();
    if (shared_->done >= target) co_return;
    const auto gate = std::make_shared<net::Gate>();
    shared_->waiting.emplace_back(target, gate);
    wake();
    co_await gate->wait();
}

}  // namespace runde::rooms
