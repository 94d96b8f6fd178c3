#include "schema/signing.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace runde::schema {
namespace {

/// Deletes with the OpenSSL function that belongs to the type.
template <auto Free>
struct With {
    void operator()(auto* thing) const { Free(thing); }
};
using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD, With<EVP_MD_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, With<EVP_MD_CTX_free>>;

/// OpenSSL fails at these only without memory, or with a broken installation.
void must(bool worked, const char* what) {
    if (!worked) throw std::runtime_error(fmt::format("OpenSSL failed: {}", what));
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

constexpr std::string_view standard_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode_base64(std::string_view in, std::string_view alphabet) {
    std::string out;
    out.reserve((in.size() * 4 + 2) / 3);
    unsigned bits = 0, count = 0;
    for (const unsigned char byte : in) {
        bits = (bits << 8 | byte) & 0xFFFF;
        for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> (count - 6) & 63];
    }
    if (count > 0) out += alphabet[bits << (6 - count) & 63];
    return out;
}

/// The six bits that a character of either alphabet stands for, -1 for any other.
constexpr auto base64_values = [] {
    std::array<signed char, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < 64; ++i) {
        table[static_cast<unsigned char>(standard_alphabet[i])] = static_cast<signed char>(i);
        table[static_cast<unsigned char>(url_alphabet[i])] = static_cast<signed char>(i);
    }
    return table;
}();

}  // namespace

std::string sha256(std::string_view text) {
    static const Digest digest(EVP_MD_fetch(nullptr, "SHA256", nullptr));  // Fetching costs more than hashing.
    thread_local const Context context(EVP_MD_CTX_new());
    must(digest && context, "SHA-256");
    std::string out(32, '\0');
    must(EVP_DigestInit_ex2(context.get(), digest.get(), nullptr) == 1 &&
             EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
             EVP_DigestFinal_ex(context.get(), bytes(out), nullptr) == 1,
         "SHA-256");
    return out;
}

std::string sha1(std::string_view text) {
    std::string out(20, '\0');
    unsigned size = 0;
    must(EVP_Digest(text.data(), text.size(), bytes(out), &size, EVP_sha1(), nullptr) == 1 && size == out.size(), "SHA-1");
    return out;
}

std::string base64(std::string_view in) { return encode_base64(in, standard_alphabet); }
std::string base64_url(std::string_view in) { return encode_base64(in, url_alphabet); }

std::optional<std::string> decode_base64(std::string_view in) {
    if (in.size() % 4 == 0) {  // Padding fills up to a multiple of four, or it is no padding.
        if (in.ends_with('=')) in.remove_suffix(1);
        if (in.ends_with('=')) in.remove_suffix(1);
    }
    if (in.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(in.size() * 3 / 4);
    unsigned bits = 0, count = 0;
    for (const unsigned char c : in) {
        if (base64_values[c] < 0) return std::nullopt;
        bits = (bits << 6 | static_cast<unsigned>(base64_values[c])) & 0xFFFF;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFF);
    }
    return out;
}

std::string random_bytes(std::size_t n) {
    std::string out(n, '\0');
    must(RAND_bytes(bytes(out), static_cast<int>(n)) == 1, "random bytes");
    return out;
}

std::string random_token(std::size_t n) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr unsigned fair = 256 / letters.size() * letters.size();  // Above it, some letters would be likelier.
    std::string out;
    out.reserve(n);
    while (out.size() < n)
        for (const unsigned char byte : random_bytes(n - out.size()))
            if (byte < fair) out += letters[byte % letters.size()];
    return out;
}

std::string hmac_sha1_hex(std::string_view key, std::string_view message) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    must(HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes(message), message.size(), mac, &size), "HMAC");
    std::string out;
    for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", mac[i]);
    return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct SigningKey::Impl {
    Key key;
};

SigningKey::SigningKey(std::string version, std::string_view seed) : key_id_("ed25519:" + std::move(version)) {
    if (seed.size() != 32) throw std::invalid_argument("An Ed25519 seed has 32 bytes.");
    Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(seed), seed.size()));
    must(key != nullptr, "Ed25519 key");
    impl_ = std::make_unique<Impl>(std::move(key));
}

SigningKey SigningKey::generate() { return SigningKey("a_" + random_token(4), random_bytes(32)); }
SigningKey::~SigningKey() = default;
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;

std::string SigningKey::seed() const {
    std::string out(32, '\0');
    std::size_t size = out.size();
    must(EVP_PKEY_get_raw_private_key(impl_->key.get(), bytes(out), &size) == 1, "Ed25519 seed");
    return out;
}

std::string SigningKey::public_key() const {
    std::string out(32, '\0');
    std::size_t size = out.size();
    must(EVP_PKEY_get_raw_public_key(impl_->key.get(), bytes(out), &size) == 1, "Ed25519 public key");
    return out;
}

std::string SigningKey::sign(std::string_view message) const {
    const Context context(EVP_MD_CTX_new());
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    must(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) == 1 &&
             EVP_DigestSign(context.get(), bytes(signature), &size, bytes(message), message.size()) == 1,
         "Ed25519 signature");
    return base64(signature);
}

struct VerifyKey::Impl {
    Key key;
};

std::optional<VerifyKey> VerifyKey::parse(std::string_view raw) {
    if (raw.size() != 32) return std::nullopt;
    Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(raw), raw.size()));
    if (!key) return std::nullopt;
    VerifyKey parsed;
    parsed.impl_ = std::make_shared<const Impl>(std::move(key));
    return parsed;
}

bool VerifyKey::verify(std::string_view message, std::string_view signature_base64) const {
    const auto signature = decode_base64(signature_base64);
    if (!signature || signature->size() != 64) return false;
    const Context context(EVP_MD_CTX_new());
    must(context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) == 1, "Ed25519 verification");
    return EVP_DigestVerify(context.get(), bytes(*signature), signature->size(), bytes(message), message.size()) == 1;
}

void add_signature(JsonObject& object, std::string_view signer, std::string_view key_id, std::string_view signature) {
    auto& signatures = object["signatures"];
    if (!signatures.is_object()) signatures.emplace_object();
    auto& of_signer = signatures.get_object()[signer];
    if (!of_signer.is_object()) of_signer.emplace_object();
    of_signer.get_object()[key_id] = signature;
}

std::optional<std::string_view> find_signature(const JsonObject& object, std::string_view signer, std::string_view key_id) {
    const auto signatures = object_at(object, "signatures");
    const auto of_signer = signatures ? object_at(*signatures, signer) : nullptr;
    return of_signer ? string_at(*of_signer, key_id) : std::nullopt;
}

void sign_json(JsonObject& object, std::string_view signer, const SigningKey& key) {
    add_signature(object, signer, key.key_id(), key.sign(canonical_json_without(object, {"signatures", "unsigned"})));
}

bool verify_json(const JsonObject& object, std::string_view signer, std::string_view key_id, const VerifyKey& key) {
    const auto signature = find_signature(object, signer, key_id);
    // Numbers that cannot be canonical are signed by nobody, except in events of old rooms (verify_event).
    return signature && key.verify(canonical_json_without(object, {"signatures", "unsigned"}, Numbers::any), *signature);
}

}  // namespace runde::schema
