#pragma once
#include <string>

#include "schema/ids.hpp"
#include "schema/json.hpp"
#include "schema/signing.hpp"

/// "Admitted here": what one office says about a person to another, so that nobody has to tell everything twice. A JSON object
/// signed with the server's key (https://spec.matrix.org/v1.19/appendices/#signing-json), for one receiving server, for a short
/// time. It says that the person was admitted to some group of the office, not to which.
namespace runde::selfhelp::attestation {

constexpr std::string_view type = "org.runde.admission";
constexpr std::int64_t lifetime_ms = std::int64_t{7} * 24 * 3600 * 1000;

schema::JsonObject make(const schema::ServerName& issuer, const schema::SigningKey& key, const schema::UserId& subject,
                        const schema::ServerName& audience, std::int64_t now_ms);

struct Read {
    schema::ServerName issuer;
};
/// Everything but the signature: right kind, for us, about `subject` by the subject's own server, in its time.
/// Throws Refusal(invalid_param).
Read read(const schema::JsonObject& attestation, const schema::ServerName& us, const schema::UserId& subject, std::int64_t now_ms);
/// Whom it is about, before anything is checked. Throws Refusal(invalid_param).
schema::UserId subject_of(const schema::JsonObject& attestation);

}  // namespace runde::selfhelp::attestation
