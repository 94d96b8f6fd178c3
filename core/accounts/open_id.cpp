#include "core/accounts/open_id.hpp"

#include "schema/signing.hpp"

namespace runde::accounts {

std::string OpenId::issue(const schema::UserId& user) {
    const auto now = clock_.now_ms();
    while (!order_.empty() && (order_.size() >= most || tokens_.at(order_.front()).until <= now)) {
        tokens_.erase(order_.front());
        order_.pop_front();
    }
    auto token = schema::random_token(43);
    tokens_.emplace(token, Issued{user, now + lifetime_ms});
    order_.push_back(token);
    return token;
}

std::optional<schema::UserId> OpenId::find(const std::string& token) const {
    const auto issued = tokens_.find(token);
    if (issued == tokens_.end() || issued->second.until <= clock_.now_ms()) return std::nullopt;
    return issued->second.user;
}

}  // namespace runde::accounts
