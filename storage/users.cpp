#include "storage/users.hpp"

namespace runde::storage {

namespace {

std::optional<UserRow> user_row(const Rows& rows) {
    if (rows.empty()) return std::nullopt;
    const auto row = rows.front();
    return UserRow{.nid = row[0].nid<schema::UserNid>(),
                   .localpart = row[1].string(),
                   .password_hash = row[2].maybe_string(),
                   .created = row[3].number(),
                   .kind = static_cast<UserKind>(row[4].number()),
                   .flags = static_cast<int>(row[5].number())};
}

}  // namespace

Inserted insert_user(Tx& tx, const UserRow& user, std::string_view profile) {
    const auto rows = tx.exec(
        R"(INSERT INTO users (user_nid, localpart, pw_hash, created, kind, flags, profile)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (localpart) DO NOTHING)",
        user.nid, user.localpart, user.password_hash, user.created, user.kind, user.flags, profile);
    return rows.affected() == 1 ? Inserted::yes : Inserted::no;
}

std::optional<UserRow> find_user(Tx& tx, std::string_view localpart) {
    return user_row(
        tx.exec("SELECT user_nid, localpart, pw_hash, created, kind, flags FROM users WHERE localpart = $1", localpart));
}

std::optional<UserRow> find_user(Tx& tx, schema::UserNid user) {
    return user_row(tx.exec("SELECT user_nid, localpart, pw_hash, created, kind, flags FROM users WHERE user_nid = $1", user));
}

void set_password(Tx& tx, schema::UserNid user, std::string_view hash) {
    tx.exec("UPDATE users SET pw_hash = $2, flags = flags & ~16 WHERE user_nid = $1 AND flags & 1 = 0", user, hash);
}

void change_user_flags(Tx& tx, schema::UserNid user, int set, int clear) {
    tx.exec("UPDATE users SET flags = (flags | $2::int) & ~$3::int WHERE user_nid = $1", user, set, clear);
}

void deactivate_user(Tx& tx, schema::UserNid user, bool erase) {
    // An administrator's account loses that role too: a dead account must not count as the way back in.
    tx.exec(
        R"(UPDATE users SET pw_hash = NULL, profile = '{}', flags = ((flags | 1) & ~24) | $2::int
           WHERE user_nid = $1)",
        user, erase ? int{erasure_requested} : 0);
}

bool administrator_exists(Tx& tx) { return !tx.exec("SELECT 1 FROM users WHERE flags & 9 = 8 LIMIT 1").empty(); }

std::optional<std::string> find_profile(Tx& tx, std::string_view localpart) {
    const auto rows = tx.exec("SELECT profile FROM users WHERE localpart = $1 AND flags & 1 = 0", localpart);
    return rows.empty() ? std::nullopt : std::optional(rows.front()[0].string());
}

std::optional<std::string> lock_profile(Tx& tx, schema::UserNid user) {
    const auto rows = tx.exec("SELECT profile FROM users WHERE user_nid = $1 AND flags & 1 = 0 FOR UPDATE", user);
    return rows.empty() ? std::nullopt : std::optional(rows.front()[0].string());
}

void set_profile(Tx& tx, schema::UserNid user, std::string_view json) {
    tx.exec("UPDATE users SET profile = $2 WHERE user_nid = $1", user, json);
}

void insert_terms_accepted(Tx& tx, schema::UserNid user, std::string_view policy, std::string_view version, std::int64_t now_ms) {
    tx.exec(
        R"(INSERT INTO terms_accepted (user_nid, policy, version, accepted) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING)",
        user, policy, version, now_ms);
}

}  // namespace runde::storage
