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

std::vector<std::string> creators_of(const Room& room) {
    const auto create = room.state("m.room.create");
    if (!create) return {};
    std::vector<std::string> creators{create->event()->sender.str()};
    if (const auto* more = schema::array_at(create->event()->content(), "additional_creators"))
        for (const auto& user : *more)
            if (user.is_string()) creators.emplace_back(user.get_string());
    return creators;
}

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

/// The old room's levels as the new room keeps them. Creators have all power from version 12 on and must not be listed there;
/// whoever had all power in the old room is listed where that ends.
JsonObject lasting_levels(JsonObject levels, const Room& old, const schema::RoomRules& rules,
                          const std::vector<std::string>& creators) {
    if (!schema::object_at(levels, "users")) levels["users"] = JsonObject{};
    auto& users = levels["users"].get_object();
    if (rules.creators_have_infinite_power)
        for (const auto& creator : creators) users.erase(creator);
    else if (old.rules().creators_have_infinite_power)
        for (const auto& creator : creators_of(old)) users[creator] = 100;
    return levels;
}

/// The same while the room is made: its creator has every right, or there would be nobody who may finish it.
JsonObject levels_at_first(JsonObject levels, const schema::RoomRules& rules, const UserId& creator) {
    if (rules.creators_have_infinite_power) return levels;
    std::int64_t highest = 100;
    const auto look = [&](const JsonObject& numbers) {
        for (const auto& number : numbers)
            if (const auto* level = number.value().if_int64()) highest = std::max(highest, *level);
    };
    look(levels);
    for (const auto* part : {"users", "events"})
        if (const auto* numbers = schema::object_at(levels, part)) look(*numbers);
    levels["users"].get_object()[creator.str()] = highest;
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

    // https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidupgrade: older versions know only one creator.
    if (!rules->creators_have_infinite_power) additional_creators.clear();
    auto creators = additional_creators;
    creators.push_back(person.id.str());
    JsonObject lasting, at_first;
    CreateRoom wish{.version = version};
    wish.preset = CreateRoom::Preset::private_chat;
    wish.published = old->is_published();
    wish.creation_content = creation_content(*old, *rules, std::move(additional_creators));
    old->for_each_state([&](const StateEvent& state, const std::string& type, const std::string& key) {
        if (std::find(std::begin(transferable), std::end(transferable), type) == std::end(transferable)) return;
        schema::JsonObject content(state.event()->content(), boost::json::storage_ptr());  // Not in the event's memory.
        if (type == "m.room.power_levels" && key.empty()) {
            lasting = lasting_levels(std::move(content), *old, *rules, creators);
            content = at_first = levels_at_first(lasting, *rules, person.id);
        }
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
    if (lasting != at_first) {
        const schema::EventDraft levels{"m.room.power_levels", person.id, "", std::move(lasting), std::nullopt};
        if (room->may(levels)) co_await room->append(levels);
    }
    if (old->is_published()) {
        old->publish_in_directory(false);
        co_await old->save();
    }
    co_await mute(old, person.id);
    co_return room->id();
}

}  // namespace runde::rooms
