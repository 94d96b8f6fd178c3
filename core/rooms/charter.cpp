#include "core/rooms/charter.hpp"

#include "core/rooms/room.hpp"
#include "storage/charters.hpp"

namespace runde::rooms {

using schema::JsonObject;

namespace {

/// Those listed, and the server of who wrote the list: partners that follow it must not shut that one out.
std::set<std::string, std::less<>> servers_in(const JsonObject& content, const schema::UserId& author) {
    std::set<std::string, std::less<>> servers{std::string(author.server())};
    if (const auto* list = schema::array_at(content, "servers"))
        for (const auto& entry : *list)
            if (entry.is_string()) servers.emplace(entry.get_string());
    return servers;
}

bool is_child(const JsonObject& content) {
    const auto* via = schema::array_at(content, "via");
    return via && !via->empty();  // A child without servers was taken out.
}

}  // namespace

Charters::Charters(storage::Database& db, std::string own_server) : own_server_(std::move(own_server)) {
    std::vector<storage::CharterEvent> events;
    db.transact_now([&](storage::Tx& tx) { events = storage::charter_events(tx); });
    for (const auto& event : events) {
        const auto parsed = schema::parse_json(event.json);
        const auto* content = schema::object_at(parsed.get_object(), "content");
        if (!content) continue;
        if (event.type == charter_type) {
            if (const auto author = schema::UserId::parse(event.sender))
                by_room_[event.room_id].servers = servers_in(*content, *author);
        } else if (is_child(*content)) {
            by_room_[event.room_id].children.emplace(event.state_key, event.sender);
        }
    }
}

const Charters::Charter* Charters::find(std::string_view room_id) const {
    const auto found = by_room_.find(room_id);
    return found == by_room_.end() ? nullptr : &found->second;
}

bool Charters::admit(const Room& room, std::string_view server) const {
    if (by_room_.empty() || server == own_server_) return true;
    const auto lets_in = [&](const Charter& charter) { return charter.servers.contains(server); };
    if (const auto* own = find(room.id().str()); own && !lets_in(*own)) return false;
    for (const auto& [space, charter] : by_room_) {
        if (lets_in(charter)) continue;
        if (room.state("m.space.parent", space) && is_child(room.state_content("m.space.parent", space))) return false;
        const auto child = charter.children.find(room.id().str());
        if (child == charter.children.end()) continue;
        const auto who = schema::UserId::parse(child->second);
        const auto& levels = room.power_levels();
        if (who && room.is_joined(who->str()) && levels.level_of(*who) >= levels.needed_for_state(charter_type)) return false;
    }
    return true;
}

Charters::Charter Charters::read(const Room& room) {
    const auto list = room.state(charter_type)->event();
    Charter charter{.servers = servers_in(list->content(), list->sender), .children = {}};
    room.for_each_state([&](const StateEvent& state, const std::string& type, const std::string& key) {
        if (type != "m.space.child") return;
        const auto event = state.event();
        if (is_child(event->content())) charter.children.emplace(key, event->sender.str());
    });
    return charter;
}

void Charters::heard(const Committed& committed) {
    const auto& room = committed.room;
    bool changed = false;
    for (const auto& entry : committed.events)
        // The member event of one who comes in may bring a whole state along.
        changed = changed || (entry.pdu->is_state() && (entry.pdu->type == charter_type || entry.pdu->type == "m.space.child" ||
                                                        entry.pdu->type == "m.room.member"));
    if (!changed) return;
    if (room.state(charter_type))
        by_room_.insert_or_assign(room.id().str(), read(room));
    else
        by_room_.erase(room.id().str());
}

bool admits(const Room& room, std::string_view server) { return room.parts().charters.admit(room, server); }

}  // namespace runde::rooms
