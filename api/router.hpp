#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/accounts/session.hpp"
#include "net/http_message.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"
#include "schema/json.hpp"
#include "schema/refusal.hpp"

namespace runde::api {

struct Services;

/// Who may call an endpoint.
enum class Access {
    anyone,
    user,           ///< A valid access token, in the header (or the deprecated query parameter).
    user_even_locked,  ///< Like user, also for locked accounts: logging out.
    maybe_user,     ///< Token optional; a wrong one is still refused.
    administrator,  ///< A user with the operator role.
    server,         ///< Another homeserver, X-Matrix signed.
};

/// How often, per user (anyone: per client address). Limits stand in rate_limits.cpp.
enum class Rate { none, read, write, send, login, registration, search, federation };

using accounts::Session;

/// One request on its way through a handler.
class Call {
public:
    const net::Request& request() const { return *request_; }

    /// A path parameter, percent-decoded; `name` as in the route's pattern.
    const std::string& param(std::string_view name) const;
    /// The same, checked: throws Refusal(`otherwise`) when it does not parse.
    template <class Id>
    Id id(std::string_view name, schema::Reason otherwise = schema::Reason::invalid_param) const;

    std::optional<std::string> query(std::string_view name) const;
    /// Throws Refusal(invalid_param) when not a number in [low, high]; larger values are cut to `high`.
    std::int64_t query_number(std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high) const;
    bool query_flag(std::string_view name, bool otherwise = false) const;

    /// The body as a JSON object, parsed once, strictly. An empty body is {} when `allow_empty`.
    const schema::JsonObject& json(bool allow_empty = false) const;
    schema::Fields fields(bool allow_empty = false) const { return schema::Fields(json(allow_empty)); }
    /// Like json() but only canonical numbers: whatever becomes part of an event.
    const schema::JsonObject& event_json() const;

    const Session& session() const { return *session_; }          ///< Access::user and administrator.
    const std::optional<Session>& maybe_session() const { return session_; }
    const schema::ServerName& origin() const { return *origin_; }  ///< Access::server.
    /// "de" or "en", from Accept-Language (German when the client does not say).
    std::string_view language() const;

    Call(const net::Request& request, std::map<std::string, std::string, std::less<>> params);
    void set_session(Session session) { session_ = std::move(session); }
    void set_origin(schema::ServerName origin) { origin_ = std::move(origin); }

private:
    const net::Request* request_;
    std::map<std::string, std::string, std::less<>> params_;
    std::optional<Session> session_;
    std::optional<schema::ServerName> origin_;
    mutable std::optional<schema::Json> body_;
};

template <class Id>
Id Call::id(std::string_view name, schema::Reason otherwise) const {
    auto parsed = Id::parse(param(name));
    if (!parsed) throw schema::Refusal(otherwise, std::string(name) + " is not a valid identifier");
    return *std::move(parsed);
}

using Handler = net::Task<net::Response> (*)(const Call& call, Services& services);

/// One endpoint. Policy is a column: `dispatch` applies it before the handler runs, a test walks the table.
struct Route {
    net::Method method;
    std::string_view pattern;   ///< "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}"; also the log line.
    Access access;
    Rate rate;
    Handler handler;
    std::string_view spec;      ///< Anchor below https://spec.matrix.org/v1.19/, or where else it is described.
};

/// All route tables, matched by path segments. A parameter matches one segment, except a last one written {name*}.
class Router {
public:
    void add(std::span<const Route> routes);
    struct Match {
        const Route* route;   ///< nullptr: path known, method not (405), or path unknown (404); see `known_path`.
        bool known_path;
        std::map<std::string, std::string, std::less<>> params;
    };
    Match match(net::Method method, std::string_view path) const;
    std::span<const Route> all() const;

private:
    struct Node;
    std::shared_ptr<Node> root_;
    std::vector<Route> routes_;
};

/// The one way in: match, CORS, access, rate limit, handler; refusals become answers (http_error.cpp), every other
/// exception a logged 500 without details. Never throws.
net::Task<net::Response> dispatch(const Router& router, const net::Request& request, Services& services);

}  // namespace runde::api
