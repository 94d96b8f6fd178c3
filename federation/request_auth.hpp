#pragma once
#include <functional>

#include "federation/complaints.hpp"
#include "federation/key_ring.hpp"
#include "federation/partners.hpp"
#include "net/http_message.hpp"

namespace runde::federation {

/// Who sends a request: the other half of Client.
/// https://spec.matrix.org/v1.19/server-server-api/#request-authentication
class RequestAuth {
public:
    RequestAuth(const rooms::Identity& identity, const Partners& partners, KeyRing& keys, net::Clock& clock)
        : identity_(identity), partners_(partners), keys_(keys), clock_(clock), complaints_(clock) {}

    /// Whether a partner has signed that object with a key that is valid now. Throws Refusal(server_not_trusted) for a
    /// server we do not talk to.
    net::Task<bool> has_signed(schema::ServerName server, schema::JsonObject object);
    /// The server that signed the request. `content` reads the body (only called when there is one, and after what costs
    /// nothing was checked). With several Authorization headers one good signature is enough, but all must name the same
    /// server. `first_contact` is called before a server is asked for its keys that is not known yet, and may throw.
    /// Throws Refusal: unauthorized (no header, wrong form, another destination, unknown key, bad signature), forbidden
    /// (no partner), and what `content` and `first_contact` throw. `request` must outlive the task.
    net::Task<schema::ServerName> require(const net::Request& request, std::function<const schema::JsonObject&()> content,
                                          std::function<void()> first_contact = {});

    /// Called with every server that proved itself: it is there.
    void on_contact(std::function<void(const schema::ServerName&)> listener) { contact_ = std::move(listener); }

private:
    const rooms::Identity& identity_;
    const Partners& partners_;
    KeyRing& keys_;
    net::Clock& clock_;
    Complaints complaints_;
    std::function<void(const schema::ServerName&)> contact_;
};

}  // namespace runde::federation
