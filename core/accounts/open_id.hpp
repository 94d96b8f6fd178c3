#pragma once
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/clock.hpp"
#include "schema/ids.hpp"

namespace runde::accounts {

/// Tokens by which members prove to other services who they are, without giving away their access token. In memory
/// alone: after a restart a service asks its user again. At most 10,000; beyond, the oldest go.
/// https://spec.matrix.org/v1.19/client-server-api/#openid
class OpenId {
public:
    explicit OpenId(net::Clock& clock) : clock_(clock) {}
    static constexpr std::int64_t lifetime_ms = 3600 * 1000;

    std::string issue(const schema::UserId& user);
    /// nullopt when the token is unknown or has expired.
    std::optional<schema::UserId> find(const std::string& token) const;

private:
    struct Issued {
        schema::UserId user;
        std::int64_t until;
    };
    static constexpr std::size_t most = 10'000;
    net::Clock& clock_;
    std::unordered_map<std::string, Issued> tokens_;
    std::deque<std::string> order_;
};

}  // namespace runde::accounts
