#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "core/rooms/server_visibility.hpp"
#include "storage/rooms.hpp"

/// What other servers may read of our rooms. An event that no member of theirs could see goes out in its redacted form,
/// so that the graph stays whole; the same for one that was redacted.
/// https://spec.matrix.org/v1.19/server-server-api/#backfilling-and-retrieving-missing-events
namespace runde::federation {

/// A room as one server sees it.
struct ServerView {
    rooms::RoomPtr room;
    rooms::VisibleRanges visible;  ///< What at least one of its users may see.
    bool is_watched = false;       ///< The room has a policy server.
    bool sees(const storage::StoredEvent& event) const;
    /// Whether the event goes out at all, in whatever form: what failed softly does, but where that may mean that the room's
    /// policy server refused it. https://spec.matrix.org/v1.19/server-server-api/#soft-failure
    bool is_told(const storage::StoredEvent& event) const;
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
    std::vector<schema::EventNid> state, auth_chain;
};
net::Task<StateBefore> state_before(rooms::Rooms& rooms, const ServerView& view, schema::EventId event);
/// What an event rests on, also one that was rejected: whoever judges it must know why. Throws Refusal(not_found).
net::Task<std::vector<schema::EventNid>> auth_chain(rooms::Rooms& rooms, const ServerView& view, schema::EventId event);

/// Those events and what came before them, newest first, at most `limit`.
net::Task<std::vector<storage::StoredEvent>> backfill(rooms::Rooms& rooms, const ServerView& view, std::vector<std::string> from,
                                                      int limit);

/// How many answers of a whole state or auth chain are made at once: each may be many megabytes.
class BigAnswers {
public:
    static constexpr int most_per_server = 2, most_of_all = 8;

    /// A place, as long as the object returned lives. Throws Refusal(limit_exceeded) when all are taken.
    std::shared_ptr<void> enter(const schema::ServerName& server);

private:
    struct Taken {
        std::map<std::string, int> by_server;
        int all = 0;
    };
    std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();  ///< Answers may outlive this object at the end.
};

struct MissingRequest {
    std::vector<std::string> earliest, latest;
    std::int64_t min_depth = 0;
    int limit = 10;
};
/// What lies between, oldest first.
net::Task<std::vector<storage::StoredEvent>> missing_events(rooms::Rooms& rooms, const ServerView& view, MissingRequest request);

}  // namespace runde::federation
