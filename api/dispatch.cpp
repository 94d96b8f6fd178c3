#include <spdlog/spdlog.h>

#include <utility>

#include "api/http_error.hpp"
#include "api/limited_accounts.hpp"
#include "api/rate_limits.hpp"
#include "api/router.hpp"
#include "api/services.hpp"
#include "api/web/view.hpp"
#include "core/accounts/sessions.hpp"
#include "federation/federation.hpp"
#include "net/type_name.hpp"
#include "schema/json.hpp"
#include "storage/database.hpp"

namespace runde::api {

using schema::Reason;
using schema::Refusal;

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One line and one report per request: route pattern and numbers. Never the path, the body, a user or an
/// address.
struct Outcome {
    net::Method method;
    std::string_view pattern = "unknown";
    SteadyTime began = std::chrono::steady_clock::now();

    void tell(Services& services, int status, bool parked) const {
        const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
        const net::RequestCost cost = net::current_cost();
        spdlog::debug("{} {} {} {:.1f} ms, {} reads, {} batches", net::to_string(method), pattern, status,
                      static_cast<double>(duration.count()) / 1000, cost.reads, cost.batches);
        if (services.report) services.report({pattern, method, status, duration, parked, cost});
    }
};

/// A long-poll on its way through dispatch: reported when it is answered.
class ReportedPoll : public net::Parked {
public:
    ReportedPoll(std::unique_ptr<net::Parked> poll, Outcome outcome, Services& services)
        : poll_(std::move(poll)), outcome_(outcome), services_(services) {}

    void start(std::function<void(net::Response)> answer) override {
        poll_->start([this, answer = std::move(answer)](net::Response response) {
            outcome_.tell(services_, response.status, true);
            const auto pass_on = answer;  // Answering may destroy this object.
            pass_on(std::move(response));
        });
    }
    void hang_up() override { poll_->hang_up(); }
    void close() override { poll_->close(); }

private:
    std::unique_ptr<net::Parked> poll_;
    Outcome outcome_;
    Services& services_;
};

/// The token from the header, or from the query (deprecated, but clients exist).
/// https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens
std::optional<std::string_view> access_token(const net::Request& request) {
    if (const auto header = request.headers.find("Authorization"); header && header->starts_with("Bearer ")) {
        const auto token = header->substr(7);
        return token.empty() ? std::nullopt : std::optional(token);
    }
    return request.query_value("access_token");
}

/// What a request costs that claims to be of a server and does not prove it: ten in a row, then one in half a second.
constexpr int price_of_failure = 20;

net::Task<> authenticate(Call& call, Access access, Services& services) {
    if (access == Access::anyone) co_return;
    if (access == Access::server) {
        if (!services.federation) throw Refusal(Reason::forbidden, "This server does not federate.");
        // Whom we do not know we must ask for its keys: the address pays for that, and more when the proof fails.
        const auto address = caller_of_address(call.request().client_address);
        const auto charge = [&] { services.rate_limits.require(Rate::federation, address, services.runtime.clock().now_ms()); };
        const auto content = [&call]() -> const schema::JsonObject& { return call.json(); };
        try {
            auto origin = co_await services.federation->request_auth.require(call.request(), content, charge);
            call.set_origin(std::move(origin));
        } catch (const Refusal&) {
            for (int i = 0; i < price_of_failure; ++i) charge();
            throw;
        }
        co_return;
    }
    const auto token = access_token(call.request());
    if (!token) {
        if (access == Access::maybe_user) co_return;
        throw Refusal(Reason::missing_token, "");
    }
    std::optional<Session> found;
    try {
        found = co_await services.sessions.require(*token);
    } catch (const Refusal&) {
        // Whoever guesses tokens is slowed down like any stranger.
        services.rate_limits.require(Rate::read, caller_of_address(call.request().client_address),
                                     services.runtime.clock().now_ms());
        throw;
    }
    auto& session = *found;
    if (session.locked && access != Access::user_even_locked) throw Refusal(Reason::user_locked, "", {{"soft_logout", true}});
    if (access == Access::administrator && !session.administrator) throw Refusal(Reason::forbidden, "");
    call.set_session(std::move(session));
}

void limit_rate(const Call& call, const Route& route, Services& services) {
    const auto& session = call.maybe_session();
    const auto& origin = call.maybe_origin();
    const auto caller = origin    ? origin->str()
                        : session ? "@" + std::to_string(schema::raw(session->user_nid))
                                  : caller_of_address(call.request().client_address);
    services.rate_limits.require(route.rate, caller, services.runtime.clock().now_ms());
}

void require_clean_query(const net::Request& request) {
    for (const auto& [name, value] : request.query)
        if (value.find('\0') != std::string::npos || !schema::is_utf8(value))
            throw Refusal(Reason::invalid_param, "The query is not properly encoded text");
}

net::Task<net::Response> answer(const Router& router, const net::Request& request, Services& services, Outcome& outcome) {
    if (request.method == net::Method::options) co_return net::Response::json("{}");  // CORS: no logic at all.
    auto match = router.match(request.method, request.path);
    if (!match.route) throw Refusal(match.known_path ? Reason::method_not_allowed : Reason::unrecognized, "");
    const Route& route = *match.route;
    outcome.pattern = route.pattern;
    require_clean_query(request);

    Call call(request, std::move(match.params));
    co_await authenticate(call, route.access, services);
    limit_rate(call, route, services);
    if (const auto& session = call.maybe_session(); session && session->suspended) require_open_to_suspended(call, route, services);
    if (const auto& session = call.maybe_session(); session && session->must_change_password) require_own_password(route);
    auto response = co_await route.handler(call, services);
    co_return response;
}

/// Apps read errors as JSON, people as a page.
net::Response refused(const net::Request& request, const Services& services, const Refusal& refusal) {
    if (web::wants_page(request)) return web::refusal_page(request, services, refusal);
    return error_response(refusal, Call::language_of(request));
}

net::Response our_fault(const net::Request& request, const Services& services) {
    return web::wants_page(request) ? web::fault_page(request, services) : internal_error(Call::language_of(request));
}

}  // namespace

net::Task<net::Response> dispatch(const Router& router, const net::Request& request, Services& services) {
    Outcome outcome{request.method};
    net::Response response;
    try {
        response = co_await answer(router, request, services, outcome);
    } catch (const Refusal& refusal) {
        response = refused(request, services, refusal);
    } catch (const net::Stopped&) {
        response = error_response(Refusal(Reason::shutting_down, ""), Call::language_of(request));
    } catch (const storage::Unreachable&) {
        response = error_response(Refusal(Reason::shutting_down,
                                          "Die Datenbank ist gerade nicht erreichbar. / The database "
                                          "cannot be reached right now."),
                                  Call::language_of(request));
    } catch (const storage::DatabaseError& failure) {
        // Its text names the statement and the SQLSTATE, never a value.
        spdlog::error("{} {}: {}", net::to_string(request.method), outcome.pattern, failure.what());
        response = our_fault(request, services);
    } catch (const std::exception& thrown) {
        spdlog::error("{} {}: {}", net::to_string(request.method), outcome.pattern, net::type_name(thrown));
        response = our_fault(request, services);
    }
    if (response.parked)
        response.parked = std::make_unique<ReportedPoll>(std::move(response.parked), outcome, services);
    else
        outcome.tell(services, response.status, false);
    co_return response;
}

std::string_view common_headers() {
    return "Access-Control-Allow-Origin: *\r\n"
           "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"
           "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization\r\n"
           "X-Content-Type-Options: nosniff\r\n";
}

}  // namespace runde::api
