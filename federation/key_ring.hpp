#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "federation/allowance.hpp"
#include "federation/client.hpp"
#include "federation/complaints.hpp"
#include "federation/options.hpp"
#include "federation/server_keys.hpp"
#include "net/gate.hpp"
#include "schema/signing.hpp"
#include "storage/database.hpp"

namespace runde::federation {

/// Which key somebody needs. `min_valid_until`: the moment at which it must have been valid, in ms: now for a request,
/// origin_server_ts for an event of a room version with enforce_key_validity, 0 for events of older versions, where any
/// key that the server ever had will do.
struct KeyRequest {
    std::string server, key_id;
    std::int64_t min_valid_until = 0;
};

/// The signing keys of all servers, ours too.
///
/// Invariants
///  - Asked in this order, each stage once for all keys that are still missing: memory, database (one statement), the
///    servers themselves side by side, the notaries (one question each). Many unknown servers at once, as in a join,
///    go to the notaries first.
///  - A server is asked by one fetch at a time, however many wait for it, and after a failure not before 30 s, doubling
///    to an hour; after an answer without the wanted key not before a minute. Somebody who forges key ids or server names
///    costs one request per server and minute.
///  - Memory holds at most `most_servers` servers' keys; beyond, those are forgotten that are not in use lately.
///  - An answer is believed only if one of the keys in it has signed it and TLS said who gave it, or a notary whom the
///    operator trusts has signed it, too. What it says about validity is cut to 7 days ahead. What a server itself has said
///    is never overruled by a notary (weigh()).
///  - So many servers are asked at once and no more; beyond, keys are unknown until later.
class KeyRing {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        const rooms::Identity& identity;
        Client& client;
        const Options& options;
    };
    explicit KeyRing(Parts parts);

    /// One answer per request, in their order; nullopt for a key that nobody knows or that was not valid then.
    net::Task<std::vector<std::optional<schema::VerifyKey>>> keys(std::vector<KeyRequest> requests);

    /// Whether a key of that server is in memory: whoever signs with it costs no question to anybody.
    bool knows(const std::string& server) const {
        const auto found = servers_.find(server);
        return found != servers_.end() && !found->second.keys.empty();
    }

    /// GET /_matrix/key/v2/server: canonical and signed; valid for a day, made anew after half of it.
    const std::string& own_keys();
    /// As a notary: what is known of each server, with our signature; fetched if it is older than asked for.
    /// `servers`: name -> until when the keys must be valid, at most 100 (the rest is left out).
    net::Task<std::vector<schema::JsonObject>> vouch_for(std::map<std::string, std::int64_t> servers);

private:
    struct Known {
        schema::VerifyKey key;
        PublishedKey published;
    };
    struct Server {
        std::map<std::string, Known> keys;
        std::int64_t used = 0;
        std::int64_t next_try = 0;   ///< Not asked before.
        std::int64_t pause = 0;      ///< Of the last failure, in ms.
        bool loaded = false;         ///< What the database has is here.
    };
    static constexpr std::size_t most_servers = 5'000, most_fetches = 256;

    std::int64_t now() const { return parts_.runtime.clock().now_ms(); }
    const Known* find(const KeyRequest& request);
    std::set<std::string> missing(const std::vector<KeyRequest>& requests);
    net::Task<> load(std::set<std::string> servers);
    net::Task<> fetch_from_origins(std::set<std::string> servers);
    net::Task<> fetch(std::string server, std::shared_ptr<net::Gate> done);
    net::Task<> fetch_from_notaries(std::set<std::string> servers);
    net::Task<> ask_notary(schema::ServerName notary, std::set<std::string> servers);
    /// What somebody told: read, and as it came.
    struct Told {
        PublishedKeys published;
        std::string json;
    };
    net::Task<> take_in(std::vector<Told> told, storage::KeySource source);
    void remember(const std::string& server, const PublishedKey& key);
    void failed(const std::string& server);
    void forget_some();

    Parts parts_;
    Complaints complaints_{parts_.runtime.clock()};
    std::unordered_map<std::string, Server> servers_;
    std::unordered_map<std::string, std::shared_ptr<net::Gate>> fetching_;
    Allowance strangers_{100, 10'000};  ///< Servers that nobody here has met, asked because a stranger wants to know.
    std::string own_;
    std::int64_t own_made_ = 0;
};

}  // namespace runde::federation
