#include <exception>

#include "core/sync/sync.hpp"

namespace runde::sync {

Poll::Poll(Sync& sync, SyncRequest request, UserHubPtr hub, Token seen, std::uint64_t version)
    : sync_(sync), request_(std::move(request)), hub_(std::move(hub)), seen_(seen), version_(version) {}

void Poll::start(std::function<void(SyncAnswer)> answer, std::function<void(std::exception_ptr)> failed) {
    answer_ = std::move(answer);
    failed_ = std::move(failed);
    hub_->waiters.insert(shared_from_this());
    timer_ = sync_.hubs().parts().runtime.after(request_.timeout, [self = weak_from_this()] {
        if (const auto poll = std::static_pointer_cast<Poll>(self.lock())) poll->finish();
    });
    // Something may have happened between the first look and now.
    if (hub_->version != version_) look();
}

void Poll::leave() {
    timer_.reset();
    hub_->waiters.erase(shared_from_this());
    hub_->last_used_ms = sync_.hubs().parts().runtime.clock().now_ms();
}

void Poll::cancel() {
    const auto self = shared_from_this();
    answer_ = nullptr;
    failed_ = nullptr;
    leave();
}

void Poll::finish() {
    expired_ = true;
    look();
}

bool Poll::cares_about(const Happened& happened) const {
    const auto& filter = *request_.filter;
    if (happened.room && !filter.wants_room(happened.room->str())) return false;
    switch (happened.what) {
        case Happened::What::typing:
            return filter.ephemeral.wants_type("m.typing") && filter.ephemeral.wants_room(happened.room->str());
        case Happened::What::receipt:
            return filter.ephemeral.wants_type("m.receipt") && filter.ephemeral.wants_room(happened.room->str());
        case Happened::What::event:
        case Happened::What::membership:
        case Happened::What::read:
        case Happened::What::account_data:
        case Happened::What::to_device:
        case Happened::What::device_lists: return true;
    }
    return true;
}

void Poll::look() {
    if (!answer_) return;
    if (looking_) {
        again_ = true;
        return;
    }
    looking_ = true;
    sync_.hubs().parts().runtime.spawn("sync", look_now());
}

net::Task<> Poll::look_now() {
    const auto self = shared_from_this();
    std::exception_ptr error;
    try {
        do {
            again_ = false;
            version_ = hub_->version;
            auto answer = co_await sync_.answer(request_, hub_, seen_);
            seen_ = answer.next;
            if (!answer.empty || expired_) {
                give(std::move(answer));
                co_return;
            }
        } while (again_ && answer_);
    } catch (...) {
        error = std::current_exception();
    }
    looking_ = false;
    if (!error || !failed_) co_return;
    const auto failed = std::exchange(failed_, nullptr);
    leave();
    failed(error);
}

void Poll::give(SyncAnswer answer) {
    looking_ = false;
    if (!answer_) return;
    const auto done = std::exchange(answer_, nullptr);
    leave();
    done(std::move(answer));
}

}  // namespace runde::sync
