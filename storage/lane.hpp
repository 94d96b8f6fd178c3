#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/runtime.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

using schema::EventNid;
using schema::Ord;
using schema::Position;
using schema::RoomNid;
using schema::UserNid;

/// Rows for the lane. `at` is the place inside the submission: 0 … positions-1; the lane adds the base it was
/// given, and ord = pos << 16. A row whose key appears twice in a batch: the later one wins, except where noted.
namespace rows {

enum EventFlag : int {
    is_state = 1,
    rejected = 2,
    soft_failed = 4,
    backfilled = 8,
    has_url = 16,
    local = 32,
    off_main_line = 64,   ///< State before it is not the room's; visibility must look at its own state.
    notifies = 128,       ///< Counted in n_main / n_all / n_thread.
    encrypted = 256,
    pruned = 512,         ///< Redacted, and its content is gone from the disk too (storage/retention).
};

struct Event {
    RoomNid room;
    EventNid nid;
    std::optional<int> at;                  ///< Live event; nullopt: outlier or backfilled.
    std::optional<Ord> ord;                 ///< Backfilled events only.
    std::int64_t origin_ts, depth;
    std::optional<std::int64_t> sg;         ///< State group before it.
    std::optional<std::int64_t> sg_after;   ///< State events only.
    std::optional<EventNid> thread_root;
    std::optional<EventNid> redacted_by;
    std::optional<std::vector<std::int64_t>> auth_nids;  ///< State events only.
    int n_main = 0, n_all = 0, n_thread = 0;
    int flags = 0;
    std::string event_id, type, sender;
    std::optional<std::string> state_key;
    std::string json;
};

/// An event that stands already: its redaction arrived, or an outlier or rejected event becomes live. What is not
/// given stays as it is. May name an event of the same batch.
struct EventUpdate {
    RoomNid room;
    EventNid nid;
    std::optional<EventNid> redacted_by;
    std::optional<int> at = {};
    std::optional<std::int64_t> sg = {}, sg_after = {};
    std::optional<int> n_main = {}, n_all = {}, n_thread = {};
    std::optional<int> flags = {};
    std::optional<Ord> ord = {};            ///< An outlier becomes a backfilled event.
    std::optional<EventNid> thread_root = {};  ///< The root of its thread has come after it.
};

struct Room {                                ///< Upsert.
    RoomNid room;
    std::string room_id, version;            ///< Used only when the row is new.
    std::optional<int> head_at;              ///< Newest live event of this submission; nullopt: head_pos stays.
    std::optional<int> out_at;               ///< Newest event that we must send to other servers; nullopt: stays.
    std::int64_t min_ord = 0, depth = 0;
    int n_main = 0, n_all = 0;
    std::optional<std::int64_t> sg;          ///< nullopt: stays.
    int next_key_no = 1;
    std::vector<EventNid> extremities;
    bool partial = false;
    int flags = 0;
};

struct State {                               ///< room_state: upsert.
    RoomNid room;
    int key_no;
    std::string type, state_key;
    std::optional<EventNid> event;
    std::optional<int> membership;           ///< m.room.member only; rooms::Membership.
};

struct StateLog {
    RoomNid room;
    int at, key_no;
    std::optional<EventNid> event, previous;
};

struct StateGroup {
    RoomNid room;
    std::int64_t sg;
    std::optional<std::int64_t> parent, jump;
    int depth;
    std::string delta;                       ///< (key_no int4, event_nid int8)*, big endian, relative to `jump`.
};

struct UserRoom {                            ///< Upsert of a local user's row.
    UserNid user;
    RoomNid room;
    int membership;
    EventNid member;                         ///< The member event.
    int at;
    bool forgotten = false;
    int push_class = 0;
    Ord read_ord = 0;                        ///< When read_at is nullopt.
    std::optional<int> read_at;              ///< Sending reads: read_ord = live_ord(base + *read_at).
    int base_main = 0, base_threads = 0;
    Ord all_ord = 0;                         ///< Read in all threads up to here.
};

struct UserThread {
    UserNid user;
    RoomNid room;
    EventNid root;
    Ord read_ord = 0;
    std::optional<int> read_at;
    int base = 0;
};

struct Notification {
    UserNid user;
    RoomNid room;
    int at;
    std::optional<EventNid> thread_root;
    int kind;                                ///< 1 notify, 2 highlight, -1 not although its class would.
};

struct Thread {
    RoomNid room;
    EventNid root;
    std::optional<int> last_at;              ///< nullopt: no new activity (a reply was redacted).
    EventNid last;
    int replies, n;
    std::string sender;                      ///< Of the reply: goes to thread_users; "" when nobody took part anew.
    std::optional<Ord> last_ord = {};        ///< Without last_at, of a thread that was backfilled.
};

struct Relation {
    RoomNid room;
    std::string parent_id, rel_type;
    EventNid child;
    std::optional<int> at;
    std::optional<Ord> ord;
    std::string child_type, sender;
    std::optional<std::string> agg_key;
};

struct Receipt {
    RoomNid room;
    std::string user_id;
    int type;                                ///< 0 m.read, 1 m.read.private
    std::string thread;                      ///< "" unthreaded, "main", or the root's event id
    int at;
    Ord ord;                                 ///< Of the event that was read.
    std::string event_id;
    std::int64_t ts;
};

struct Transaction {                         ///< PUT …/send/{txnId}
    std::int64_t device_nid;
    std::string txn;                         ///< With the endpoint's kind in front.
    std::int64_t ts;
    std::string event_id;
};

struct AccountData {                         ///< json "" deletes the content but keeps the position.
    UserNid user;
    std::optional<RoomNid> room;
    std::string type;
    int at;
    std::string json;
};

struct ToDevice {
    UserNid user;
    std::int64_t device_nid;
    int at;
    std::string json;
};

struct DeviceListChange {
    int at;
    std::string user_id;
};

struct RoomServer {                          ///< Joined members of another server; 0 removes the row.
    RoomNid room;
    std::string server;
    int joined;
};

struct MissingPrev {
    RoomNid room;
    std::string event_id;
    std::optional<int> below_at;
    Ord below_ord = 0;
    bool found = false;                      ///< Deletes the row instead.
};

struct PendingRedaction {
    RoomNid room;
    std::string target_id;
    EventNid redaction;
    bool applied = false;                    ///< Deletes the row instead.
};

struct Alias {                               ///< Aliases that createRoom makes in the same commit.
    std::string alias;
    RoomNid room;
    std::string creator;
};

struct InboxDone {                           ///< fed_inbox rows this submission has processed.
    RoomNid room;
    std::int64_t seq;
};

}  // namespace rows

