#include "api/client/self.hpp"
#include "api/client/signed_in.hpp"
#include "api/client/tables.hpp"
#include "api/interactive.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

void require_kind_user(const Call& call) {
    const auto kind = call.query("kind").value_or("user");
    if (kind == "guest") throw Refusal(Reason::guest_access_forbidden, "");
    if (kind != "user") throw Refusal(Reason::invalid_param, "kind must be user or guest");
}

// POST /_matrix/client/v3/register
net::Task<net::Response> post_register(const Call& call, Services& services) {
    auto& registration = services.accounts.registration;
    require_kind_user(call);
    registration.require_open();

    // What is wrong with name or password is said before anybody goes through the stages.
    const auto fields = call.fields(true);
    accounts::NewAccount account;
    if (const auto username = fields.string("username", 1024)) {
        account.user = co_await registration.require_available(*username);
        account.display_name = std::string(*username);
    }
    const auto password = fields.string("password");
    if (password) accounts::check_password_strength(*password, account.user ? account.user->localpart() : "");
    const bool sign_in = !fields.boolean_or("inhibit_login", false);
    if (sign_in) account.device = read_device_request(fields);

    auto confirmed = co_await confirm(call, services, registration.demand());
    if (auto* ask = std::get_if<net::Response>(&confirmed)) co_return std::move(*ask);
    const auto& confirmation = std::get<accounts::Confirmation>(confirmed);

    if (!password) throw Refusal(Reason::missing_param, "password is missing");
    account.password_hash = co_await services.accounts.passwords.hash(std::string(*password));
    if (const auto token = schema::string_at(confirmation.kept, "registration_token"))
        account.registration_token = std::string(*token);
    account.accepted_terms = schema::boolean_at(confirmation.kept, "accepted_terms").value_or(false);
    const auto registered = co_await registration.create(std::move(account));
    services.accounts.interactive.finish(confirmation.session);

    JsonObject body{{"user_id", registered.user.str()}};
    if (registered.tokens) {
        body["device_id"] = registered.device_id;
        add_tokens(body, *registered.tokens);
    }
    co_return answer(body);
}

// GET /_matrix/client/v3/register/available
net::Task<net::Response> get_available(const Call& call, Services& services) {
    services.accounts.registration.require_open();
    const auto username = call.query("username");
    if (!username) throw Refusal(Reason::missing_param, "username is missing");
    co_await services.accounts.registration.require_available(*username);
    co_return net::Response::json(R"({"available":true})");
}

// GET /_matrix/client/v1/register/m.login.registration_token/validity
net::Task<net::Response> get_token_validity(const Call& call, Services& services) {
    services.accounts.registration.require_open();
    const auto token = call.query("token");
    if (!token) throw Refusal(Reason::missing_param, "token is missing");
    const bool valid = co_await services.accounts.registration.token_valid(*token);
    JsonObject body;
    body["valid"] = valid;
    co_return answer(body);
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/client/v3/register", Access::anyone, Rate::registration, post_register,
     "client-server-api/#post_matrixclientv3register"},
    {net::Method::get, "/_matrix/client/v3/register/available", Access::anyone, Rate::login, get_available,
     "client-server-api/#get_matrixclientv3registeravailable"},
    {net::Method::get, "/_matrix/client/v1/register/m.login.registration_token/validity", Access::anyone, Rate::login,
     get_token_validity, "client-server-api/#get_matrixclientv1registermloginregistration_tokenvalidity"},
};

}  // namespace

std::span<const Route> registration_routes() { return routes; }

}  // namespace runde::api::client
