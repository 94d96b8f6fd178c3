#include "core/sync/hubs.hpp"

#include <algorithm>

#include "core/accounts/listeners.hpp"

namespace runde::sync {
namespace {

constexpr std::size_t slice = 256;                       ///< Waiters looked at before other work runs.
constexpr std::size_t device_changes_kept = 1000;
constexpr int messages_loaded = 1000;                    ///< To-device messages that a hub begins with.
constexpr net::Milliseconds sweep_interval{60'000};

}  // namespace

Hubs::Hubs(Parts parts)
    : parts_(std::move(parts)),
      published_(parts_.lane.head()),
      first_typing_serial_(parts_.runtime.clock().now_ms()),
      typing_serial_(first_typing_serial_),
      device_changes_from_(published_) {
    parts_.rooms.on_commit([this](const rooms::Committed& what) { committed(what); });
    parts_.listeners.account_data_changed.add([this](const accounts::AccountDataChange& change) { account_data_changed(change); });
    parts_.listeners.device_list_changed.add(
        [this](UserNid user, const UserId& id, Position at) { device_list_changed(user, id, at); });
    parts_.listeners.device_removed.add([this](const accounts::DeviceRemoved& removed) {
        on_hub(removed.user_nid, [device = removed.device_nid](UserHub& hub) { hub.forget_device(device); });
    });
}

UserHubPtr Hubs::warm(UserNid nid) const {
    const auto found = hubs_.find(nid);
    return found == hubs_.end() ? nullptr : found->second;
}

net::Task<UserHubPtr> Hubs::find(UserNid nid, UserId id) {
    if (!sweeper_) sweeper_ = parts_.runtime.after(sweep_interval, [this] { sweep(); });
    auto hub = warm(nid);
    if (!hub) hub = co_await load(nid, std::move(id));
    hub->last_used_ms = parts_.runtime.clock().now_ms();
    co_return hub;
}

net::Task<UserHubPtr> Hubs::load(UserNid nid, UserId id) {
    if (const auto found = loading_.find(nid); found != loading_.end()) {
        const auto other = found->second;
        co_await other->done.wait();
        if (other->error) std::rethrow_exception(other->error);
        co_return other->hub;
    }
    const auto loading = std::make_shared<Loading>();
    loading_.emplace(nid, loading);
    try {
        std::vector<storage::SyncRoom> rooms;
        std::vector<storage::SyncMail> mail;
        co_await parts_.db.read([&](storage::Tx& tx) {
            rooms = storage::sync_rooms(tx, nid);
            mail = storage::sync_mail(tx, nid, messages_loaded);
        });
        auto hub = std::make_shared<UserHub>(nid, std::move(id));
        hub->low_water = published_;
        for (const auto& row : rooms) {
            const auto* rules = schema::find_room_rules(row.version);
            const auto room_id = schema::RoomId::parse(row.room_id);
            if (!rules || !room_id) continue;
            hub->place_for(row.room, *room_id, *rules);
            // The room may have gone on since the database was read; whoever joined it meanwhile is heard of below.
            const auto room = parts_.rooms.warm(row.room);
            const auto typing = typing_serials_.find(row.room);
            hub->update(row.room, [&](RoomPlace& place) {
                place.membership = static_cast<Membership>(row.membership);
                place.member_event = row.member;
                place.member_pos = row.member_pos;
                place.forgotten = row.forgotten;
                place.head = std::max(row.head_pos, room ? room->head_position() : 0);
                if (place.membership != Membership::join) place.head = row.member_pos;
                if (typing != typing_serials_.end()) place.typing = typing->second;
            });
            if (row.membership == static_cast<int>(Membership::join)) listen(row.room, *hub, true);
        }
        int messages = 0;
        for (auto& row : mail) {
            if (row.kind == storage::SyncMail::Kind::account_data) {
                hub->set_account_data(RoomNid{row.target}, std::move(row.type), row.pos, std::move(row.json));
            } else {
                hub->add_message(DeviceNid{row.target}, row.pos, net::bytes(std::move(row.json)));
                ++messages;
            }
        }
        hub->messages_cut = messages >= messages_loaded;
        hubs_.insert_or_assign(nid, hub);
        for (const auto& change : loading->meanwhile) change(*hub);
        loading->hub = std::move(hub);
    } catch (...) {
        loading->error = std::current_exception();
    }
    loading_.erase(nid);
    loading->done.open();
    if (loading->error) std::rethrow_exception(loading->error);
    co_return loading->hub;
}

void Hubs::on_hub(UserNid user, std::function<void(UserHub&)> change) {
    if (const auto hub = warm(user))
        change(*hub);
    else if (const auto loading = loading_.find(user); loading != loading_.end())
        loading->second->meanwhile.push_back(std::move(change));
}

void Hubs::listen(RoomNid room, UserHub& hub, bool joined) {
    auto& hubs = joined_[room];
    std::erase(hubs, &hub);
    if (joined)
        hubs.push_back(&hub);
    else if (hubs.empty())
        joined_.erase(room);
}

// --- what happens

void Hubs::committed(const rooms::Committed& committed) {
    publish(committed.last);
    auto& room = committed.room;
    const auto nid = room.nid();
    for (const auto& change : committed.memberships) change_membership(committed, change);

    if (committed.typing) typing_serials_[nid] = ++typing_serial_;
    if (const auto listening = joined_.find(nid); listening != joined_.end()) {
        for (auto* hub : listening->second) {
            hub->update(nid, [&](RoomPlace& place) {
                if (!committed.events.empty()) place.head = std::max(place.head, committed.events.back().event->pos);
                if (committed.receipts) place.receipts = committed.last;
                if (committed.typing) place.typing = typing_serial_;
            });
            if (!committed.events.empty()) wake(*hub, {Happened::What::event, &room.id()});
            if (committed.receipts) wake(*hub, {Happened::What::receipt, &room.id()});
            if (committed.typing) wake(*hub, {Happened::What::typing, &room.id()});
        }
    }
    for (const auto user : committed.read_by) {
        const auto hub = warm(user);
        if (!hub || !hub->place(nid)) continue;
        hub->update(nid, [&](RoomPlace& place) {
            place.read = committed.last;
            place.receipts = std::max(place.receipts, committed.last);
        });
        wake(*hub, {Happened::What::read, &room.id()});
    }
}

void Hubs::change_membership(const rooms::Committed& committed, const rooms::Committed::MembershipChange& change) {
    if (!change.local) return;
    auto& room = committed.room;
    const rooms::TimelineEvent* event = nullptr;
    for (const auto& entry : committed.events)
        if (entry.event->type == "m.room.member" && entry.event->state_key == change.user.str()) event = entry.event.get();
    const auto* member = room.local_member(*change.local);
    const bool forgotten = member && member->forgotten;
    const auto member_event = event ? event->nid : member ? member->member_event : EventNid{0};
    // Without an event of its own (forgetting) nothing happened that anybody must be told.
    const auto position = event ? event->pos : change.before == change.after ? 0 : committed.last;

    on_hub(*change.local, [this, nid = room.nid(), id = room.id(), rules = &room.rules(), change, member_event, position,
                           forgotten](UserHub& hub) {
        hub.place_for(nid, id, *rules);
        hub.update(nid, [&](RoomPlace& place) {
            place.membership = change.after;
            place.forgotten = forgotten;
            place.member_event = member_event;
            place.member_pos = std::max(place.member_pos, position);
            place.head = std::max(place.head, position);
            if ((change.after == Membership::join) != (change.before == Membership::join)) place.joined = position;
        });
        listen(nid, hub, change.after == Membership::join);
        if (position > 0) wake(hub, {Happened::What::membership, &hub.place(nid)->id});
    });
}

void Hubs::account_data_changed(const accounts::AccountDataChange& change) {
    publish(change.at);
    on_hub(change.user, [this, room = change.room.value_or(RoomNid{0}), type = std::string(change.type), at = change.at,
                         json = std::string(change.json)](UserHub& hub) {
        hub.set_account_data(room, type, at, json);
        const auto* place = hub.place(room);
        wake(hub, {Happened::What::account_data, place ? &place->id : nullptr});
    });
}

void Hubs::message_to_device(UserNid user, DeviceNid device, Position pos, net::Bytes json) {
    publish(pos);
    on_hub(user, [this, device, pos, json = std::move(json)](UserHub& hub) {
        // Behind a gap in memory it would hide what lies in the gap.
        if (hub.messages_cut) return;
        hub.add_message(device, pos, json);
        wake(hub, {Happened::What::to_device});
    });
}

void Hubs::device_list_changed(UserNid user, const UserId& id, Position at) {
    publish(at);
    device_changes_.emplace_back(at, id.str());
    if (device_changes_.size() > device_changes_kept) {
        device_changes_from_ = device_changes_.front().first;
        device_changes_.pop_front();
    }
    parts_.runtime.spawn("wake for device list", wake_for_devices(user, id));
}

net::Task<> Hubs::wake_for_devices(UserNid user, UserId id) {
    const auto hub = co_await find(user, std::move(id));
    std::set<UserHub*> sharing{hub.get()};
    for (const auto& [nid, place] : hub->places()) {
        const auto listening = joined_.find(nid);
        if (place.membership == Membership::join && listening != joined_.end())
            sharing.insert(listening->second.begin(), listening->second.end());
    }
    for (auto* other : sharing) {
        ++other->version;
        wake(*other, {Happened::What::device_lists});
    }
}

std::optional<std::vector<std::string>> Hubs::device_lists_changed(Position after, Position up_to) const {
    if (after < device_changes_from_) return std::nullopt;
    std::vector<std::string> users;
    for (const auto& [pos, user] : device_changes_)
        if (pos > after && pos <= up_to && std::find(users.begin(), users.end(), user) == users.end()) users.push_back(user);
    return users;
}

// --- waking

void Hubs::wake(UserHub& hub, const Happened& happened) {
    for (const auto& waiter : hub.waiters)
        if (!waiter->due && waiter->cares_about(happened)) look_soon(waiter);
}

void Hubs::look_soon(std::shared_ptr<Waiter> waiter) {
    waiter->due = true;
    due_.push_back(std::move(waiter));
    if (looking_) return;
    looking_ = true;
    parts_.runtime.post([this] { look_at_next(); });
}

void Hubs::look_at_next() {
    for (std::size_t n = 0; n < slice && !due_.empty(); ++n) {
        const auto waiter = std::move(due_.front());
        due_.pop_front();
        waiter->due = false;
        waiter->look();
    }
    looking_ = !due_.empty();
    if (looking_) parts_.runtime.post([this] { look_at_next(); });
}

void Hubs::forget_room(RoomNid room) {
    for (auto& [user, hub] : hubs_) hub->forget_room(room);
    for (auto& [user, loading] : loading_)
        loading->meanwhile.push_back([this, room](UserHub& hub) {
            listen(room, hub, false);
            hub.forget_room(room);
        });
    joined_.erase(room);
    typing_serials_.erase(room);
}

void Hubs::forget_user(UserNid user) {
    on_hub(user, [this](UserHub& hub) {
        for (const auto& [nid, place] : hub.places())
            if (place.membership == Membership::join) listen(nid, hub, false);
    });
    // Requests that hold it are answered by what it knows; nobody finds it any more.
    hubs_.erase(user);
}

void Hubs::sweep() {
    const auto now = parts_.runtime.clock().now_ms();
    for (auto entry = hubs_.begin(); entry != hubs_.end();) {
        const auto& hub = entry->second;
        // Others may hold it while they prepare an answer.
        if (!hub->waiters.empty() || hub.use_count() > 1 || now - hub->last_used_ms < parts_.idle.count()) {
            ++entry;
            continue;
        }
        for (const auto& [nid, place] : hub->places())
            if (place.membership == Membership::join) listen(nid, *hub, false);
        entry = hubs_.erase(entry);
    }
    sweeper_ = parts_.runtime.after(sweep_interval, [this] { sweep(); });
}

}  // namespace runde::sync
