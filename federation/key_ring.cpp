#include "federation/key_ring.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "storage/server_keys.hpp"

namespace runde::federation {

using schema::JsonObject;
using schema::ServerName;

namespace {

constexpr std::int64_t minute = 60'000, day = 24 * 60 * minute;
constexpr std::int64_t first_pause = 30'000, longest_pause = 60 * minute;
/// Beyond this many unknown servers the notaries are quicker: some of the servers will be dead.
constexpr std::size_t many = 8;
constexpr std::size_t most_at_once = 32;     ///< Servers asked side by side.
constexpr std::size_t most_per_notary = 200; ///< Servers in one question to a notary.
/// Of what a server publishes, as it is kept: room for a hundred keys.
constexpr std::size_t most_answer_bytes = 16 * 1024;
constexpr Limits key_limits{.whole = net::Milliseconds(10'000), .body_bytes = 256 * 1024};
constexpr Limits notary_limits{.whole = net::Milliseconds(20'000), .body_bytes = 8 * 1024 * 1024};

}  // namespace

KeyRing::KeyRing(Parts parts) : parts_(parts) {
    // Our own keys are known for ever; the one in use has no end.
    const auto& identity = parts_.identity;
    auto& own = servers_[identity.server.str()];
    own.loaded = true;
    own.used = own.next_try = std::numeric_limits<std::int64_t>::max();
    for (const auto& former : parts_.options.retired_keys)
        remember(identity.server.str(), {former.key_id, former.public_key, former.expired_ts});
    remember(identity.server.str(), {identity.key.key_id(), identity.key.public_key(), std::numeric_limits<std::int64_t>::max()});
}

const KeyRing::Known* KeyRing::find(const KeyRequest& request) {
    const auto server = servers_.find(request.server);
    if (server == servers_.end()) return nullptr;
    server->second.used = std::max(server->second.used, now());
    const auto key = server->second.keys.find(request.key_id);
    if (key == server->second.keys.end() || key->second.published.valid_until < request.min_valid_until) return nullptr;
    return &key->second;
}

std::set<std::string> KeyRing::missing(const std::vector<KeyRequest>& requests) {
    std::set<std::string> servers;
    for (const auto& request : requests)
        if (!find(request) && request.key_id.starts_with("ed25519:") && ServerName::parse(request.server))
            servers.insert(request.server);
    return servers;
}

net::Task<std::vector<std::optional<schema::VerifyKey>>> KeyRing::keys(std::vector<KeyRequest> requests) {
    forget_some();
    auto servers = missing(requests);
    if (!servers.empty()) {
        co_await load(servers);
        servers = missing(requests);
    }
    const auto askable = [&] {
        std::erase_if(servers, [&](const auto& server) {
            const auto known = servers_.find(server);
            return known != servers_.end() && known->second.next_try > now();
        });
        return !servers.empty();
    };
    if (askable() && servers.size() > many && !parts_.options.notaries.empty()) {
        co_await fetch_from_notaries(servers);
        servers = missing(requests);
    }
    if (askable()) {
        const auto asked = servers;
        co_await fetch_from_origins(asked);
        servers = missing(requests);
        std::erase_if(servers, [&](const auto& server) { return !asked.contains(server); });
        if (!servers.empty()) co_await fetch_from_notaries(servers);
    }
    std::vector<std::optional<schema::VerifyKey>> found;
    found.reserve(requests.size());
    for (const auto& request : requests) {
        const auto* known = find(request);
        found.push_back(known ? std::optional(known->key) : std::nullopt);
    }
    co_return found;
}

net::Task<> KeyRing::load(std::set<std::string> servers) {
    std::vector<std::string> names;
    for (const auto& server : servers)
        if (const auto known = servers_.find(server); known == servers_.end() || !known->second.loaded) names.push_back(server);
    if (names.empty()) co_return;
    const auto stored = co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_server_keys(tx, names); });
    for (const auto& name : names) servers_[name].loaded = true;
    for (const auto& key : stored)
        // What was learned while the database was read is newer.
        if (!servers_[key.server].keys.contains(key.key_id))
            remember(key.server, {key.key_id, key.public_key, key.valid_until, key.withdrawn});
}

net::Task<> KeyRing::fetch_from_origins(std::set<std::string> servers) {
    std::vector<std::shared_ptr<net::Gate>> waiting;
    for (const auto& server : servers) {
        if (fetching_.size() >= most_fetches && !fetching_.contains(server)) continue;
        auto& gate = fetching_[server];
        if (!gate) {
            gate = std::make_shared<net::Gate>();
            parts_.runtime.spawn("server keys", fetch(server, gate));
        }
        waiting.push_back(gate);
        if (waiting.size() < most_at_once) continue;
        for (const auto& one : waiting) co_await one->wait();
        waiting.clear();
    }
    for (const auto& one : waiting) co_await one->wait();
}

net::Task<> KeyRing::fetch(std::string server, std::shared_ptr<net::Gate> done) {
    try {
        auto answer = co_await parts_.client.get(*ServerName::parse(server), "/_matrix/key/v2/server", key_limits);
        auto published = read_server_keys(answer, server, now());
        if (published) {
            std::vector<Told> told;
            told.push_back({*std::move(published), schema::canonical_json(answer, schema::Numbers::any)});
            co_await take_in(std::move(told), storage::KeySource::origin);
            servers_[server].pause = 0;
            servers_[server].next_try = now() + minute;
        } else {
            complaints_.about(server, "what it says of its keys is not properly signed");
            failed(server);
        }
    } catch (const LinkFailed& failure) {
        complaints_.about(server, "its keys cannot be had: " + failure.why);
        failed(server);
    } catch (const RemoteRefusal& refused) {
        complaints_.about(server, fmt::format("its keys cannot be had: status {}", refused.status));
        failed(server);
    } catch (const std::exception&) {
        failed(server);  // No partner, or the database is away.
    }
    // However it ended, whoever waits goes on. (No guard object: at shutdown this frame may outlive the ring.)
    fetching_.erase(server);
    done->open();
}

void KeyRing::failed(const std::string& server) {
    auto& entry = servers_[server];
    entry.pause = std::clamp(entry.pause * 2, first_pause, longest_pause);
    entry.next_try = now() + entry.pause;
}

net::Task<> KeyRing::fetch_from_notaries(std::set<std::string> servers) {
    for (const auto& notary : parts_.options.notaries) {
        if (servers.empty()) co_return;
        std::set<std::string> part;
        for (const auto& server : servers)
            if (server != notary.str() && part.size() < most_per_notary) part.insert(server);
        if (part.empty()) continue;
        co_await ask_notary(notary, part);
        std::erase_if(servers, [&](const auto& server) {
            const auto known = servers_.find(server);
            return known != servers_.end() && !known->second.keys.empty() && known->second.pause == 0;
        });
    }
}

net::Task<> KeyRing::ask_notary(ServerName notary, std::set<std::string> servers) {
    // Its own keys come from itself, by TLS.
    if (!servers_[notary.str()].loaded) co_await load({notary.str()});
    const auto is_valid = [&](const auto& key) { return key.second.published.valid_until >= now(); };
    const auto knows_notary = [&] { return std::ranges::any_of(servers_[notary.str()].keys, is_valid); };
    if (!knows_notary() && servers_[notary.str()].next_try <= now()) co_await fetch_from_origins({notary.str()});
    if (!knows_notary()) co_return;

    JsonObject query;
    for (const auto& server : servers) query[server] = JsonObject();
    const auto body = schema::canonical_json(JsonObject{{"server_keys", std::move(query)}});
    try {
        const auto answer = co_await parts_.client.post(notary, "/_matrix/key/v2/query", body, notary_limits);
        const auto* list = schema::array_at(answer, "server_keys");
        if (!list) co_return;
        std::vector<Told> told;
        for (const auto& entry : *list) {
            if (!entry.is_object()) continue;
            const auto& object = entry.get_object();
            auto published = read_server_keys(object, "", now());
            if (!published || !servers.contains(published->server)) continue;
            const auto& keys = servers_[notary.str()].keys;
            const bool vouched = std::ranges::any_of(keys, [&](const auto& key) {
                return is_valid(key) && schema::verify_json(object, notary.str(), key.first, key.second.key);
            });
            if (!vouched) continue;
            servers_[published->server].pause = 0;
            told.push_back({*std::move(published), schema::canonical_json(object, schema::Numbers::any)});
        }
        co_await take_in(std::move(told), storage::KeySource::notary);
    } catch (const LinkFailed& failure) {
        complaints_.about(notary.str(), "as a notary it cannot be asked: " + failure.why);
    } catch (const RemoteRefusal& refused) {
        complaints_.about(notary.str(), fmt::format("as a notary it cannot be asked: status {}", refused.status));
    } catch (const schema::Refusal&) {
    }
}

net::Task<> KeyRing::take_in(std::vector<Told> told, storage::KeySource source) {
    std::erase_if(told, [&](const Told& one) {
        const bool is_too_large = one.json.size() > most_answer_bytes;
        if (is_too_large) complaints_.about(one.published.server, "what it says of its keys is too large");
        return is_too_large || one.published.server == parts_.identity.server.str();  // Nobody tells us our own keys.
    });
    std::set<std::string> names;
    for (const auto& one : told) names.insert(one.published.server);
    co_await load(names);
    struct Row {
        storage::StoredKeyAnswer answer;
        std::vector<storage::StoredServerKey> keys;
    };
    std::vector<Row> rows;
    for (auto& one : told) {
        const auto& server = one.published.server;
        Row row{{server, now(), one.published.valid_until, std::move(one.json)}, {}};
        bool is_outdated = false;
        for (const auto& said : one.published.keys) {
            const auto& keys = servers_[server].keys;
            const auto known = keys.find(said.key_id);
            const auto believed = known == keys.end() ? said : weigh(known->second.published, said, source);
            is_outdated = is_outdated || (believed.withdrawn && !said.withdrawn);
            remember(server, believed);
            row.keys.push_back({server, believed.key_id, believed.public_key, believed.valid_until, believed.withdrawn});
        }
        if (!is_outdated) rows.push_back(std::move(row));  // Nor is it passed on to others.
    }
    if (rows.empty()) co_return;
    co_await parts_.db.transact([&](storage::Tx& tx) {
        for (const auto& row : rows) storage::store_server_keys(tx, row.answer, source, row.keys);
    });
}

void KeyRing::remember(const std::string& server, const PublishedKey& published) {
    if (auto key = schema::VerifyKey::parse(published.public_key))
        servers_[server].keys.insert_or_assign(published.key_id, Known{*std::move(key), published});
}

void KeyRing::forget_some() {
    if (servers_.size() <= most_servers) return;
    std::vector<std::int64_t> uses;
    for (const auto& [name, server] : servers_) uses.push_back(server.used);
    const auto middle = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 2);
    std::nth_element(uses.begin(), middle, uses.end());
    const auto limit = std::min(*middle, now() - 1);
    std::erase_if(servers_, [&](const auto& entry) { return entry.second.used <= limit && !fetching_.contains(entry.first); });
}

const std::string& KeyRing::own_keys() {
    if (own_.empty() || now() - own_made_ > day / 2) {
        own_made_ = now();
        own_ = write_server_keys(parts_.identity.server.str(), parts_.identity.key, parts_.options.retired_keys, own_made_ + day);
    }
    return own_;
}

namespace {

bool stored_before(const std::vector<storage::StoredKeyAnswer>& answers, const std::string& server) {
    return std::ranges::any_of(answers, [&](const auto& answer) { return answer.server == server; });
}

}  // namespace

net::Task<std::vector<JsonObject>> KeyRing::vouch_for(std::map<std::string, std::int64_t> servers) {
    std::vector<JsonObject> answers;
    std::vector<std::string> others;
    for (const auto& [server, min_valid_until] : servers) {
        if (server == parts_.identity.server.str())
            answers.push_back(schema::parse_json(own_keys()).get_object());
        else if (others.size() < 100 && ServerName::parse(server))
            others.push_back(server);
    }
    if (others.empty()) co_return answers;
    const auto look = [&](storage::Tx& tx) { return storage::find_key_answers(tx, others); };
    auto stored = co_await parts_.db.read(look);
    std::set<std::string> stale(others.begin(), others.end());
    for (const auto& answer : stored) {
        // "Cache a response for half of its lifetime."
        const bool fresh = now() - answer.fetched < (answer.valid_until - answer.fetched) / 2;
        if (fresh && answer.valid_until >= servers.at(answer.server)) stale.erase(answer.server);
    }
    std::erase_if(stale, [&](const auto& server) {
        const auto known = servers_.find(server);
        return known != servers_.end() && known->second.next_try > now();
    });
    std::erase_if(stale, [&](const auto& server) { return !stored_before(stored, server) && !strangers_.take(now()); });
    if (!stale.empty()) {
        co_await fetch_from_origins(stale);
        stored = co_await parts_.db.read(look);
    }
    for (const auto& answer : stored) {
        auto object = schema::parse_json(answer.json).get_object();
        schema::sign_json(object, parts_.identity.server.str(), parts_.identity.key);
        answers.push_back(std::move(object));
    }
    co_return answers;
}

}  // namespace runde::federation
