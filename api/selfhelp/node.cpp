#include "api/client/rooms_support.hpp"
#include "api/discovery.hpp"
#include "api/selfhelp/tables.hpp"
#include "core/accounts/accounts.hpp"
#include "core/selfhelp/door.hpp"
#include "storage/organisation.hpp"

namespace runde::api::selfhelp {
namespace {

std::string_view name_of(accounts::RegistrationMode mode) {
    switch (mode) {
        case accounts::RegistrationMode::open: return "open";
        case accounts::RegistrationMode::token: return "token";
        case accounts::RegistrationMode::application:
        case accounts::RegistrationMode::closed: return "closed";
    }
    return "closed";
}

/// Whose server this is, for the page's first view: docs/api.md.
net::Task<net::Response> get_node(const Call&, Services& services) {
    const auto& options = services.accounts.options;
    const auto organisation = co_await services.db.read([](storage::Tx& tx) { return storage::find_organisation(tx); });
    const auto& named = services.door.options.name;
    const auto name = organisation ? organisation->name : named.empty() ? options.server_name.str() : named;
    co_return client::answer({{"server_name", options.server_name.str()},
                              {"name", name},
                              {"organisation_set", organisation.has_value()},
                              {"registration", name_of(options.registration)},
                              {"languages", schema::JsonArray{"de", "en"}},
                              {"quick_exit", services.discovery.quick_exit},
                              {"version", RUNDE_VERSION}});
}

constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/node", Access::anyone, Rate::read, get_node, "docs/api.md#node"},
};

}  // namespace

std::span<const Route> node_routes() { return routes; }

}  // namespace runde::api::selfhelp
