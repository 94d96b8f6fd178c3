#include "core/accounts/devices.hpp"

#include "core/accounts/listeners.hpp"
#include "core/accounts/sessions.hpp"
#include "core/accounts/text.hpp"
#include "schema/refusal.hpp"
#include "storage/lane.hpp"

namespace runde::accounts {

using schema::DeviceNid;
using schema::UserId;
using schema::UserNid;

net::Task<std::vector<storage::DeviceRow>> Devices::list(UserNid user) {
    auto devices = co_await db_.read([=](storage::Tx& tx) { return storage::devices_of(tx, user); });
    co_return devices;
}

net::Task<std::optional<storage::DeviceRow>> Devices::find(UserNid user, std::string_view device_id) {
    auto device = co_await db_.read([=](storage::Tx& tx) { return storage::find_device(tx, user, device_id); });
    co_return device;
}

net::Task<> Devices::rename(UserNid user, std::string_view device_id, std::string_view name) {
    check_text("display_name", name, 0, 255);
    const bool known = co_await db_.transact([=](storage::Tx& tx) { return storage::rename_device(tx, user, device_id, name); });
    if (!known) throw schema::Refusal(schema::Reason::not_found, "");
}

net::Task<> Devices::remove(UserNid user, const UserId& id, const std::vector<std::string>& device_ids) {
    const auto removed =
        co_await db_.transact([&](storage::Tx& tx) { return storage::remove_devices(tx, user, id.str(), device_ids); });
    co_await announce_removed(user, id, removed);
}

net::Task<> Devices::remove_all(UserNid user, const UserId& id, std::optional<DeviceNid> except) {
    const auto removed =
        co_await db_.transact([&](storage::Tx& tx) { return storage::remove_all_devices(tx, user, id.str(), except); });
    co_await announce_removed(user, id, removed);
}

net::Task<> Devices::announce_removed(UserNid user, const UserId& id, const std::vector<storage::RemovedDevice>& removed) {
    if (removed.empty()) co_return;
    for (const auto& device : removed) {
        sessions_.forget_device(device.nid);
        listeners_.device_removed({user, id, device.nid, device.device_id});
    }
    storage::Submission submission{.positions = 1, .device_lists = {{.at = 0, .user_id = id.str()}}};
    const auto committed = co_await lane_.submit(std::move(submission));
    listeners_.device_list_changed(user, id, committed.base);
}

}  // namespace runde::accounts
