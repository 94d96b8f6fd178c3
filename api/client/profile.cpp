#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"
#include "core/rooms/membership.hpp"
#include "federation/federation.hpp"
#include "net/gate.hpp"
#include "net/runtime.hpp"

namespace runde::api::client {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

net::Task<JsonObject> require_profile(const Call& call, Services& services, std::optional<std::string> field = std::nullopt) {
    if (services.accounts.options.profiles_need_sign_in && !call.maybe_session()) throw Refusal(Reason::forbidden, "");
    const auto user = call.id<schema::UserId>("userId");
    std::optional<JsonObject> profile;
    if (services.rooms.identity().is_local(user))
        profile = co_await services.accounts.profiles.find(user);
    else if (services.federation && call.maybe_session())  // Strangers do not make us ask other servers.
        profile = co_await services.federation->neighbourhood.profile(user, field);
    if (!profile) throw Refusal(Reason::not_found, "");
    co_return *std::move(profile);
}

net::Task<> spread(Services& services, schema::UserId user, std::shared_ptr<net::Gate> done) {
    const std::shared_ptr<void> when_over(nullptr, [done](void*) { done->open(); });
    co_await rooms::spread_profile(services.rooms, user);
}

/// Apps look for the new name in their rooms right away; but somebody may be in very many of them.
net::Task<> tell_rooms(Services& services, const schema::UserId& user, std::string_view field) {
    if (field != "displayname" && field != "avatar_url") co_return;
    constexpr net::Milliseconds longest_wait{5'000};
    const auto done = std::make_shared<net::Gate>();
    services.runtime.spawn("profile to rooms", spread(services, user, done));
    const auto enough = services.runtime.after(longest_wait, [done] { done->open(); });
    co_await done->wait();
}

// GET /_matrix/client/v3/profile/{userId}
net::Task<net::Response> get_profile(const Call& call, Services& services) {
    const auto profile = co_await require_profile(call, services);
    co_return answer(profile);
}

// GET /_matrix/client/v3/profile/{userId}/{keyName}
net::Task<net::Response> get_field(const Call& call, Services& services) {
    const auto& name = call.param("keyName");
    const auto profile = co_await require_profile(call, services, name);
    const auto* value = profile.if_contains(name);
    if (!value) throw Refusal(Reason::not_found, "");
    JsonObject body;
    body[name] = *value;
    co_return answer(body);
}

// PUT /_matrix/client/v3/profile/{userId}/{keyName}
net::Task<net::Response> put_field(const Call& call, Services& services) {
    require_self(call);
    const auto& name = call.param("keyName");
    const auto* value = call.json().if_contains(name);
    if (!value) throw Refusal(Reason::missing_param, name + " is missing");
    co_await services.accounts.profiles.set(call.session(), name, *value);
    co_await tell_rooms(services, call.session().user, name);
    co_return empty_answer();
}

// DELETE /_matrix/client/v3/profile/{userId}/{keyName}
net::Task<net::Response> delete_field(const Call& call, Services& services) {
    require_self(call);
    co_await services.accounts.profiles.remove(call.session(), call.param("keyName"));
    co_await tell_rooms(services, call.session().user, call.param("keyName"));
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/profile/{userId}", Access::maybe_user, Rate::read, get_profile,
     "client-server-api/#get_matrixclientv3profileuserid"},
    {net::Method::get, "/_matrix/client/v3/profile/{userId}/{keyName}", Access::maybe_user, Rate::read, get_field,
     "client-server-api/#get_matrixclientv3profileuseridkeyname"},
    {net::Method::put, "/_matrix/client/v3/profile/{userId}/{keyName}", Access::user, Rate::write, put_field,
     "client-server-api/#put_matrixclientv3profileuseridkeyname"},
    {net::Method::delete_, "/_matrix/client/v3/profile/{userId}/{keyName}", Access::user, Rate::write, delete_field,
     "client-server-api/#delete_matrixclientv3profileuseridkeyname"},
};

}  // namespace

std::span<const Route> profile_routes() { return routes; }

}  // namespace runde::api::client
