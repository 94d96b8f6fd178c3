#pragma once
#include "federation/discovery.hpp"
#include "federation/link.hpp"
#include "federation/options.hpp"
#include "net/http_client.hpp"

namespace runde::federation {

/// The way to other servers through the Internet: discovery, TLS with the right certificate, limits. Never connects to
/// an address that is not public unless the operator allows its network (checked after every resolution, also of
/// well-knowns and their redirects), so no server name can make us talk to our own neighbours.
class HttpLink : public Link, private Discovery::World {
public:
    /// Throws std::runtime_error with a text for the operator when the options cannot be used.
    HttpLink(net::Runtime& runtime, const Options& options);

    net::Task<LinkAnswer> send(schema::ServerName destination, LinkRequest request) override;

private:
    net::Task<std::optional<net::ClientResponse>> well_known(std::string host) override;
    net::Task<std::vector<net::SrvTarget>> srv(std::string name) override;

    net::HttpClient http_;
    Discovery discovery_;
};

}  // namespace runde::federation
