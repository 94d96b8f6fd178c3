#pragma once
#include <map>
#include <memory>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "federation/client.hpp"
#include "federation/event_checks.hpp"
#include "federation/missing_events.hpp"
#include "storage/pdus.hpp"

namespace runde::federation {

/// Fetches old history when somebody reads back into a gap. https://spec.matrix.org/v1.19/server-server-api/#backfilling-and-retrieving-missing-events
///
/// A reader waits at most `patience`; what comes later is there for the next page. One fetch per gap at a time, however many
/// read. After a failure nobody asks again for a minute, doubling to a day.
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

    static constexpr net::Milliseconds patience{3'000};
    static constexpr int events_at_once = 100;

    enum class Outcome {
        whole,  ///< There is no gap, or nobody has what lies in it: what was read is what there is.
        filled,  ///< More is there now: read again.
        later,  ///< Still on its way.
    };
    /// Before the events that were read, newest first, from `newest` down to `oldest`: is there a gap, and can it be filled?
    net::Task<Outcome> fill(rooms::RoomPtr room, schema::Ord newest, schema::Ord oldest);

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
