#include "core/rooms/spaces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/rooms/directory.hpp"
#include "core/rooms/elsewhere.hpp"
#include "core/rooms/membership.hpp"
#include "core/rooms/restricted.hpp"
#include "schema/refusal.hpp"

namespace runde::rooms {
namespace {

using schema::JsonObject;

/// The order of https://spec.matrix.org/v1.19/client-server-api/#ordering-of-children-within-a-space
struct Child {
    std::string room_id, order;
    std::int64_t ts;
    JsonObject stripped;

    bool operator<(const Child& other) const {
        if (order.empty() != other.order.empty()) return !order.empty();
        return std::tie(order, ts, room_id) < std::tie(other.order, other.ts, other.room_id);
    }
};

bool is_valid_order(std::string_view order) {
    return order.size() <= 50 && std::all_of(order.begin(), order.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

/// nullopt: no child, or not one that is asked for.
std::optional<Child> child_of(JsonObject stripped, std::int64_t ts, bool suggested_only) {
    const auto key = schema::string_at(stripped, "state_key");
    const auto* content = schema::object_at(stripped, "content");
    const auto* via = content ? schema::array_at(*content, "via") : nullptr;
    if (!key || !via || via->empty()) return std::nullopt;  // A child without servers was taken out.
    if (suggested_only && !schema::boolean_at(*content, "suggested").value_or(false)) return std::nullopt;
    Child child{std::string(*key), "", ts, {}};
    if (const auto order = schema::string_at(*content, "order"); order && is_valid_order(*order)) child.order = *order;
    child.stripped = std::move(stripped);
    child.stripped["origin_server_ts"] = ts;
    return child;
}

std::vector<Child> children_of(const Room& room, bool suggested_only) {
    std::vector<Child> children;
    room.for_each_state([&](const StateEvent& state, const std::string& type, const std::string&) {
        if (type != "m.space.child") return;
        const auto event = state.event();
        if (auto child = child_of(schema::stripped_state(*event), event->origin_server_ts, suggested_only))
            children.push_back(*std::move(child));
    });
    std::sort(children.begin(), children.end());
    return children;
}

/// The same of a space that another server told of.
std::vector<Child> children_of(const JsonObject& told, bool suggested_only) {
    std::vector<Child> children;
    const auto* events = schema::array_at(told, "children_state");
    for (const auto& entry : events ? *events : schema::JsonArray()) {
        if (!entry.is_object() || children.size() == 1000) continue;
        const auto& event = entry.get_object();
        const auto* content = schema::object_at(event, "content");
        const auto sender = schema::string_at(event, "sender");
        const auto key = schema::string_at(event, "state_key");
        const auto ts = schema::integer_at(event, "origin_server_ts");
        if (schema::string_at(event, "type") != "m.space.child" || !content || !sender || !key || !ts) continue;
        JsonObject stripped{{"content", *content}, {"sender", *sender}, {"state_key", *key}, {"type", "m.space.child"}};
        if (auto child = child_of(std::move(stripped), *ts, suggested_only)) children.push_back(*std::move(child));
    }
    std::sort(children.begin(), children.end());
    return children;
}

std::vector<std::string> via_of(const Child& child) {
    std::vector<std::string> servers;
    for (const auto& entry : *schema::array_at(*schema::object_at(child.stripped, "content"), "via"))
        if (entry.is_string() && servers.size() < 10) servers.emplace_back(entry.get_string());
    return servers;
}

/// What another server tells of a room, as our users may have it: only what the specification names.
std::optional<JsonObject> told_summary(const JsonObject& told) {
    const auto id = schema::RoomId::parse(schema::string_at(told, "room_id").value_or(""));
    const auto members = schema::integer_at(told, "num_joined_members");
    if (!id || !members) return std::nullopt;
    JsonObject summary{{"room_id", id->str()}, {"num_joined_members", *members}};
    for (const auto* name :
         {"name", "topic", "canonical_alias", "avatar_url", "join_rule", "room_type", "room_version", "encryption"})
        if (const auto text = schema::string_at(told, name)) summary[name] = *text;
    for (const auto* name : {"world_readable", "guest_can_join"}) summary[name] = schema::boolean_at(told, name).value_or(false);
    if (const auto* allowed = schema::array_at(told, "allowed_room_ids")) summary["allowed_room_ids"] = *allowed;
    return summary;
}

/// "y<offset>" and what the pages must have in common: suggested_only and max_depth.
std::string token_of(std::size_t offset, const HierarchyRequest& request) {
    return fmt::format("y{}_{}_{}", offset, request.suggested_only ? 1 : 0, request.max_depth.value_or(-1));
}

std::size_t offset_of(const HierarchyRequest& request) {
    if (request.from.empty()) return 0;
    std::size_t offset = 0;
    std::from_chars(request.from.data() + 1, request.from.data() + request.from.size(), offset);
    if (token_of(offset, request) != request.from)
        throw schema::Refusal(schema::Reason::invalid_param, "from is no token of this endpoint, or of another question");
    return offset;
}

/// A walk through the tree as far as the page reaches: what comes before it is only counted.
struct Walk {
    Rooms& rooms;
    const HierarchyRequest& request;
    std::size_t begin, end;                  ///< The page, in rooms of the walk.
    std::size_t passed = 0;                  ///< Rooms found so far; one beyond `end` tells that there is more.
    schema::JsonArray page = {};
    std::set<std::string> seen = {};
    std::map<std::string, JsonObject> told = {};  ///< By other servers, together with the space that holds them.
    int asked = 0;

    bool is_over() const { return passed > end || passed >= most_rooms; }
    static constexpr std::size_t most_rooms = 1000;  ///< Of one hierarchy; what lies beyond is not shown.
    static constexpr int most_questions = 20;        ///< To other servers, for one hierarchy.
};

/// Whether somebody may see a room that another server told of.
net::Task<bool> may_see_told(Walk& walk, const JsonObject& room) {
    const auto rule = schema::string_at(room, "join_rule").value_or("public");
    if (rule == "public" || rule == "knock" || rule == "knock_restricted" ||
        schema::boolean_at(room, "world_readable").value_or(false))
        co_return true;
    const auto* allowed = rule == "restricted" ? schema::array_at(room, "allowed_room_ids") : nullptr;
    for (const auto& entry : allowed ? *allowed : schema::JsonArray()) {
        const auto id = entry.is_string() ? schema::RoomId::parse(entry.get_string()) : std::nullopt;
        if (!id) continue;
        const auto other = co_await walk.rooms.find(*id);
        if (other && other->is_joined(walk.request.user.str())) co_return true;
    }
    co_return false;
}

/// Another server's word on a room in its space: nobody of ours could get in, so nobody need be asked for it.
enum class Told { nothing, closed };
net::Task<> visit(Walk& walk, schema::RoomId id, std::vector<std::string> via, int depth, Told word = Told::nothing);

/// A room that none of ours is in: the servers that the space names are asked.
net::Task<> visit_elsewhere(Walk& walk, schema::RoomId id, std::vector<std::string> via, int depth, Told word) {
    const auto known = walk.told.find(id.str());
    // Of a room that is no space its space's server has told everything.
    const bool is_leaf = known != walk.told.end() && schema::string_at(known->second, "room_type") != "m.space";
    auto* elsewhere = walk.rooms.parts().elsewhere;
    JsonObject told;
    std::set<std::string> closed_children;
    if (is_leaf) {
        told = known->second;
    } else {
        if (!elsewhere || word == Told::closed || walk.asked++ >= Walk::most_questions) co_return;
        auto answer = co_await elsewhere->hierarchy(id, std::move(via));
        const auto* room = answer ? schema::object_at(*answer, "room") : nullptr;
        if (!room || schema::string_at(*room, "room_id") != id.str()) co_return;
        told = *room;
        if (const auto* children = schema::array_at(*answer, "children"))
            for (const auto& child : *children) {
                const auto child_id = child.is_object() ? schema::string_at(child.get_object(), "room_id") : std::nullopt;
                if (child_id && walk.told.size() < Walk::most_rooms)
                    walk.told.insert_or_assign(std::string(*child_id), child.get_object());
            }
        if (const auto* closed = schema::array_at(*answer, "inaccessible_children"))
            for (const auto& child : *closed)
                if (child.is_string()) closed_children.emplace(child.get_string());
    }
    auto summary = told_summary(told);
    const bool visible = summary && co_await may_see_told(walk, told);
    if (!visible) co_return;
    const bool is_space = schema::string_at(told, "room_type") == "m.space";
    const auto children = is_space ? children_of(told, walk.request.suggested_only) : std::vector<Child>();
    const auto place = walk.passed++;
    if (place >= walk.begin && place < walk.end) {
        schema::JsonArray state;
        for (const auto& child : children) state.push_back(child.stripped);
        (*summary)["children_state"] = std::move(state);
        walk.page.push_back(*std::move(summary));
    }
    if (walk.is_over() || (walk.request.max_depth && depth >= *walk.request.max_depth)) co_return;
    for (const auto& child : children) {
        const auto child_id = schema::RoomId::parse(child.room_id);
        const auto about_it = closed_children.contains(child.room_id) ? Told::closed : Told::nothing;
        if (child_id) co_await visit(walk, *child_id, via_of(child), depth + 1, about_it);
    }
}

net::Task<> visit(Walk& walk, schema::RoomId id, std::vector<std::string> via, int depth, Told word) {
    if (walk.is_over() || !walk.seen.insert(id.str()).second) co_return;
    const auto room = co_await walk.rooms.find(id);
    if (!room || !is_resident(*room)) {
        co_await visit_elsewhere(walk, std::move(id), std::move(via), depth, word);
        co_return;
    }
    const bool visible = co_await may_see(walk.rooms, room, walk.request.user);
    if (!visible) co_return;
    const auto place = walk.passed++;
    if (place >= walk.begin && place < walk.end) {
        auto entry = full_summary(*room);
        entry["children_state"] = children_state(*room, walk.request.suggested_only);
        walk.page.push_back(std::move(entry));
    }
    if (walk.is_over() || room->type() != "m.space" || (walk.request.max_depth && depth >= *walk.request.max_depth)) co_return;
    for (const auto& child : children_of(*room, walk.request.suggested_only))
        if (const auto child_id = schema::RoomId::parse(child.room_id)) co_await visit(walk, *child_id, via_of(child), depth + 1);
}

}  // namespace

schema::JsonArray children_state(const Room& room, bool suggested_only) {
    schema::JsonArray children;
    if (room.type() != "m.space") return children;
    for (auto& child : children_of(room, suggested_only)) children.push_back(std::move(child.stripped));
    return children;
}

net::Task<std::optional<JsonObject>> summary_elsewhere(Rooms& rooms, schema::RoomId id, std::vector<std::string> via, UserId user) {
    if (!rooms.parts().elsewhere) co_return std::nullopt;
    const auto answer = co_await rooms.parts().elsewhere->hierarchy(id, std::move(via));
    const auto* told = answer ? schema::object_at(*answer, "room") : nullptr;
    if (!told || schema::string_at(*told, "room_id") != id.str()) co_return std::nullopt;
    const HierarchyRequest request{.room = id, .user = std::move(user)};
    Walk walk{rooms, request, 0, 1};
    const bool visible = co_await may_see_told(walk, *told);
    if (!visible) co_return std::nullopt;
    co_return told_summary(*told);
}

net::Task<HierarchyPage> hierarchy(Rooms& rooms, HierarchyRequest request) {
    const auto offset = offset_of(request);
    Walk walk{rooms, request, offset, offset + static_cast<std::size_t>(request.limit)};
    const auto root = co_await rooms.find(request.room);
    bool visible = false;
    if (root) visible = co_await may_see(rooms, root, request.user);
    if (!visible) throw schema::Refusal(schema::Reason::forbidden, "You may not see this room.");
    co_await visit(walk, request.room, {}, 0);
    HierarchyPage page;
    page.rooms = std::move(walk.page);
    if (walk.passed > walk.end) page.next = token_of(walk.end, request);
    co_return page;
}

}  // namespace runde::rooms
