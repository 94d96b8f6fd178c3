#include "storage/tokens.hpp"

namespace runde::storage {

namespace {

std::optional<Blob> blob(const std::optional<std::string>& bytes) { return bytes ? std::optional(Blob{*bytes}) : std::nullopt; }

}  // namespace

std::optional<SessionRow> find_session(Tx& tx, const std::string& hash) {
    const auto rows = tx.exec(
        R"(SELECT t.user_nid, u.localpart, u.flags, t.device_nid, d.device_id, d.seen_day, t.expires, t.replaces
           FROM access_tokens t JOIN users u USING (user_nid) JOIN devices d USING (device_nid)
           WHERE t.token_hash = $1 AND u.flags & 1 = 0)",
        Blob{hash});
    if (rows.empty()) return std::nullopt;
    const auto row = rows.front();
    return SessionRow{.user = row[0].nid<schema::UserNid>(),
                      .localpart = row[1].string(),
                      .user_flags = static_cast<int>(row[2].number()),
                      .device = row[3].nid<schema::DeviceNid>(),
                      .device_id = row[4].string(),
                      .seen_day = row[5].maybe_number(),
                      .expires = row[6].maybe_number(),
                      .replaces = row[7].is_null() ? std::nullopt : std::optional(row[7].blob())};
}

void insert_access_token(Tx& tx, const std::string& hash, schema::UserNid user, schema::DeviceNid device,
                         std::optional<std::int64_t> expires, const std::optional<std::string>& replaces) {
    tx.exec(
        "INSERT INTO access_tokens (token_hash, user_nid, device_nid, expires, replaces) VALUES ($1, $2, $3, "
        "$4, $5)",
        Blob{hash}, user, device, expires, blob(replaces));
}

void insert_refresh_token(Tx& tx, const std::string& hash, schema::UserNid user, schema::DeviceNid device, std::int64_t expires,
                          const std::optional<std::string>& replaces) {
    tx.exec(
        "INSERT INTO refresh_tokens (token_hash, user_nid, device_nid, expires, replaces) VALUES ($1, $2, "
        "$3, $4, $5)",
        Blob{hash}, user, device, expires, blob(replaces));
}

void remove_tokens_of(Tx& tx, schema::DeviceNid device) {
    tx.exec("DELETE FROM access_tokens WHERE device_nid = $1", device);
    tx.exec("DELETE FROM refresh_tokens WHERE device_nid = $1", device);
}

std::optional<RefreshRow> use_refresh_token(Tx& tx, const std::string& hash) {
    const auto rows = tx.exec(
        R"(SELECT r.user_nid, u.flags, r.device_nid, r.expires, r.replaces
           FROM refresh_tokens r JOIN users u USING (user_nid)
           WHERE r.token_hash = $1 AND u.flags & 1 = 0
           FOR UPDATE OF r)",
        Blob{hash});
    if (rows.empty()) return std::nullopt;
    const auto row = rows.front();
    if (!row[4].is_null()) tx.exec("DELETE FROM refresh_tokens WHERE token_hash = $1", Blob{row[4].blob()});
    tx.exec("DELETE FROM refresh_tokens WHERE device_nid = $1 AND replaces = $2", row[2].number(), Blob{hash});
    tx.exec("DELETE FROM access_tokens WHERE device_nid = $1 AND replaces = $2", row[2].number(), Blob{hash});
    return RefreshRow{.user = row[0].nid<schema::UserNid>(),
                      .user_flags = static_cast<int>(row[1].number()),
                      .device = row[2].nid<schema::DeviceNid>(),
                      .expires = row[3].number()};
}

void settle_refresh(Tx& tx, const std::string& access_hash, schema::DeviceNid device, const std::string& replaced) {
    tx.exec("DELETE FROM refresh_tokens WHERE token_hash = $1", Blob{replaced});
    tx.exec("DELETE FROM access_tokens WHERE device_nid = $1 AND token_hash <> $2", device, Blob{access_hash});
    tx.exec("UPDATE access_tokens SET replaces = NULL WHERE token_hash = $1", Blob{access_hash});
}

bool registration_token_valid(Tx& tx, std::string_view token, std::int64_t now_ms) {
    return !tx.exec(
                  R"(SELECT 1 FROM registration_tokens
                     WHERE token = $1 AND uses_left IS DISTINCT FROM 0 AND (expires IS NULL OR expires > $2::bigint))",
                  token, now_ms)
                .empty();
}

bool use_registration_token(Tx& tx, std::string_view token, std::int64_t now_ms) {
    const auto rows = tx.exec(
        R"(UPDATE registration_tokens SET uses_left = uses_left - 1, completed = completed + 1
           WHERE token = $1 AND uses_left IS DISTINCT FROM 0 AND (expires IS NULL OR expires > $2::bigint))",
        token, now_ms);
    return rows.affected() == 1;
}

Inserted insert_registration_token(Tx& tx, std::string_view token, std::optional<std::int64_t> uses,
                                   std::optional<std::int64_t> expires, std::int64_t now_ms) {
    const auto rows = tx.exec(
        R"(INSERT INTO registration_tokens (token, uses_left, expires, created) VALUES ($1, $2, $3, $4)
           ON CONFLICT (token) DO NOTHING)",
        token, uses, expires, now_ms);
    return rows.affected() == 1 ? Inserted::yes : Inserted::no;
}

}  // namespace runde::storage
