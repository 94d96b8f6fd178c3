#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/rooms/auth_rules.hpp"
#include "core/rooms/membership_kind.hpp"
#include "core/rooms/push_profiles.hpp"
#include "core/rooms/reading.hpp"
#include "core/rooms/receipt_log.hpp"
#include "core/rooms/room_receive.hpp"
#include "core/rooms/sent_ids.hpp"
#include "core/rooms/state_history.hpp"
#include "core/rooms/state_set.hpp"
#include "core/rooms/timeline_event.hpp"
#include "net/gate.hpp"
#include "net/runtime.hpp"
#include "schema/event.hpp"
#include "schema/power_levels.hpp"
#include "schema/signing.hpp"
#include "storage/lane.hpp"
#include "storage/rooms.hpp"

namespace runde::rooms {

using schema::EventPtr;
using schema::RoomNid;
using schema::UserId;
using schema::UserNid;

class Charters;
class Room;
using RoomPtr = std::shared_ptr<Room>;

/// m.room.create `type` of a forum (selfhelp/forum).
constexpr std::string_view forum_room_type = "org.runde.forum";

/// Bits of rooms.flags.
enum RoomFlag : int {
    published = 1,           ///< In the room directory.
    hides_history = 2,       ///< History visibility is or once was "invited" or "joined".
    is_forum_room = 4,       ///< m.room.create has type org.runde.forum (selfhelp/forum).
};

/// Who we are to other servers.
struct Identity {
    schema::ServerName server;
    const schema::SigningKey& key;
    /// What we sign with as a room's policy server (policy_server.hpp); nullptr: we know no other servers.
    const schema::SigningKey* policy_key = nullptr;
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
struct LocalMember : Reading {
    LocalMember(UserNid user, UserId user_id) : nid(user), id(std::move(user_id)) {}
    UserNid nid;
    UserId id;
    Membership membership = Membership::leave;
    EventNid member_event{0};
    bool forgotten = false;
};

/// A thread as the room knows it. https://spec.matrix.org/v1.19/client-server-api/#threading
struct ThreadInfo {
    int replies = 0;
    int n = 0;                                           ///< Notifying replies so far.
    std::int64_t last_ts = 0;                            ///< origin_server_ts of the newest reply.
    EventNid last{0};
};

/// What one commit did, told to listeners after it is durable, in commit order, on the I/O thread.
struct Committed {
    explicit Committed(Room& where) : room(where) {}

    Room& room;
    Position first = 0, last = 0;                        ///< The positions it took; 0 for typing.
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
    bool typing = false;                                 ///< The room's typing list changed.
    bool receipts = false;
    bool older = false;                                  ///< Events of the past were added (add_history).
    std::vector<UserNid> read_by;                        ///< Local users whose unread counts changed by reading.
};

/// How an event is to be appended.
struct AppendOptions {
    std::optional<schema::DeviceNid> device = std::nullopt;  ///< With `txn`: PUT …/send/{txnId} is done once.
    std::string txn = {};                                    ///< The client's transaction id; empty: none.
    std::optional<UserNid> target = std::nullopt;            ///< Member events of a local user: whose row changes.
    std::optional<std::int64_t> origin_ts = std::nullopt;    ///< Default: now.
};
using DraftAndOptions = std::pair<schema::EventDraft, AppendOptions>;

/// One room: the only writer of its events, and the place where they are read while the room is warm.
///
/// Invariants
///  - Lives on the I/O thread. The *head* (extremities, current state, counters) moves at once when an event is
///    built; the *view* (ring of recent events, what readers see) moves when the lane has committed it. Between the two
///    the room goes on building on the head.
///  - Whatever is appended passed the authorisation rules against the head's state, synchronously: no co_await stands
///    between looking at the head and moving it.
///  - A submission that the lane refused makes the actor stale: it is thrown away and loaded again.
///  - Nothing here knows /sync, federation or HTTP: they listen (Rooms::on_commit).
///
/// Where to read on: room_append.cpp (events of our own), room_receive.cpp (events of other servers), room_place.cpp (what
/// an event does to the room), room_load.cpp (from the database), room.cpp (looking).
class Room : public std::enable_shared_from_this<Room> {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        storage::Lane& lane;
        storage::Numbers& numbers;
        const Identity& identity;
        PushProfiles& profiles;
        const Charters& charters;
        std::function<void(const Committed&)> committed;
        std::function<void(Room&)> failed;               ///< Throw this actor away.
        /// What stands above may refuse what the rules of Matrix allow (a forum's order): throws Refusal. Called
        /// synchronously before an event of our own users is built.
        std::function<void(const Room&, const schema::EventDraft&)> guard;
        /// Asked for an event of our own in a room that names a policy server, before it is kept; returns it with that
        /// server's signature. Throws Refusal. Empty: nobody is asked.
        std::function<net::Task<EventPtr>(RoomPtr, EventPtr)> ask_policy = {};
    };
    Room(Parts parts, RoomNid nid, schema::RoomId id, const schema::RoomRules& rules);
    /// Fills a room just constructed from what storage::load_room found.
    void restore(storage::StoredRoomWhole whole);

