#pragma once
#include <map>
#include <memory>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "federation/client.hpp"
#include "federation/event_checks.hpp"
#include "federation/missing_events.hpp"
#include "federation/patience.hpp"
#include "storage/pdus.hpp"

namespace runde::federation {

/// The servers that are asked for a room's history, the likeliest first: the one that made the room, then those with most
/// members; three at most, and none that the room keeps out.
std::vector<schema::ServerName> servers_with_history(const rooms::Room& room);

/// Fetches old history when somebody reads back into a gap. https://spec.matrix.org/v1.19/server-server-api/#backfilling-and-retrieving-missing-events
///
/// A reader waits as long as their patience lasts; what comes later is there for the next page. One fetch per gap at a time,
/// however many read. After a failure nobody asks again for a minute, doubling to a day.
class Backfill {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        Client& client;
        EventChecks& checks;
        MissingEvents& missing;
    };
    explicit Backfill(Parts parts) : parts_(parts) {}

    static constexpr int events_at_once = 100;

    enum class Outcome {
        whole,   ///< There is no gap that is worth asking for.
        filled,  ///< More is there now: read again, there may be another.
        vain,    ///< Nobody has what lies in it; it does not count for a while.
        later,   ///< Still on its way.
    };
    struct Answer {
        Outcome outcome;
        schema::Ord below = 0;  ///< The gap lies directly below this place.
    };
    /// Is there a gap in that stretch of the reading order, and can it be filled? A gap is filled from its upper end.
    net::Task<Answer> fill(rooms::RoomPtr room, storage::GapSearch stretch, Patience& patience);

    /// Takes events of the past in, newest first, directly below a place: what they rest on is fetched from `server`. Returns
    /// how many came in. See Room::add_history.
    net::Task<std::size_t> take_in(rooms::RoomPtr room, schema::ServerName server, std::vector<schema::EventPtr> events,
                                   schema::Ord below, std::vector<std::string> closes);

    bool is_idle() const { return running_.empty(); }

private:
    struct Job {
        storage::StoredGap gap;
        std::vector<std::shared_ptr<net::Gate>> waiting;
        std::size_t came_in = 0;
        bool done = false;
    };
    using Key = std::pair<schema::RoomNid, schema::Ord>;
    net::Task<> run(rooms::RoomPtr room, std::shared_ptr<Job> job);
    net::Task<std::size_t> fetch_from(rooms::RoomPtr room, schema::ServerName server, storage::StoredGap gap);

    Parts parts_;
    std::map<Key, std::shared_ptr<Job>> running_;
};

}  // namespace runde::federation
