#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schema/ids.hpp"

namespace runde::federation {

/// A signing key that this server has used before: events that it signed stay verifiable.
struct RetiredKey {
    std::string key_id;      ///< "ed25519:a_x7Kd"
    std::string public_key;  ///< 32 raw bytes.
    std::int64_t expired_ts; ///< When it was last used, in ms.
};

/// What an operator decides about other servers; configuration section [federation].
struct Options {
    bool enabled = false;
    std::vector<schema::ServerName> partners;          ///< The only servers to talk to; empty: all.
    std::vector<schema::ServerName> notaries;          ///< Asked for the keys of servers that do not answer.
    std::vector<RetiredKey> retired_keys;
    std::string trusted_ca_file;                       ///< Further certificate authorities (PEM).
    std::vector<std::string> allow_private_addresses;  ///< Networks that servers may be in although they are private.
    std::map<std::string, std::string> resolve;        ///< Instead of discovery: server name -> "host:port".
    std::string version;                               ///< Of this program, for /_matrix/federation/v1/version.
};

}  // namespace runde::federation
