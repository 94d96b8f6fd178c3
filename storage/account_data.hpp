#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// Account data is read here and written by the lane (rows::AccountData), because /sync must see it.
/// `room` absent: global.
std::optional<std::string> find_account_data(Tx& tx, schema::UserNid user, std::optional<schema::RoomNid> room,
                                             std::string_view type);
/// Global account data of an account that is being made and cannot have synced yet: at position 0, without
/// the lane.
void insert_first_account_data(Tx& tx, schema::UserNid user, std::string_view type, std::string_view json);

/// The room's number, if the user has anything to do with it (joined, left, invited ...). Account data of
/// rooms that one has never seen is refused, so that it cannot tell which rooms exist.
std::optional<schema::RoomNid> find_room_of_user(Tx& tx, schema::UserNid user, std::string_view room_id);

/// How many entries an account has, and whether this one is among them.
struct AccountDataCount {
    std::int64_t entries;
    bool known;
};
AccountDataCount count_account_data(Tx& tx, schema::UserNid user, std::optional<schema::RoomNid> room, std::string_view type);

/// Everything an account kept for itself, when it is closed: nobody can read it any more. With its
/// cross-signing keys.
void remove_account_data(Tx& tx, schema::UserNid user, std::string_view user_id);

/// POST /filter: the number of the filter; the same text again gets the same number. Keeps the newest `keep`.
int insert_or_find_filter(Tx& tx, schema::UserNid user, std::string_view json, int keep);
std::optional<std::string> find_filter(Tx& tx, schema::UserNid user, int filter_no);

struct PusherRow {
    std::string app_id, pushkey;
    std::string json;  ///< As GET /pushers shows it.
};
std::vector<PusherRow> pushers_of(Tx& tx, schema::UserNid user);
void upsert_pusher(Tx& tx, schema::UserNid user, schema::DeviceNid device, const PusherRow& pusher, schema::Position done_pos);
void remove_pusher(Tx& tx, schema::UserNid user, std::string_view app_id, std::string_view pushkey);
/// Somebody else signed in on the same phone: it must not go on receiving the former user's notifications.
void remove_pushers_of_others(Tx& tx, schema::UserNid user, std::string_view app_id, std::string_view pushkey);

}  // namespace runde::storage
