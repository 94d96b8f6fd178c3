#include "federation/server_keys.hpp"

#include <algorithm>

#include "schema/ids.hpp"

namespace runde::federation {

using schema::JsonObject;

namespace {

constexpr std::int64_t longest_validity = 7LL * 24 * 60 * 60 * 1000;
constexpr std::size_t most_keys = 100;

std::optional<std::string> public_key_in(const schema::Json& entry) {
    if (!entry.is_object()) return std::nullopt;
    const auto text = schema::string_at(entry.get_object(), "key");
    auto bytes = text ? schema::decode_base64(*text) : std::nullopt;
    if (!bytes || bytes->size() != 32) return std::nullopt;
    return bytes;
}

bool is_ed25519(std::string_view key_id) { return key_id.starts_with("ed25519:") && key_id.size() <= 255; }

}  // namespace

std::optional<PublishedKeys> read_server_keys(const JsonObject& answer, std::string_view server, std::int64_t now_ms) {
    const auto name = schema::string_at(answer, "server_name");
    const auto valid_until = schema::integer_at(answer, "valid_until_ts");
    const auto* current = schema::object_at(answer, "verify_keys");
    if (!name || !valid_until || !current || (!server.empty() && *name != server)) return std::nullopt;
    if (!schema::ServerName::parse(*name)) return std::nullopt;
    const auto* old = schema::object_at(answer, "old_verify_keys");
    if (current->size() + (old ? old->size() : 0) > most_keys) return std::nullopt;

    PublishedKeys published{
        .server = std::string(*name), .valid_until = std::min(*valid_until, now_ms + longest_validity), .keys = {}};
    bool proven = false;
    for (const auto& [id, entry] : *current) {
        const std::string key_id(id);
        auto bytes = is_ed25519(key_id) ? public_key_in(entry) : std::nullopt;
        const auto key = bytes ? schema::VerifyKey::parse(*bytes) : std::nullopt;
        if (!key) continue;
        proven = proven || schema::verify_json(answer, *name, key_id, *key);
        published.keys.push_back({key_id, *std::move(bytes), published.valid_until, false});
    }
    if (!proven) return std::nullopt;
    if (old)
        for (const auto& [id, entry] : *old) {
            const std::string key_id(id);
            auto bytes = is_ed25519(key_id) ? public_key_in(entry) : std::nullopt;
            const auto expired = bytes ? schema::integer_at(entry.get_object(), "expired_ts") : std::nullopt;
            if (!expired || current->contains(id)) continue;
            published.keys.push_back({key_id, *std::move(bytes), std::min(*expired, now_ms), true});
        }
    return published;
}

PublishedKey weigh(const PublishedKey& known, const PublishedKey& said, storage::KeySource source) {
    const bool is_same = known.public_key == said.public_key;
    if (source == storage::KeySource::notary && (known.withdrawn || !is_same)) return known;
    auto believed = said;
    if (is_same && !known.withdrawn && !said.withdrawn) believed.valid_until = std::max(known.valid_until, said.valid_until);
    return believed;
}

std::string write_server_keys(std::string_view server, const schema::SigningKey& key, const std::vector<RetiredKey>& retired,
                              std::int64_t valid_until) {
    JsonObject old;
    for (const auto& former : retired)
        old[former.key_id] = {{"expired_ts", former.expired_ts}, {"key", schema::base64(former.public_key)}};
    JsonObject answer{{"server_name", server},
                      {"valid_until_ts", valid_until},
                      {"verify_keys", {{key.key_id(), {{"key", schema::base64(key.public_key())}}}}},
                      {"old_verify_keys", std::move(old)}};
    schema::sign_json(answer, server, key);
    return schema::canonical_json(answer);
}

}  // namespace runde::federation
