#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/rooms.hpp"

/// What /sync reads: always for many rooms at once, so that an answer costs the same few statements however many
/// rooms it speaks of.
namespace runde::storage {

// --- what a user's hub begins with

/// One of a user's rooms with what has happened there so far.
struct SyncRoom {
    RoomNid room;
    std::string room_id, version;
    int membership = 0;
    EventNid member;                                ///< The member event,
    Position member_pos = 0;                        ///< and its position (of the row, where it came as an outlier).
    bool forgotten = false;
    Position head_pos = 0;                          ///< Newest live event of the room.
};
std::vector<SyncRoom> sync_rooms(Tx& tx, UserNid user);

/// Account data and to-device messages, by position.
struct SyncMail {
    enum class Kind { account_data = 0, to_device = 1 };
    Kind kind;
    std::int64_t target = 0;                        ///< Room (0: global) or device.
    std::string type;                               ///< Account data only.
    Position pos = 0;
    std::string json;                               ///< "" for account data that was deleted.
};
/// All account data, and the oldest `messages` to-device messages.
std::vector<SyncMail> sync_mail(Tx& tx, UserNid user, int messages);

/// To-device messages after `after`, oldest first.
std::vector<SyncMail> to_device_after(Tx& tx, UserNid user, std::int64_t device, Position after, int limit);
/// What the device has acknowledged is gone for good.
void delete_to_device(Tx& tx, UserNid user, std::int64_t device, Position up_to);

/// Users whose devices changed in (after, up_to] and who share a room with `user`, or who are `user`.
std::vector<std::pair<Position, std::string>> device_list_changes(Tx& tx, UserNid user, const std::string& user_id, Position after,
                                                                  Position up_to);

// --- rooms in bulk

/// Which events of a room: live or backfilled ones with ord in (after, up_to], the newest `limit`.
struct TimelineWish {
    RoomNid room;
    Ord after, up_to;
};
/// What the client's filter says of the events; `keep_member` and changes of the history visibility are always among
/// the answer, because what the reader may see follows from them.
struct TimelineSelection {
    int limit = 10;
    std::string keep_member;
    std::optional<std::vector<std::string>> types;  ///< With "*" for any run of characters.
    std::vector<std::string> not_types;
    std::optional<std::vector<std::string>> senders;
    std::vector<std::string> not_senders;
    std::optional<bool> contains_url;
};
/// In the reading order of each room.
/// How many events sync_timelines() reads of a room. That many: there may be more, also if some of them are not shown.
int most_per_room(const TimelineSelection& selection);
std::vector<StoredEvent> sync_timelines(Tx& tx, const std::vector<TimelineWish>& wishes, const TimelineSelection& selection);

/// The state of a room as of `up_to`: all of it, or only what changed after `since`.
struct StateWish {
    RoomNid room;
    std::optional<Position> since;                  ///< nullopt: everything.
    Position up_to;
    std::vector<std::string> types;                 ///< Only these; empty: all (invitations need a few).
};
struct StateSelection {
    bool lazy = false;                              ///< Of member events only those named below, and changed ones.
    std::vector<std::pair<RoomNid, std::string>> members;   ///< Wanted even if unchanged.
    std::vector<std::pair<RoomNid, EventNid>> replaced;     ///< Events wanted by number: state as it was before.
};
struct SyncState {
    RoomNid room;
    int key_no = 0;
    EventNid event;
    std::string event_id, type, state_key, sender, json;
    bool redacted = false;                          ///< Serve it pruned.
    bool replaced = false;                          ///< One of StateSelection::replaced.
};
std::vector<SyncState> sync_states(Tx& tx, const std::vector<StateWish>& wishes, const StateSelection& selection);

/// Member counts, heroes and what the user has read, of rooms that are not in memory.
struct SyncSummary {
    RoomNid room;
    int joined = 0, invited = 0;
    std::vector<std::string> heroes;                ///< Joined or invited, oldest first, without the reader; at most 5.
    std::string history_visibility;
    int n_main = 0, n_all = 0;
    StoredMember member{};
    std::vector<StoredThreadRead> thread_reads;
    std::vector<StoredException> exceptions;
    std::vector<StoredWithdrawn> withdrawn;
};
std::vector<SyncSummary> sync_summaries(Tx& tx, UserNid user, const std::string& user_id, const std::vector<RoomNid>& rooms);

struct StoredReceipt {
    RoomNid room;
    std::string user_id;
    int type = 0;                                   ///< rows::Receipt
    std::string thread;
    Position pos = 0;
    Ord ord = 0;
    std::string event_id;
    std::int64_t ts = 0;
};
/// Receipts of rooms, each after its own position: everybody's public ones and `user_id`'s private ones.
std::vector<StoredReceipt> sync_receipts(Tx& tx, const std::string& user_id, const std::vector<std::pair<RoomNid, Position>>& after,
                                         Position up_to);

/// The member event that was in force for `user_id` just after `since`, in rooms where it changed later: its JSON.
std::vector<std::pair<RoomNid, std::optional<std::string>>> membership_before(Tx& tx, const std::string& user_id, Position since,
                                                                              const std::vector<RoomNid>& rooms);

}  // namespace runde::storage