    // --- what it is
    RoomNid nid() const { return nid_; }
    const schema::RoomId& id() const { return id_; }
    const schema::RoomRules& rules() const { return rules_; }
    const Parts& parts() const { return parts_; }
    bool is_stale() const { return stale_; }
    /// Rooms: it is about to be erased. Takes nothing any more and leaves memory.
    void close_for_good() { fail(); }

    // --- the current state, as committed or about to be
    StateEventPtr state(std::string_view type, std::string_view state_key = "") const;
    StateEventPtr state_by_key(int key_no) const;
    /// The content of that state event as a copy, or an empty object.
    schema::JsonObject state_content(std::string_view type, std::string_view state_key = "") const;
    void for_each_state(const std::function<void(const StateEvent&, const std::string& type, const std::string& key)>& f) const;
    const StateDictionary& dictionary() const { return dictionary_; }
    const StateSet& current() const { return current_; }

    Membership membership(std::string_view user_id) const;  ///< leave when there is none.
    bool is_joined(std::string_view user_id) const { return membership(user_id) == Membership::join; }
    /// Everybody with a member event.
    const std::unordered_map<std::string, Membership>& memberships() const { return memberships_; }
    int joined_count() const { return joined_count_; }
    int invited_count() const { return invited_count_; }
    /// Joined members per server that is not ours.
    const std::map<std::string, int, std::less<>>& remote_servers() const { return remote_servers_; }

    const schema::PowerLevels& power_levels() const;     ///< Parsed once per change.
    std::string join_rule() const;                       ///< "invite" when there is none.
    std::string history_visibility() const;              ///< "shared" when there is none.
    std::optional<std::string> type() const;             ///< m.room.create `type`
    bool is_forum() const { return (flags_ & is_forum_room) != 0; }

    LocalMember* local_member(UserNid user);
    LocalMember* local_member(std::string_view user_id);
    const std::map<UserNid, LocalMember>& local_members() const { return local_members_; }
    /// Only in memory; whoever calls it sees to the row.
    void set_push_class(LocalMember& member, int push_class);

    // --- the timeline that is in memory: the newest `ring_size` live events, oldest first
    static constexpr std::size_t ring_size = 64;
    const std::deque<TimelineEventPtr>& ring() const { return ring_; }
    /// Everything live after `since` is in the ring.
    bool ring_reaches(Position since) const { return since >= ring_floor_; }
    Position head_position() const { return head_pos_; } ///< Of the newest committed live event.
    Ord min_ord() const { return min_ord_; }             ///< Lowest reading order that is taken.
    int n_main() const { return view_n_main_; }
    int n_all() const { return view_n_all_; }
    const Withdrawn& withdrawn() const { return withdrawn_; }
    /// n_all - n_main with what is on its way to the disk.
    int n_threads_at_head() const { return n_all_ - n_main_; }
    TimelineEventPtr find_in_ring(std::string_view event_id) const;

