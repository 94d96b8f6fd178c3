#pragma once
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

using schema::EventNid;
using schema::Ord;
using schema::Position;
using schema::RoomNid;
using schema::UserNid;

/// One row of `events` with what its readers need beside it: the redaction that was applied, the state it replaced.
struct StoredEvent {
    RoomNid room;
    EventNid nid;
    std::optional<Ord> ord;
    std::optional<Position> pos;
    std::int64_t origin_ts = 0, depth = 0;
    std::optional<std::int64_t> sg, sg_after;
    std::optional<EventNid> thread_root;
    int flags = 0, n_main = 0, n_all = 0, n_thread = 0;
    std::string event_id, type, sender;
    std::optional<std::string> state_key;
    std::string json;
    std::optional<EventNid> redacted_by;
    std::optional<std::string> redaction_id, redaction_json;
    std::optional<int> key_no;                      ///< Where it changed the current state.
    std::optional<EventNid> replaces;
    std::optional<std::string> replaces_id, replaces_json;
    bool replaces_redacted = false;
};

struct StoredRoom {
    RoomNid nid;
    std::string room_id, version;
    Position head_pos = 0, out_pos = 0;
    Ord min_ord = 0;
    std::int64_t depth = 0;
    int n_main = 0, n_all = 0;
    std::optional<std::int64_t> sg;
    std::vector<std::int64_t> extremities;
    bool partial = false;
    int flags = 0;
};

struct StoredState {
    int key_no = 0;
    std::string type, state_key;
    std::optional<EventNid> event;                  ///< nullopt: a key that is not set now.
    std::string event_id, json;
    bool redacted = false;
};

struct StoredMember {
    UserNid user;
    std::string localpart;
    int membership;
    EventNid member;
    bool forgotten;
    int push_class;
    Ord read_ord, all_ord;
    int base_main, base_threads;
};

struct StoredThreadRead {
    UserNid user;
    EventNid root;
    Ord read_ord;
    int base;
};

/// An event that is not counted for somebody as for everybody, and is not read.
struct StoredException {
    UserNid user;
    RoomNid room;
    Ord ord;
    std::optional<EventNid> root;
    std::string root_id;
    int kind;
    bool counted;
};
/// A counted event that was redacted.
struct StoredWithdrawn {
    RoomNid room;
    Ord ord;
    std::optional<EventNid> root;
};
struct StoredStateGroup {
    std::int64_t sg;
    std::optional<std::int64_t> parent, jump;
    int depth;
    std::string delta;
};

struct StoredRoomServer {
    std::string server;
    int joined;
};

/// Everything that a room actor needs to begin.
struct StoredRoomWhole {
    StoredRoom room;
    std::vector<StoredState> state;                 ///< By key number, without gaps.
    std::vector<StoredEvent> extremities;
    std::vector<StoredEvent> recent;                ///< The newest live events, oldest first.
    std::vector<StoredMember> members;              ///< Local users.
    std::vector<StoredThreadRead> thread_reads;
    std::vector<StoredException> exceptions;
    std::vector<StoredWithdrawn> withdrawn;
    std::vector<StoredStateGroup> groups;           ///< The jump chain of room.sg.
    std::vector<StoredRoomServer> servers;
};

std::optional<RoomNid> find_room(Tx& tx, const std::string& room_id);
std::optional<StoredRoomWhole> load_room(Tx& tx, const std::string& room_id, int recent);
std::optional<StoredRoomWhole> load_room(Tx& tx, RoomNid room, int recent);

/// Events of one room in reading order: those with ord in (after, before), the `limit` nearest to `after` when
/// `forward`, else nearest to `before`. Always in the direction of reading.
std::vector<StoredEvent> events_in_order(Tx& tx, RoomNid room, Ord after, Ord before, int limit, bool forward);
std::vector<StoredEvent> events_by_id(Tx& tx, const std::vector<std::string>& event_ids);
std::vector<StoredEvent> events_by_nid(Tx& tx, RoomNid room, const std::vector<EventNid>& nids);

/// The jump chain of a state group, newest first.
std::vector<StoredStateGroup> load_state_chain(Tx& tx, RoomNid room, std::int64_t sg);
/// Which of a user's rooms have which membership: all rows of user_rooms.
struct StoredUserRoom {
    RoomNid room;
    std::string room_id;
    int membership;
    EventNid member;
    Position pos;
    bool forgotten;
    int room_flags;                                      ///< rooms::RoomFlag
};
std::vector<StoredUserRoom> rooms_of_user(Tx& tx, UserNid user);

/// A thread's totals; nullopt while nobody has answered.
struct StoredThread {
    EventNid last;
    int replies, n;
    std::int64_t last_ts;
    Ord last_ord;
};
std::optional<StoredThread> find_thread(Tx& tx, RoomNid room, EventNid root);
/// The newest reply of a thread other than `except` that is not redacted.
std::optional<EventNid> newest_reply(Tx& tx, RoomNid room, EventNid root, EventNid except);
bool has_annotation(Tx& tx, RoomNid room, const std::string& parent_id, const std::string& sender, const std::string& key);
std::optional<std::string> find_transaction(Tx& tx, std::int64_t device, const std::string& txn);
/// Keys of a device's transactions that begin with `prefix`, which ends in "/"; at most `limit`.
std::vector<std::string> transactions_with(Tx& tx, std::int64_t device, const std::string& prefix, int limit);

}  // namespace runde::storage
