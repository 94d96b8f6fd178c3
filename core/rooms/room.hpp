#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/rooms/auth_rules.hpp"
#include "core/rooms/membership_kind.hpp"
#include "core/rooms/state_history.hpp"
#include "core/rooms/state_set.hpp"
#include "core/rooms/timeline_event.hpp"
#include "net/runtime.hpp"
#include "schema/event.hpp"
#include "schema/power_levels.hpp"
#include "schema/signing.hpp"
#include "storage/lane.hpp"

namespace runde::rooms {

using schema::EventPtr;
using schema::RoomNid;
using schema::UserId;
using schema::UserNid;

class Room;
using RoomPtr = std::shared_ptr<Room>;

/// Who we are to other servers.
struct Identity {
    schema::ServerName server;
    const schema::SigningKey& key;
    bool is_local(const UserId& user) const { return user.server() == server.str(); }
};

/// An event of the current state.
class StateEvent {
public:
    StateEvent(EventNid event_nid, schema::EventId event_id, net::Bytes pdu, const schema::RoomRules& room_rules);
    StateEvent(EventNid event_nid, EventPtr event, const schema::RoomRules& room_rules);

    EventNid nid;
    schema::EventId id;
    net::Bytes json;                                     ///< The PDU.
    /// Parsed on first use; kept, except for member events, of which a room may have thousands.
    EventPtr event() const;
    /// The client format, rendered on first use and kept like event().
    std::string client_json() const;

private:
    const schema::RoomRules& rules_;
    mutable EventPtr parsed_;
};
using StateEventPtr = std::shared_ptr<const StateEvent>;

/// A member of ours in a room, with what is needed to count what they have not read (unread.hpp).
struct LocalMember {
    UserNid nid;
    UserId id;
    Membership membership = Membership::leave;
    EventNid member_event{0};
    bool forgotten = false;
    int push_class = 0;
    Ord read_ord = 0;
    int base_main = 0, base_all = 0, extra = 0, highlights = 0;
    struct ThreadRead {
        Ord read_ord = 0;
        int base = 0, extra = 0, highlights = 0;
    };
    std::map<EventNid, ThreadRead> threads;              ///< Only where something in the thread was read.
};

/// A thread as the room knows it. https://spec.matrix.org/v1.19/client-server-api/#threading
struct ThreadInfo {
    int replies = 0;
    int n = 0;                                           ///< Notifying replies so far.
    EventNid last{0};
};

/// What one commit did, told to listeners after it is durable, in commit order, on the I/O thread.
struct Committed {
    Room& room;
    Position first = 0, last = 0;
    struct Entry {
        TimelineEventPtr event;
        EventPtr pdu;
        bool ours = false;                               ///< Made here: other servers must hear it.
    };
    std::vector<Entry> events;                           ///< In reading order.
    struct MembershipChange {
        UserId user;
        std::optional<UserNid> local;
        Membership before, after;
    };
    std::vector<MembershipChange> memberships;
    bool typing = false;                                 ///< Room::typing() changed; no position.
    bool receipts = false;
    std::vector<UserNid> read_by;                        ///< Local users whose unread counts changed by reading.
};

/// How an event is to be appended.
struct AppendOptions {
    std::optional<schema::DeviceNid> device;             ///< With `txn`: PUT …/send/{txnId} is done once.
    std::string txn;                                     ///< The client's own transaction id; empty: none.
    std::optional<UserNid> target;                       ///< For member events of a local user: whose row changes.
    std::optional<std::int64_t> origin_ts;               ///< Default: now.
};

/// One room: the only writer of its events, and the place where they are read while the room is warm.
///
/// Invariants
///  - Lives on the I/O thread. The *head* (extremities, current state, counters) moves at once when an event is
///    built; the *view* (ring of recent events, what readers see) moves when the lane has committed it. Between the two the
///    room goes on building on the head.
///  - Whatever is appended passed the authorisation rules against the head's state, synchronously: no co_await stands
///    between looking at the head and moving it.
///  - A submission that the lane refused makes the room stale: its actor is thrown away and loaded again.
///  - Nothing here knows /sync, federation or HTTP: they listen (Rooms::on_commit).
class Room : public std::enable_shared_from_this<Room> {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        storage::Lane& lane;
        storage::Numbers& numbers;
        const Identity& identity;
        std::function<void(const Committed&)> committed;
        std::function<void(RoomNid)> failed;             ///< Throw this actor away.
    };

