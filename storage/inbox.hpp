#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

/// An event of another server that was acknowledged and waits to be worked on. `seq` keeps their order in a room.
struct StagedEvent {
    RoomNid room;
    std::int64_t seq = 0;
    std::string origin, event_id, json;
};

/// Keeps a transaction of another server: its number and its events, in one statement. Returns false, and keeps nothing, if
/// the same transaction was kept before.
bool stage_transaction(Tx& tx, const std::string& origin, const std::string& txn, std::int64_t now_ms,
                       const std::vector<StagedEvent>& events);
/// Keeps events that came in a transaction acknowledged before.
void stage_events(Tx& tx, const std::vector<StagedEvent>& events);
/// Rooms in which events wait.
std::vector<RoomNid> staged_rooms(Tx& tx);
/// The oldest of those that wait in a room after `after`, in their order.
std::vector<StagedEvent> staged_events(Tx& tx, RoomNid room, std::int64_t after, int limit);
std::vector<StagedEvent> staged_events(Tx& tx, RoomNid room, const std::vector<std::int64_t>& seqs);
void drop_staged(Tx& tx, RoomNid room, const std::vector<std::int64_t>& seqs);

}  // namespace runde::storage
