#include "api/admin/tables.hpp"
#include "api/client/self.hpp"
#include "api/client/signed_in.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"
#include "core/accounts/shared_secret.hpp"

namespace runde::api::admin {

using schema::JsonObject;

namespace {

// GET /_synapse/admin/v1/register
net::Task<net::Response> get_nonce(const Call&, Services& services) {
    JsonObject body;
    body["nonce"] = services.accounts.shared_secret.nonce();
    co_return client::answer(body);
}

// POST /_synapse/admin/v1/register
net::Task<net::Response> post_register(const Call& call, Services& services) {
    const auto fields = call.fields();
    const accounts::SharedSecret::Claim claim{.nonce = std::string(fields.required_string("nonce", 255)),
                                              .username = std::string(fields.required_string("username", 255)),
                                              .password = std::string(fields.required_string("password", 512)),
                                              .mac = std::string(fields.required_string("mac", 255)),
                                              .administrator = fields.boolean_or("admin", false),
                                              .user_type = std::string(fields.string_or("user_type", ""))};
    services.accounts.shared_secret.require(claim);
    accounts::check_password_strength(claim.password);

    accounts::NewAccount account;
    account.user = co_await services.accounts.registration.require_available(claim.username);
    account.password_hash = co_await services.accounts.passwords.hash(claim.password);
    account.flags = claim.administrator ? int{storage::administrator} : 0;
    account.display_name = std::string(fields.string("displayname", 512).value_or(claim.username));
    if (!fields.boolean_or("inhibit_login", false)) account.device = client::read_device_request(fields);
    const auto registered = co_await services.accounts.registration.create(std::move(account));

    JsonObject body{{"user_id", registered.user.str()}, {"home_server", registered.user.server()}};
    if (registered.tokens) {
        body["device_id"] = registered.device_id;
        client::add_tokens(body, *registered.tokens);
    }
    co_return client::answer(body);
}

constexpr std::string_view described = "https://element-hq.github.io/synapse/latest/admin_api/register_api.html";
constexpr Route routes[] = {
    {net::Method::get, "/_synapse/admin/v1/register", Access::anyone, Rate::login, get_nonce, described},
    {net::Method::post, "/_synapse/admin/v1/register", Access::anyone, Rate::login, post_register, described},
};

}  // namespace

std::span<const Route> registration_routes() { return routes; }

}  // namespace runde::api::admin