/// What one actor hands over at once; committed whole or not at all.
struct Submission {
    int positions = 0;                       ///< How many positions it takes; rows' `at` are below this.
    bool flush = true;                       ///< false only under durability = "relaxed" and only for plain messages.
    std::vector<rows::Event> events;
    std::vector<rows::EventUpdate> event_updates;
    std::vector<rows::Room> rooms;
    std::vector<rows::State> states;
    std::vector<rows::StateLog> state_log;
    std::vector<rows::StateGroup> state_groups;
    std::vector<rows::UserRoom> user_rooms;
    std::vector<rows::UserThread> user_threads;
    std::vector<rows::Notification> notifications;
    std::vector<rows::Thread> threads;
    std::vector<rows::Relation> relations;
    std::vector<rows::Receipt> receipts;
    std::vector<rows::Transaction> transactions;
    std::vector<rows::AccountData> account_data;
    std::vector<rows::ToDevice> to_device;
    std::vector<rows::DeviceListChange> device_lists;
    std::vector<rows::RoomServer> room_servers;
    std::vector<rows::MissingPrev> missing_prevs;
    std::vector<rows::PendingRedaction> pending_redactions;
    std::vector<rows::Alias> aliases;
    std::vector<rows::InboxDone> inbox_done;
};

struct Committed {
    Position base;  ///< The submission's row with at = i has position base + i.
};

