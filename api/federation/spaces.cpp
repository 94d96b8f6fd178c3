#include "core/rooms/spaces.hpp"

#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "core/rooms/directory.hpp"
#include "core/rooms/restricted.hpp"
#include "core/rooms/server_acl.hpp"

namespace runde::api::federation {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t most_children = 1000;

bool has_somebody_in(const rooms::Room& room, const schema::ServerName& server) {
    if (room.remote_servers().contains(server.str())) return true;
    for (const auto& [user, membership] : room.memberships())
        if (membership == rooms::Membership::invite && user.ends_with(":" + server.str())) return true;
    return false;
}

/// Whether anybody of that server could get in or look in.
net::Task<bool> may_see(Services& services, rooms::RoomPtr room, schema::ServerName server) {
    if (!rooms::acl_allows(*room, server.str())) co_return false;
    if (has_somebody_in(*room, server) || rooms::may_preview(*room, "")) co_return true;
    const auto description = rooms::full_summary(*room);
    if (const auto* allowed = schema::array_at(description, "allowed_room_ids"))
        for (const auto& entry : *allowed) {
            const auto id = schema::RoomId::parse(entry.get_string());
            if (!id) continue;
            const auto other = co_await services.rooms.find(*id);
            if (other && rooms::is_resident(*other) && other->remote_servers().contains(server.str())) co_return true;
        }
    co_return false;
}

/// Rooms that we are not in any more (or were only invited to) are for others to describe.
net::Task<rooms::RoomPtr> find_resident(Services& services, schema::RoomId id) {
    auto room = co_await services.rooms.find(std::move(id));
    co_return room && rooms::is_resident(*room) ? room : nullptr;
}

// GET /_matrix/federation/v1/hierarchy/{roomId}
net::Task<net::Response> get_hierarchy(const Call& call, Services& services) {
    const bool suggested_only = call.query_flag("suggested_only");
    const auto room = co_await find_resident(services, call.id<schema::RoomId>("roomId"));
    bool visible = false;
    if (room) visible = co_await may_see(services, room, call.origin());
    if (!visible) throw Refusal(Reason::not_found, "There is no such room, or your server may not see it.");

    auto body = rooms::full_summary(*room);
    auto state = rooms::children_state(*room, suggested_only);
    JsonArray children, inaccessible;
    for (const auto& entry : state) {
        const auto key = schema::string_at(entry.as_object(), "state_key");
        const auto id = key ? schema::RoomId::parse(*key) : std::nullopt;
        if (!id || children.size() + inaccessible.size() == most_children) continue;
        const auto child = co_await find_resident(services, *id);
        if (!child || !rooms::admits(*child, call.origin().str())) continue;  // Like one that we do not know.
        const bool shown = co_await may_see(services, child, call.origin());
        if (shown)
            children.push_back(rooms::full_summary(*child));
        else
            inaccessible.emplace_back(id->str());
    }
    body["children_state"] = std::move(state);
    co_return answer(
        {{"room", std::move(body)}, {"children", std::move(children)}, {"inaccessible_children", std::move(inaccessible)}});
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/federation/v1/hierarchy/{roomId}", Access::server, Rate::federation, get_hierarchy,
     "server-server-api/#get_matrixfederationv1hierarchyroomid"},
};

}  // namespace

std::span<const Route> space_routes() { return routes; }

}  // namespace runde::api::federation
