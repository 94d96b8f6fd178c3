#pragma once
#include <memory>
#include <vector>

#include "api/router.hpp"
#include "api/services.hpp"
#include "net/http_server.hpp"
#include "server/config.hpp"
#include "server/metrics.hpp"

namespace runde::server {

/// The addresses at which this process answers, each with the areas it serves.
class Listeners {
public:
    /// Throws std::runtime_error with a text for the operator when one of them cannot listen.
    Listeners(net::Runtime& runtime, const Config& config, const api::Router& router, api::Services& services,
              const Metrics& metrics, std::size_t most_files);

    /// Answers parked polls, lets running requests end, closes. See net::HttpServer::stop.
    net::Task<> stop(net::Milliseconds limit);
    void reload_tls();
    net::HttpServer::Counts counts() const;  ///< Of all together.
    std::uint16_t port(std::size_t listener) const { return servers_.at(listener)->port(); }
    /// Where the web page is: "http://localhost:8008/". Empty when no listener serves it.
    const std::string& web_address() const { return web_address_; }

private:
    std::vector<std::unique_ptr<net::HttpServer>> servers_;
    std::string web_address_;
};

}  // namespace runde::server
