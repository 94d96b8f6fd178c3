#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/json.hpp"

namespace runde::schema {

std::string sha256(std::string_view bytes);  ///< 32 raw bytes.
std::string sha1(std::string_view bytes);    ///< 20 raw bytes; breaks ties in room version 1, proves nothing.
std::string base64(std::string_view bytes);  ///< Unpadded, standard alphabet.
std::string base64_url(std::string_view bytes);              ///< Unpadded, URL-safe alphabet.
std::optional<std::string> decode_base64(std::string_view);  ///< Either alphabet, padding optional.
std::string random_bytes(std::size_t n);
std::string random_token(std::size_t n);  ///< n characters [A-Za-z0-9], cryptographically random.
std::string hmac_sha1_hex(std::string_view key,
                          std::string_view message);  ///< Synapse's shared-secret registration.
/// For comparing secrets: takes as long whether the first or the last byte differs.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// An Ed25519 key that signs for this server. All crypto is OpenSSL (libolm accepts malleable signatures).
class SigningKey {
public:
    /// `seed`: 32 raw bytes. `version` as in "ed25519:<version>", characters [a-zA-Z0-9_].
    SigningKey(std::string version, std::string_view seed);
    static SigningKey generate();
    ~SigningKey();
    SigningKey(SigningKey&&) noexcept;
    SigningKey& operator=(SigningKey&&) noexcept;

    const std::string& key_id() const { return key_id_; }  ///< "ed25519:a_x7Kd"
    std::string seed() const;                              ///< For writing the key file.
    std::string public_key() const;                        ///< 32 raw bytes.
    std::string sign(std::string_view message) const;      ///< Unpadded base64. Thread-safe.

private:
    struct Impl;
    std::string key_id_;
    std::unique_ptr<Impl> impl_;
};

/// A public key parsed once, used often; thread-safe. parse() refuses wrong lengths.
class VerifyKey {
public:
    static std::optional<VerifyKey> parse(std::string_view raw_32_bytes);
    bool verify(std::string_view message, std::string_view signature_base64) const;

private:
    struct Impl;
    VerifyKey() = default;
    std::shared_ptr<const Impl> impl_;
};

/// https://spec.matrix.org/v1.19/appendices/#signing-json: adds signatures.<signer>.<key id> to `object`,
/// computed over its canonical form without `signatures` and `unsigned`.
void sign_json(JsonObject& object, std::string_view signer, const SigningKey& key);
bool verify_json(const JsonObject& object, std::string_view signer, std::string_view key_id, const VerifyKey& key);

/// The two halves of it, for whoever signs something other than the object as it stands (events).
void add_signature(JsonObject& object, std::string_view signer, std::string_view key_id, std::string_view signature);
std::optional<std::string_view> find_signature(const JsonObject& object, std::string_view signer, std::string_view key_id);

}  // namespace runde::schema
