#include "net/http_client.hpp"

#include <fmt/format.h>

#include <boost/beast/core/string.hpp>
#include <charconv>
#include <list>

#include "net/client_connection.hpp"

namespace runde::net {

namespace {

using Time = ClientConnection::Time;
using Connection = std::shared_ptr<ClientConnection>;

Time in(Milliseconds duration) { return std::chrono::steady_clock::now() + duration; }

bool is_clean(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos; }

std::string head_of(const OutgoingRequest& request, const std::string& name) {
    const auto usual_port = request.tls ? 443 : 80;
    std::string head = fmt::format("{} {} HTTP/1.1\r\n", to_string(request.method), request.target);
    const auto out = std::back_inserter(head);
    if (!request.headers.find("Host")) {
        const bool v6 = name.find(':') != name.npos && !name.starts_with('[');
        fmt::format_to(out, "Host: {}{}{}", v6 ? "[" : "", name, v6 ? "]" : "");
        if (request.port != usual_port) fmt::format_to(out, ":{}", request.port);
        head += "\r\n";
    }
    for (const auto& [field, value] : request.headers) fmt::format_to(out, "{}: {}\r\n", field, value);
    const bool has_body = request.method == Method::post || request.method == Method::put || !request.body.empty();
    if (has_body) fmt::format_to(out, "Content-Length: {}\r\n", request.body.size());
    head += "\r\n";
    return head;
}

/// Sending it twice has the effect of sending it once, so a kept connection that died meanwhile may be
/// replaced.
bool is_repeatable(Method method) { return method != Method::post && method != Method::other; }

/// Closes it, unless it was kept: a wait that is still under way would hold it open.
struct InUse {
    explicit InUse(Connection of) : connection(std::move(of)) {}
    ~InUse() {
        if (connection) connection->close();
    }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;
    ClientConnection* operator->() const { return connection.get(); }
    Connection connection;
};

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

}  // namespace

std::string_view to_string(FetchError error) {
    switch (error) {
        case FetchError::dns: return "the name cannot be resolved";
        case FetchError::refused_by_filter: return "the address must not be connected to";
        case FetchError::connect: return "the connection cannot be made";
        case FetchError::tls: return "TLS failed, or the certificate is not valid for the name";
        case FetchError::timeout: return "it took too long";
        case FetchError::too_large: return "the answer is too large";
        case FetchError::protocol: return "the answer is not proper HTTP";
    }
    return "it failed";
}

std::optional<WebAddress> WebAddress::parse(std::string_view text) {
    WebAddress address{};
    if (text.starts_with("https://")) {
        address = {true, "", 443, ""};
        text.remove_prefix(8);
    } else if (text.starts_with("http://")) {
        address = {false, "", 80, ""};
        text.remove_prefix(7);
    } else {
        return std::nullopt;
    }
    const auto end = text.find_first_of("/?#");
    std::string_view authority = text.substr(0, end);
    auto target = end == text.npos ? std::string_view() : text.substr(end);
    target = target.substr(0, target.find('#'));
    address.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    const auto colon = authority.rfind(':');
    if (colon != authority.npos && authority.find(']', colon) == authority.npos) {
        const auto digits = authority.substr(colon + 1);
        const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
        if (error != std::errc() || last != digits.data() + digits.size()) return std::nullopt;
        authority = authority.substr(0, colon);
    }
    const bool plain = authority.find_first_of("@ \t\r\n") == authority.npos;
    if (authority.empty() || !plain || !is_clean(address.target) || address.target.find(' ') != std::string::npos)
        return std::nullopt;
    address.host = authority;
    return address;
}

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
    Impl(Runtime& of, HttpClientOptions with)
        : runtime(of), options(std::move(with)), tls(TlsContext::client(options.trusted_ca_file)), resolver(of) {}

    Task<ClientResponse> follow(OutgoingRequest request) {
        const auto deadline = in(request.limits.whole);
        for (int followed = 0;; ++followed) {
            auto response = co_await fetch_one(request, deadline);
            const auto location = response.headers.find("Location");
            const bool may_follow = request.method == Method::get || request.method == Method::head;
            if (!is_redirect(response.status) || !location || request.limits.redirects == 0 || !may_follow) co_return response;
            if (followed == request.limits.redirects) throw FetchFailed(FetchError::protocol);
            if (location->starts_with('/') && !location->starts_with("//") && is_clean(*location)) {
                request.target = *location;
                continue;
            }
            const auto next = WebAddress::parse(*location);
            // Never from https to http: the first server cannot give away what TLS protects.
            if (!next || (request.tls && !next->tls)) throw FetchFailed(FetchError::protocol);
            request.host = next->host;
            request.port = next->port;
            request.tls = next->tls;
            request.target = next->target;
            request.tls_name.clear();
            request.addresses.clear();
            request.headers = {};  // They were meant for the first server.
        }
    }

