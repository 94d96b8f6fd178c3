#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "federation/options.hpp"
#include "schema/json.hpp"
#include "schema/signing.hpp"
#include "storage/server_keys.hpp"

/// What a server publishes about its keys: reading, checking and writing it. Pure.
/// https://spec.matrix.org/v1.19/server-server-api/#retrieving-server-keys
namespace runde::federation {

struct PublishedKey {
    std::string key_id;
    std::string public_key;    ///< 32 raw bytes.
    std::int64_t valid_until;  ///< Of a key no longer used: its expired_ts. Never more than 7 days ahead of `now`.
    bool withdrawn = false;    ///< The server says that it no longer uses it.
};

struct PublishedKeys {
    std::string server;
    std::int64_t valid_until;  ///< As cut to 7 days.
    std::vector<PublishedKey> keys;
};

/// An answer of /_matrix/key/v2/server: nullopt unless it is `server`'s (any server's when empty) and at least one of the
/// keys in verify_keys has signed it. Keys of algorithms that we do not know are left out; more than 100 are refused.
std::optional<PublishedKeys> read_server_keys(const schema::JsonObject& answer, std::string_view server, std::int64_t now_ms);

/// What to believe of a key of which something is known already, when something new is said of it. The server's own word
/// counts. A notary may only remember: what it says makes a key valid for longer, or tells that it was withdrawn, but brings no
/// withdrawn key back and puts no other key in its place.
PublishedKey weigh(const PublishedKey& known, const PublishedKey& said, storage::KeySource source);

/// Our own answer, canonical and signed.
std::string write_server_keys(std::string_view server, const schema::SigningKey& key, const std::vector<RetiredKey>& retired,
                              std::int64_t valid_until);

}  // namespace runde::federation
