#include "federation/http_link.hpp"

#include <algorithm>

namespace runde::federation {

namespace {

/// How many places of an SRV record are tried.
constexpr std::size_t most_places = 3;

std::function<bool(const net::Address&)> filter(const std::vector<std::string>& allowed) {
    std::vector<net::Network> networks;
    for (const auto& text : allowed) {
        const auto network = net::Network::parse(text);
        if (!network) throw std::runtime_error("federation.allow_private_addresses: \"" + text + "\" is no network");
        networks.push_back(*network);
    }
    return [networks = std::move(networks)](const net::Address& address) {
        return net::is_public(address) ||
               std::ranges::any_of(networks, [&](const auto& network) { return network.contains(address); });
    };
}

/// Nobody was reached: another place may do, if there is time left. (What we ask may be asked twice.)
bool is_about_place(net::FetchError error) {
    using enum net::FetchError;
    return error == dns || error == refused_by_filter || error == connect || error == tls || error == timeout;
}

}  // namespace

HttpLink::HttpLink(net::Runtime& runtime, const Options& options)
    : http_(runtime, {.trusted_ca_file = options.trusted_ca_file, .may_connect = filter(options.allow_private_addresses)}),
      discovery_(runtime, *this, options.resolve) {}

net::Task<LinkAnswer> HttpLink::send(schema::ServerName destination, LinkRequest request) {
    // Everything together has `whole`: where it is, the places that do not answer, and the answer.
    const auto until = std::chrono::steady_clock::now() + request.limits.whole;
    const auto places = co_await discovery_.find(destination, request.limits.whole);
    std::string why = "it takes too long to find out where it is";
    const auto n = std::min(places.size(), most_places);
    for (std::size_t i = 0; i < n; ++i) {
        const auto left = std::chrono::duration_cast<net::Milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) break;
        const auto& place = places[i];
        net::OutgoingRequest out{.method = request.method, .host = place.host, .port = place.port};
        out.tls_name = place.tls_name;
        out.target = request.target;
        out.body = request.body;
        out.headers.add("Host", place.host_header);
        out.headers.add("User-Agent", "Runde");
        if (!request.authorization.empty()) out.headers.add("Authorization", request.authorization);
        if (!request.body.empty()) out.headers.add("Content-Type", "application/json");
        out.limits.whole = out.limits.head = left;
        // A place that drops our packets leaves time for the next.
        out.limits.connect = out.limits.tls = std::min(out.limits.connect, left / static_cast<int>(n - i));
        out.limits.body_bytes = request.limits.body_bytes;
        try {
            auto answer = co_await http_.fetch(std::move(out));
            co_return LinkAnswer{answer.status, std::move(answer.body)};
        } catch (const net::FetchFailed& failed) {
            why = net::to_string(failed.error);
            if (!is_about_place(failed.error)) break;
        }
    }
    discovery_.doubt(destination);
    throw LinkFailed(why);
}

net::Task<std::optional<net::ClientResponse>> HttpLink::well_known(std::string host) {
    net::OutgoingRequest out{.host = std::move(host), .port = 443, .target = "/.well-known/matrix/server"};
    out.headers.add("User-Agent", "Runde");
    out.limits.whole = net::Milliseconds(10'000);
    out.limits.body_bytes = 50 * 1024;
    out.limits.redirects = 5;
    std::optional<net::ClientResponse> answer;
    try {
        answer = co_await http_.fetch(std::move(out));
    } catch (const net::FetchFailed&) {
        // No answer is one of the answers: the process goes on with SRV records.
    }
    co_return answer;
}

net::Task<std::vector<net::SrvTarget>> HttpLink::srv(std::string name) {
    auto found = co_await http_.resolver().resolve_srv(std::move(name));
    co_return std::move(found.targets);
}

}  // namespace runde::federation
