#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/interactive.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

// GET /_matrix/client/v3/account/whoami
net::Task<net::Response> get_whoami(const Call& call, Services&) {
    const auto& session = call.session();
    JsonObject body{{"user_id", session.user.str()}, {"device_id", session.device_id}, {"is_guest", false}};
    if (session.must_change_password) body["org.runde.must_change_password"] = true;
    co_return answer(body);
}

// POST /_matrix/client/v3/account/password
net::Task<net::Response> post_password(const Call& call, Services& services) {
    const auto fields = call.fields();
    const auto password = fields.string("new_password");
    const bool sign_out_others = fields.boolean_or("logout_devices", true);
    const auto& session = call.maybe_session();
    if (password) accounts::check_password_strength(*password, session ? session->user.localpart() : "");

    auto confirmed = co_await confirm(call, services, services.accounts.sign_in.confirm_owner("change password", session));
    if (auto* ask = std::get_if<net::Response>(&confirmed)) co_return std::move(*ask);
    const auto& confirmation = std::get<accounts::Confirmation>(confirmed);

    if (!password) throw Refusal(Reason::missing_param, "new_password is missing");
    const auto owner = co_await services.accounts.sign_in.confirmed_owner(confirmation);
    const auto stay = session ? std::optional(session->device_nid) : std::nullopt;
    co_await services.accounts.sign_in.change_password(owner, std::string(*password), sign_out_others, stay);
    services.accounts.interactive.finish(confirmation.session);
    co_return empty_answer();
}

// POST /_matrix/client/v3/account/deactivate
net::Task<net::Response> post_deactivate(const Call& call, Services& services) {
    const bool erase = call.fields(true).boolean_or("erase", false);
    auto confirmed = co_await confirm(call, services, services.accounts.sign_in.confirm_owner("deactivate", call.maybe_session()));
    if (auto* ask = std::get_if<net::Response>(&confirmed)) co_return std::move(*ask);
    const auto& confirmation = std::get<accounts::Confirmation>(confirmed);

    const auto owner = co_await services.accounts.sign_in.confirmed_owner(confirmation);
    co_await services.accounts.sign_in.deactivate(owner, erase);
    services.accounts.interactive.finish(confirmation.session);
    co_return net::Response::json(R"({"id_server_unbind_result":"success"})");
}

// E-mail addresses and phone numbers are never asked for (data minimisation), so there are none to list, add
// or use.

// GET /_matrix/client/v3/account/3pid
net::Task<net::Response> get_third_party_ids(const Call&, Services&) { co_return net::Response::json(R"({"threepids":[]})"); }

// POST /_matrix/client/v3/account/3pid and its add, bind
net::Task<net::Response> refuse_third_party_id(const Call& call, Services&) {
    call.json();
    throw Refusal(Reason::third_party_id_denied, "");
    co_return net::Response();
}

// POST /_matrix/client/v3/account/3pid/delete and /unbind
net::Task<net::Response> remove_third_party_id(const Call& call, Services&) {
    const auto fields = call.fields();
    fields.required_string("medium", 255);
    fields.required_string("address", 1024);
    co_return net::Response::json(R"({"id_server_unbind_result":"no-support"})");
}

// POST .../requestToken
net::Task<net::Response> refuse_validation(const Call& call, Services&) {
    call.json();
    throw Refusal(Reason::third_party_medium_not_supported, "");
    co_return net::Response();
}

// POST /_matrix/client/v3/account/password/email/requestToken and .../msisdn/...
net::Task<net::Response> refuse_password_reset(const Call& call, Services&) {
    call.json();
    throw Refusal(Reason::third_party_id_not_found, "");
    co_return net::Response();
}

constexpr auto post = net::Method::post;
constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/account/whoami", Access::user, Rate::read, get_whoami,
     "client-server-api/#get_matrixclientv3accountwhoami"},
    {post, "/_matrix/client/v3/account/password", Access::maybe_user, Rate::login, post_password,
     "client-server-api/#post_matrixclientv3accountpassword"},
    {post, "/_matrix/client/v3/account/deactivate", Access::maybe_user, Rate::login, post_deactivate,
     "client-server-api/#post_matrixclientv3accountdeactivate"},
    {net::Method::get, "/_matrix/client/v3/account/3pid", Access::user, Rate::read, get_third_party_ids,
     "client-server-api/#get_matrixclientv3account3pid"},
    {post, "/_matrix/client/v3/account/3pid", Access::user, Rate::write, refuse_third_party_id,
     "client-server-api/#post_matrixclientv3account3pid"},
    {post, "/_matrix/client/v3/account/3pid/add", Access::user, Rate::write, refuse_third_party_id,
     "client-server-api/#post_matrixclientv3account3pidadd"},
    {post, "/_matrix/client/v3/account/3pid/bind", Access::user, Rate::write, refuse_third_party_id,
     "client-server-api/#post_matrixclientv3account3pidbind"},
    {post, "/_matrix/client/v3/account/3pid/delete", Access::user, Rate::write, remove_third_party_id,
     "client-server-api/#post_matrixclientv3account3piddelete"},
    {post, "/_matrix/client/v3/account/3pid/unbind", Access::user, Rate::write, remove_third_party_id,
     "client-server-api/#post_matrixclientv3account3pidunbind"},
    {post, "/_matrix/client/v3/account/3pid/email/requestToken", Access::anyone, Rate::login, refuse_validation,
     "client-server-api/#post_matrixclientv3account3pidemailrequesttoken"},
    {post, "/_matrix/client/v3/account/3pid/msisdn/requestToken", Access::anyone, Rate::login, refuse_validation,
     "client-server-api/#post_matrixclientv3account3pidmsisdnrequesttoken"},
    {post, "/_matrix/client/v3/account/password/email/requestToken", Access::anyone, Rate::login, refuse_password_reset,
     "client-server-api/#post_matrixclientv3accountpasswordemailrequesttoken"},
    {post, "/_matrix/client/v3/account/password/msisdn/requestToken", Access::anyone, Rate::login, refuse_password_reset,
     "client-server-api/#post_matrixclientv3accountpasswordmsisdnrequesttoken"},
    {post, "/_matrix/client/v3/register/email/requestToken", Access::anyone, Rate::login, refuse_third_party_id,
     "client-server-api/#post_matrixclientv3registeremailrequesttoken"},
    {post, "/_matrix/client/v3/register/msisdn/requestToken", Access::anyone, Rate::login, refuse_third_party_id,
     "client-server-api/#post_matrixclientv3registermsisdnrequesttoken"},
};

}  // namespace

std::span<const Route> account_routes() { return routes; }

}  // namespace runde::api::client
