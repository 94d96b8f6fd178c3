// How a room of other servers becomes one of ours, and what of it is kept before that: invitations and knocks.
#include <algorithm>

#include "core/rooms/room_reception.hpp"
#include "core/rooms/rooms.hpp"
#include "schema/refusal.hpp"
#include "storage/previews.hpp"

namespace runde::rooms {

using schema::Reason;
using schema::Refusal;

bool Room::has_joined_locals() const {
    return std::ranges::any_of(local_members_, [](const auto& entry) { return entry.second.membership == Membership::join; });
}

net::Task<> Room::take_over(ImportedRoom from) {
    const auto self = shared_from_this();
    const auto turn = co_await take_turn();
    Reception reception(*this);
    try {
        co_await reception.take_over(std::move(from));
        co_await reception.flush();
    } catch (...) {
        reception.give_up();
        throw;
    }
}

net::Task<> Room::Reception::take_over(ImportedRoom from) {
    const auto& join = *from.join;
    if (!join.is_state() || join.type != "m.room.member" || join.room != room_.id_)
        throw Refusal(Reason::forbidden, "The event is no membership of this room.");
    std::vector<schema::EventId> state_ids;
    std::vector<std::string> ids{join.id.str()}, strangers{*join.state_key};
    for (const auto& event : from.state) {
        state_ids.push_back(event->id);
        if (event->type == "m.room.member" && event->state_key) strangers.push_back(*event->state_key);
    }
    for (const auto& id : join.auth_events) ids.push_back(id.str());
    for (const auto& id : join.prev_events) ids.push_back(id.str());
    auto outliers = std::move(from.auth_chain);
    outliers.insert(outliers.end(), from.state.begin(), from.state.end());
    co_await keep_outliers(std::move(outliers));
    co_await load(std::move(ids));
    if (is_of_another_room(join.id)) throw Refusal(Reason::forbidden, "The event has the id of one in another room.");
    if (from.user) build_.locals.emplace(*join.state_key, *from.user);
    co_await room_.find_locals(build_, std::move(strangers));

    if (room_.has_joined_locals()) {
        // We have not been away: the event is one like any other.
        std::vector<Incoming> one{{.event = from.join, .state_before = std::move(state_ids)}};
        const auto answers = co_await receive(std::move(one));
        const auto& answer = answers.front();
        if (answer.verdict != Received::Verdict::accepted && answer.verdict != Received::Verdict::known)
            throw Refusal(Reason::forbidden, std::string(answer.why));
        co_return;
    }

    Received missing;
    find_missing(join, missing);
    if (!missing.missing_auth.empty()) throw Refusal(Reason::forbidden, "The room's authorisation is incomplete.");
    Merge merge{{}, {}, StateGroupNo{0}};
    StateDelta told;
    for (const auto& event : from.state) {
        const auto* cited = find(event->id);
        if (!cited || cited->is_rejected()) continue;
        const auto key = room_.intern(event->type, *event->state_key);
        told.insert_or_assign(key, cited->nid);
        merge.events.insert_or_assign(cited->nid, std::make_shared<StateEvent>(cited->nid, cited->event, room_.rules_));
    }
    const auto before = room_.derive_group(build_, std::nullopt, told);
    sets_.emplace(before, room_.history_.state_at(before));
    auto verdict = judge_by_auth_events(join);
    if (verdict) verdict = co_await judge_by_state(from.join, before);
    if (!verdict) throw Refusal(Reason::forbidden, std::string(verdict.why));

    const auto* stored = find(join.id);
    Placement placement{.event = from.join, .nid = stored ? stored->nid : room_.parts_.numbers.next<EventNid>(), .before = before};
    for (const auto& extremity : room_.extremities_) placement.covers.push_back(extremity.id);
    placement.auth_nids = auth_nids_of(join);
    placement.stored = stored != nullptr;
    merge.group = co_await state_after(from.join, placement.nid, before);
    merge.state = co_await set_of(merge.group);
    placement.after = merge.group;
    merge.events.insert_or_assign(placement.nid, std::make_shared<StateEvent>(placement.nid, from.join, room_.rules_));
    placement.merge = &merge;
    room_.place(build_, std::move(placement));
    note_gaps(missing.missing_prev);
}

net::Task<Position> Room::note_outside(EventPtr event, UserNid user) {
    const auto self = shared_from_this();
    const auto turn = co_await take_turn();
    Reception reception(*this);
    try {
        co_return co_await reception.note_outside(std::move(event), user);
    } catch (...) {
        reception.give_up();
        throw;
    }
}

net::Task<Position> Room::Reception::note_outside(EventPtr event, UserNid user) {
    co_await load({event->id.str()});
    if (is_of_another_room(event->id)) throw Refusal(Reason::forbidden, "The event has the id of one in another room.");
    const auto* stored = find(event->id);
    const auto nid = stored ? stored->nid : room_.parts_.numbers.next<EventNid>();
    if (!stored) keep(event, nid, 0, std::nullopt, std::nullopt);
    ++build_.rows.positions;
    const auto key = room_.intern(event->type, *event->state_key);
    room_.set_current(build_, key, std::make_shared<StateEvent>(nid, event, room_.rules_), user);
    build_.rows.rooms.push_back(room_.room_row());
    co_return co_await room_.commit(std::exchange(build_, {}));
}

namespace {

/// The room under the rules that somebody tells of. As long as nobody has told how the room began, its version is only what
/// was claimed with an invitation, and whoever claims another one may be right.
net::Task<RoomPtr> under(Rooms& rooms, RoomPtr room, schema::RoomId id, const schema::RoomRules& rules) {
    if (!room) co_return rooms.begin(id, rules);
    if (&room->rules() == &rules) co_return room;
    if (room->state("m.room.create")) throw Refusal(Reason::forbidden, "The room has another version.");
    co_await rooms.parts().db.transact([&](storage::Tx& tx) { storage::claim_room_version(tx, room->nid(), rules.version); });
    room->close_for_good();                              // Whoever holds it finds it anew.
    co_return co_await rooms.find(id);
}

}  // namespace

net::Task<RoomPtr> Rooms::import(ImportedRoom from) {
    const auto id = from.id;
    co_return co_await alone(id, [this, &from](RoomPtr room) -> net::Task<RoomPtr> {
        room = co_await under(*this, std::move(room), from.id, from.rules);
        co_await room->take_over(std::move(from));
        co_return room;
    });
}

net::Task<RoomPtr> Rooms::note_outside(schema::RoomId id, const schema::RoomRules& rules, EventPtr event, UserNid user) {
    co_return co_await alone(id, [this, id, &rules, event, user](RoomPtr room) -> net::Task<RoomPtr> {
        room = co_await under(*this, std::move(room), id, rules);
        co_await room->note_outside(event, user);
        co_return room;
    });
}

/// Two who bring the same new room must not both make it.
net::Task<RoomPtr> Rooms::alone(schema::RoomId id, std::function<net::Task<RoomPtr>(RoomPtr)> act) {
    for (auto other = beginning_.find(id.str()); other != beginning_.end(); other = beginning_.find(id.str())) {
        const auto gate = other->second;
        co_await gate->wait();
    }
    const auto gate = std::make_shared<net::Gate>();
    beginning_.emplace(id.str(), gate);
    RoomPtr room;
    std::exception_ptr failure;
    try {
        const auto known = co_await find(id);
        room = co_await act(known);
        if (!known) adopt(room);
    } catch (...) {
        failure = std::current_exception();
    }
    beginning_.erase(id.str());
    gate->open();
    if (failure) std::rethrow_exception(failure);
    co_return room;
}

}  // namespace runde::rooms
