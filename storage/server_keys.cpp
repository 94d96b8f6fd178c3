#include "storage/server_keys.hpp"

namespace runde::storage {

std::vector<StoredServerKey> find_server_keys(Tx& tx, const std::vector<std::string>& servers) {
    std::vector<StoredServerKey> keys;
    for (const auto& row :
         tx.exec("SELECT server, key_id, pub, valid_until, withdrawn FROM server_keys WHERE server = ANY($1::text[])", servers))
        keys.push_back({row[0].string(), row[1].string(), row[2].blob(), row[3].number(), row[4].flag()});
    return keys;
}

void store_server_keys(Tx& tx, const StoredKeyAnswer& answer, KeySource source, const std::vector<StoredServerKey>& keys) {
    tx.exec(R"(INSERT INTO server_key_answers AS known (server, fetched, valid_until, json, source) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (server) DO UPDATE
               SET fetched = excluded.fetched, valid_until = excluded.valid_until, json = excluded.json, source = excluded.source
               WHERE excluded.source = 1 OR known.valid_until < excluded.fetched
                     OR (known.source = 0 AND known.valid_until <= excluded.valid_until))",
            answer.server, answer.fetched, answer.valid_until, answer.json, static_cast<std::int64_t>(source));
    static_assert(static_cast<int>(KeySource::notary) == 0 && static_cast<int>(KeySource::origin) == 1);
    for (const auto& key : keys)
        tx.exec(R"(INSERT INTO server_keys (server, key_id, pub, valid_until, withdrawn) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (server, key_id) DO UPDATE
                   SET pub = excluded.pub, valid_until = excluded.valid_until, withdrawn = excluded.withdrawn)",
                key.server, key.key_id, Blob{key.public_key}, key.valid_until, key.withdrawn);
}

std::vector<StoredKeyAnswer> find_key_answers(Tx& tx, const std::vector<std::string>& servers) {
    std::vector<StoredKeyAnswer> answers;
    for (const auto& row :
         tx.exec("SELECT server, fetched, valid_until, json FROM server_key_answers WHERE server = ANY($1::text[])", servers))
        answers.push_back({row[0].string(), row[1].number(), row[2].number(), row[3].string()});
    return answers;
}

}  // namespace runde::storage
