#include "server/listeners.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <set>

#include "api/http_error.hpp"

namespace runde::server {

namespace {

/// Which of a listener's areas a path belongs to; "" is answered everywhere.
std::string_view area_of(std::string_view path) {
    const auto below = [&](std::string_view prefix) { return path.starts_with(prefix); };
    if (path == "/health") return "";
    if (path == "/metrics") return "metrics";
    for (const auto* others : {"/_matrix/federation/", "/_matrix/key/", "/_matrix/policy/"})
        if (below(others)) return "federation";
    if (path == "/.well-known/matrix/server") return "federation";
    if (below("/_synapse/admin/") || below("/_runde/admin/")) return "admin";
    if (below("/_matrix/") || below("/_runde/") || below("/.well-known/matrix/")) return "client";
    return "web";
}

net::HttpServerOptions options_of(const Listener& listener, std::size_t most_connections) {
    net::HttpServerOptions options;
    options.bind = listener.bind;
    options.port = static_cast<std::uint16_t>(listener.port);
    if (!listener.tls_certificate.empty()) options.tls = net::TlsFiles{listener.tls_certificate, listener.tls_key};
    options.trusted_proxies = listener.trusted_proxies;
    options.limits.body_bytes = static_cast<std::uint64_t>(listener.max_body_bytes);
    options.most_connections = most_connections;
    options.common_headers = api::common_headers();
    return options;
}

std::string address_of(const Listener& listener, std::uint16_t port) {
    const bool any = listener.bind == "::" || listener.bind == "0.0.0.0";
    const bool local = any || listener.bind == "127.0.0.1" || listener.bind == "::1";
    const bool v6 = listener.bind.find(':') != std::string::npos;
    const std::string host = local ? "localhost" : v6 ? "[" + listener.bind + "]" : listener.bind;
    return fmt::format("{}://{}:{}/", listener.tls_certificate.empty() ? "http" : "https", host, port);
}

}  // namespace

Listeners::Listeners(net::Runtime& runtime, const Config& config, const api::Router& router, api::Services& services,
                     const Metrics& metrics, std::size_t most_files) {
    // Some files are for the database, the log and media.
    const std::size_t most_connections = (most_files > 400 ? most_files - 200 : 200) / config.listeners.size();
    for (const auto& listener : config.listeners) {
        const std::set<std::string, std::less<>> serves(listener.serves.begin(), listener.serves.end());
        const auto handler = [&router, &services, &metrics, serves](const net::Request& request) {
            const auto area = area_of(request.path);
            const bool here = area.empty() || serves.contains(area);
            const auto elsewhere = []() -> net::Task<net::Response> {
                const schema::Refusal refusal(schema::Reason::unrecognized, "");
                co_return api::error_response(refusal);
            };
            const auto numbers = [](const Metrics& of) -> net::Task<net::Response> {
                co_return net::Response::text(of.text(), "text/plain; version=0.0.4");
            };
            if (!here) return elsewhere();
            if (area == "metrics") return numbers(metrics);
            return api::dispatch(router, request, services);
        };
        servers_.push_back(std::make_unique<net::HttpServer>(runtime, options_of(listener, most_connections), handler));
        const auto address = address_of(listener, servers_.back()->port());
        spdlog::info("listening at {} for {}", address, fmt::join(listener.serves, ", "));
        if (serves.contains("web") && web_address_.empty()) web_address_ = address;
    }
}

net::Task<> Listeners::stop(net::Milliseconds limit) {
    for (const auto& server : servers_) co_await server->stop(limit);
}

void Listeners::reload_tls() {
    for (const auto& server : servers_) {
        try {
            server->reload_tls();
        } catch (const std::exception& error) {
            spdlog::error("going on with the old certificate: {}", error.what());
        }
    }
}

net::HttpServer::Counts Listeners::counts() const {
    net::HttpServer::Counts all;
    for (const auto& server : servers_) {
        const auto& one = server->counts();
        all.connections += one.connections;
        all.parked += one.parked;
        all.accepted += one.accepted;
        all.refused_at_the_edge += one.refused_at_the_edge;
    }
    return all;
}

}  // namespace runde::server
