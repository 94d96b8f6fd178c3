#pragma once
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/session.hpp"
#include "net/http_message.hpp"
#include "net/runtime.hpp"
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

    const Session& session() const { return given(session_); }  ///< Access::user and administrator.
    const std::optional<Session>& maybe_session() const { return session_; }
    const schema::ServerName& origin() const { return given(origin_); }  ///< Access::server.
    const std::optional<schema::ServerName>& maybe_origin() const { return origin_; }
    /// "de" or "en", from Accept-Language (German when the client does not say).
    std::string_view language() const { return language_of(*request_); }
    static std::string_view language_of(const net::Request& request);

    /// Path parameters by name.
    using Params = std::map<std::string, std::string, std::less<>>;
    Call(const net::Request& request, Params params);
    void set_session(Session session) { session_.emplace(std::move(session)); }
    void set_origin(schema::ServerName origin) { origin_.emplace(std::move(origin)); }

private:
    /// What `dispatch` has set before the handler of a route with this access runs.
    template <class T>
    static const T& given(const std::optional<T>& what) {
        if (!what) throw std::logic_error("a handler asks for what its route's access does not give");
        return *what;
    }

    const net::Request* request_;
    Params params_;
    std::optional<Session> session_;
    std::optional<schema::ServerName> origin_;
    mutable std::optional<schema::Json> body_;
    mutable std::optional<schema::Json> event_body_;
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

/// All route tables, matched by path segments: literal segments before parameters. A parameter matches one segment,
/// except a last one written {name*}, which takes the rest of the path. The last parameter may be empty, as in
/// ".../state/m.room.name/". HEAD is answered by the GET route.
class Router {
public:
    Router();
    /// Throws std::logic_error when two routes answer the same method and path.
    void add(std::span<const Route> routes);
    struct Match {
        const Route* route;  ///< nullptr: no such path (404), or not with this method (405), see `known_path`.
        bool known_path;
        Call::Params params;
    };
    /// Throws Refusal(invalid_param) when a parameter is not UTF-8, holds NUL or is not properly percent-encoded.
    Match match(net::Method method, std::string_view path) const;
    const std::deque<Route>& all() const { return routes_; }

private:
    struct Node;
    std::shared_ptr<Node> root_;
    std::deque<Route> routes_;  // A deque, because the tree points into it.
};

/// What one request was and cost; for the metrics.
struct RequestReport {
    std::string_view pattern;  ///< Of the route; "unknown" for a path that none has.
    net::Method method;
    int status;
    std::chrono::microseconds duration;  ///< Of a long-poll: with its wait.
    bool parked;                         ///< It was a long-poll that waited.
    net::RequestCost cost;
};

/// The one way in: match, access, rate limit, handler; refusals become answers (http_error.cpp), every other
/// exception a logged 500 without details. Never throws. Runs under the RequestCost of its own coroutine.
/// `request` must outlive the task.
net::Task<net::Response> dispatch(const Router& router, const net::Request& request, Services& services);

/// Header lines that every answer carries, also those made before dispatch (malformed requests).
/// https://spec.matrix.org/v1.19/client-server-api/#web-browser-clients
std::string_view common_headers();

}  // namespace runde::api
