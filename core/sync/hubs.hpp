#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "core/sync/user_hub.hpp"
#include "net/gate.hpp"
#include "net/runtime.hpp"

namespace runde::accounts {
struct Listeners;
struct AccountDataChange;
}// namespace runde::accounts

namespace runde::sync {

/// All hubs that are in memory, and the way from a commit to whoever waits for it.
///
/// Invariants
///  - I/O thread only. Hears of every commit in commit order; `published()` is the newest position whose consequences
///    stand in rooms and hubs, and so the only position that may become a token.
///  - A hub nobody listens at costs nothing per commit after `idle`: it is dropped and read again when needed.
///  - Waking is merged: any number of commits before a waiter was looked at wake it once; waiters are looked at in slices
///    of 256, between which other work runs.
class Hubs {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        storage::Lane& lane;
        rooms::Rooms& rooms;
        accounts::Listeners& listeners;
        net::Milliseconds idle{10 * 60 * 1000};
    };
    explicit Hubs(Parts parts);                          ///< Listens to rooms and accounts from now on.

    /// Two reads when the hub is not in memory, else none.
    net::Task<UserHubPtr> find(UserNid nid, UserId id);
    UserHubPtr warm(UserNid nid) const;

    Position published() const { return published_; }
    std::int64_t typing_serial() const { return typing_serial_; }
    std::int64_t first_typing_serial() const { return first_typing_serial_; }

    /// Somebody's message to a device was committed at `pos`.
    void message_to_device(UserNid user, DeviceNid device, Position pos, net::Bytes json);

    /// `waiter` is to look soon, together with others.
    void look_soon(std::shared_ptr<Waiter> waiter);

    /// Whose device list changed in (after, up_to], as far as memory reaches back: nullopt before that.
    std::optional<std::vector<std::string>> device_lists_changed(Position after, Position up_to) const;

    /// The room is being erased: no hub knows it any more.
    void forget_room(RoomNid room);
    /// The account is being erased.
    void forget_user(UserNid user);

    const Parts& parts() const { return parts_; }

    std::size_t size() const { return hubs_.size(); }

private:
    struct Loading {
        net::Gate done;
        UserHubPtr hub;
        std::exception_ptr error;
        std::vector<std::function<void(UserHub&)>> meanwhile;  ///< What was committed while the database was read.
    };
    net::Task<UserHubPtr> load(UserNid nid, UserId id);
    void committed(const rooms::Committed& committed);
    void change_membership(const rooms::Committed& committed, const rooms::Committed::MembershipChange& change);
    void account_data_changed(const accounts::AccountDataChange& change);
    void device_list_changed(UserNid user, const UserId& id, Position at);
    net::Task<> wake_for_devices(UserNid user, UserId id);
    /// Now if the hub is in memory, later if it is being read; never for others.
    void on_hub(UserNid user, std::function<void(UserHub&)> change);
    void wake(UserHub& hub, const Happened& happened);
    void look_at_next();
    void listen(RoomNid room, UserHub& hub, bool joined);
    void sweep();
    void publish(Position position) { published_ = std::max(published_, position); }

    Parts parts_;
    Position published_;
    std::int64_t first_typing_serial_, typing_serial_;
    std::unordered_map<RoomNid, std::int64_t> typing_serials_;
    std::unordered_map<UserNid, UserHubPtr> hubs_;
    std::unordered_map<UserNid, std::shared_ptr<Loading>> loading_;
    std::unordered_map<RoomNid, std::vector<UserHub*>> joined_;  ///< Hubs in memory, by room.
    std::deque<std::shared_ptr<Waiter>> due_;
    std::deque<std::pair<Position, std::string>> device_changes_;
    Position device_changes_from_;                       ///< Older ones are not in memory.
    bool looking_ = false;
    std::shared_ptr<void> sweeper_;
};

}  // namespace runde::sync
