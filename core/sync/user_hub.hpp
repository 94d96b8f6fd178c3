#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/rooms/membership_kind.hpp"
#include "core/sync/token.hpp"
#include "net/http_message.hpp"
#include "schema/ids.hpp"
#include "schema/room_rules.hpp"
#include "storage/sync.hpp"

namespace runde::sync {

using rooms::Membership;
using schema::DeviceNid;
using schema::EventNid;
using schema::RoomNid;
using schema::UserId;
using schema::UserNid;

/// How a user stands to a room, and when something happened there that they may hear of.
struct RoomPlace {
    RoomNid nid;
    schema::RoomId id;
    const schema::RoomRules* rules;
    Membership membership = Membership::leave;
    EventNid member_event{0};
    Position member_pos = 0;                             ///< Of the newest member event.
    bool forgotten = false;
    Position joined = 0;                                 ///< When the present membership began; 0: before the hub did.
    Position head = 0;                                   ///< Newest event.
    Position receipts = 0;                               ///< Newest receipt of anybody, or what was read by the user.
    Position read = 0;                                   ///< When the user's unread counts last changed by reading.
    Position account_data = 0;
    std::int64_t typing = 0;                             ///< Serial of the newest change of the typing list.

    Position newest() const { return std::max({member_pos, head, receipts, read, account_data}); }
};

/// What happened, as far as it matters for whom to wake.
struct Happened {
    enum class What { event, membership, typing, receipt, read, account_data, to_device, device_lists };
    What what;
    const schema::RoomId* room = nullptr;                ///< nullptr: not in a room.
};

/// A request that waits for something to happen.
class Waiter {
public:
    virtual ~Waiter() = default;
    /// Whether its filter lets that through at all: cheap, may say yes too often.
    virtual bool cares_about(const Happened& happened) const = 0;
    /// Look whether there is an answer now. Called later than the change, once for any number of changes.
    virtual void look() = 0;
    bool due = false;                                    ///< Hubs': stands in the queue already.
};

/// Everything that one user's devices are to hear of, while one of them listens or did so lately. Sliding sync stands on
/// the same.
///
/// Invariants
///  - Lives on the I/O thread and is kept up by Hubs alone.
///  - Whatever was committed after `low_water` is known here without asking the database: which rooms changed, what came
///    into which mailbox. For older tokens the database is asked what changed (not what it was: the rooms know that).
class UserHub {
public:
    UserHub(UserNid user_nid, UserId user_id) : nid(user_nid), id(std::move(user_id)) {}

    const UserNid nid;
    const UserId id;
    Position low_water = 0;
    std::uint64_t version = 0;                           ///< Grows with everything that happens.

    // --- rooms
    const std::unordered_map<RoomNid, RoomPlace>& places() const { return places_; }
    const RoomPlace* place(RoomNid room) const;
    /// Rooms where something happened after `since`, oldest change first.
    std::vector<RoomNid> changed_after(Position since) const;
    /// Rooms whose typing list changed after that serial.
    std::vector<RoomNid> typing_after(std::int64_t serial) const;
    /// Changes a place (making it, if need be) and keeps the order of changes.
    RoomPlace& place_for(RoomNid room, const schema::RoomId& room_id, const schema::RoomRules& rules);
    void forget_room(RoomNid room);
    void update(RoomNid room, const std::function<void(RoomPlace&)>& change);

    // --- account data
    struct Data {
        Position pos = 0;
        std::string json;                                ///< "": deleted.
    };
    /// Of one room, or global (RoomNid{0}), by type.
    const std::map<std::string, Data>& account_data(RoomNid room) const;
    void set_account_data(RoomNid room, std::string type, Position pos, std::string json);
    bool ignores(std::string_view user_id) const { return ignored_.contains(std::string(user_id)); }

    // --- messages to devices
    struct Message {
        Position pos;
        net::Bytes json;
    };
    /// At most `limit` messages in (after, up_to]; false when there are more.
    bool messages_between(DeviceNid device, Position after, Position up_to, std::size_t limit, std::vector<Message>& into) const;
    void add_message(DeviceNid device, Position pos, net::Bytes json);
    /// The device has these; true if there were any.
    bool acknowledge(DeviceNid device, Position up_to);
    bool messages_cut = false;                           ///< There are more in the database than were loaded.

    /// Which member events a device has been sent, by room and key number: lazy loading does not repeat them.
    /// https://spec.matrix.org/v1.19/client-server-api/#lazy-loading-room-members
    struct SentMembers {
        std::unordered_map<RoomNid, std::unordered_set<std::string>> by_room;
        std::size_t count = 0;
    };
    SentMembers& sent_members(DeviceNid device);
    void forget_device(DeviceNid device);

    std::set<std::shared_ptr<Waiter>> waiters;
    std::int64_t last_used_ms = 0;

private:
    void load_ignored(const std::string& json);

    std::unordered_map<RoomNid, RoomPlace> places_;
    std::set<std::pair<Position, RoomNid>> by_change_;
    std::map<RoomNid, std::map<std::string, Data>> account_data_;
    std::unordered_set<std::string> ignored_;
    std::unordered_map<DeviceNid, std::deque<Message>> mailboxes_;
    std::unordered_map<DeviceNid, SentMembers> sent_members_;
};
using UserHubPtr = std::shared_ptr<UserHub>;

}  // namespace runde::sync