    bool is_published() const { return (flags_ & published) != 0; }
    /// Takes effect with the next submission; save() makes one.
    void publish_in_directory(bool on) { flags_ = on ? flags_ | published : flags_ & ~published; }
    net::Task<> save();
    int flags() const { return flags_; }
    /// Members may read everything: history visibility never was "invited" or "joined" (visibility.hpp).
    bool shows_all_to_members() const { return (flags_ & hides_history) == 0; }

    /// What is known of an event besides the ring: enough to relate to it.
    struct Known {
        EventNid nid;
        std::string sender, type;
        std::optional<EventNid> thread_root;
        std::optional<std::string> state_key;
        bool has_relation = false;
        bool redacted = false;
        std::int64_t ts = 0;
        std::string root_id;                             ///< Of its thread; its own id outside of one.
        Ord ord = 0;                                     ///< 0: not committed yet.
        int flags = 0;                                   ///< storage::rows::EventFlag
    };
    /// nullptr when neither prepare() nor the room's own events have met it.
    const Known* known(std::string_view event_id) const {
        const auto found = known_events_.find(std::string(event_id));
        return found == known_events_.end() ? nullptr : &found->second;
    }
    const ThreadInfo* thread(EventNid root) const {
        const auto found = threads_.find(root);
        return found == threads_.end() ? nullptr : &found->second;
    }

    // --- writing
    struct Appended {
        schema::EventId id;
        Position pos;
    };
    /// Builds, signs and authorises an event on the head, and returns when it is durable.
    /// Throws Refusal(forbidden, too_large, duplicate_annotation …).
    net::Task<Appended> append(schema::EventDraft draft, AppendOptions options = {});
    /// The same for several at once: one submission, all or nothing. `more` (without positions of its own) is
    /// committed with them.
    net::Task<std::vector<Appended>> append_all(std::vector<DraftAndOptions> drafts, storage::Submission more = {});
    /// The PDU that append() would build, neither authorised nor kept: make_join and the like. Without hashes.
    schema::JsonObject build_template(const schema::EventDraft& draft) const;
    /// The verdict that append() would reach on the head.
    Verdict may(const schema::EventDraft& draft) const;
    /// Throws Refusal for what the room's guards do not let through; for events of other servers, too.
    net::Task<> ask_guards(schema::EventDraft draft);

    /// What the next event builds on.
    std::vector<schema::EventId> extremities() const;

    // --- events of other servers (room_receive.cpp, room_import.cpp)
    /// Judges events as the specification asks and takes them in, in the order given; returns when that is durable. One
    /// answer per event. One call at a time works in a room; others wait. What memory does not hold is read in a few
    /// statements for all of them; nothing is fetched from anywhere. Throws Refusal(limit_exceeded) when the room had to be
    /// thrown away: find it again and repeat.
    net::Task<std::vector<Received>> receive(std::vector<Incoming> events);
    /// Keeps events that are no part of the timeline: auth chains, and state as others tell it. Each is judged by its own
    /// auth_events, in any order given; accepted, rejected (kept with that mark), known, or incomplete (missing_auth says
    /// what neither stands in `events` nor is stored).
    net::Task<std::vector<Received>> keep_outliers(std::vector<EventPtr> events);
    /// Old events, newest first, go into the reading order directly below `below`, as far as there is room above the next
    /// older one that we have. Each is judged by its own auth_events, which must be stored; what was rejected, and what we
    /// have, is left out. Gaps named by `closes` are closed, those below the new events noted. Returns how many came in.
    net::Task<std::size_t> add_history(std::vector<EventPtr> events, Ord below, std::vector<std::string> closes);
    /// Our server comes (back) into the room while none of its users is in it: the state is what the others say, history
    /// goes on with `join`, before it lies a gap. Throws Refusal(forbidden) when the rules do not let `join` in. See
    /// Rooms::import.
    net::Task<> take_over(ImportedRoom from);
    /// A membership of a local user while we are not in the room: an invitation or a knock, and its end. `event` is kept
    /// and is all that is known of the room's state; a room nobody here has heard of begins with it.
    net::Task<Position> note_outside(EventPtr event, UserNid user);
    /// How often states of branches had to be resolved since the room was loaded.
    int resolutions() const { return resolutions_; }

