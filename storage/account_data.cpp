#include "storage/account_data.hpp"

#include "schema/signing.hpp"

namespace runde::storage {

namespace {

/// account_data.room_nid of global account data.
std::int64_t room_column(std::optional<schema::RoomNid> room) { return room ? schema::raw(*room) : 0; }

}  // namespace

std::optional<std::string> find_account_data(Tx& tx, schema::UserNid user, std::optional<schema::RoomNid> room,
                                             std::string_view type) {
    const auto rows = tx.exec("SELECT json FROM account_data WHERE user_nid = $1 AND room_nid = $2 AND type = $3 AND json <> ''",
                              user, room_column(room), type);
    return rows.empty() ? std::nullopt : std::optional(rows.front()[0].string());
}

void insert_first_account_data(Tx& tx, schema::UserNid user, std::string_view type, std::string_view json) {
    tx.exec("INSERT INTO account_data (user_nid, room_nid, type, pos, json) VALUES ($1, 0, $2, 0, $3)", user, type, json);
}

std::optional<schema::RoomNid> find_room_of_user(Tx& tx, schema::UserNid user, std::string_view room_id) {
    const auto rows = tx.exec(
        R"(SELECT r.room_nid FROM rooms r JOIN user_rooms u ON u.room_nid = r.room_nid AND u.user_nid = $1
           WHERE r.room_id = $2)",
        user, room_id);
    return rows.empty() ? std::nullopt : std::optional(rows.front()[0].nid<schema::RoomNid>());
}

AccountDataCount count_account_data(Tx& tx, schema::UserNid user, std::optional<schema::RoomNid> room, std::string_view type) {
    const auto rows = tx.exec(
        R"(SELECT count(*), count(*) FILTER (WHERE room_nid = $2 AND type = $3)
           FROM account_data WHERE user_nid = $1)",
        user, room_column(room), type);
    return {.entries = rows.front()[0].number(), .known = rows.front()[1].number() != 0};
}

void remove_account_data(Tx& tx, schema::UserNid user, std::string_view user_id) {
    tx.exec("DELETE FROM account_data WHERE user_nid = $1", user);
    tx.exec("DELETE FROM filters WHERE user_nid = $1", user);
    tx.exec("DELETE FROM pushers WHERE user_nid = $1", user);
    tx.exec("DELETE FROM terms_accepted WHERE user_nid = $1", user);
    tx.exec("DELETE FROM e2e_keys WHERE user_id = $1", user_id);
}

int insert_or_find_filter(Tx& tx, schema::UserNid user, std::string_view json, int keep) {
    const Blob hash{schema::sha256(json)};
    const auto known = tx.exec("SELECT filter_no FROM filters WHERE user_nid = $1 AND hash = $2", user, hash);
    if (!known.empty()) return static_cast<int>(known.front()[0].number());
    // The lock makes two uploads at once take two numbers.
    tx.exec("SELECT 1 FROM users WHERE user_nid = $1 FOR UPDATE", user);
    const auto rows = tx.exec(
        R"(INSERT INTO filters (user_nid, filter_no, hash, json)
           SELECT $1::bigint, coalesce(max(filter_no), 0) + 1, $2::bytea, $3::text FROM filters WHERE user_nid = $1
           ON CONFLICT (user_nid, hash) DO UPDATE SET json = EXCLUDED.json
           RETURNING filter_no)",
        user, hash, json);
    const auto number = static_cast<int>(rows.front()[0].number());
    tx.exec("DELETE FROM filters WHERE user_nid = $1 AND filter_no <= $2", user, number - keep);
    return number;
}

std::optional<std::string> find_filter(Tx& tx, schema::UserNid user, int filter_no) {
    const auto rows = tx.exec("SELECT json FROM filters WHERE user_nid = $1 AND filter_no = $2", user, filter_no);
    return rows.empty() ? std::nullopt : std::optional(rows.front()[0].string());
}

std::vector<PusherRow> pushers_of(Tx& tx, schema::UserNid user) {
    std::vector<PusherRow> pushers;
    const auto rows = tx.exec("SELECT app_id, pushkey, json FROM pushers WHERE user_nid = $1 ORDER BY app_id, pushkey", user);
    for (const auto row : rows) pushers.push_back({row[0].string(), row[1].string(), row[2].string()});
    return pushers;
}

void upsert_pusher(Tx& tx, schema::UserNid user, schema::DeviceNid device, const PusherRow& pusher, schema::Position done_pos) {
    tx.exec(
        R"(INSERT INTO pushers (user_nid, app_id, pushkey, device_nid, done_pos, json) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_nid, app_id, pushkey)
           DO UPDATE SET device_nid = EXCLUDED.device_nid, json = EXCLUDED.json)",
        user, pusher.app_id, pusher.pushkey, device, done_pos, pusher.json);
}

void remove_pusher(Tx& tx, schema::UserNid user, std::string_view app_id, std::string_view pushkey) {
    tx.exec("DELETE FROM pushers WHERE user_nid = $1 AND app_id = $2 AND pushkey = $3", user, app_id, pushkey);
}

void remove_pushers_of_others(Tx& tx, schema::UserNid user, std::string_view app_id, std::string_view pushkey) {
    tx.exec("DELETE FROM pushers WHERE user_nid <> $1 AND app_id = $2 AND pushkey = $3", user, app_id, pushkey);
}

}  // namespace runde::storage
