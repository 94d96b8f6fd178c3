#include "core/rooms/spaces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "core/rooms/directory.hpp"
#include "core/rooms/membership.hpp"
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

std::vector<Child> children_of(const Room& room, bool suggested_only) {
    std::vector<Child> children;
    room.for_each_state([&](const StateEvent& state, const std::string& type, const std::string& key) {
        if (type != "m.space.child") return;
        const auto event = state.event();
        const auto* via = schema::array_at(event->content(), "via");
        if (!via || via->empty()) return;  // A child without servers was taken out.
        if (suggested_only && !schema::boolean_at(event->content(), "suggested").value_or(false)) return;
        Child child{key, "", event->origin_server_ts, schema::stripped_state(*event)};
        if (const auto order = schema::string_at(event->content(), "order"); order && is_valid_order(*order)) child.order = *order;
        child.stripped["origin_server_ts"] = event->origin_server_ts;
        children.push_back(std::move(child));
    });
    std::sort(children.begin(), children.end());
    return children;
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

    bool is_over() const { return passed > end || passed >= most_rooms; }
    static constexpr std::size_t most_rooms = 1000;  ///< Of one hierarchy; what lies beyond is not shown.
};

net::Task<> visit(Walk& walk, schema::RoomId id, int depth) {
    if (walk.is_over() || !walk.seen.insert(id.str()).second) co_return;
    const auto room = co_await walk.rooms.find(std::move(id));
    if (!room) co_return;
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
        if (const auto child_id = schema::RoomId::parse(child.room_id)) co_await visit(walk, *child_id, depth + 1);
}

}  // namespace

schema::JsonArray children_state(const Room& room, bool suggested_only) {
    schema::JsonArray children;
    if (room.type() != "m.space") return children;
    for (auto& child : children_of(room, suggested_only)) children.push_back(std::move(child.stripped));
    return children;
}

net::Task<HierarchyPage> hierarchy(Rooms& rooms, HierarchyRequest request) {
    const auto offset = offset_of(request);
    Walk walk{rooms, request, offset, offset + static_cast<std::size_t>(request.limit)};
    const auto root = co_await rooms.find(request.room);
    bool visible = false;
    if (root) visible = co_await may_see(rooms, root, request.user);
    if (!visible) throw schema::Refusal(schema::Reason::forbidden, "You may not see this room.");
    co_await visit(walk, request.room, 0);
    HierarchyPage page;
    page.rooms = std::move(walk.page);
    if (walk.passed > walk.end) page.next = token_of(walk.end, request);
    co_return page;
}

}  // namespace runde::rooms