    // --- what it is
    RoomNid nid() const { return nid_; }
    const schema::RoomId& id() const { return id_; }
    const schema::RoomRules& rules() const { return rules_; }

    // --- the current state, as committed or about to be
    StateEventPtr state(std::string_view type, std::string_view state_key = "") const;
    /// content of the state event, or an empty object.
    const schema::JsonObject& state_content(std::string_view type, std::string_view state_key = "") const;
    void for_each_state(const std::function<void(const StateEvent&, const std::string& type, const std::string& key)>& f) const;
    StateEventPtr state_by_key(int key_no) const;
    const StateDictionary& dictionary() const { return dictionary_; }
    const StateSet& current() const { return current_; }

    Membership membership(std::string_view user_id) const;
    bool is_joined(std::string_view user_id) const { return membership(user_id) == Membership::join; }
    /// Everybody with a member event: f(user id, membership).
    void for_each_member(const std::function<void(const std::string&, Membership)>& f) const;
    int joined_count() const { return joined_count_; }
    int invited_count() const { return invited_count_; }
    /// Joined members per server that is not ours (recipients of events).
    const std::map<std::string, int, std::less<>>& remote_servers() const { return remote_servers_; }

    const schema::PowerLevels& power_levels() const;     ///< Parsed once per change.
    std::string_view join_rule() const;                  ///< "invite" when there is none.
    std::string_view history_visibility() const;         ///< "shared" when there is none.
    std::optional<std::string_view> type() const;        ///< m.room.create `type`
    bool is_forum() const { return type() == "org.runde.forum"; }

    LocalMember* local_member(UserNid user);
    const std::map<UserNid, LocalMember>& local_members() const { return local_members_; }

    // --- the timeline that is in memory: the newest `ring_size` live events, oldest first
    const std::deque<TimelineEventPtr>& ring() const { return ring_; }
    /// Everything live after `since` is in the ring.
    bool ring_reaches(Position since) const { return since >= ring_floor_; }
    Position head_position() const { return head_pos_; } ///< Of the newest committed live event.
    int n_main() const { return view_n_main_; }
    int n_all() const { return view_n_all_; }
    TimelineEventPtr find_in_ring(const schema::EventId& id) const;

    // --- writing
    struct Appended {
        schema::EventId id;
        Position pos;
    };
    /// Builds, signs and authorises an event on the head, and returns when it is durable.
    /// Throws Refusal(forbidden, too_large, duplicate_annotation …).
    net::Task<Appended> append(schema::EventDraft draft, AppendOptions options = {});
    /// The same for several at once: one submission, all or nothing. What `more` adds is committed with them.
    net::Task<std::vector<Appended>> append_all(std::vector<std::pair<schema::EventDraft, AppendOptions>> drafts,
                                                storage::Submission more = {});
    /// Builds an event as append() would, without authorising or keeping it (make_join and the like).
    schema::JsonObject build_template(const schema::EventDraft& draft) const;
    /// The verdict append() would give on the head.
    Verdict may(const schema::EventDraft& draft) const;

    /// Commits rows of this room that are no events (receipts, account data …), in order with its events.
    net::Task<Position> submit(storage::Submission submission, Committed::* notice = nullptr) = delete;

    struct Loaded;                                       ///< What storage::load_room found.
    Room(Parts parts, RoomNid nid, schema::RoomId id, const schema::RoomRules& rules);
    void restore(Loaded loaded);                         ///< Fills a room just constructed; rooms.cpp only.

private:
    struct Build;                                        ///< One submission in the making (room_append.cpp).
    net::Task<> prepare(const schema::EventDraft& draft);
    void add_to(Build& build, schema::EventDraft draft, const AppendOptions& options);

    Parts parts_;
    RoomNid nid_;
    schema::RoomId id_;
    const schema::RoomRules& rules_;
};

}  // namespace runde::rooms
