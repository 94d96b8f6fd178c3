#include "net/http_server.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/beast/core/string.hpp>
#include <stdexcept>

#include "net/addresses.hpp"
#include "net/asio_bridge.hpp"
#include "net/gate.hpp"
#include "net/http_connection.hpp"
#include "net/tls.hpp"

namespace runde::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// One entry of X-Forwarded-For: "192.0.2.1", "192.0.2.1:4711", "2001:db8::1" or "[2001:db8::1]:4711".
std::optional<std::string> forwarded_address(std::string_view entry) {
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry.starts_with('[')) {
        entry = entry.substr(1, entry.find(']') - 1);
    } else if (std::count(entry.begin(), entry.end(), ':') == 1) {
        entry = entry.substr(0, entry.find(':'));
    }
    if (!Address::parse(entry)) return std::nullopt;
    return std::string(entry);
}

}  // namespace

HttpServer::Impl::Impl(Runtime& of, HttpServerOptions with, Handler by)
    : runtime(of), options(std::move(with)), handler(std::move(by)), acceptor_(io_context_of(of)) {
    const auto networks = [](const std::vector<std::string>& texts) {
        std::vector<Network> parsed;
        for (const auto& text : texts) {
            const auto network = Network::parse(text);
            if (!network) throw std::runtime_error(text + " is neither an address nor a network (a.b.c.d/n)");
            parsed.push_back(*network);
        }
        return parsed;
    };
    trusted_ = networks(options.trusted_proxies);
    unlimited_ = networks(options.unlimited);
    reload_tls();
    try {
        const tcp::endpoint endpoint(asio::ip::make_address(options.bind), options.port);
        acceptor_.open(endpoint.protocol());
        acceptor_.set_option(asio::socket_base::reuse_address(true));
        if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false));
        acceptor_.bind(endpoint);
        acceptor_.listen(1024);
        port_ = acceptor_.local_endpoint().port();
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error(
            fmt::format("cannot listen on {} port {}: {}", options.bind, options.port, error.code().message()));
    }
}

void HttpServer::Impl::reload_tls() {
    if (options.tls) tls_ = TlsContext::server(options.tls->certificate, options.tls->key);
}

void HttpServer::Impl::start() {
    accept();
    sweep();
}

void HttpServer::Impl::accept() {
    if (stopping) return;
    if (connections.size() >= options.most_connections) return accept_later();
    acceptor_.async_accept(io_context_of(runtime), [self = shared_from_this()](boost::system::error_code error, auto peer) {
        if (error == asio::error::operation_aborted || self->stopping) return;
        if (error == asio::error::connection_aborted) return self->accept();
        if (error) {
                // Mostly too many open files: trying again at once would only burn the processor.
            if (!std::exchange(self->told_about_accepting_, true))
                spdlog::warn("cannot accept connections at the moment: {}", error.message());
            return self->accept_later();
        }
        self->told_about_accepting_ = false;
        boost::system::error_code unknown;
        auto counted_as = self->counted_as(peer.remote_endpoint(unknown).address().to_string());
        if (!self->count_in(counted_as)) {
            ++self->counts.refused_at_the_edge;
            boost::system::error_code ignored;
            peer.close(ignored);
            return self->accept();
        }
        Socket socket(std::move(peer));
        auto transport = self->tls_ ? tls_server(std::move(socket), self->tls_) : Transport::plain(std::move(socket));
        const auto connection = std::make_shared<HttpConnection>(self, std::move(transport));
        connection->counted_as = std::move(counted_as);
        connection->place = self->connections.insert(self->connections.end(), connection);
        ++self->counts.connections;
        ++self->counts.accepted;
        connection->start();
        self->accept();
    });
}

void HttpServer::Impl::accept_later() {
    accept_timer_ = runtime.after(Milliseconds(100), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->accept();
    });
}

