#include "storage/lane.hpp"

namespace runde::storage {

namespace {

struct Block {
    std::int64_t next = 0, end = 0;
};

/// Everything below next_nid has been given away before anybody draws from it.
Block reserve(Tx& tx) {
    const auto end = tx.exec("UPDATE process SET next_nid = next_nid + $1 WHERE proc_no = 0 RETURNING next_nid", Numbers::block)
                         .front()[0]
                         .number();
    return {end - Numbers::block, end};
}

}  // namespace

struct Numbers::Impl {
    Database& database;
    Block current{}, following{};
    bool fetching = false;

    static net::Task<> fetch(std::shared_ptr<Impl> self) {
        struct Finally {
            Impl& impl;
            ~Finally() { impl.fetching = false; }
        } finally{*self};
        const auto fresh = co_await self->database.transact(reserve);
        if (self->following.next == self->following.end) self->following = fresh;
    }
};

Numbers::Numbers(Database& database) : impl_(std::make_shared<Impl>(Impl{database})) {
    database.transact_now([this](Tx& tx) {
        impl_->current = reserve(tx);
        impl_->following = reserve(tx);
    });
}

std::int64_t Numbers::next() {
    auto& impl = *impl_;
    if (impl.current.next == impl.current.end) {
        if (impl.following.next == impl.following.end) impl.database.transact_now([&](Tx& tx) { impl.following = reserve(tx); });
        impl.current = std::exchange(impl.following, {});
        if (!std::exchange(impl.fetching, true)) impl.database.runtime().spawn("numbers", Impl::fetch(impl_));
    }
    return impl.current.next++;
}

}  // namespace runde::storage