    /// Rows of this room that are no events (receipts …) on their way through the lane; listeners hear `notice`
    /// with its positions filled in.
    net::Task<Position> submit(storage::Submission submission, std::function<void(Committed&)> notice);
    /// For what is never stored (typing).
    void announce(const std::function<void(Committed&)>& notice);

    /// Typing users with the time until which they type. core/rooms/typing.hpp owns the rules.
    std::map<std::string, std::int64_t, std::less<>> typing;
    /// core/rooms/receipts.hpp writes it.
    ReceiptLog receipts;

private:
    struct Extremity {
        EventNid nid;
        schema::EventId id;
        std::int64_t depth;
        std::string reference_sha256;                    ///< Room versions 1 and 2 name it in prev_events.
        StateGroupNo after;                              ///< The room's state after it.
    };
    struct Build;                                        ///< One submission in the making (room_build.hpp).
    struct Placement;                                    ///< An event that is to become part of the room.
    struct Merge;                                        ///< The current state where branches meet.
    class Reception;                                     ///< What one receive() works on (room_reception.hpp).
    class Turn;
    class Hold;
    struct Unwritten {                                   ///< A state event that the database does not have yet.
        EventNid nid;
        EventPtr event;
        std::vector<std::int64_t> auth_nids;
        bool rejected = false;
    };
    /// Branches that may stand side by side. More would make each merge dearer for everybody; what comes then fails softly.
    static constexpr std::size_t most_extremities = 100;
    static constexpr std::size_t most_unions = 32;

    struct Sent;

    net::Task<std::vector<Appended>> append_asking(std::vector<DraftAndOptions> drafts, storage::Submission more);
    net::Task<Appended> append_one(schema::EventDraft draft, AppendOptions options);
    net::Task<std::optional<Appended>> sent_before(schema::DeviceNid device, const std::string& key);
    std::string txn_key(const std::string& txn) const;   ///< As stored: ids are unique per room, not per device.
    std::vector<std::int64_t> auth_nids_of(const schema::Event& event) const;
    void redact_in_view(const std::string& target_id, const schema::Event& redaction);
    enum class Whose { own, foreign };
    net::Task<> prepare(const schema::EventDraft& draft, Whose whose);
    EventPtr seal(const schema::EventDraft& draft, const AppendOptions& options);
    void add_to(Build& build, schema::EventDraft draft, const AppendOptions& options);
    void refuse_bad_relation(const schema::Event& event) const;
    void refuse_redaction(const schema::Event& event) const;
    void place(Build& build, Placement placement);
    storage::rows::Event row_of(const schema::Event& event, EventNid nid, int flags) const;
    StateDictionary::KeyNo intern(std::string_view type, std::string_view state_key);
    StateGroupNo derive_group(Build& build, std::optional<StateGroupNo> parent, const StateDelta& change);
    void trim_history();
    void set_current(Build& build, StateDictionary::KeyNo key, StateEventPtr event, std::optional<UserNid> target);
    void adopt(Build& build, const Merge& merge, std::optional<StateDictionary::KeyNo> own);
    void apply_membership(Build& build, const std::string& user_id, const schema::Event* event, std::optional<EventNid> nid,
                          std::optional<UserNid> target);
    net::Task<std::unique_ptr<Turn>> take_turn();
    bool has_joined_locals() const;
    net::Task<> find_locals(Build& build, std::vector<std::string> user_ids);
    net::Task<> load_groups(std::vector<StateGroupNo> groups);
    /// State resolution, looked up and computed on a reader's thread. All but `unwritten` must be durable.
    net::Task<StateSet> resolve(std::vector<StateSet> sets, std::vector<Unwritten> unwritten);
    net::Task<std::unordered_map<EventNid, StateEventPtr>> load_state_events(std::vector<EventNid> nids);
    void apply_relation(Build& build, const schema::Event& event, TimelineEvent& line);
    void apply_redaction(Build& build, const schema::Event& event, EventNid nid);
    void count(Build& build, const schema::Event& event, TimelineEvent& line);
    void read_by_sender(Build& build, const TimelineEvent& line, int at);
    net::Task<> prepare_counting(const schema::EventDraft& draft);
    void single_out(Build& build, const schema::Event& event, const TimelineEvent& line, int at);
    void count_in_view(Build& build, const TimelineEvent& line, int at);
    void withdraw_in_view(const std::string& target_id);
    storage::rows::Room room_row() const;                ///< The head as `rooms` keeps it.
    void close(Build& build);
    net::Task<Position> commit(Build build);
    void publish(Build& build, Position base);
    void fail();
    schema::JsonObject compose(const schema::EventDraft& draft, std::int64_t origin_ts) const;
    StateLookup lookup(std::vector<EventPtr>& keep_alive) const;
    void set_membership(const std::string& user_id, std::optional<Membership> membership);
    void push_to_ring(TimelineEventPtr event);

