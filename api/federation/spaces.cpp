#include "core/rooms/spaces.hpp"

#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "core/rooms/directory.hpp"
#include "core/rooms/server_acl.hpp"

namespace runde::api::federation {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t most_children = 1000;

/// The rooms whose members may come into a restricted one.
std::vector<std::string> allowed_rooms(const rooms::Room& room) {
    std::vector<std::string> list;
    const auto rule = room.join_rule();
    if (rule != "restricted" && rule != "knock_restricted") return list;
    const auto content = room.state_content("m.room.join_rules");
    if (const auto* allow = schema::array_at(content, "allow"))
        for (const auto& entry : *allow) {
            if (!entry.is_object() || schema::string_at(entry.get_object(), "type") != "m.room_membership") continue;
            if (const auto id = schema::string_at(entry.get_object(), "room_id")) list.emplace_back(*id);
        }
    return list;
}

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
    for (const auto& allowed : allowed_rooms(*room)) {
        const auto id = schema::RoomId::parse(allowed);
        if (!id) continue;
        const auto other = co_await services.rooms.find(*id);
        if (other && other->remote_servers().contains(server.str())) co_return true;
    }
    co_return false;
}

JsonObject described(const rooms::Room& room) {
    auto body = rooms::summary(room);
    body["room_version"] = room.rules().version;
    if (const auto list = allowed_rooms(room); !list.empty()) body["allowed_room_ids"] = JsonArray(list.begin(), list.end());
    const auto encryption = room.state_content("m.room.encryption");
    if (const auto algorithm = schema::string_at(encryption, "algorithm")) body["encryption"] = *algorithm;
    return body;
}

// GET /_matrix/federation/v1/hierarchy/{roomId}
net::Task<net::Response> get_hierarchy(const Call& call, Services& services) {
    const bool suggested_only = call.query_flag("suggested_only");
    const auto room = co_await services.rooms.find(call.id<schema::RoomId>("roomId"));
    bool visible = false;
    if (room) visible = co_await may_see(services, room, call.origin());
    if (!visible) throw Refusal(Reason::not_found, "There is no such room, or your server may not see it.");

    auto body = described(*room);
    auto state = rooms::children_state(*room, suggested_only);
    JsonArray children, inaccessible;
    for (const auto& entry : state) {
        const auto key = schema::string_at(entry.as_object(), "state_key");
        const auto id = key ? schema::RoomId::parse(*key) : std::nullopt;
        if (!id || children.size() + inaccessible.size() == most_children) continue;
        const auto child = co_await services.rooms.find(*id);
        if (!child || !rooms::admits(*child, call.origin().str())) continue;  // Like one that we do not know.
        const bool shown = co_await may_see(services, child, call.origin());
        if (shown)
            children.push_back(described(*child));
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
