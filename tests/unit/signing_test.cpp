#include <doctest/doctest.h>

#include "schema/signing.hpp"

using namespace runde::schema;

namespace {

/// https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors
SigningKey spec_key() { return SigningKey("1", *decode_base64("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")); }
VerifyKey public_half(const SigningKey& key) { return *VerifyKey::parse(key.public_key()); }

}  // namespace

TEST_CASE("unpadded base64: the examples of the specification") {
    const std::pair<std::string_view, std::string_view> examples[] = {
        {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : examples) {
        CHECK(base64(plain) == encoded);
        CHECK(decode_base64(encoded) == plain);
    }
    CHECK(base64("\xFB\xFF") == "+/8");
    CHECK(base64_url("\xFB\xFF") == "-_8");
    CHECK(decode_base64("+/8") == decode_base64("-_8"));
    CHECK(decode_base64("Zg==") == "f");
    for (const auto text : {"Z", "Zg=", "Z===", "====", "Zm9v=", "Zm 9", "Zm9v\n", "Zg==Zg=="}) CHECK_FALSE(decode_base64(text));
}

TEST_CASE("hashes known from elsewhere") {
    CHECK(base64(sha256("")) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
    CHECK(hmac_sha1_hex("key", "The quick brown fox jumps over the lazy dog") == "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
}

TEST_CASE("signing JSON: the vectors of the specification") {
    const auto key = spec_key();
    CHECK(key.key_id() == "ed25519:1");
    CHECK(base64(key.public_key()) == "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI");

    JsonObject empty;
    sign_json(empty, "domain", key);
    CHECK(
        canonical_json(empty) ==
        R"({"signatures":{"domain":{"ed25519:1":"K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"}}})");

    auto data = parse_json(R"({"one":1,"two":"Two"})").as_object();
    sign_json(data, "domain", key);
    CHECK(*find_signature(data, "domain", "ed25519:1") ==
          "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw");
}

TEST_CASE("which signatures hold") {
    const auto key = spec_key();
    auto letter = parse_json(R"({"to":"Ben","text":"Guten Abend","unsigned":{"age":1}})").as_object();
    sign_json(letter, "hearth.test", key);
    REQUIRE(verify_json(letter, "hearth.test", "ed25519:1", public_half(key)));

    SUBCASE("unsigned data may change, and others may sign too") {
        letter["unsigned"] = "anything";
        sign_json(letter, "haven.test", SigningKey::generate());
        CHECK(verify_json(letter, "hearth.test", "ed25519:1", public_half(key)));
    }
    SUBCASE("signed data may not") {
        letter["text"] = "Guten Morgen";
        CHECK_FALSE(verify_json(letter, "hearth.test", "ed25519:1", public_half(key)));
    }
    SUBCASE("somebody else's key") {
        CHECK_FALSE(verify_json(letter, "hearth.test", "ed25519:1", public_half(SigningKey::generate())));
    }
    SUBCASE("another key id or signer") {
        CHECK_FALSE(verify_json(letter, "hearth.test", "ed25519:2", public_half(key)));
        CHECK_FALSE(verify_json(letter, "haven.test", "ed25519:1", public_half(key)));
    }
    SUBCASE("signatures that are none") {
        for (const Json& nonsense : {Json("text"), Json(nullptr), Json(JsonObject{{"hearth.test", 1}}),
                                     Json(JsonObject{{"hearth.test", {{"ed25519:1", "?"}}}}),
                                     Json(JsonObject{{"hearth.test", {{"ed25519:1", "Zm9v"}}}})}) {
            letter["signatures"] = nonsense;
            CHECK_FALSE(verify_json(letter, "hearth.test", "ed25519:1", public_half(key)));
        }
    }
}

TEST_CASE("a signature cannot be bent into a second one that holds as well") {
    // Ed25519: S and S + L verify alike unless the verifier insists on S < L.
    const auto key = spec_key();
    auto signature = *decode_base64(key.sign("Abend"));
    REQUIRE(public_half(key).verify("Abend", base64(signature)));
    const unsigned char order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7,
                                     0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0,    0,    0,    0,    0,    0,
                                     0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += static_cast<unsigned char>(signature[32 + i]) + order[i];
        signature[32 + i] = static_cast<char>(carry & 0xFF);
        carry >>= 8;
    }
    CHECK_FALSE(public_half(key).verify("Abend", base64(signature)));
}

TEST_CASE("keys") {
    CHECK_FALSE(VerifyKey::parse("short"));
    CHECK_THROWS(SigningKey("1", "short"));
    const auto key = SigningKey::generate();
    CHECK(SigningKey("again", key.seed()).public_key() == key.public_key());
    CHECK(key.key_id().size() == std::string_view("ed25519:a_wxyz").size());
}

TEST_CASE("random tokens") {
    const auto token = random_token(64);
    CHECK(token.size() == 64);
    CHECK(token != random_token(64));
    CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == token.npos);
    CHECK(random_bytes(0).empty());
    CHECK(equal_in_constant_time(token, token));
    CHECK_FALSE(equal_in_constant_time(token, token.substr(1)));
}