/// One coarse timer for all connections instead of one for each.
void HttpServer::Impl::sweep() {
    const auto now = std::chrono::steady_clock::now();
    for (auto next = connections.begin(); next != connections.end();) {
        const auto connection = *next++;  // Checking it may take it off the list.
        connection->check_deadline(now);
    }
    const auto shortest = std::min(
        {options.handshake_time, options.head_time, options.body_time, options.write_time, options.idle_time, Milliseconds(4'000)});
    sweep_timer_ = runtime.after(std::max(shortest / 4, Milliseconds(10)), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->sweep();
    });
}

void HttpServer::Impl::stop_accepting() {
    stopping = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.reset();
}

std::string HttpServer::Impl::counted_as(const std::string& peer) const {
    const auto address = Address::parse(peer);
    const auto holds = [&](const Network& network) { return network.contains(*address); };
    if (!address || std::ranges::any_of(trusted_, holds) || std::ranges::any_of(unlimited_, holds)) return {};
    const auto* bytes = reinterpret_cast<const char*>(address->bytes().data());
    return address->is_v4() ? std::string(bytes + 12, 4) : std::string(bytes, 8);
}

bool HttpServer::Impl::count_in(const std::string& peer) {
    if (peer.empty()) return true;
    auto& count = per_address_[peer];
    if (count >= options.most_per_address) return false;
    ++count;
    return true;
}

void HttpServer::Impl::count_out(const std::string& peer) {
    const auto found = per_address_.find(peer);
    if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
}

bool HttpServer::Impl::is_trusted(const std::string& address) const {
    if (trusted_.empty()) return false;
    const auto parsed = Address::parse(address);
    return parsed && std::ranges::any_of(trusted_, [&](const auto& network) { return network.contains(*parsed); });
}

/// Anybody may send the header, so it is said once an hour at most, and without an address.
void HttpServer::Impl::warn_of_unknown_proxy() {
    const auto now = runtime.clock().now_ms();
    if (told_about_proxy_ms_ && now - *told_about_proxy_ms_ < 3'600'000) return;
    told_about_proxy_ms_ = now;
    spdlog::warn(
        "X-Forwarded-For came from a peer that is not among trusted_proxies. If a reverse proxy stands before this server, "
        "name it there: else everybody behind it counts as one visitor, and they wait for each other");
}

void HttpServer::Impl::fill_in_client(Request& request, const std::string& peer) {
    request.client_address = peer;
    if (!is_trusted(peer)) {
        if (request.headers.find("X-Forwarded-For")) warn_of_unknown_proxy();
        return;
    }
    if (const auto proto = request.headers.find("X-Forwarded-Proto")) request.tls = *proto == "https";
    // Every proxy appends the address it saw: read from the end, the first one that is not a proxy of ours is
    // it. What stands further left may be invented by the client.
    std::vector<std::string> hops;
    for (const auto& [name, value] : request.headers) {
        if (name.size() != 15 || !boost::beast::iequals(name, "X-Forwarded-For")) continue;
        std::string_view rest = value;
        for (auto comma = rest.find(',');; comma = rest.find(',')) {
            hops.emplace_back(rest.substr(0, comma));
            if (comma == rest.npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        const auto address = forwarded_address(*hop);
        if (!address) return;
        request.client_address = *address;
        if (!is_trusted(request.client_address)) return;
    }
}

std::string_view HttpServer::Impl::date() {
    const std::int64_t second = runtime.clock().now_ms() / 1000;
    if (second != std::exchange(date_second_, second))
        date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second)));
    return date_;
}

HttpServer::HttpServer(Runtime& runtime, HttpServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(runtime, std::move(options), std::move(handler))) {
    runtime.post([impl = impl_] { impl->start(); });
}

HttpServer::~HttpServer() {
    impl_->stop_accepting();
    while (!impl_->connections.empty()) {
        const auto connection = impl_->connections.front();
        connection->close();
    }
}

std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::reload_tls() { impl_->reload_tls(); }
const HttpServer::Counts& HttpServer::counts() const { return impl_->counts; }

Task<> HttpServer::stop(Milliseconds limit) {
    const auto impl = impl_;
    impl->stop_accepting();
    const auto each = [&impl](auto&& act) {
        for (auto next = impl->connections.begin(); next != impl->connections.end();) {
            const auto connection = *next++;
            act(*connection);
        }
    };
    each([](HttpConnection& connection) { connection.wind_up(); });
    const auto until = std::chrono::steady_clock::now() + limit;
    const auto busy = [](const auto& connection) { return connection->is_busy(); };
    while (std::ranges::any_of(impl->connections, busy) && std::chrono::steady_clock::now() < until) {
        Gate moment;
        const auto timer = impl->runtime.after(Milliseconds(5), [&moment] { moment.open(); });
        co_await moment.wait();
    }
    each([](HttpConnection& connection) { connection.close(); });
}

std::size_t raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace runde::net
