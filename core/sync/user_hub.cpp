#include "core/sync/user_hub.hpp"

#include <algorithm>

#include "schema/json.hpp"

namespace runde::sync {

const RoomPlace* UserHub::place(RoomNid room) const {
    const auto found = places_.find(room);
    return found == places_.end() ? nullptr : &found->second;
}

std::vector<RoomNid> UserHub::changed_after(Position since) const {
    std::vector<RoomNid> rooms;
    for (auto change = by_change_.upper_bound({since, RoomNid{std::numeric_limits<std::int64_t>::max()}});
         change != by_change_.end(); ++change)
        rooms.push_back(change->second);
    return rooms;
}

std::vector<RoomNid> UserHub::typing_after(std::int64_t serial) const {
    std::vector<RoomNid> rooms;
    for (const auto& [room, place] : places_)
        if (place.typing > serial && place.membership == Membership::join) rooms.push_back(room);
    return rooms;
}

RoomPlace& UserHub::place_for(RoomNid room, const schema::RoomId& room_id, const schema::RoomRules& rules) {
    const auto [entry, is_new] = places_.try_emplace(room, RoomPlace{.nid = room, .id = room_id, .rules = &rules});
    if (is_new) by_change_.emplace(entry->second.newest(), room);
    return entry->second;
}

void UserHub::update(RoomNid room, const std::function<void(RoomPlace&)>& change) {
    auto& place = places_.at(room);
    const auto before = place.newest();
    change(place);
    if (place.newest() != before) {
        by_change_.erase({before, room});
        by_change_.emplace(place.newest(), room);
    }
    ++version;
}

void UserHub::forget_room(RoomNid room) {
    const auto place = places_.find(room);
    if (place == places_.end()) return;
    by_change_.erase({place->second.newest(), room});
    places_.erase(place);
    account_data_.erase(room);
    for (auto& [device, sent] : sent_members_)
        if (const auto found = sent.by_room.find(room); found != sent.by_room.end()) {
            sent.count -= found->second.size();
            sent.by_room.erase(found);
        }
    ++version;
}

const std::map<std::string, UserHub::Data>& UserHub::account_data(RoomNid room) const {
    static const std::map<std::string, Data> none;
    const auto found = account_data_.find(room);
    return found == account_data_.end() ? none : found->second;
}

void UserHub::set_account_data(RoomNid room, std::string type, Position pos, std::string json) {
    if (room == RoomNid{0} && type == "m.ignored_user_list") load_ignored(json);
    auto& entry = account_data_[room][std::move(type)];
    if (entry.pos > pos) return;  // Read from the database meanwhile.
    entry = {pos, std::move(json)};
    if (room != RoomNid{0} && places_.contains(room))
        update(room, [pos](RoomPlace& place) { place.account_data = std::max(place.account_data, pos); });
    ++version;
}

/// https://spec.matrix.org/v1.19/client-server-api/#mignored_user_list
void UserHub::load_ignored(const std::string& json) {
    ignored_.clear();
    if (json.empty()) return;
    const auto content = schema::parse_json(json);
    const auto* users = content.is_object() ? schema::object_at(content.get_object(), "ignored_users") : nullptr;
    if (!users) return;
    for (const auto& [user, nothing] : *users) ignored_.emplace(user);
    ignored_.erase(id.str());  // Nobody can make their own messages disappear by mistake.
}

bool UserHub::messages_between(DeviceNid device, Position after, Position up_to, std::size_t limit,
                               std::vector<Message>& into) const {
    const auto found = mailboxes_.find(device);
    if (found == mailboxes_.end()) return true;
    for (const auto& message : found->second) {
        if (message.pos <= after || message.pos > up_to) continue;
        if (into.size() == limit) return false;
        into.push_back(message);
    }
    return true;
}

void UserHub::add_message(DeviceNid device, Position pos, net::Bytes json) {
    auto& mailbox = mailboxes_[device];
    if (!mailbox.empty() && mailbox.back().pos >= pos) return;
    mailbox.push_back({pos, std::move(json)});
    ++version;
}

bool UserHub::acknowledge(DeviceNid device, Position up_to) {
    const auto found = mailboxes_.find(device);
    if (found == mailboxes_.end() || found->second.empty() || found->second.front().pos > up_to) return false;
    while (!found->second.empty() && found->second.front().pos <= up_to) found->second.pop_front();
    return true;
}

UserHub::SentMembers& UserHub::sent_members(DeviceNid device) {
    // What is forgotten here is sent once more: the bound costs bytes, never correctness.
    constexpr std::size_t most = 50'000;
    auto& sent = sent_members_[device];
    if (sent.count > most) sent = {};
    return sent;
}

void UserHub::forget_device(DeviceNid device) {
    mailboxes_.erase(device);
    sent_members_.erase(device);
}

}  // namespace runde::sync
