#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/discovery.hpp"
#include "api/services.hpp"

namespace runde::api::client {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

// GET /.well-known/matrix/client
net::Task<net::Response> get_client(const Call&, Services& services) {
    if (services.discovery.base_url.empty()) throw Refusal(Reason::not_found, "");
    JsonObject body;
    body["m.homeserver"] = JsonObject{{"base_url", services.discovery.base_url}};
    co_return answer(body);
}

// GET /.well-known/matrix/server
net::Task<net::Response> get_server(const Call&, Services& services) {
    if (services.discovery.federation_address.empty()) throw Refusal(Reason::not_found, "");
    JsonObject body;
    body["m.server"] = services.discovery.federation_address;
    co_return answer(body);
}

// GET /.well-known/matrix/support
net::Task<net::Response> get_support(const Call&, Services& services) {
    const auto& known = services.discovery;
    if (known.contacts.empty() && known.support_page.empty()) throw Refusal(Reason::not_found, "");
    JsonObject body;
    JsonArray contacts;
    for (const auto& contact : known.contacts) {
        JsonObject described{{"role", contact.role}};
        if (!contact.matrix_id.empty()) described["matrix_id"] = contact.matrix_id;
        if (!contact.email_address.empty()) described["email_address"] = contact.email_address;
        contacts.push_back(std::move(described));
    }
    if (!contacts.empty()) body["contacts"] = std::move(contacts);
    if (!known.support_page.empty()) body["support_page"] = known.support_page;
    co_return answer(body);
}

constexpr Route routes[] = {
    {net::Method::get, "/.well-known/matrix/client", Access::anyone, Rate::read, get_client,
     "client-server-api/#getwell-knownmatrixclient"},
    {net::Method::get, "/.well-known/matrix/server", Access::anyone, Rate::read, get_server,
     "server-server-api/#getwell-knownmatrixserver"},
    {net::Method::get, "/.well-known/matrix/support", Access::anyone, Rate::read, get_support,
     "client-server-api/#getwell-knownmatrixsupport"},
};

}  // namespace

std::span<const Route> well_known_routes() { return routes; }

}  // namespace runde::api::client
