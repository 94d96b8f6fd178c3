#pragma once
#include <optional>
#include <string_view>

#include "core/accounts/session.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"
#include "schema/json.hpp"

namespace runde::storage {
class Database;
}

namespace runde::accounts {

struct Listeners;
struct Options;

/// What an account shows of itself. https://spec.matrix.org/v1.19/client-server-api/#profiles
class Profiles {
public:
    Profiles(storage::Database& db, const Listeners& listeners, const Options& options)
        : db_(db), listeners_(listeners), options_(options) {}

    /// All fields; nullopt when there is no such account here. Accounts of other servers: not yet.
    net::Task<std::optional<schema::JsonObject>> find(const schema::UserId& user);

    /// Throws Refusal: key_too_large, invalid_param (grammar of the name), bad_json (displayname and
    /// avatar_url are strings), profile_too_large (64 KiB in all). An empty displayname or avatar_url removes
    /// the field.
    net::Task<> set(const Session& session, std::string_view field, schema::Json value);
    net::Task<> remove(const Session& session, std::string_view field);

private:
    net::Task<> change(const Session& session, std::string_view field, std::optional<schema::Json> value);

    storage::Database& db_;
    const Listeners& listeners_;
    const Options& options_;
};

}  // namespace runde::accounts
