#include "core/rooms/directory.hpp"

#include <algorithm>
#include <charconv>

#include "core/rooms/text_match.hpp"
#include "schema/refusal.hpp"
#include "storage/room_aliases.hpp"

namespace runde::rooms {
namespace {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

bool matches(const JsonObject& room, const DirectoryRequest& request) {
    if (request.room_types) {
        const auto type = schema::string_at(room, "room_type");
        const bool wanted = std::any_of(request.room_types->begin(), request.room_types->end(),
                                        [&](const auto& name) { return name ? type == *name : !type; });
        if (!wanted) return false;
    }
    if (!request.search_term || request.search_term->empty()) return true;
    for (const auto* name : {"name", "topic", "canonical_alias"})
        if (const auto text = schema::string_at(room, name); text && contains_folded(*text, *request.search_term)) return true;
    return false;
}

std::size_t offset_of(const std::string& token) {
    if (token.empty()) return 0;
    std::size_t offset = 0;
    const auto* begin = token.data() + 1;
    const auto* end = token.data() + token.size();
    if (token.front() != 'p' || std::from_chars(begin, end, offset).ptr != end || begin == end)
        throw Refusal(Reason::invalid_param, "since is not a token of this endpoint");
    return offset;
}

}  // namespace

JsonObject summary(const Room& room) {
    JsonObject result;
    const auto copy = [&](std::string_view type, std::string_view from, std::string_view to) {
        const auto content = room.state_content(type);
        if (const auto text = schema::string_at(content, from); text && !text->empty()) result[to] = *text;
    };
    result["room_id"] = room.id().str();
    copy("m.room.name", "name", "name");
    copy("m.room.topic", "topic", "topic");
    copy("m.room.canonical_alias", "alias", "canonical_alias");
    copy("m.room.avatar", "url", "avatar_url");
    result["num_joined_members"] = room.joined_count();
    result["world_readable"] = room.history_visibility() == "world_readable";
    const auto guests = room.state_content("m.room.guest_access");
    result["guest_can_join"] = schema::string_at(guests, "guest_access") == "can_join";
    result["join_rule"] = room.join_rule();
    if (const auto type = room.type()) result["room_type"] = *type;
    return result;
}

JsonObject full_summary(const Room& room) {
    auto result = summary(room);
    result["room_version"] = room.rules().version;
    const auto encryption = room.state_content("m.room.encryption");
    if (const auto algorithm = schema::string_at(encryption, "algorithm")) result["encryption"] = *algorithm;
    const auto rule = room.join_rule();
    if (rule == "restricted" || rule == "knock_restricted") {
        schema::JsonArray allowed;
        const auto rules = room.state_content("m.room.join_rules");
        if (const auto* allow = schema::array_at(rules, "allow"))
            for (const auto& entry : *allow) {
                const auto id = entry.is_object() ? schema::string_at(entry.get_object(), "room_id") : std::nullopt;
                if (id && schema::RoomId::parse(*id)) allowed.emplace_back(*id);
            }
        result["allowed_room_ids"] = std::move(allowed);
    }
    return result;
}

net::Task<DirectoryPage> published_rooms(Rooms& rooms, DirectoryRequest request) {
    const auto offset = offset_of(request.since);
    const auto listed = co_await rooms.parts().db.read([](storage::Tx& tx) { return storage::published_rooms(tx); });
    DirectoryPage page;
    if (offset > 0) page.previous = "p" + std::to_string(offset > request.limit ? offset - request.limit : 0);
    if (!request.room_types && (!request.search_term || request.search_term->empty())) {
        // Nothing to look for: only the rooms of this page are taken into memory.
        page.total = static_cast<int>(listed.size());
        const auto end = std::min(listed.size(), offset + request.limit);
        for (auto i = offset; i < end; ++i) {
            const auto room = co_await rooms.find(listed[i].room);
            if (room) page.chunk.push_back(summary(*room));
        }
        if (end < listed.size() && offset < end) page.next = "p" + std::to_string(end);
        co_return page;
    }
    std::vector<JsonObject> found;
    for (const auto& entry : listed) {
        const auto room = co_await rooms.find(entry.room);
        if (!room) continue;
        auto text = summary(*room);
        if (matches(text, request)) found.push_back(std::move(text));
    }
    page.total = static_cast<int>(found.size());
    for (auto i = offset; i < found.size() && page.chunk.size() < request.limit; ++i) page.chunk.push_back(std::move(found[i]));
    if (!page.chunk.empty() && offset + page.chunk.size() < found.size())
        page.next = "p" + std::to_string(offset + page.chunk.size());
    co_return page;
}

net::Task<> set_published(Rooms& rooms, UserId who, bool administrator, schema::RoomId id, bool on) {
    const auto room = co_await rooms.find(std::move(id));
    if (!room) throw Refusal(Reason::not_found, "There is no such room.");
    const bool may =
        administrator || (room->is_joined(who.str()) &&
                          room->power_levels().level_of(who) >= room->power_levels().needed_for_state("m.room.canonical_alias"));
    if (!may) throw Refusal(Reason::forbidden, "Only who moderates a room may list it.");
    if (room->is_published() == on) co_return;
    room->publish_in_directory(on);
    co_await room->save();
}

bool may_preview(const Room& room, std::string_view user) {
    const auto membership = room.membership(user);
    if (membership == Membership::join || membership == Membership::invite) return true;
    if (membership == Membership::ban) return false;
    const auto rule = room.join_rule();
    return rule == "public" || rule == "knock" || rule == "knock_restricted" || room.history_visibility() == "world_readable";
}

}  // namespace runde::rooms
