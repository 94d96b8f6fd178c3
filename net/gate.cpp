#include "net/gate.hpp"

#include "net/asio_bridge.hpp"

namespace runde::net {

Task<> Gate::wait() {
    if (open_) co_return;
    const auto join = [this](std::function<void()> resume) { waiters_.push_back(std::move(resume)); };
    co_await suspend(join);
}

void Gate::open() {
    open_ = true;
    for (const auto& resume : std::exchange(waiters_, {})) resume();
}

Turnstile::Turn::~Turn() {
    place_.reset();
    mine_->open();
}

Task<std::unique_ptr<Turnstile::Turn>> Turnstile::enter() {
    while (const auto other = inside_) co_await other->wait();
    co_return std::make_unique<Turn>(inside_);
}

}  // namespace runde::net
