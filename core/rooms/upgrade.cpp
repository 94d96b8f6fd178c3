#include "core/rooms/upgrade.hpp"

#include <algorithm>

#include "core/rooms/aliases.hpp"
#include "core/rooms/create_room.hpp"
#include "schema/refusal.hpp"
#include "storage/room_aliases.hpp"

namespace runde::rooms {
namespace {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

/// What moves to the new room: what the spec recommends, the children of a space, and a forum's settings.
constexpr std::string_view transferable[] = {
    "m.room.server_acl",   "m.room.encryption",         "m.room.name",       "m.room.avatar",       "m.room.topic",
    "m.room.guest_access", "m.room.history_visibility", "m.room.join_rules", "m.room.power_levels", "m.space.child",
    "org.runde.forum"};

JsonObject creation_content(const Room& old, const schema::RoomRules& rules, std::vector<std::string> creators) {
    auto content = old.state_content("m.room.create");
    for (const auto* gone : {"creator", "room_version", "additional_creators", "predecessor"}) content.erase(gone);
    JsonObject predecessor{{"room_id", old.id().str()}};
    if (!old.ring().empty()) predecessor["event_id"] = old.ring().back()->id.str();
    content["predecessor"] = std::move(predecessor);
    if (rules.creators_have_infinite_power && !creators.empty()) {
        schema::JsonArray list;
        for (auto& creator : creators) list.emplace_back(std::move(creator));
        content["additional_creators"] = std::move(list);
    }
    return content;
}

/// Creators have all power from version 12 on and must not be listed there; before, they must be, or the new room
/// would have nobody who may finish it.
JsonObject fitting_levels(JsonObject levels, const schema::RoomRules& rules, const std::vector<std::string>& creators) {
    if (!schema::object_at(levels, "users")) levels["users"] = JsonObject{};
    auto& users = levels["users"].get_object();
    if (!rules.creators_have_infinite_power)
        for (const auto& creator : creators) users[creator] = 100;
    if (rules.creators_have_infinite_power)
        for (const auto& creator : creators) users.erase(creator);
    return levels;
}

net::Task<> mute(RoomPtr room, UserId sender) {
    auto levels = room->state_content("m.room.power_levels");
    const auto least = std::max<std::int64_t>(50, schema::integer_at(levels, "users_default").value_or(0) + 1);
    for (const auto* name : {"events_default", "invite"})
        levels[name] = std::max(least, schema::integer_at(levels, name).value_or(0));
    const schema::EventDraft draft{"m.room.power_levels", sender, "", std::move(levels), std::nullopt};
    if (room->may(draft)) co_await room->append(draft);  // "If possible": who upgrades need not be allowed to.
}

}  // namespace

net::Task<schema::RoomId> upgrade(Rooms& rooms, Person person, schema::RoomId id, std::string version,
                                  std::vector<std::string> additional_creators) {
    const auto* rules = schema::find_room_rules(version);
    if (!rules) throw Refusal(Reason::unsupported_room_version, "This server does not know that room version.");
    const auto old = co_await rooms.require_joined(id, person.id);
    schema::EventDraft tombstone{
        "m.room.tombstone", person.id, "", {{"body", "This room has been replaced"}, {"replacement_room", "!"}}, std::nullopt};
    if (const auto verdict = old->may(tombstone); !verdict) throw Refusal(Reason::forbidden, std::string(verdict.why));

    auto creators = additional_creators;
    creators.push_back(person.id.str());
    CreateRoom wish{.version = version};
    wish.preset = CreateRoom::Preset::private_chat;
    wish.published = old->is_published();
    wish.creation_content = creation_content(*old, *rules, std::move(additional_creators));
    old->for_each_state([&](const StateEvent& state, const std::string& type, const std::string& key) {
        if (std::find(std::begin(transferable), std::end(transferable), type) == std::end(transferable)) return;
        schema::JsonObject content(state.event()->content(), boost::json::storage_ptr());  // Not in the event's memory.
        if (type == "m.room.power_levels") content = fitting_levels(std::move(content), *rules, creators);
        wish.initial_state.push_back({type, key, std::move(content)});
    });
    const auto room = co_await create_room(rooms, person, std::move(wish));

    const auto canonical = old->state_content("m.room.canonical_alias");
    co_await rooms.parts().db.transact([&](storage::Tx& tx) { storage::move_aliases(tx, old->nid(), room->nid()); });
    tombstone.content["replacement_room"] = room->id().str();
    co_await old->append(tombstone);
    if (!canonical.empty()) {
        co_await room->append({"m.room.canonical_alias", person.id, "", canonical, std::nullopt});
        const schema::EventDraft none{"m.room.canonical_alias", person.id, "", {}, std::nullopt};
        if (old->may(none)) co_await old->append(none);
    }
    if (old->is_published()) {
        old->publish_in_directory(false);
        co_await old->save();
    }
    co_await mute(old, person.id);
    co_return room->id();
}

}  // namespace runde::rooms
