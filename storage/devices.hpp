#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

struct DeviceRow {
    schema::DeviceNid nid;
    std::string device_id;
    std::optional<std::string> name;
    std::optional<std::int64_t> seen_day;  ///< Days since 1970.
};

/// Returns the device's number: `fresh`, or the one it already has. Name and date of a known device stay.
schema::DeviceNid insert_or_find_device(Tx& tx, schema::UserNid user, schema::DeviceNid fresh, std::string_view device_id,
                                        const std::optional<std::string>& name, std::int64_t now_ms);
std::vector<DeviceRow> devices_of(Tx& tx, schema::UserNid user);
std::optional<DeviceRow> find_device(Tx& tx, schema::UserNid user, std::string_view device_id);
/// False when there is no such device.
bool rename_device(Tx& tx, schema::UserNid user, std::string_view device_id, std::string_view name);
void mark_device_seen(Tx& tx, schema::DeviceNid device, std::int64_t day);

struct RemovedDevice {
    schema::DeviceNid nid;
    std::string device_id;
};
/// Removes devices with all that hangs on them: tokens, pushers, end-to-end keys, waiting to-device messages.
/// Those that are not there are left out of the answer.
std::vector<RemovedDevice> remove_devices(Tx& tx, schema::UserNid user, std::string_view user_id,
                                          const std::vector<std::string>& device_ids);
/// All devices but `except`.
std::vector<RemovedDevice> remove_all_devices(Tx& tx, schema::UserNid user, std::string_view user_id,
                                              std::optional<schema::DeviceNid> except = std::nullopt);

}  // namespace runde::storage
