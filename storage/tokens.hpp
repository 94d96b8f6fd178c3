#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// All `hash` are the 32 raw bytes of SHA-256(token); all times in ms.

/// An access token with its device and account: what a request needs to know, in one query.
struct SessionRow {
    schema::UserNid user;
    std::string localpart;
    int user_flags;  ///< UserFlag
    schema::DeviceNid device;
    std::string device_id;
    std::optional<std::int64_t> seen_day;
    std::optional<std::int64_t> expires;
    std::optional<std::string> replaces;  ///< Hash of the refresh token that is void once this token is used.
};
std::optional<SessionRow> find_session(Tx& tx, const std::string& hash);

void insert_access_token(Tx& tx, const std::string& hash, schema::UserNid user, schema::DeviceNid device,
                         std::optional<std::int64_t> expires, const std::optional<std::string>& replaces);
void insert_refresh_token(Tx& tx, const std::string& hash, schema::UserNid user, schema::DeviceNid device, std::int64_t expires,
                          const std::optional<std::string>& replaces);
/// Access and refresh tokens of a device that is signed in anew.
void remove_tokens_of(Tx& tx, schema::DeviceNid device);

struct RefreshRow {
    schema::UserNid user;
    int user_flags;
    schema::DeviceNid device;
    std::int64_t expires;
};
/// Locks the token against a second refresh at the same time. Its being used is the proof that the client has
/// it: the token it was made from is void from now on. Tokens that it was refreshed to before, and that were
/// never used, are void too (the client did not get them).
std::optional<RefreshRow> use_refresh_token(Tx& tx, const std::string& hash);
/// First use of a refreshed access token: what came before it is void.
void settle_refresh(Tx& tx, const std::string& access_hash, schema::DeviceNid device, const std::string& replaced);

/// Whether the token may be used, now.
bool registration_token_valid(Tx& tx, std::string_view token, std::int64_t now_ms);
/// Takes one use; false when there is none left. The row decides a race, not who looked first.
bool use_registration_token(Tx& tx, std::string_view token, std::int64_t now_ms);
Inserted insert_registration_token(Tx& tx, std::string_view token, std::optional<std::int64_t> uses,
                                   std::optional<std::int64_t> expires, std::int64_t now_ms);

}  // namespace runde::storage
