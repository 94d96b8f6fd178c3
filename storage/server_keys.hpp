#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/database.hpp"

/// The signing keys of other servers. Kept for ever, because events signed with keys long expired stay in rooms; what servers
/// published that never had anything to do with us goes after some weeks (storage/retention).
namespace runde::storage {

struct StoredServerKey {
    std::string server, key_id;
    std::string public_key;      ///< 32 raw bytes.
    std::int64_t valid_until;    ///< ms
    bool is_final = false;       ///< When stored: the server itself has withdrawn it then, whatever was said before.
};

/// Those of `servers` (all their keys), in one statement.
std::vector<StoredServerKey> find_server_keys(Tx& tx, const std::vector<std::string>& servers);

/// What a server published, and its keys; a key that is known already only becomes valid for longer, because the
/// answer of a notary may be older than ours, unless its server has withdrawn it.
struct StoredKeyAnswer {
    std::string server;
    std::int64_t fetched, valid_until;
    std::string json;
};
void store_server_keys(Tx& tx, const StoredKeyAnswer& answer, const std::vector<StoredServerKey>& keys);
std::vector<StoredKeyAnswer> find_key_answers(Tx& tx, const std::vector<std::string>& servers);

}  // namespace runde::storage
