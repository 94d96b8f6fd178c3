#include "core/rooms/aliases.hpp"

#include <algorithm>

#include "core/rooms/elsewhere.hpp"
#include "schema/refusal.hpp"
#include "storage/room_aliases.hpp"

namespace runde::rooms {

using schema::Reason;
using schema::Refusal;

net::Task<ResolvedAlias> resolve_alias(Rooms& rooms, schema::RoomAlias alias) {
    if (alias.server() != rooms.identity().server.str()) {
        if (!rooms.parts().elsewhere) throw Refusal(Reason::not_found, "There is no such room alias.");
        co_return co_await rooms.parts().elsewhere->resolve_alias(alias);
    }
    const auto found = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::find_alias(tx, alias.str()); });
    const auto id = found ? schema::RoomId::parse(found->room_id) : std::nullopt;
    if (!id) throw Refusal(Reason::not_found, "There is no such room alias.");
    ResolvedAlias resolved{*id, {rooms.identity().server.str()}};
    const auto room = co_await rooms.find(*id);
    if (room)
        for (const auto& [server, joined] : room->remote_servers()) {
            if (resolved.servers.size() >= 10) break;
            resolved.servers.push_back(server);
        }
    co_return resolved;
}

net::Task<> create_alias(Rooms& rooms, UserId creator, schema::RoomAlias alias, schema::RoomId room_id) {
    if (alias.server() != rooms.identity().server.str())
        throw Refusal(Reason::invalid_param, "An alias of this server ends in its name.");
    const auto room = co_await rooms.require_joined(room_id, creator);
    const auto inserted = co_await rooms.parts().db.transact(
        [&](storage::Tx& tx) { return storage::insert_alias(tx, alias.str(), room->nid(), creator.str()); });
    if (inserted == storage::Inserted::no) throw Refusal(Reason::alias_taken, "That alias is taken.");
}

namespace {

/// The content of m.room.canonical_alias without that alias; nullopt when it does not name it.
std::optional<schema::JsonObject> without(schema::JsonObject content, std::string_view alias) {
    bool named = schema::string_at(content, "alias") == alias;
    if (named) content.erase("alias");
    if (auto* others = content.if_contains("alt_aliases"); others && others->is_array()) {
        schema::JsonArray kept;
        for (const auto& other : others->get_array())
            if (!other.is_string() || other.get_string() != alias) kept.push_back(other);
        named = named || kept.size() < others->get_array().size();
        *others = std::move(kept);
    }
    return named ? std::optional(std::move(content)) : std::nullopt;
}

}  // namespace

net::Task<> delete_alias(Rooms& rooms, UserId who, bool administrator, schema::RoomAlias alias) {
    const auto found = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::find_alias(tx, alias.str()); });
    if (!found) throw Refusal(Reason::not_found, "There is no such room alias.");
    const auto room = co_await rooms.find(found->room);
    const bool may = found->creator == who.str() || administrator ||
                     (room && room->is_joined(who.str()) &&
                      room->power_levels().level_of(who) >= room->power_levels().needed_for_state("m.room.canonical_alias"));
    if (!may) throw Refusal(Reason::forbidden, "Only who made an alias or moderates its room may take it away.");
    co_await rooms.parts().db.transact([&](storage::Tx& tx) { storage::delete_alias(tx, alias.str()); });
    if (!room) co_return;
    // The room should not go on naming it; but the alias is gone also where who took it away may not say so.
    auto content = without(room->state_content("m.room.canonical_alias"), alias.str());
    if (!content) co_return;
    const schema::EventDraft draft{"m.room.canonical_alias", who, "", *std::move(content), std::nullopt};
    try {
        if (room->may(draft)) co_await room->append(draft);
    } catch (const Refusal&) {
        // Something came between.
    }
}

net::Task<std::vector<std::string>> aliases_of(Rooms& rooms, RoomPtr room) {
    co_return co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::aliases_of_room(tx, room->nid()); });
}

net::Task<> check_canonical_alias(Rooms& rooms, RoomPtr room, const schema::JsonObject& content) {
    std::vector<std::string> wanted;
    const auto add = [&](const schema::Json& value) {
        if (!value.is_string() || !schema::RoomAlias::parse(value.get_string()))
            throw Refusal(Reason::invalid_param, "That is not a room alias.");
        wanted.emplace_back(value.get_string());
    };
    if (const auto* alias = content.if_contains("alias");
        alias && !alias->is_null() && !(alias->is_string() && alias->get_string().empty()))
        add(*alias);
    if (const auto* others = schema::array_at(content, "alt_aliases"))
        for (const auto& alias : *others) add(alias);

    const auto before = room->state_content("m.room.canonical_alias");
    std::vector<std::string> known{std::string(schema::string_at(before, "alias").value_or(""))};
    if (const auto* others = schema::array_at(before, "alt_aliases"))
        for (const auto& alias : *others)
            if (alias.is_string()) known.emplace_back(alias.get_string());
    for (const auto& alias : wanted) {
        if (std::find(known.begin(), known.end(), alias) != known.end()) continue;
        std::optional<ResolvedAlias> found;
        try {
            found = co_await resolve_alias(rooms, *schema::RoomAlias::parse(alias));
        } catch (const Refusal&) {
            // Not there: the same answer as for one that leads elsewhere.
        }
        if (!found || found->room != room->id()) throw Refusal(Reason::bad_alias, "That alias does not lead to this room.");
    }
}

}  // namespace runde::rooms
