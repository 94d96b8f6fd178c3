#include "api/federation/support.hpp"
#include "api/federation/tables.hpp"
#include "federation/join_answer.hpp"

namespace runde::api::federation {

using runde::federation::Hosting;
using runde::federation::Wish;
using schema::JsonObject;

namespace {

std::vector<std::string> versions(const Call& call) {
    std::vector<std::string> list;
    for (const auto& [name, value] : call.request().query)
        if (name == "ver" && list.size() < 100) list.push_back(value);
    if (list.empty()) list.emplace_back("1");  // As the specification says of servers that name none.
    return list;
}

net::Task<net::Response> make(Wish wish, std::vector<std::string> known, const Call& call, Services& services) {
    auto offered = co_await ours(services).hosting.offer(wish, call.origin(), call.id<schema::RoomId>("roomId"),
                                                         call.id<schema::UserId>("userId"), std::move(known));
    co_return answer({{"room_version", offered.rules.version}, {"event", std::move(offered.event)}});
}

net::Task<Hosting::Taken> take(Wish wish, const Call& call, Services& services) {
    co_return co_await ours(services).hosting.take(wish, call.origin(), call.id<schema::RoomId>("roomId"),
                                                   call.id<schema::EventId>("eventId"),
                                                   schema::canonical_json(call.json(), schema::Numbers::any));
}

// GET /_matrix/federation/v1/make_join/{roomId}/{userId}
net::Task<net::Response> make_join(const Call& call, Services& services) {
    co_return co_await make(Wish::join, versions(call), call, services);
}

// GET /_matrix/federation/v1/make_leave/{roomId}/{userId}
net::Task<net::Response> make_leave(const Call& call, Services& services) {
    co_return co_await make(Wish::leave, {}, call, services);
}

// GET /_matrix/federation/v1/make_knock/{roomId}/{userId}
net::Task<net::Response> make_knock(const Call& call, Services& services) {
    co_return co_await make(Wish::knock, versions(call), call, services);
}

net::Task<net::Response> join(runde::federation::JoinAnswerOptions options, const Call& call, Services& services) {
    auto taken = co_await take(Wish::join, call, services);
    auto response = net::Response::json("");
    response.body.clear();
    response.stream = co_await runde::federation::join_answer(services.rooms, std::move(taken), options);
    co_return response;
}

// PUT /_matrix/federation/v1/send_join/{roomId}/{eventId}
net::Task<net::Response> send_join_v1(const Call& call, Services& services) {
    co_return co_await join({.wrapped = true}, call, services);
}

// PUT /_matrix/federation/v2/send_join/{roomId}/{eventId}
net::Task<net::Response> send_join_v2(const Call& call, Services& services) {
    co_return co_await join({.omit_members = call.query_flag("omit_members")}, call, services);
}

// PUT /_matrix/federation/v1/send_leave/{roomId}/{eventId}
net::Task<net::Response> send_leave_v1(const Call& call, Services& services) {
    co_await take(Wish::leave, call, services);
    co_return net::Response::json("[200,{}]");
}

// PUT /_matrix/federation/v2/send_leave/{roomId}/{eventId}
net::Task<net::Response> send_leave_v2(const Call& call, Services& services) {
    co_await take(Wish::leave, call, services);
    co_return answer({});
}

// PUT /_matrix/federation/v1/send_knock/{roomId}/{eventId}
net::Task<net::Response> send_knock(const Call& call, Services& services) {
    const auto taken = co_await take(Wish::knock, call, services);
    std::string body = R"({"knock_room_state":[)";
    bool first = true;
    for (const auto& pdu : runde::federation::preview_pdus(*taken.room)) {
        if (!std::exchange(first, false)) body += ',';
        body += pdu;
    }
    co_return net::Response::json(body + "]}");
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/federation/v1/make_join/{roomId}/{userId}", Access::server, Rate::federation, make_join,
     "server-server-api/#get_matrixfederationv1make_joinroomiduserid"},
    {net::Method::put, "/_matrix/federation/v1/send_join/{roomId}/{eventId}", Access::server, Rate::federation, send_join_v1,
     "server-server-api/#put_matrixfederationv1send_joinroomideventid"},
    {net::Method::put, "/_matrix/federation/v2/send_join/{roomId}/{eventId}", Access::server, Rate::federation, send_join_v2,
     "server-server-api/#put_matrixfederationv2send_joinroomideventid"},
    {net::Method::get, "/_matrix/federation/v1/make_leave/{roomId}/{userId}", Access::server, Rate::federation, make_leave,
     "server-server-api/#get_matrixfederationv1make_leaveroomiduserid"},
    {net::Method::put, "/_matrix/federation/v1/send_leave/{roomId}/{eventId}", Access::server, Rate::federation, send_leave_v1,
     "server-server-api/#put_matrixfederationv1send_leaveroomideventid"},
    {net::Method::put, "/_matrix/federation/v2/send_leave/{roomId}/{eventId}", Access::server, Rate::federation, send_leave_v2,
     "server-server-api/#put_matrixfederationv2send_leaveroomideventid"},
    {net::Method::get, "/_matrix/federation/v1/make_knock/{roomId}/{userId}", Access::server, Rate::federation, make_knock,
     "server-server-api/#get_matrixfederationv1make_knockroomiduserid"},
    {net::Method::put, "/_matrix/federation/v1/send_knock/{roomId}/{eventId}", Access::server, Rate::federation, send_knock,
     "server-server-api/#put_matrixfederationv1send_knockroomideventid"},
};

}  // namespace

std::span<const Route> handshake_routes() { return routes; }

}  // namespace runde::api::federation
