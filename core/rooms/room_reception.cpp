// One call that takes in foreign events: its turn in the room, what its events cite, and the rows that come of it.
#include "core/rooms/room_reception.hpp"

#include <algorithm>
#include <utility>

#include "schema/refusal.hpp"
#include "storage/pdus.hpp"
#include "storage/users.hpp"

namespace runde::rooms {

namespace rows = storage::rows;
using schema::Event;
using schema::EventId;
using schema::Reason;
using schema::Refusal;

namespace {

std::optional<StateGroupNo> group_no(std::optional<std::int64_t> sg) {
    return sg ? std::optional(StateGroupNo{*sg}) : std::nullopt;
}
std::optional<std::int64_t> number_of(std::optional<StateGroupNo> group) {
    return group ? std::optional(static_cast<std::int64_t>(*group)) : std::nullopt;
}

}  // namespace

Refusal reloading() {
    return Refusal(Reason::limit_exceeded, "The room is being reloaded; please try again.", {{"retry_after_ms", 100}});
}

StateLookup state_in(const std::vector<EventPtr>& events) {
    return [&events](std::string_view type, std::string_view state_key) -> const Event* {
        for (const auto& event : events)
            if (event->is_state(type, state_key)) return event.get();
        return nullptr;
    };
}

bool Room::Reception::Cited::is_rejected() const { return (flags & rows::rejected) != 0; }

// ---------- the room's side ----------

net::Task<std::unique_ptr<Room::Turn>> Room::take_turn() {
    while (const auto other = receiving_) co_await other->wait();
    if (stale_) throw reloading();
    co_return std::make_unique<Turn>(*this);
}

net::Task<std::vector<Received>> Room::receive(std::vector<Incoming> events) {
    const auto self = shared_from_this();
    const auto turn = co_await take_turn();
    Reception reception(*this);
    auto answers = co_await reception.durable(reception.receive(std::move(events)));
    trim_history();
    co_return answers;
}

net::Task<std::vector<Received>> Room::keep_outliers(std::vector<EventPtr> events) {
    const auto self = shared_from_this();
    const auto turn = co_await take_turn();
    Reception reception(*this);
    auto answers = co_await reception.durable(reception.keep_outliers(std::move(events)));
    co_return answers;
}

// ---------- what is cited ----------

net::Task<> Room::Reception::load(std::vector<std::string> ids) {
    if (room_.rules_.room_id_is_create_hash) ids.push_back("$" + room_.id_.str().substr(1));
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::erase_if(ids, [&](const std::string& id) { return cited_.contains(id); });
    if (ids.empty()) co_return;

    struct Found {
        std::vector<storage::StoredEvent> events, redactions;
        std::vector<storage::StoredPending> pending;
        std::vector<std::string> missing;
    };
    const auto found = co_await room_.parts_.db.read([&](storage::Tx& tx) {
        Found all;
        all.events = storage::events_by_id(tx, ids);
        all.pending = storage::pending_redactions(tx, room_.nid_, ids);
        all.missing = storage::missing_among(tx, room_.nid_, ids);
        std::vector<EventNid> waiting;
        for (const auto& pending : all.pending) waiting.push_back(pending.redaction);
        if (!waiting.empty()) all.redactions = storage::events_by_nid(tx, room_.nid_, waiting);
        return all;
    });
    const auto cited = [&](const storage::StoredEvent& stored) {
        return Cited{stored.nid,
                     schema::load_event(stored.json, *EventId::parse(stored.event_id), room_.rules_),
                     stored.flags,
                     group_no(stored.sg),
                     group_no(stored.sg_after),
                     stored.ord.has_value()};
    };
    for (const auto& stored : found.events)
        if (stored.room == room_.nid_)
            note(cited(stored));
        else
            foreign_.insert(stored.event_id);
    for (const auto& pending : found.pending) pending_[pending.target_id].push_back(pending.redaction);
    missing_.insert(found.missing.begin(), found.missing.end());
    for (const auto& stored : found.redactions) redactions_.emplace(stored.nid, cited(stored));
}

const Room::Reception::Cited* Room::Reception::find(const EventId& id) const {
    const auto found = cited_.find(id.str());
    return found == cited_.end() ? nullptr : &found->second;
}

Room::Reception::Cited& Room::Reception::note(Cited cited) {
    const auto id = cited.event->id.str();
    auto& noted = cited_.insert_or_assign(id, std::move(cited)).first->second;
    by_nid_.insert_or_assign(noted.nid, &noted);
    return noted;
}

const Event* Room::Reception::create_event() const {
    if (!room_.rules_.room_id_is_create_hash) return nullptr;
    const auto id = EventId::parse("$" + room_.id_.str().substr(1));
    const auto* create = id ? find(*id) : nullptr;
    return create && !create->is_rejected() ? create->event.get() : nullptr;
}

std::vector<std::int64_t> Room::Reception::auth_nids_of(const Event& event) const {
    std::vector<std::int64_t> nids;
    for (const auto& id : event.auth_events)
        if (const auto* cited = find(id)) nids.push_back(schema::raw(cited->nid));
    return nids;
}

void Room::Reception::find_missing(const Event& event, Received& answer) const {
    for (const auto& id : event.auth_events)
        if (!find(id)) answer.missing_auth.push_back(id);
    for (const auto& id : event.prev_events)
        if (const auto* cited = find(id); !cited || !cited->state_after()) answer.missing_prev.push_back(id);
}

void Room::Reception::note_gaps(const std::vector<EventId>& missing) {
    for (const auto& id : missing) build_.rows.missing_prevs.push_back({room_.nid_, id.str(), build_.entries.back().at});
}

// ---------- writing ----------

void Room::Reception::keep(const EventPtr& pdu, EventNid nid, int flags, std::optional<StateGroupNo> before,
                           std::optional<StateGroupNo> after) {
    const auto& event = *pdu;
    if (event.is_state()) flags |= rows::is_state;
    const auto* known = find(event.id);
    if (known && !known->is_new) {
        rows::EventUpdate row{.room = room_.nid_, .nid = nid, .redacted_by = {}};
        row.sg = number_of(before);
        row.sg_after = number_of(after);
        row.flags = flags;
        build_.rows.event_updates.push_back(std::move(row));
    } else {
        auto row = room_.row_of(event, nid, flags);
        row.sg = number_of(before);
        row.sg_after = number_of(after);
        if (event.is_state()) row.auth_nids = auth_nids_of(event);
        build_.rows.events.push_back(std::move(row));
    }
    if (event.is_state() && !(known && known->is_new))
        unwritten_.push_back({nid, pdu, auth_nids_of(event), (flags & rows::rejected) != 0});
    note({nid, pdu, flags, before, after, false});
}

net::Task<> Room::Reception::flush() {
    const auto& rows = build_.rows;
    if (rows.events.empty() && rows.event_updates.empty() && rows.states.empty() && rows.state_groups.empty() &&
        rows.inbox_done.empty())
        co_return;
    room_.close(build_);
    Build next;
    next.locals = build_.locals;
    auto full = std::exchange(build_, std::move(next));
    co_await room_.commit(std::move(full));
    unwritten_.clear();
}

void Room::Reception::give_up() {
    room_.unions_.clear();                               // Their states may be among what was collected.
    if (build_.rows.positions > 0 || !build_.rows.states.empty()) room_.fail();
}

net::Task<> Room::find_locals(Build& build, std::vector<std::string> user_ids) {
    std::vector<std::string> localparts;
    for (const auto& text : user_ids)
        if (const auto user = UserId::parse(text);
            user && parts_.identity.is_local(*user) && !local_nids_.contains(text) && !build.locals.contains(text))
            localparts.emplace_back(user->localpart());
    if (localparts.empty()) co_return;
    const auto found = co_await parts_.db.read([&](storage::Tx& tx) {
        std::vector<storage::UserRow> users;
        for (const auto& localpart : localparts)
            if (auto user = storage::find_user(tx, localpart)) users.push_back(std::move(*user));
        return users;
    });
    for (const auto& user : found) build.locals.emplace("@" + user.localpart + ":" + parts_.identity.server.str(), user.nid);
}

}  // namespace runde::rooms
