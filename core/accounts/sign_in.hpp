#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/accounts/failed_logins.hpp"
#include "core/accounts/sessions.hpp"
#include "core/accounts/user_interactive.hpp"
#include "net/clock.hpp"
#include "net/task.hpp"
#include "schema/json.hpp"
#include "storage/users.hpp"

namespace runde::accounts {

class Devices;
class Passwords;
struct Listeners;
struct Options;

/// Who somebody says they are: the members `identifier` or (deprecated) `user` of a login or of a password
/// stage. nullopt when neither is there. Throws Refusal(wrong_password) for identifiers that no account here
/// can have (e-mail, phone), invalid_param for a kind that nobody has heard of.
/// https://spec.matrix.org/v1.19/client-server-api/#identifier-types
std::optional<std::string> read_identifier(const schema::Fields& fields);

struct SignedIn {
    schema::UserId user;
    std::string device_id;
    Tokens tokens;
    bool must_change_password;
};

/// Proving who one is, and what one may do only after proving it again.
class SignIn {
public:
    SignIn(storage::Database& db, Passwords& passwords, Sessions& sessions, Devices& devices, const Listeners& listeners,
           const Options& options, const net::Clock& clock)
        : db_(db),
          passwords_(passwords),
          sessions_(sessions),
          devices_(devices),
          listeners_(listeners),
          options_(options),
          clock_(clock) {}

    /// `name`: localpart or user id, any case. A wrong password and an unknown name are told apart neither by
    /// the answer nor by its time. Throws Refusal: wrong_password, user_locked; limit_exceeded after too many wrong ones.
    net::Task<SignedIn> with_password(std::string_view name, std::string password, const DeviceRequest& device);

    /// m.login.password, for what only the owner may do. Without a session whoever knows the password is the
    /// owner; `kept` then holds "user", the user id.
    Demand confirm_owner(std::string operation, const std::optional<Session>& session);
    /// After confirm_owner: the account it was confirmed for. Throws Refusal(interactive_auth_failed).
    net::Task<storage::UserRow> confirmed_owner(const Confirmation& confirmation);

    /// Signs out the other devices (all, when `stay` is absent) if `sign_out_others`. Throws weak_password.
    net::Task<> change_password(const storage::UserRow& user, std::string password, bool sign_out_others,
                                std::optional<schema::DeviceNid> stay);
    /// Closes the account for good: https://spec.matrix.org/v1.19/client-server-api/#account-deactivation
    net::Task<> deactivate(const storage::UserRow& user, bool erase);

private:
    std::optional<std::string> localpart_of(std::string_view name) const;
    net::Task<std::optional<storage::UserRow>> find(std::optional<std::string> localpart);
    net::Task<storage::UserRow> verify(std::string_view name, std::string password);
    schema::UserId id_of(const storage::UserRow& user) const;

    storage::Database& db_;
    Passwords& passwords_;
    Sessions& sessions_;
    Devices& devices_;
    const Listeners& listeners_;
    const Options& options_;
    const net::Clock& clock_;
    FailedLogins failed_logins_;
};

}  // namespace runde::accounts
