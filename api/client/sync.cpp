#include "core/sync/sync.hpp"

#include <spdlog/spdlog.h>
#include <charconv>

#include "api/client/tables.hpp"
#include "api/http_error.hpp"
#include "api/router.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {
namespace {

using schema::Reason;
using schema::Refusal;

/// Proxies and phones give up on longer ones.
constexpr std::int64_t longest_wait_ms = 120'000;

net::Response response_of(sync::SyncAnswer answer) {
    auto response = net::Response::json("");
    response.body = std::move(answer.body);
    return response;
}

/// Between a connection that waits and the poll in the user's hub.
class ParkedSync : public net::Parked {
public:
    explicit ParkedSync(std::shared_ptr<sync::Poll> poll) : poll_(std::move(poll)) {}
    ~ParkedSync() override { poll_->cancel(); }

    void start(std::function<void(net::Response)> answer) override {
        poll_->start([answer](sync::SyncAnswer found) { answer(response_of(std::move(found))); },
                     [answer](const std::exception_ptr& error) {
                         try {
                             std::rethrow_exception(error);
                         } catch (const Refusal& refusal) {
                             answer(error_response(refusal));
                         } catch (const std::exception& failure) {
                             spdlog::error("sync: {}", failure.what());
                             answer(net::Response::json(R"({"errcode":"M_UNKNOWN","error":"Internal server error"})", 500));
                         }
                     });
    }
    void hang_up() override { poll_->cancel(); }
    void close() override { poll_->finish(); }

private:
    std::shared_ptr<sync::Poll> poll_;
};

net::Task<std::shared_ptr<const sync::Filter>> filter_of(const Call& call, Services& services) {
    const auto text = call.query("filter");
    if (!text || text->empty()) co_return sync::Filter::none();
    const bool is_inline = text->front() == '{';
    auto& recent = services.sync.filters();
    const auto key = is_inline ? *text : fmt::format("{}/{}", schema::raw(call.session().user_nid), *text);
    if (auto known = recent.find(key)) co_return known;
    std::optional<std::string> json = *text;
    if (!is_inline) json = co_await services.accounts.filters.find(call.session().user_nid, *text);
    if (!json) throw Refusal(Reason::invalid_param, "There is no filter of that id.");
    auto filter = sync::Filter::parse(*json);
    recent.keep(key, filter);
    co_return filter;
}

// GET /_matrix/client/v3/sync
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync
net::Task<net::Response> get_sync(const Call& call, Services& services) {
    sync::SyncRequest request{.session = call.session()};
    if (const auto since = call.query("since"); since && !since->empty()) {
        request.since = sync::Token::parse(*since);
        if (!request.since) throw Refusal(Reason::invalid_param, "since is no token of this server.");
    }
    request.full_state = call.query_flag("full_state");
    request.use_state_after = call.query_flag("use_state_after");
    request.timeout = net::Milliseconds(call.query_number("timeout", 0, 0, longest_wait_ms));
    if (const auto presence = call.query("set_presence");
        presence && *presence != "online" && *presence != "offline" && *presence != "unavailable")
        throw Refusal(Reason::invalid_param, "set_presence must be online, offline or unavailable.");
    request.filter = co_await filter_of(call, services);

    const auto hub = co_await services.sync.hubs().find(call.session().user_nid, call.session().user);
    const auto version = hub->version;
    auto answer = co_await services.sync.answer(request, hub);
    const bool waits = answer.empty && request.since && !request.full_state && request.timeout.count() > 0;
    if (!waits) co_return response_of(std::move(answer));
    auto poll = std::make_shared<sync::Poll>(services.sync, std::move(request), hub, answer.next, version);
    co_return net::Response::park(std::make_unique<ParkedSync>(std::move(poll)));
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/sync", Access::user, Rate::none, get_sync, "client-server-api/#get_matrixclientv3sync"},
};

}  // namespace

std::span<const Route> sync_routes() { return routes; }

}  // namespace runde::api::client
