#include "core/rooms/create_room.hpp"

#include <algorithm>

#include "api/client/rooms_routes.hpp"
#include "api/client/rooms_support.hpp"
#include "core/rooms/membership.hpp"
#include "net/gate.hpp"

namespace runde::api::client {
namespace {

using rooms::CreateRoom;
using schema::Fields;
using schema::Reason;
using schema::Refusal;

CreateRoom::Preset preset(std::string_view name) {
    if (name == "private_chat") return CreateRoom::Preset::private_chat;
    if (name == "trusted_private_chat") return CreateRoom::Preset::trusted_private_chat;
    if (name == "public_chat") return CreateRoom::Preset::public_chat;
    throw Refusal(Reason::bad_json, "preset is none of those the specification names");
}

std::vector<CreateRoom::InitialState> initial_state(const Fields& body) {
    std::vector<CreateRoom::InitialState> state;
    const auto* given = body.array("initial_state");
    if (!given) return state;
    for (const auto& entry : *given) {
        const auto fields = Fields::of(entry);
        state.push_back({std::string(fields.required_string("type", 255)), std::string(fields.string_or("state_key", "")),
                         fields.required_object("content")});
    }
    return state;
}

CreateRoom read_wish(const Fields& body) {
    CreateRoom wish;
    wish.version = body.string_or("room_version", schema::default_room_version);
    const auto visibility = body.string_or("visibility", "private");
    if (visibility != "public" && visibility != "private") throw Refusal(Reason::bad_json, "visibility must be public or private");
    wish.published = visibility == "public";
    if (const auto name = body.string("preset")) wish.preset = preset(*name);
    if (const auto alias = body.string("room_alias_name", 255)) {
        if (alias->find_first_of(":\0#", 0, 3) != std::string_view::npos || alias->empty())
            throw Refusal(Reason::invalid_param, "room_alias_name is the part of an alias before the colon");
        wish.alias_localpart = std::string(*alias);
    }
    if (const auto name = body.string("name")) wish.name = std::string(*name);
    if (const auto topic = body.string("topic")) wish.topic = std::string(*topic);
    if (const auto* content = body.object("creation_content")) wish.creation_content = *content;
    if (const auto* levels = body.object("power_level_content_override")) wish.power_levels = *levels;
    wish.initial_state = initial_state(body);
    for (const auto& invited : body.strings("invite").value_or(std::vector<std::string>{})) {
        const auto user = schema::UserId::parse(invited);
        if (!user) throw Refusal(Reason::invalid_param, "invite holds something that is not a user id");
        if (std::find(wish.invite.begin(), wish.invite.end(), *user) == wish.invite.end()) wish.invite.push_back(*user);
    }
    if (const auto* third = body.array("invite_3pid"); third && !third->empty())
        throw Refusal(Reason::third_party_id_denied, "This server does not invite by e-mail or phone.");
    wish.is_direct = body.boolean_or("is_direct", false);
    return wish;
}

/// The room stands, whether or not the servers of its guests answer.
net::Task<> invite_elsewhere(Services& services, schema::UserId creator, schema::RoomId room, schema::UserId guest, bool is_direct,
                             std::shared_ptr<net::Gate> done) {
    // Whatever happens on the way: whoever makes the room is not to wait for ever.
    const std::shared_ptr<void> when_over(nullptr, [done](void*) { done->open(); });
    try {
        co_await rooms::invite(services.rooms, creator, room, guest, std::nullopt, is_direct);
    } catch (const Refusal&) {
        // The creator sees who was invited, and may try again.
    }
}

net::Task<net::Response> post_create_room(const Call& call, Services& services) {
    call.event_json();  // Everything here may become part of an event.
    auto wish = read_wish(call.fields());
    const auto invite = wish.invite;
    const bool is_direct = wish.is_direct;
    const auto creator = co_await caller(call, services);
    const auto room = co_await rooms::create_room(services.rooms, creator, std::move(wish));
    std::vector<std::shared_ptr<net::Gate>> asked;
    for (const auto& user : invite) {
        if (services.rooms.identity().is_local(user)) continue;
        asked.push_back(std::make_shared<net::Gate>());
        services.runtime.spawn("invite", invite_elsewhere(services, creator.id, room->id(), user, is_direct, asked.back()));
    }
    for (const auto& gate : asked) co_await gate->wait();
    co_return answer({{"room_id", room->id().str()}});
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/client/v3/createRoom", Access::user, Rate::write, post_create_room,
     "client-server-api/#post_matrixclientv3createroom"},
};

}  // namespace

std::span<const Route> create_room_routes() { return routes; }

}  // namespace runde::api::client
