#include "core/selfhelp/attestation.hpp"

#include "schema/refusal.hpp"

namespace runde::selfhelp::attestation {

using schema::Reason;
using schema::Refusal;

static constexpr std::int64_t clocks_differ_ms = 5 * 60 * 1000;

[[noreturn]] static void wrong(std::string_view why) {
    throw Refusal(Reason::invalid_param,
                  "Diese Bescheinigung gilt hier nicht. / This attestation is not valid here: " + std::string(why));
}

schema::JsonObject make(const schema::ServerName& issuer, const schema::SigningKey& key, const schema::UserId& subject,
                        const schema::ServerName& audience, std::int64_t now_ms) {
    schema::JsonObject attestation{{"type", type},
                                   {"issuer", issuer.str()},
                                   {"audience", audience.str()},
                                   {"subject", subject.str()},
                                   {"issued_ts", now_ms},
                                   {"expires_ts", now_ms + lifetime_ms}};
    schema::sign_json(attestation, issuer.str(), key);
    return attestation;
}

schema::UserId subject_of(const schema::JsonObject& attestation) {
    const auto subject = schema::UserId::parse(schema::string_at(attestation, "subject").value_or(""));
    if (!subject) wrong("no subject");
    return *subject;
}

Read read(const schema::JsonObject& attestation, const schema::ServerName& us, const schema::UserId& subject, std::int64_t now_ms) {
    if (schema::string_at(attestation, "type") != type) wrong("another kind");
    const auto issuer = schema::ServerName::parse(schema::string_at(attestation, "issuer").value_or(""));
    if (!issuer) wrong("no issuer");
    if (schema::string_at(attestation, "audience") != us.str()) wrong("for somebody else");
    if (subject_of(attestation) != subject || subject.server() != issuer->str()) wrong("about somebody else");
    const auto issued = schema::integer_at(attestation, "issued_ts"), expires = schema::integer_at(attestation, "expires_ts");
    if (!issued || !expires || *issued > now_ms + clocks_differ_ms || *expires > *issued + lifetime_ms) wrong("its dates");
    if (*expires <= now_ms) wrong("it has run out");
    return {*issuer};
}

}  // namespace runde::selfhelp::attestation
