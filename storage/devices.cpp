#include "storage/devices.hpp"

namespace runde::storage {

schema::DeviceNid insert_or_find_device(Tx& tx, schema::UserNid user, schema::DeviceNid fresh, std::string_view device_id,
                                        const std::optional<std::string>& name, std::int64_t now_ms) {
    // The empty update makes RETURNING answer for a known device as well, and locks it.
    const auto rows = tx.exec(
        R"(INSERT INTO devices (user_nid, device_nid, device_id, name, created, seen_day)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_nid, device_id) DO UPDATE SET seen_day = EXCLUDED.seen_day
           RETURNING device_nid)",
        user, fresh, device_id, name, now_ms, now_ms / 86'400'000);
    return rows.front()[0].nid<schema::DeviceNid>();
}

namespace {

DeviceRow device_row(const Rows::Row& row) {
    return {.nid = row[0].nid<schema::DeviceNid>(),
            .device_id = row[1].string(),
            .name = row[2].maybe_string(),
            .seen_day = row[3].maybe_number()};
}

/// The rows of other tables that no foreign key takes along, because those tables are on the hot path.
std::vector<RemovedDevice> remove_what_hangs_on(Tx& tx, schema::UserNid user, std::string_view user_id, const Rows& gone) {
    std::vector<RemovedDevice> removed;
    std::vector<std::int64_t> nids;
    std::vector<std::string> ids;
    for (const auto row : gone) {
        removed.push_back({row[0].nid<schema::DeviceNid>(), row[1].string()});
        nids.push_back(schema::raw(removed.back().nid));
        ids.push_back(removed.back().device_id);
    }
    if (removed.empty()) return removed;
    tx.exec("DELETE FROM e2e_keys WHERE user_id = $1 AND device_id = any($2::text[])", user_id, ids);
    tx.exec("DELETE FROM e2e_otk WHERE device_nid = any($1::bigint[])", nids);
    tx.exec("DELETE FROM e2e_fallback WHERE device_nid = any($1::bigint[])", nids);
    tx.exec("DELETE FROM to_device WHERE user_nid = $1 AND device_nid = any($2::bigint[])", user, nids);
    tx.exec("DELETE FROM event_txn WHERE device_nid = any($1::bigint[])", nids);
    tx.exec("DELETE FROM sss_conn WHERE device_nid = any($1::bigint[])", nids);
    return removed;
}

}  // namespace

std::vector<DeviceRow> devices_of(Tx& tx, schema::UserNid user) {
    std::vector<DeviceRow> devices;
    const auto rows = tx.exec(
        "SELECT device_nid, device_id, name, seen_day FROM devices WHERE user_nid = $1 ORDER BY created, "
        "device_nid",
        user);
    for (const auto row : rows) devices.push_back(device_row(row));
    return devices;
}

std::optional<DeviceRow> find_device(Tx& tx, schema::UserNid user, std::string_view device_id) {
    const auto rows = tx.exec("SELECT device_nid, device_id, name, seen_day FROM devices WHERE user_nid = $1 AND device_id = $2",
                              user, device_id);
    return rows.empty() ? std::nullopt : std::optional(device_row(rows.front()));
}

bool rename_device(Tx& tx, schema::UserNid user, std::string_view device_id, std::string_view name) {
    const auto rows = tx.exec("UPDATE devices SET name = $3 WHERE user_nid = $1 AND device_id = $2", user, device_id, name);
    return rows.affected() == 1;
}

void mark_device_seen(Tx& tx, schema::DeviceNid device, std::int64_t day) {
    tx.exec("UPDATE devices SET seen_day = $2 WHERE device_nid = $1 AND seen_day IS DISTINCT FROM $2::int", device, day);
}

std::vector<RemovedDevice> remove_devices(Tx& tx, schema::UserNid user, std::string_view user_id,
                                          const std::vector<std::string>& device_ids) {
    const auto gone = tx.exec(
        R"(DELETE FROM devices WHERE user_nid = $1 AND device_id = any($2::text[])
           RETURNING device_nid, device_id)",
        user, device_ids);
    return remove_what_hangs_on(tx, user, user_id, gone);
}

std::vector<RemovedDevice> remove_all_devices(Tx& tx, schema::UserNid user, std::string_view user_id,
                                              std::optional<schema::DeviceNid> except) {
    const auto gone = tx.exec(
        R"(DELETE FROM devices WHERE user_nid = $1 AND device_nid IS DISTINCT FROM $2::bigint
           RETURNING device_nid, device_id)",
        user, except);
    return remove_what_hangs_on(tx, user, user_id, gone);
}

}  // namespace runde::storage
