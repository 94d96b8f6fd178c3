#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/sessions.hpp"
#include "core/accounts/user_interactive.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"
#include "storage/users.hpp"

namespace runde::accounts {

class AccountData;
class Passwords;
struct Listeners;
struct Options;

/// The localpart of a new account: letters become lower case, then it must match [a-z0-9._=/+-]+, not begin
/// with an underscore (application services use those), and fit into 255 bytes with the server's name. Throws
/// Refusal(invalid_username). https://spec.matrix.org/v1.19/appendices/#user-identifiers
schema::UserId parse_new_localpart(std::string_view text, const schema::ServerName& server);

struct NewAccount {
    std::optional<schema::UserId> user;  ///< From parse_new_localpart; absent: a name is made up.
    std::string password_hash;           ///< Empty: no password opens it.
    storage::UserKind kind = storage::UserKind::person;
    int flags = 0;  ///< storage::UserFlag
    std::optional<std::string> display_name;
    std::optional<DeviceRequest> device;            ///< Absent: nobody signs in now.
    std::optional<std::string> registration_token;  ///< One use of it is taken.
    bool accepted_terms = false;                    ///< Of Options::terms, in today's versions.
};

struct Registered {
    schema::UserNid nid;
    schema::UserId user;
    std::string device_id;  ///< Empty when nobody signed in.
    std::optional<Tokens> tokens;
};

/// Making accounts. https://spec.matrix.org/v1.19/client-server-api/#legacy-account-registration
class Registration {
public:
    Registration(storage::Database& db, storage::Numbers& numbers, net::Clock& clock, Sessions& sessions, AccountData& account_data,
                 const Listeners& listeners, const Options& options)
        : db_(db),
          numbers_(numbers),
          clock_(clock),
          sessions_(sessions),
          account_data_(account_data),
          listeners_(listeners),
          options_(options) {}

    /// Throws Refusal(registration_closed) unless people may register by themselves.
    void require_open() const;
    /// Throws Refusal: invalid_username, user_in_use.
    net::Task<schema::UserId> require_available(std::string_view username);
    net::Task<bool> token_valid(std::string_view token);
    /// The flows of POST /register in the server's mode.
    Demand demand();

    /// Throws Refusal: user_in_use; interactive_auth_failed when the registration token was used up
    /// meanwhile.
    net::Task<Registered> create(NewAccount account);

private:
    storage::Database& db_;
    storage::Numbers& numbers_;
    net::Clock& clock_;
    Sessions& sessions_;
    AccountData& account_data_;
    const Listeners& listeners_;
    const Options& options_;
};

}  // namespace runde::accounts
