#pragma once
#include <optional>
#include <string>
#include <vector>

#include "schema/ids.hpp"
#include "storage/database.hpp"

/// What other servers have still to hear, from the cursors: servers.sent_pos against rooms.out_pos and the events.
namespace runde::storage {

using schema::Position;

struct StoredDestination {
    std::string name;
    Position sent_pos = 0;
    std::optional<std::int64_t> fail_since, retry_at, retry_ms;
    bool behind = false;  ///< There are events of ours that it was not yet sent. (Only when loaded.)
};
/// All servers that we know or share a room with.
std::vector<StoredDestination> load_destinations(Tx& tx, const std::string& own_server);
/// Cursors only ever move forwards.
void save_destinations(Tx& tx, const std::vector<std::int64_t>& new_nids, const std::vector<StoredDestination>& destinations);

struct UnsentEvent {
    Position pos;
    std::string event_id, room_version, json;
    bool redacted;
    schema::RoomNid room;
};
/// Our own events after `after` and up to `upto` that `server` should hear, oldest first, at most `limit`: those of rooms
/// that it is in, and those by which its members were removed from rooms. If there are more than `too_many`, only the
/// newest of each room (the other server fetches what lies between).
std::vector<UnsentEvent> unsent_events(Tx& tx, const std::string& server, Position after, Position upto, int limit, int too_many);

}  // namespace runde::storage
