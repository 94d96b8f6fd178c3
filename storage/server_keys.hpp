#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/database.hpp"

/// The signing keys of other servers. Kept as long as anybody of the server is or was in one of our rooms, because events signed
/// with keys long expired stay there; what servers published that never had anything to do with us goes after some weeks
/// (storage/retention).
namespace runde::storage {

/// Who told of a key. What the server itself has said is never overruled by what a notary remembers of it.
enum class KeySource : std::int16_t { notary, origin };

struct StoredServerKey {
    std::string server, key_id;
    std::string public_key;      ///< 32 raw bytes.
    std::int64_t valid_until;    ///< ms; of a withdrawn key: when it was last used.
    bool withdrawn = false;      ///< The server no longer uses it.
};

/// Those of `servers` (all their keys), in one statement.
std::vector<StoredServerKey> find_server_keys(Tx& tx, const std::vector<std::string>& servers);

/// What a server published. `keys` are written as given: what is known already was weighed by the caller (federation/key_ring).
struct StoredKeyAnswer {
    std::string server;
    std::int64_t fetched, valid_until;
    std::string json;
};
/// The newest answer of the server itself stays until it gives another; a notary's replaces it only if it is valid for longer.
void store_server_keys(Tx& tx, const StoredKeyAnswer& answer, KeySource source, const std::vector<StoredServerKey>& keys);
std::vector<StoredKeyAnswer> find_key_answers(Tx& tx, const std::vector<std::string>& servers);

}  // namespace runde::storage
