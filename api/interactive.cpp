#include "api/interactive.hpp"

#include "api/http_error.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api {

net::Task<Confirmed> confirm(const Call& call, Services& services, accounts::Demand demand) {
    const auto* auth = call.fields(true).object("auth");
    auto confirmation = co_await services.accounts.interactive.advance(demand, auth);
    if (confirmation.complete) co_return std::move(confirmation);

    auto body = std::move(confirmation.challenge);
    if (confirmation.failure) {
        // The words of any other refusal, beside the flows.
        const auto refused = error_response(*confirmation.failure, call.language());
        const auto words = schema::parse_json(*refused.body.front());
        for (const auto& [name, value] : words.get_object()) body[name] = value;
    }
    co_return net::Response::json(schema::to_text(body), 401);
}

}  // namespace runde::api
