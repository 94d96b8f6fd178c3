#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "core/rooms/visibility.hpp"
#include "storage/rooms.hpp"

/// What other servers may read of our rooms. An event that no member of theirs could see goes out in its redacted form,
/// so that the graph stays whole; the same for one that was redacted.
/// https://spec.matrix.org/v1.19/server-server-api/#backfilling-and-retrieving-missing-events
namespace runde::federation {

/// A room as one server sees it.
struct ServerView {
    rooms::RoomPtr room;
    std::vector<rooms::VisibleRanges> members;  ///< What each of its members may see; more than the first 20 do not count.
    bool sees(const storage::StoredEvent& event) const;
};

/// Throws Refusal(forbidden) unless the room exists, the server has a member in it and the room's ACL lets it: whoever is
/// not in a room cannot tell it from one that does not exist.
net::Task<ServerView> require_in_room(rooms::Rooms& rooms, schema::RoomId room, schema::ServerName server);

/// The event's bytes as this server may have them.
std::string pdu_for(const ServerView& view, const storage::StoredEvent& event);

/// One event and the room it is in. Throws Refusal(not_found) also for an event that the server may not see.
net::Task<std::string> event_for(rooms::Rooms& rooms, schema::ServerName server, schema::EventId event);

/// Key number and event of the room's state before an event.
std::vector<std::pair<int, schema::EventNid>> state_nids_before(storage::Tx& tx, schema::RoomNid room,
                                                                const storage::StoredEvent& event);
/// The state before an event, and its whole auth chain. Throws Refusal(not_found).
struct StateBefore {
    std::vector<storage::StoredEvent> state, auth_chain;
};
net::Task<StateBefore> state_before(rooms::Rooms& rooms, const ServerView& view, schema::EventId event);
net::Task<std::vector<storage::StoredEvent>> auth_chain(rooms::Rooms& rooms, const ServerView& view, schema::EventId event);

/// Those events and what came before them, newest first, at most `limit`.
net::Task<std::vector<storage::StoredEvent>> backfill(rooms::Rooms& rooms, const ServerView& view, std::vector<std::string> from,
                                                      int limit);

struct MissingRequest {
    std::vector<std::string> earliest, latest;
    std::int64_t min_depth = 0;
    int limit = 10;
};
/// What lies between, oldest first.
net::Task<std::vector<storage::StoredEvent>> missing_events(rooms::Rooms& rooms, const ServerView& view, MissingRequest request);

}  // namespace runde::federation
