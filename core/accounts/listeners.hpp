#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"

namespace runde::accounts {

/// What floors above want to hear of accounts; wired once, in server/wiring. All are called on the I/O
/// thread, after the change was committed, must not throw and must not block. Anybody may be interested: add,
/// never assign.
template <class... Args>
class Listener {
public:
    void add(std::function<void(Args...)> listener) { listeners_.push_back(std::move(listener)); }
    void operator()(Args... args) const {
        for (const auto& listener : listeners_) listener(args...);
    }

private:
    std::vector<std::function<void(Args...)>> listeners_;
};

struct AccountDataChange {
    schema::UserNid user;
    std::optional<schema::RoomNid> room;  ///< Absent: global.
    std::string_view type;
    std::string_view json;  ///< The whole content.
    schema::Position at;
};

/// A device is gone: what waits for it must be answered, what is kept for it forgotten.
struct DeviceRemoved {
    schema::UserNid user_nid;
    const schema::UserId& user;
    schema::DeviceNid device_nid;
    const std::string& device_id;
};

struct Listeners {
    Listener<const AccountDataChange&> account_data_changed;
    Listener<const DeviceRemoved&> device_removed;
    /// `user`'s device list is another one since `at`: /sync device_lists.changed, m.device_list_update.
    Listener<schema::UserNid, const schema::UserId&, schema::Position> device_list_changed;
    /// A field of the profile ("displayname", "avatar_url", ...). The rooms' member events follow.
    Listener<schema::UserNid, const schema::UserId&, std::string_view> profile_changed;
    /// The account is closed: leave the rooms; erase what it wrote if `erase`.
    Listener<schema::UserNid, const schema::UserId&, bool> deactivated;
    Listener<schema::UserNid, const schema::UserId&> registered;
};

}  // namespace runde::accounts
