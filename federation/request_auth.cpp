#include "federation/request_auth.hpp"

#include <algorithm>

#include "federation/x_matrix.hpp"

namespace runde::federation {

using schema::Reason;
using schema::Refusal;
using schema::ServerName;

namespace {

constexpr std::size_t most_headers = 8;

std::vector<XMatrix> headers_of(const net::Request& request) {
    std::vector<XMatrix> found;
    for (const auto& [name, value] : request.headers) {
        const bool is_authorization = std::ranges::equal(name, std::string_view("authorization"), {},
                                                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (!is_authorization || !is_x_matrix(value)) continue;
        auto header = parse_x_matrix(value);
        if (!header || found.size() == most_headers) throw Refusal(Reason::unauthorized, "The Authorization header is malformed");
        found.push_back(*std::move(header));
    }
    if (found.empty()) throw Refusal(Reason::unauthorized, "The request is not signed (Authorization: X-Matrix)");
    return found;
}

}  // namespace

net::Task<bool> RequestAuth::has_signed(ServerName server, schema::JsonObject object) {
    if (!partners_.include(server.str())) throw Refusal(Reason::server_not_trusted, "");
    constexpr std::size_t most_signatures = 5;
    std::vector<KeyRequest> wanted;
    const auto* signatures = schema::object_at(object, "signatures");
    const auto* by_server = signatures ? schema::object_at(*signatures, server.str()) : nullptr;
    if (!by_server || by_server->size() > most_signatures) co_return false;
    for (const auto& [key_id, signature] : *by_server) wanted.push_back({server.str(), std::string(key_id), clock_.now_ms()});
    const auto ids = wanted;
    const auto keys = co_await keys_.keys(std::move(wanted));
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i] && schema::verify_json(object, server.str(), ids[i].key_id, *keys[i])) co_return true;
    co_return false;
}

net::Task<ServerName> RequestAuth::require(const net::Request& request, std::function<const schema::JsonObject&()> content,
                                           std::function<void()> first_contact) {
    const auto headers = headers_of(request);
    const auto origin = ServerName::parse(headers.front().origin);
    if (!origin) throw Refusal(Reason::unauthorized, "The origin is no server name");
    for (const auto& header : headers) {
        if (header.origin != origin->str()) throw Refusal(Reason::unauthorized, "The Authorization headers name several servers");
        if (header.destination && *header.destination != identity_.server.str())
            throw Refusal(Reason::unauthorized, "The request is meant for another server");
    }
    if (*origin == identity_.server) throw Refusal(Reason::unauthorized, "This server does not ask itself");
    if (!partners_.include(origin->str())) throw Refusal(Reason::forbidden, "This server does not talk to yours.");

    if (first_contact && !keys_.knows(origin->str())) first_contact();
    std::string body;
    if (!request.body.empty()) body = schema::canonical_json(content(), schema::Numbers::any);
    std::vector<KeyRequest> wanted;
    for (const auto& header : headers) wanted.push_back({origin->str(), header.key_id, clock_.now_ms()});
    const auto keys = co_await keys_.keys(std::move(wanted));
    bool proven = false, known = false;
    for (std::size_t i = 0; i < headers.size() && !proven; ++i) {
        if (!keys[i]) continue;
        known = true;
        const auto& header = headers[i];
        const auto method = net::to_string(request.method);
        const auto proves = [&](const std::optional<std::string>& destination) {
            return keys[i]->verify(signed_request(method, request.target, header.origin, destination, body), header.signature);
        };
        // Servers that leave us out of the header have signed that we are meant all the same; some have not.
        proven = proves(identity_.server.str()) || (!header.destination && proves(std::nullopt));
    }
    const auto refuse = [&](const char* why) {
        complaints_.about(origin->str(), std::string("a request in this name was refused: ") + why);
        throw Refusal(Reason::unauthorized, why);
    };
    if (!known) refuse("The signing key is not known or no longer valid");
    if (!proven) refuse("The signature is wrong");
    if (contact_) contact_(*origin);
    co_return *origin;
}

}  // namespace runde::federation
