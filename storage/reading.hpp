#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/rooms.hpp"

/// How far people have read, and what they want to be told of (core/rooms/reading.hpp).
namespace runde::storage {

/// Of all our members of one room.
std::vector<StoredException> exceptions_in(Tx& tx, RoomNid room);
std::vector<StoredWithdrawn> withdrawn_in(Tx& tx, RoomNid room);

/// The counter of threads at a place of the reading order, by the root's event number.
std::vector<std::pair<EventNid, int>> thread_counts_at(Tx& tx, RoomNid room, const std::vector<EventNid>& roots, Ord at);

/// Threads with something in them after a place.
struct StoredThreadAfter {
    RoomNid room;
    EventNid root;
    std::string root_id;
    int n;                                               ///< Its counter now,
    int n_before;                                        ///< and at that place.
    Position head_pos;                                   ///< Of the room, when this was read.
};
std::vector<StoredThreadAfter> threads_after(Tx& tx, const std::vector<std::pair<RoomNid, Ord>>& places);

/// Content of m.push_rules and m.ignored_user_list.
struct StoredPushSetting {
    UserNid user;
    std::string type, json;
};
std::vector<StoredPushSetting> push_settings(Tx& tx, const std::vector<UserNid>& users);
struct StoredPushClass {
    RoomNid room;
    std::string room_id;
    int push_class;
};
/// Of the rooms that a user is joined to.
std::vector<StoredPushClass> push_classes(Tx& tx, UserNid user);

}  // namespace runde::storage
