#include "core/accounts/shared_secret.hpp"

#include <algorithm>

#include "core/accounts/options.hpp"
#include "core/accounts/text.hpp"
#include "net/clock.hpp"
#include "schema/refusal.hpp"
#include "schema/signing.hpp"

namespace runde::accounts {

using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::int64_t lifetime_ms = 60'000;
constexpr std::size_t most_nonces = 1'000;

}  // namespace

std::string SharedSecret::nonce() {
    if (options_.shared_secret.empty()) throw Refusal(Reason::forbidden, "Shared secret registration is not enabled");
    if (nonces_.size() >= most_nonces) nonces_.pop_front();
    nonces_.emplace_back(schema::random_token(40), clock_.now_ms());
    return nonces_.back().first;
}

void SharedSecret::require(const Claim& claim) {
    if (options_.shared_secret.empty()) throw Refusal(Reason::forbidden, "Shared secret registration is not enabled");
    const auto known = std::ranges::find(nonces_, claim.nonce, [](const auto& nonce) { return nonce.first; });
    if (known == nonces_.end() || known->second + lifetime_ms < clock_.now_ms())
        throw Refusal(Reason::invalid_param, "unrecognised nonce");
    nonces_.erase(known);

    std::string said = claim.nonce;
    for (const auto& part : {claim.username, claim.password, std::string(claim.administrator ? "admin" : "notadmin")})
        said.append(1, '\0').append(part);
    if (!claim.user_type.empty()) said.append(1, '\0').append(claim.user_type);
    if (!same_secret(claim.mac, schema::hmac_sha1_hex(options_.shared_secret, said)))
        throw Refusal(Reason::forbidden, "HMAC incorrect");
}

}  // namespace runde::accounts
