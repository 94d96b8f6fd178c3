#include "core/rooms/rooms.hpp"

#include <fmt/format.h>

#include "schema/refusal.hpp"

namespace runde::rooms {

Rooms::Rooms(Parts parts)
    : parts_(std::move(parts)), push_profiles_(parts_.db), charters_(parts_.db, parts_.identity.server.str()) {
    on_commit([this](const Committed& committed) { charters_.heard(committed); });
}

Room::Parts Rooms::parts_for_room() {
    return {.runtime = parts_.runtime,
            .db = parts_.db,
            .lane = parts_.lane,
            .numbers = parts_.numbers,
            .identity = parts_.identity,
            .profiles = push_profiles_,
            .charters = charters_,
            .committed =
                [this](const Committed& committed) {
                    for (const auto& listener : listeners_) listener(committed);
                },
            .failed = [this](Room& room) { drop(room); },
            .guard =
                [this](const Room& room, const schema::EventDraft& draft) {
                    for (const auto& guard : guards_) guard(room, draft);
                },
            .ask_policy = ask_policy_};
}

net::Task<RoomPtr> Rooms::find(schema::RoomId id) {
    if (const auto known = nids_.find(id.str()); known != nids_.end()) {
        if (auto room = warm(known->second)) {
            auto& kept = rooms_.at(known->second);
            uses_.splice(uses_.begin(), uses_, kept.use);
            co_return room;
        }
    }
    co_return co_await load(id.str(), id.str());
}

net::Task<RoomPtr> Rooms::find(RoomNid nid) {
    if (auto room = warm(nid)) {
        uses_.splice(uses_.begin(), uses_, rooms_.at(nid).use);
        co_return room;
    }
    co_return co_await load(nid, std::to_string(schema::raw(nid)));
}

RoomPtr Rooms::warm(RoomNid nid) const {
    const auto found = rooms_.find(nid);
    return found == rooms_.end() ? nullptr : found->second.room;
}

template <class Key>
net::Task<RoomPtr> Rooms::load(Key key, std::string name) {
    if (const auto found = loading_.find(name); found != loading_.end()) {
        const auto loading = found->second;
        co_await loading->done.wait();
        if (loading->error) std::rethrow_exception(loading->error);
        co_return loading->room;
    }
    if (buried_.contains(name)) co_return nullptr;
    const auto loading = std::make_shared<Loading>();
    loading_.emplace(name, loading);
    try {
        // After a refused submission others of the same room may still be in the lane: they must be through before
        // the database is asked what is true.
        if (std::exchange(reload_after_barrier_, false)) co_await parts_.lane.submit(storage::Submission{});
        auto whole = co_await parts_.db.read(
            [&](storage::Tx& tx) { return storage::load_room(tx, key, static_cast<int>(Room::ring_size)); });
        if (whole) {
            const auto* rules = schema::find_room_rules(whole->room.version);
            auto id = schema::RoomId::parse(whole->room.room_id);
            if (!rules || !id) throw std::logic_error("a stored room has an unknown version or a broken id");
            // Somebody may have loaded it under its other name meanwhile.
            loading->room = warm(whole->room.nid);
            if (!loading->room && !buried_.contains(whole->room.room_id)) {
                auto room = std::make_shared<Room>(parts_for_room(), whole->room.nid, *id, *rules);
                room->restore(std::move(*whole));
                loading->room = keep(std::move(room));
            }
        }
    } catch (...) {
        loading->error = std::current_exception();
    }
    loading_.erase(name);
    loading->done.open();
    if (loading->error) std::rethrow_exception(loading->error);
    co_return loading->room;
}

net::Task<RoomPtr> Rooms::require_joined(schema::RoomId id, UserId user) {
    auto room = co_await find(std::move(id));
    if (!room || !room->is_joined(user.str()))
        throw schema::Refusal(schema::Reason::forbidden, "You are not a member of this room.");
    co_return room;
}

RoomPtr Rooms::begin(schema::RoomId id, const schema::RoomRules& rules) {
    return std::make_shared<Room>(parts_for_room(), parts_.numbers.next<RoomNid>(), std::move(id), rules);
}

void Rooms::adopt(const RoomPtr& room) {
    if (!room->is_stale()) keep(room);
}

void Rooms::bury(Room& room) {
    buried_.insert(room.id().str());
    buried_.insert(std::to_string(schema::raw(room.nid())));
    room.close_for_good();
}

void Rooms::buried(const Room& room) {
    buried_.erase(room.id().str());
    buried_.erase(std::to_string(schema::raw(room.nid())));
}

RoomPtr Rooms::keep(RoomPtr room) {
    uses_.push_front(room->nid());
    nids_.insert_or_assign(room->id().str(), room->nid());
    rooms_.insert_or_assign(room->nid(), Kept{room, uses_.begin()});
    trim();
    return room;
}

void Rooms::drop(Room& room) {
    reload_after_barrier_ = true;
    const auto found = rooms_.find(room.nid());
    if (found == rooms_.end() || found->second.room.get() != &room) return;
    uses_.erase(found->second.use);
    nids_.erase(room.id().str());
    rooms_.erase(found);
}

void Rooms::trim() {
    for (auto use = uses_.end(); rooms_.size() > parts_.capacity && use != uses_.begin();) {
        --use;
        const auto& room = rooms_.at(*use).room;
        if (room.use_count() > 1 || !room->typing.empty()) continue;  // Somebody is at work in it.
        nids_.erase(room->id().str());
        rooms_.erase(*use);
        use = uses_.erase(use);
    }
}

}  // namespace runde::rooms