/// Thrown by submit() when the database refused this very submission (unique violation, say an alias taken): nothing
/// of it was written, and the actor must reload what it had assumed.
///
/// What the same actor had submitted behind it before it could know was built on it (its events are their
/// predecessors), so those submissions are refused too, with constraint == earlier_refused: every submission with a
/// row in `rooms` for a room that the refused one had a row for. A submission made after the refusal was delivered is
/// judged afresh.
struct SubmissionRefused : std::exception {
    static constexpr const char* earlier_refused = "earlier_refused";
    explicit SubmissionRefused(std::string why) : constraint(std::move(why)) {}
    const char* what() const noexcept override { return constraint.c_str(); }
    /// Name of the constraint, e.g. "room_aliases_pkey", "event_txn_pkey", "events_id"; for values that PostgreSQL
    /// cannot hold (NUL in a text) "SQLSTATE 22021".
    std::string constraint;
};
/// Another process has taken over (stream_head.epoch was raised): this one must stop writing for good.
struct Fenced : std::exception {
    const char* what() const noexcept override { return "another process has taken over this database"; }
};

enum class Durability { safe, relaxed };

/// Door 2 to PostgreSQL: everything that somebody's /sync must see.
///
/// Invariants
///  - Submissions commit in the order submit() was called; positions are given inside the transaction from the
///    one-row stream_head, which stays locked to its end, so commit order = position order, without gaps.
///  - While a batch is in flight the next one collects (no timer): at most 64 submissions or 256 KB of events.
///  - One prepared statement per table that the batch touches, sent in one pipeline: one round trip and one commit
///    per batch, whatever it contains. Resumed after the fsync.
///  - If a batch is refused its submissions are repeated one by one, so that only the offender is refused.
///  - A lost connection is replaced. The new one first raises the epoch, which ends whatever the old one might still
///    be doing, and then sees from the number of the last batch whether it had been committed: nothing is lost,
///    nothing is written twice.
///  - After an unclean end the stream goes on above `reserved`: even if commits were lost (relaxed durability, a disk
///    that lied), no position is ever given out twice and no client's token lies in the future.
///  - Callers on the I/O thread; results are delivered on the I/O thread, in commit order, and head() moves with
///    them: nobody sees a head whose submission has not been delivered.
///  - Two lanes never write: the younger one's start fences off the older.
class Lane {
public:
    /// Submissions that may wait; beyond it Refusal(limit_exceeded), delivered like any other result.
    static constexpr std::size_t most_waiting = 10'000;

    /// Takes over the stream; blocks until PostgreSQL has answered. Throws Unreachable.
    Lane(net::Runtime& runtime, std::string url, Durability durability);
    ~Lane();  ///< Writes what was submitted, then stops; before the Runtime.

    /// Throws SubmissionRefused, Fenced, or DatabaseError (nothing written either: the actor reloads).
    net::Task<Committed> submit(Submission submission);
    /// The same for callers that are no coroutine: `done` runs on the I/O thread in commit order, and must not throw.
    void submit(Submission submission, std::function<void(Committed, std::exception_ptr)> done);

    /// Called once, on the I/O thread, when another process has taken over, or when PostgreSQL has crashed and lost commits
    /// (relaxed durability): nothing can be written any more, and what is served from memory is not what the database
    /// holds. The process should end.
    void on_fenced(std::function<void()> call);

    /// The last position whose result was delivered. After start: the stream's head.
    Position head() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Row numbers, unique for ever: drawn from blocks that are reserved in the table `process` ahead of use. The next
/// block is fetched in the background, so next() does not wait, unless more than a block's worth of numbers was drawn
/// since it was called for: then it blocks for a millisecond rather than give out a number twice.
/// I/O thread only.
class Numbers {
public:
    static constexpr std::int64_t block = 10'000;

    explicit Numbers(Database& database);  ///< Reserves the first blocks (blocking; start-up only).
    std::int64_t next();
    template <class Nid>
    Nid next() {
        return static_cast<Nid>(next());
    }

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace runde::storage
