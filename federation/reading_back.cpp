#include "federation/reading_back.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "schema/refusal.hpp"
#include "storage/timeline.hpp"

namespace runde::federation {

using rooms::Direction;
using rooms::Page;
using rooms::Place;
using rooms::ReadableRoom;
using rooms::RoomPtr;
using rooms::VisibleRanges;
using schema::EventId;
using schema::EventPtr;
using schema::Ord;
using schema::ServerName;
using storage::StoredEvent;

namespace {

/// For one page; with what comes next the reader asks again.
constexpr int most_rounds = 5;
constexpr Limits one_event{.whole = net::Milliseconds(5'000), .body_bytes = 256 * 1024};
/// Left free for what lies between an event from the past of which nothing is known and what we have.
constexpr Ord wide_gap = Ord{1} << 32;

/// Where a page would leave something out: what was read, from `start` on, lies in it, and at its end so does what comes next.
storage::GapSearch stretch_of(const ReadableRoom& from, const std::optional<Place>& start, const std::optional<Place>& stop,
                              const Page& page, Direction direction) {
    const auto& ranges = from.viewer.visible.ranges();
    if (ranges.empty()) return {0, 0};
    const auto first = ranges.front().first, last = ranges.back().last;
    if (direction == Direction::backward) {
        const auto newest = start ? start->after : VisibleRanges::end_of_time - 1;
        const auto oldest = page.end ? page.end->after : stop ? stop->after : VisibleRanges::begin_of_time;
        return {std::max(oldest, first - 1) + 1, std::min(newest, last) + 1};
    }
    // Before the first event that is here nobody begins to read forward.
    const bool begins_inside = start && start->after >= from.room->min_ord();
    const auto oldest = begins_inside ? start->after : page.events.empty() ? last : page.events.front()->ord;
    const auto newest = page.end ? page.end->after : stop ? stop->after : last;
    return {std::max(oldest, first - 1), std::min(newest, last), true};
}

/// What lies beyond a gap is for the next page.
void cut(Page& page, Direction direction, const std::optional<Place>& start, Ord below) {
    const bool backward = direction == Direction::backward;
    std::erase_if(page.events, [&](const auto& event) { return backward ? event->ord < below : event->ord >= below; });
    if (backward)
        page.end = Place{below - 1};
    else
        page.end = page.events.empty() ? start.value_or(page.start) : Place{page.events.back()->ord};
}

}  // namespace

net::Task<Page> ReadingBack::page(const ReadableRoom& from, std::optional<Place> start, std::optional<Place> stop,
                                  Direction direction, const rooms::EventFilter& filter, Patience& patience) {
    auto page = co_await rooms::page(parts_.rooms, from, start, stop, direction, filter);
    if (from.room->remote_servers().empty()) co_return page;
    using Outcome = Backfill::Outcome;
    for (int round = 0;; ++round) {
        const auto stretch = stretch_of(from, start, stop, page, direction);
        if (stretch.after >= stretch.upto) break;
        const auto answer = co_await parts_.backfill.fill(from.room, stretch, patience);
        if (answer.outcome == Outcome::whole) break;
        if (answer.outcome == Outcome::filled) {
            auto again = co_await rooms::page(parts_.rooms, from, start, stop, direction, filter);
            page = std::move(again);
        }
        if (answer.outcome == Outcome::later || round == most_rounds) {
            auto open = stretch_of(from, start, stop, page, direction);
            open.due_at = parts_.runtime.clock().now_ms();
            const auto gap = co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_gap(tx, from.room->nid(), open); });
            if (gap) cut(page, direction, start, gap->below);
            break;
        }
    }
    co_return page;
}

// ---------- single events ----------

bool ReadingBack::Question::is_wanted(std::int64_t origin_ts) const {
    if (id) return true;
    if (forward) return origin_ts >= ts && (!nearer_than || origin_ts < *nearer_than);
    return origin_ts <= ts && (!nearer_than || origin_ts > *nearer_than);
}

namespace {

/// The gap in which an event of that time would lie: between the last one that is older and the first that is newer. Clocks
/// differ, so it is a guess; where it is wrong an event stands beside others than at home.
std::optional<storage::StoredGap> gap_around(storage::Tx& tx, schema::RoomNid room, std::int64_t ts,
                                             std::optional<std::int64_t> due_at) {
    const auto first = VisibleRanges::begin_of_time, last = VisibleRanges::end_of_time;
    const auto older = storage::nearest_event(tx, room, ts - 1, false, first, last);
    const auto newer = storage::nearest_event(tx, room, ts + 1, true, first, last);
    const auto a = older ? *older->ord : first, b = newer ? *newer->ord : last;
    return storage::find_gap(tx, room, {std::min(a, b), std::max(a, b), false, due_at});
}

bool is_refused(const StoredEvent& event) {
    return (event.flags & (storage::rows::rejected | storage::rows::soft_failed)) != 0;
}

/// A free place in the gap with as much room on either side as there is.
std::optional<Ord> free_place(storage::Tx& tx, schema::RoomNid room, const storage::StoredGap& gap) {
    const auto lower = storage::events_in_order(tx, room, std::numeric_limits<Ord>::min(), gap.below, 1, false);
    if (lower.empty()) return gap.below - wide_gap;
    const auto floor = *lower.front().ord;
    const auto middle = floor + (gap.below - floor) / 2;
    return middle > floor ? std::optional(middle) : std::nullopt;
}

}  // namespace

net::Task<std::optional<StoredEvent>> ReadingBack::nearest_anywhere(const ReadableRoom& from, std::int64_t ts, bool forward,
                                                                    Patience& patience) {
    const auto& visible = from.viewer.visible;
    auto here = co_await rooms::nearest_event(parts_.rooms, from.room, visible, ts, forward);
    if (from.room->remote_servers().empty() || (here && here->origin_ts == ts)) co_return here;
    const auto now = parts_.runtime.clock().now_ms();
    const auto gap = co_await parts_.db.read([&](storage::Tx& tx) { return gap_around(tx, from.room->nid(), ts, now); });
    if (!gap || !visible.sees(gap->below - 1)) co_return here;

    const auto question = std::make_shared<Question>();
    question->room = from.room;
    question->ts = ts;
    question->forward = forward;
    if (here) question->nearer_than = here->origin_ts;
    co_await ask_all(question, patience);
    if (!question->found) co_return here;
    co_return co_await rooms::nearest_event(parts_.rooms, from.room, visible, ts, forward);
}

net::Task<rooms::TimelineEventPtr> ReadingBack::find_event(const ReadableRoom& in, EventId id, Patience& patience) {
    auto event = co_await rooms::find_event(parts_.rooms, in, id);
    if (event || in.room->remote_servers().empty()) co_return event;
    const auto key = in.room->id().str() + " " + id.str();
    if (const auto known = in_vain_.find(key); known != in_vain_.end()) {
        if (known->second > parts_.runtime.clock().now_ms()) co_return nullptr;
        in_vain_.erase(known);
    }
    // In a room without gaps, what is not here is no part of it.
    const bool may_lie_in_a_gap = co_await parts_.db.read([&](storage::Tx& tx) {
        const auto stored = storage::events_by_id(tx, {id.str()});
        if (!stored.empty() && (stored.front().ord || stored.front().room != in.room->nid() || is_refused(stored.front())))
            return false;
        return storage::find_gap(tx, in.room->nid(), {VisibleRanges::begin_of_time, VisibleRanges::end_of_time}).has_value();
    });
    if (!may_lie_in_a_gap) co_return nullptr;

    auto& open = by_id_[key];
    const auto question = open ? open : open = std::make_shared<Question>();
    question->room = in.room;
    question->id = id;
    co_await ask_all(question, patience);
    co_return co_await rooms::find_event(parts_.rooms, in, id);
}

net::Task<> ReadingBack::ask_all(QuestionPtr question, Patience& patience) {
    if (question->asked == 0) {
        const auto servers = running_ < most_questions ? servers_with_history(*question->room) : std::vector<ServerName>();
        question->asked = servers.size();
        running_ += servers.size();
        for (const auto& server : servers) parts_.runtime.spawn("an event of the past", ask(question, server));
        if (servers.empty()) close(*question);
    }
    if (question->is_over()) co_return;
    const auto gate = patience.gate();
    question->waiting.push_back(gate);
    co_await gate->wait();
}

net::Task<> ReadingBack::ask(QuestionPtr question, ServerName server) {
    bool found = false;
    try {
        found = co_await fetch(question, server);
    } catch (const std::exception& failure) {
        spdlog::info("no event of the past from {}: {}", server.str(), failure.what());
    }
    --running_;
    ++question->answered;
    question->found = question->found || found;
    if (question->is_over()) close(*question);
}

void ReadingBack::close(Question& question) {
    for (const auto& gate : std::exchange(question.waiting, {})) gate->open();
    if (!question.id) return;
    const auto key = question.room->id().str() + " " + question.id->str();
    by_id_.erase(key);
    if (question.found) return;
    if (in_vain_.size() >= most_in_vain) in_vain_.clear();
    in_vain_.insert_or_assign(key, parts_.runtime.clock().now_ms() + remembers.count());
}

net::Task<bool> ReadingBack::fetch(QuestionPtr question, ServerName server) {
    const auto room = question->room;
    auto id = question->id;
    if (!id) {
        const std::vector<std::pair<std::string, std::string>> query{{"ts", std::to_string(question->ts)},
                                                                     {"dir", question->forward ? "f" : "b"}};
        const auto told =
            co_await parts_.client.get(server, with_query(path({"timestamp_to_event", room->id().str()}), query), one_event);
        id = EventId::parse(schema::string_at(told, "event_id").value_or(""));
        const auto ts = schema::integer_at(told, "origin_server_ts");
        if (!id || !ts || !question->is_wanted(*ts)) co_return false;
    }
    if (question->found) co_return true;
    const auto answer = co_await parts_.client.text(server, net::Method::get, path({"event", id->str()}), "", one_event);
    auto texts = texts_in(answer, "pdus", 1);
    if (texts.empty()) co_return false;
    const auto checked = co_await parts_.checks.check_one(std::move(texts.front()), room->rules(), room->id());
    if (!checked || checked.event->id != *id || !question->is_wanted(checked.event->origin_server_ts)) co_return false;
    co_return co_await give_place(room, server, checked.event);
}

net::Task<bool> ReadingBack::give_place(RoomPtr room, ServerName server, EventPtr event) {
    const auto id = event->id.str();
    const auto place = co_await parts_.db.read([&](storage::Tx& tx) -> std::optional<Ord> {
        const auto stored = storage::events_by_id(tx, {id});
        if (!stored.empty() && (stored.front().ord || is_refused(stored.front()))) return std::nullopt;
        const auto gap = gap_around(tx, room->nid(), event->origin_server_ts, std::nullopt);
        return gap ? free_place(tx, room->nid(), *gap) : std::nullopt;
    });
    if (place) co_await parts_.backfill.take_in(room, std::move(server), {std::move(event)}, *place + 1, {});
    const auto stored = co_await parts_.db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, {id}); });
    co_return !stored.empty() && stored.front().room == room->nid() && stored.front().ord.has_value();
}

}  // namespace runde::federation
