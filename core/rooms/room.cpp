#include "core/rooms/room.hpp"

#include <algorithm>

namespace runde::rooms {

StateEvent::StateEvent(EventNid event_nid, schema::EventId event_id, net::Bytes pdu, const schema::RoomRules& room_rules)
    : nid(event_nid), id(std::move(event_id)), json(std::move(pdu)), rules_(room_rules) {}

StateEvent::StateEvent(EventNid event_nid, EventPtr event, const schema::RoomRules& room_rules)
    : nid(event_nid), id(event->id), json(net::bytes(event->json)), rules_(room_rules) {
    if (event->type != "m.room.member") parsed_ = std::move(event);
}

namespace {

/// Member events as last parsed and rendered, of all rooms: a room may have thousands, but few of them speak at a time, and
/// each message asks for its sender's several times, and again for everybody to whom it is delivered. A place holds one
/// event, known by its bytes.
class RecentMembers {
public:
    struct Entry {
        net::Bytes json;
        EventPtr event;
        std::string client;                              ///< Empty: not yet rendered.
    };
    /// The place of these bytes, emptied if it held others.
    Entry& of(const net::Bytes& json) {
        auto& entry = entries_[std::hash<net::Bytes>()(json) / 16 % entries_.size()];
        if (entry.json != json) entry = {json, nullptr, {}};
        return entry;
    }

private:
    std::vector<Entry> entries_ = std::vector<Entry>(256);
};

thread_local RecentMembers recent_members;  // Rooms live on the I/O thread, of which tests have several.

}  // namespace

EventPtr StateEvent::event() const {
    if (parsed_) return parsed_;
    auto& recent = recent_members.of(json);
    if (recent.event) return recent.event;
    auto event = schema::load_event(*json, id, rules_);
    if (event->type == "m.room.member")
        recent.event = event;
    else
        parsed_ = event;
    return event;
}

std::string StateEvent::client_json() const {
    if (parsed_) return schema::render_client_event(*parsed_, rules_);
    auto& recent = recent_members.of(json);
    if (recent.client.empty()) recent.client = schema::render_client_event(*event(), rules_);
    return recent.client;
}

Room::Room(Parts parts, RoomNid nid, schema::RoomId id, const schema::RoomRules& rules)
    : receipts(parts.lane.head()), parts_(std::move(parts)), nid_(nid), id_(std::move(id)), rules_(rules) {}

StateEventPtr Room::state(std::string_view type, std::string_view state_key) const {
    const auto key = dictionary_.find(type, state_key);
    return key ? state_by_key(*key) : nullptr;
}

StateEventPtr Room::state_by_key(int key_no) const {
    const auto found = state_events_.find(key_no);
    return found == state_events_.end() ? nullptr : found->second;
}

schema::JsonObject Room::state_content(std::string_view type, std::string_view state_key) const {
    const auto found = state(type, state_key);
    if (!found) return {};
    // A plain copy would go on using the memory of the event, which may be gone before the copy is.
    return schema::JsonObject(found->event()->content(), boost::json::storage_ptr());
}

void Room::for_each_state(const std::function<void(const StateEvent&, const std::string&, const std::string&)>& f) const {
    current_.for_each([&](int key, EventNid) {
        if (const auto event = state_by_key(key)) f(*event, dictionary_.type(key), dictionary_.state_key(key));
    });
}

Membership Room::membership(std::string_view user_id) const {
    const auto found = memberships_.find(std::string(user_id));
    return found == memberships_.end() ? Membership::leave : found->second;
}

std::vector<schema::EventId> Room::extremities() const {
    std::vector<schema::EventId> ids;
    for (const auto& extremity : extremities_) ids.push_back(extremity.id);
    return ids;
}

const schema::PowerLevels& Room::power_levels() const {
    if (!power_levels_) {
        const auto create = state("m.room.create");
        const auto levels = state("m.room.power_levels");
        const auto create_event = create ? create->event() : nullptr;
        const auto levels_event = levels ? levels->event() : nullptr;
        power_levels_ = std::make_unique<schema::PowerLevels>(
            levels_event ? &levels_event->content() : nullptr, rules_,
            create_event ? schema::PowerLevels::creators_of(*create_event, rules_) : std::vector<UserId>{});
    }
    return *power_levels_;
}

std::string Room::join_rule() const {
    const auto content = state_content("m.room.join_rules");
    return std::string(schema::string_at(content, "join_rule").value_or("invite"));
}

std::string Room::history_visibility() const {
    const auto content = state_content("m.room.history_visibility");
    return std::string(schema::string_at(content, "history_visibility").value_or("shared"));
}

std::optional<std::string> Room::type() const {
    const auto content = state_content("m.room.create");
    const auto type = schema::string_at(content, "type");
    return type ? std::optional(std::string(*type)) : std::nullopt;
}

LocalMember* Room::local_member(UserNid user) {
    const auto found = local_members_.find(user);
    return found == local_members_.end() ? nullptr : &found->second;
}

LocalMember* Room::local_member(std::string_view user_id) {
    const auto found = local_nids_.find(std::string(user_id));
    return found == local_nids_.end() ? nullptr : local_member(found->second);
}

TimelineEventPtr Room::find_in_ring(std::string_view event_id) const {
    const auto found =
        std::find_if(ring_.rbegin(), ring_.rend(), [&](const TimelineEventPtr& line) { return line->id.str() == event_id; });
    return found == ring_.rend() ? nullptr : *found;
}

StateLookup Room::lookup(std::vector<EventPtr>& keep_alive) const {
    return [this, &keep_alive](std::string_view type, std::string_view state_key) -> const schema::Event* {
        const auto found = state(type, state_key);
        if (!found) return nullptr;
        keep_alive.push_back(found->event());
        return keep_alive.back().get();
    };
}

void Room::set_membership(const std::string& user_id, std::optional<Membership> membership) {
    const auto before = this->membership(user_id);
    const auto after = membership.value_or(Membership::leave);
    if (membership)
        memberships_.insert_or_assign(user_id, *membership);
    else
        memberships_.erase(user_id);
    joined_count_ += (after == Membership::join) - (before == Membership::join);
    invited_count_ += (after == Membership::invite) - (before == Membership::invite);
}

void Room::push_to_ring(TimelineEventPtr event) {
    ring_.push_back(std::move(event));
    if (ring_.size() > ring_size) {
        ring_floor_ = ring_.front()->pos;
        ring_.pop_front();
    }
}

void Room::announce(const std::function<void(Committed&)>& notice) {
    Committed committed(*this);
    notice(committed);
    parts_.committed(committed);
}

net::Task<> Room::save() {
    storage::Submission submission;
    submission.rooms.push_back(room_row());
    co_await parts_.lane.submit(std::move(submission));
}

net::Task<Position> Room::submit(storage::Submission submission, std::function<void(Committed&)> notice) {
    const auto self = shared_from_this();
    const auto positions = submission.positions;
    const auto result = co_await parts_.lane.submit(std::move(submission));
    Committed committed(*this);
    committed.first = result.base;
    committed.last = result.base + positions - 1;
    if (notice) notice(committed);
    parts_.committed(committed);
    co_return result.base;
}

}  // namespace runde::rooms
