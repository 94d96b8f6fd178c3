#include "storage/server_keys.hpp"

namespace runde::storage {

std::vector<StoredServerKey> find_server_keys(Tx& tx, const std::vector<std::string>& servers) {
    std::vector<StoredServerKey> keys;
    for (const auto& row :
         tx.exec("SELECT server, key_id, pub, valid_until FROM server_keys WHERE server = ANY($1::text[])", servers))
        keys.push_back({row[0].string(), row[1].string(), row[2].blob(), row[3].number(), false});
    return keys;
}

void store_server_keys(Tx& tx, const StoredKeyAnswer& answer, const std::vector<StoredServerKey>& keys) {
    tx.exec(R"(INSERT INTO server_key_answers (server, fetched, valid_until, json) VALUES ($1, $2, $3, $4)
               ON CONFLICT (server) DO UPDATE
               SET fetched = excluded.fetched, valid_until = excluded.valid_until, json = excluded.json
               WHERE server_key_answers.valid_until <= excluded.valid_until)",
            answer.server, answer.fetched, answer.valid_until, answer.json);
    for (const auto& key : keys)
        tx.exec(R"(INSERT INTO server_keys (server, key_id, pub, valid_until) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (server, key_id) DO UPDATE
                   SET pub = excluded.pub, valid_until = CASE WHEN $5 THEN excluded.valid_until
                       ELSE greatest(server_keys.valid_until, excluded.valid_until) END)",
                key.server, key.key_id, Blob{key.public_key}, key.valid_until, key.is_final);
}

std::vector<StoredKeyAnswer> find_key_answers(Tx& tx, const std::vector<std::string>& servers) {
    std::vector<StoredKeyAnswer> answers;
    for (const auto& row :
         tx.exec("SELECT server, fetched, valid_until, json FROM server_key_answers WHERE server = ANY($1::text[])", servers))
        answers.push_back({row[0].string(), row[1].number(), row[2].number(), row[3].string()});
    return answers;
}

}  // namespace runde::storage
