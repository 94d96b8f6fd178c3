#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/session.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"
#include "storage/devices.hpp"

namespace runde::storage {
class Lane;
}

namespace runde::accounts {

class Sessions;
struct Listeners;

/// The devices of an account. https://spec.matrix.org/v1.19/client-server-api/#device-management
class Devices {
public:
    Devices(storage::Database& db, storage::Lane& lane, Sessions& sessions, const Listeners& listeners)
        : db_(db), lane_(lane), sessions_(sessions), listeners_(listeners) {}

    net::Task<std::vector<storage::DeviceRow>> list(schema::UserNid user);
    net::Task<std::optional<storage::DeviceRow>> find(schema::UserNid user, std::string_view device_id);
    /// Throws Refusal(not_found).
    net::Task<> rename(schema::UserNid user, std::string_view device_id, std::string_view name);
    /// Signs them out and forgets their keys; those that do not exist are passed over.
    net::Task<> remove(schema::UserNid user, const schema::UserId& id, const std::vector<std::string>& device_ids);
    net::Task<> remove_all(schema::UserNid user, const schema::UserId& id, std::optional<schema::DeviceNid> except = std::nullopt);
    /// For those who removed them in a transaction of their own: tells the rest of the server.
    net::Task<> announce_removed(schema::UserNid user, const schema::UserId& id,
                                 const std::vector<storage::RemovedDevice>& removed);

private:
    storage::Database& db_;
    storage::Lane& lane_;
    Sessions& sessions_;
    const Listeners& listeners_;
};

}  // namespace runde::accounts