    Parts parts_;
    RoomNid nid_;
    schema::RoomId id_;
    const schema::RoomRules& rules_;
    bool stale_ = false;

    // The head.
    std::vector<Extremity> extremities_;
    std::int64_t depth_ = 0;
    int n_main_ = 0, n_all_ = 0;
    std::optional<StateGroupNo> group_;
    StateHistory history_;
    StateDictionary dictionary_;
    std::vector<storage::rows::State> new_keys_;         ///< Numbered, and told to no submission yet.
    StateSet current_;
    std::unordered_map<int, StateEventPtr> state_events_;  ///< By key number.
    std::unordered_map<std::string, Membership> memberships_;
    int joined_count_ = 0, invited_count_ = 0;
    std::map<std::string, int, std::less<>> remote_servers_;
    mutable std::unique_ptr<schema::PowerLevels> power_levels_;
    std::map<UserNid, LocalMember> local_members_;
    std::set<UserNid> individuals_;                      ///< Those of them whose push class is individual.
    std::unordered_map<std::string, UserNid> local_nids_;
    Ord min_ord_ = 0;
    int flags_ = 0;
    bool partial_ = false;
    /// Resolutions that were made, the newest last: the states of ends, sorted, and what they come to.
    std::vector<std::pair<std::vector<StateGroupNo>, StateGroupNo>> unions_;
    int resolutions_ = 0;
    std::shared_ptr<net::Gate> receiving_;               ///< Closed while a receive() is at work.
    std::shared_ptr<net::Gate> merging_;                 ///< Closed while branches are merged: nothing is built meanwhile.

    // What prepare() looked up; bounded (known_limit), dropped whole when full.
    static constexpr std::size_t known_limit = 4096;
    std::unordered_map<std::string, Known> known_events_;
    std::unordered_map<EventNid, ThreadInfo> threads_;
    std::unordered_map<EventNid, EventNid> last_reply_but_;  ///< Thread root -> newest reply once its last is redacted.

    static constexpr std::size_t sent_limit = 512;
    std::unordered_map<std::string, std::shared_ptr<Sent>> sent_;
    std::deque<std::string> sent_order_;
    SentIds sent_ids_{true};                             ///< A new room's; restore() begins anew.

    // The view.
    std::deque<TimelineEventPtr> ring_;
    Position ring_floor_ = 0, head_pos_ = 0;
    int view_n_main_ = 0, view_n_all_ = 0;
    Withdrawn withdrawn_;
};

}  // namespace runde::rooms
