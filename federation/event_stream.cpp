#include "federation/event_stream.hpp"

#include <algorithm>

#include "storage/pdus.hpp"

namespace runde::federation {

namespace {

constexpr std::size_t events_per_piece = 200, ids_per_piece = 2'000;

}  // namespace

EventStream::EventStream(storage::Database& db, ServerView view, As as, std::vector<List> lists, std::string tail,
                         std::shared_ptr<void> place)
    : db_(db), view_(std::move(view)), as_(as), lists_(std::move(lists)), tail_(std::move(tail)), place_(std::move(place)) {}

net::Task<std::string> EventStream::next() {
    for (; list_ < lists_.size(); ++list_, at_ = 0, is_first_ = true) {
        auto& list = lists_[list_];
        if (!list.before.empty()) co_return std::exchange(list.before, std::string());
        if (at_ < list.events.size()) co_return co_await piece(list.events);
    }
    co_return std::exchange(tail_, std::string());
}

net::Task<std::string> EventStream::piece(const std::vector<schema::EventNid>& events) {
    const auto end = std::min(events.size(), at_ + (as_ == As::pdus ? events_per_piece : ids_per_piece));
    const std::vector<schema::EventNid> some(events.begin() + static_cast<std::ptrdiff_t>(at_),
                                             events.begin() + static_cast<std::ptrdiff_t>(end));
    at_ = end;
    const auto room = view_.room->nid();
    std::string text;
    const auto add = [&](std::string_view entry) {
        if (!std::exchange(is_first_, false)) text += ',';
        text += entry;
    };
    if (as_ == As::pdus) {
        const auto stored = co_await db_.read([&](storage::Tx& tx) { return storage::events_by_nid(tx, room, some); });
        for (const auto& event : stored) add(pdu_for(view_, event));
    } else {
        const auto ids = co_await db_.read([&](storage::Tx& tx) { return storage::event_ids(tx, room, some); });
        for (const auto& id : ids) add(schema::quoted(id));
    }
    // An empty piece would end the body; white space between values means nothing.
    co_return text.empty() ? " " : text;
}

}  // namespace runde::federation
