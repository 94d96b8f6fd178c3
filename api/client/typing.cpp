#include "core/rooms/typing.hpp"

#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"

namespace runde::api::client {
namespace {

constexpr std::int64_t usual_timeout_ms = 30'000;        ///< For clients that do not say.

// PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid
net::Task<net::Response> put_typing(const Call& call, Services& services) {
    require_self(call);
    const auto fields = call.fields();
    const auto typing = fields.boolean("typing");
    if (!typing) throw schema::Refusal(schema::Reason::missing_param, "typing is missing.");
    const auto timeout = fields.integer("timeout").value_or(usual_timeout_ms);
    if (timeout < 0) throw schema::Refusal(schema::Reason::invalid_param, "timeout must not be negative.");
    const auto room = co_await services.rooms.require_joined(call.id<schema::RoomId>("roomId"), call.session().user);
    if (*typing)
        services.typing.begin(room, call.session().user, net::Milliseconds(timeout));
    else
        services.typing.end(room, call.session().user);
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::put, "/_matrix/client/v3/rooms/{roomId}/typing/{userId}", Access::user, Rate::write, put_typing,
     "client-server-api/#put_matrixclientv3roomsroomidtypinguserid"},
};

}  // namespace

std::span<const Route> typing_routes() { return routes; }

}  // namespace runde::api::client