    Task<ClientResponse> fetch_one(const OutgoingRequest& request, Time deadline) {
        const std::string name = bare_host(request.tls_name.empty() ? request.host : request.tls_name);
        const std::string key =
            fmt::format("{}|{}|{}|{}|{}", request.tls, name, request.host, request.port, fmt::join(request.addresses, ","));
        const std::string head = head_of(request, name);
        const bool head_only = request.method == Method::head;
        if (!is_clean_request(request)) throw FetchFailed(FetchError::protocol);

        if (InUse kept(take_idle(key)); kept.connection) {
            try {
                auto response = co_await kept->exchange(head, request.body, head_only, request.limits, deadline);
                keep(kept);
                co_return response;
            } catch (const FetchFailed& failed) {
                const bool died_unheard = failed.error == FetchError::protocol && !kept->heard_anything();
                if (!died_unheard || !is_repeatable(request.method)) throw;
            }
        }
        InUse fresh(nullptr);
        co_await connect(fresh, request, deadline);
        co_await fresh->start(request.tls ? tls : nullptr, name, std::min(deadline, in(request.limits.tls)));
        fresh->key = key;
        auto response = co_await fresh->exchange(head, request.body, head_only, request.limits, deadline);
        keep(fresh);
        co_return response;
    }

    Task<> connect(InUse& fresh, const OutgoingRequest& request, Time deadline) {
        auto addresses = request.addresses;
        if (addresses.empty()) {
            const auto resolved = co_await resolver.addresses(request.host, request.limits.dns);
            if (resolved.outcome == Resolver::Outcome::timed_out) throw FetchFailed(FetchError::timeout);
            if (resolved.outcome != Resolver::Outcome::found) throw FetchFailed(FetchError::dns);
            addresses = resolved.addresses;
        }
        std::erase_if(addresses, [&](const std::string& text) {
            const auto address = Address::parse(text);
            return !address || !options.may_connect(*address);
        });
        if (addresses.empty()) throw FetchFailed(FetchError::refused_by_filter);

        for (std::size_t i = 0;; ++i) {
            fresh.connection = std::make_shared<ClientConnection>(runtime);
            const auto until = std::min(deadline, in(request.limits.connect));
            std::exception_ptr failure;
            try {
                co_await fresh->connect(addresses[i], request.port, until);
                co_return;
            } catch (const FetchFailed&) {
                failure = std::current_exception();
            }
            // The next address gets its chance, but a name with a hundred of them does not get a hundred.
            if (i + 1 == addresses.size() || i == 3) std::rethrow_exception(failure);
        }
    }

    Connection take_idle(const std::string& key) {
        drop_old();
        for (auto one = idle.rbegin(); one != idle.rend(); ++one) {
            if ((*one)->key != key) continue;
            const auto found = *one;
            idle.erase(std::next(one).base());
            if (found->is_still_quiet()) return found;
            found->close();
            return nullptr;
        }
        return nullptr;
    }
    void keep(InUse& used) {
        if (!used->is_reusable()) return;
        used->idle_since = std::chrono::steady_clock::now();
        idle.push_back(std::exchange(used.connection, nullptr));
        if (idle.size() > options.most_idle) idle.pop_front();
        if (!timer) tick();
    }
    void drop_old() {
        const auto oldest = std::chrono::steady_clock::now() - options.idle_time;
        while (!idle.empty() && idle.front()->idle_since < oldest) idle.pop_front();
    }
    void tick() {
        timer = runtime.after(options.idle_time / 2 + Milliseconds(1), [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->timer.reset();
            self->drop_old();
            if (!self->idle.empty()) self->tick();
        });
    }

    static std::string bare_host(const std::string& host) {
        return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
    }
    static bool is_clean_request(const OutgoingRequest& request) {
        if (!request.target.starts_with('/') || request.target.find(' ') != std::string::npos) return false;
        if (!is_clean(request.target) || !is_clean(request.host) || !is_clean(request.tls_name)) return false;
        for (const auto& [name, value] : request.headers)
            if (!is_clean(name) || !is_clean(value)) return false;
        return true;
    }

    Runtime& runtime;
    const HttpClientOptions options;
    const std::shared_ptr<const TlsContext> tls;
    Resolver resolver;
    std::list<Connection> idle;  ///< Oldest first.
    std::shared_ptr<void> timer;
};

HttpClient::HttpClient(Runtime& runtime, HttpClientOptions options) : impl_(std::make_shared<Impl>(runtime, std::move(options))) {}
HttpClient::~HttpClient() = default;

Task<ClientResponse> HttpClient::fetch(OutgoingRequest request) {
    const auto keep = impl_;
    auto response = co_await keep->follow(std::move(request));
    co_return response;
}

Resolver& HttpClient::resolver() { return impl_->resolver; }
std::size_t HttpClient::idle_connections() const { return impl_->idle.size(); }

}  // namespace runde::net
