#pragma once
#include <string>
#include <vector>

#include "core/accounts/session.hpp"
#include "net/task.hpp"
#include "schema/json.hpp"

namespace runde::storage {
class Database;
class Lane;
}  // namespace runde::storage

namespace runde::accounts {

/// Where the notifications of an account are sent to.
/// https://spec.matrix.org/v1.19/client-server-api/#push-notifications
class Pushers {
public:
    Pushers(storage::Database& db, storage::Lane& lane) : db_(db), lane_(lane) {}

    net::Task<schema::JsonArray> list(schema::UserNid user);
    /// The body of POST /pushers/set: adds, changes or (kind null) removes one. Throws Refusal:
    /// missing_param, invalid_param (sizes, kinds other than http, a URL that is no push gateway's),
    /// too_large (more than 50).
    net::Task<> set(const Session& session, const schema::JsonObject& pusher);

private:
    storage::Database& db_;
    storage::Lane& lane_;
};

}  // namespace runde::accounts
