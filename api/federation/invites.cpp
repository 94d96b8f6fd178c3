#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"

namespace runde::api::federation {

using runde::federation::Invitations;
using schema::Reason;
using schema::Refusal;

namespace {

// PUT /_matrix/federation/v1/invite/{roomId}/{eventId}
net::Task<net::Response> put_invite_v1(const Call& call, Services& services) {
    Invitations::Received received{.room = call.id<schema::RoomId>("roomId"),
                                   .event = call.id<schema::EventId>("eventId"),
                                   .pdu = schema::canonical_json(call.json(), schema::Numbers::any),
                                   .version = "1",
                                   .told = {}};
    if (const auto* more = schema::object_at(call.json(), "unsigned"))
        if (const auto* told = schema::array_at(*more, "invite_room_state")) received.told = *told;
    const auto event = co_await ours(services).invitations.receive(call.origin(), std::move(received));
    co_return net::Response::json(R"([200,{"event":)" + event->json + "}]");
}

// PUT /_matrix/federation/v2/invite/{roomId}/{eventId}
net::Task<net::Response> put_invite_v2(const Call& call, Services& services) {
    const auto body = call.fields();
    Invitations::Received received{.room = call.id<schema::RoomId>("roomId"),
                                   .event = call.id<schema::EventId>("eventId"),
                                   .pdu = schema::canonical_json(body.required_object("event"), schema::Numbers::any),
                                   .version = std::string(body.required_string("room_version")),
                                   .told = {}};
    if (const auto* told = body.array("invite_room_state")) received.told = *told;
    const auto event = co_await ours(services).invitations.receive(call.origin(), std::move(received));
    co_return net::Response::json(R"({"event":)" + event->json + "}");
}

// PUT /_matrix/federation/v1/exchange_third_party_invite/{roomId}
net::Task<net::Response> put_exchange(const Call& call, Services& services) {
    co_await ours(services).invitations.exchange(call.origin().str(), call.id<schema::RoomId>("roomId"), call.event_json());
    co_return answer({});
}

// PUT /_matrix/federation/v1/3pid/onbind
net::Task<net::Response> put_onbind(const Call& call, Services& services) {
    const auto body = call.fields();
    const auto& invites = body.required_array("invites");
    const auto user = schema::UserId::parse(body.required_string("mxid"));
    if (!user || !services.rooms.identity().is_local(*user)) throw Refusal(Reason::invalid_param, "mxid is no user of this server");
    if (invites.size() > Invitations::most_promises) throw Refusal(Reason::too_large, "");
    std::vector<Invitations::Promise> promises;
    for (const auto& entry : invites) {
        const auto invite = schema::Fields::of(entry);
        const auto room = schema::RoomId::parse(invite.required_string("room_id"));
        const auto inviter = schema::UserId::parse(invite.required_string("sender"));
        if (!room || !inviter) throw Refusal(Reason::invalid_param, "An invitation names no room, or no inviter");
        promises.push_back({*room, *inviter, invite.required_object("signed")});
    }
    co_await ours(services).invitations.found(*user, std::move(promises));
    co_return answer({});
}

constexpr Route routes[] = {
    {net::Method::put, "/_matrix/federation/v1/invite/{roomId}/{eventId}", Access::server, Rate::federation, put_invite_v1,
     "server-server-api/#put_matrixfederationv1inviteroomideventid"},
    {net::Method::put, "/_matrix/federation/v2/invite/{roomId}/{eventId}", Access::server, Rate::federation, put_invite_v2,
     "server-server-api/#put_matrixfederationv2inviteroomideventid"},
    {net::Method::put, "/_matrix/federation/v1/exchange_third_party_invite/{roomId}", Access::server, Rate::federation,
     put_exchange, "server-server-api/#put_matrixfederationv1exchange_third_party_inviteroomid"},
    {net::Method::put, "/_matrix/federation/v1/3pid/onbind", Access::anyone, Rate::login, put_onbind,
     "server-server-api/#put_matrixfederationv13pidonbind"},
};

}  // namespace

std::span<const Route> invite_routes() { return routes; }

}  // namespace runde::api::federation
