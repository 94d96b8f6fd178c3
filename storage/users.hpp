#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

enum class UserKind : int { person = 0, service = 1, application_service = 2 };

/// Bits of users.flags.
enum UserFlag : int {
    deactivated = 1,
    locked = 2,
    suspended = 4,
    administrator = 8,
    must_change_password = 16,
    erasure_requested = 32,
};

struct UserRow {
    schema::UserNid nid;
    std::string localpart;
    std::optional<std::string> password_hash;
    std::int64_t created = 0;  ///< ms
    UserKind kind = UserKind::person;
    int flags = 0;  ///< UserFlag

    bool is(UserFlag flag) const { return (flags & flag) != 0; }
};

/// `no` when the localpart is taken, also by a deactivated account: names are never given twice.
Inserted insert_user(Tx& tx, const UserRow& user, std::string_view profile);
std::optional<UserRow> find_user(Tx& tx, std::string_view localpart);
std::optional<UserRow> find_user(Tx& tx, schema::UserNid user);

/// Also clears must_change_password.
void set_password(Tx& tx, schema::UserNid user, std::string_view hash);
void change_user_flags(Tx& tx, schema::UserNid user, int set, int clear);
/// Password and profile go, the name stays taken.
void deactivate_user(Tx& tx, schema::UserNid user, bool erase);
bool administrator_exists(Tx& tx);

/// The profile's JSON, of an account that is not deactivated.
std::optional<std::string> find_profile(Tx& tx, std::string_view localpart);
/// The same, and nobody else changes it before this transaction ends.
std::optional<std::string> lock_profile(Tx& tx, schema::UserNid user);
void set_profile(Tx& tx, schema::UserNid user, std::string_view json);

/// m.login.terms
void insert_terms_accepted(Tx& tx, schema::UserNid user, std::string_view policy, std::string_view version, std::int64_t now_ms);

}  // namespace runde::storage
