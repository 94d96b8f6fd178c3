#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// Keeps tables that can be made again from the stream (search, topics) up to date, off the send path: reads what was
/// committed since its cursor and hands it to its readers, all in one transaction with the cursor. After a crash it goes
/// on where it stood; a row is never written twice with different effect.
///
/// Events of the past, which other servers told of later (Room::add_history), have no position. They queue in a table of
/// their own and are read when the stream is, in no order that counts: what builds on them may have been read long ago.
///
/// It lets commits gather and rests between its transactions, so that a busy server spends its time on sending; whoever
/// asks the archive (catch_up) ends the rest. Its commits need not wait for the disk: what a crash takes is made again.
///
/// An event that a reader cannot digest holds nothing up for good: after a failure the events are read one by one, and
/// the one that fails again and again is left out, with a line in the log that names its position. Failures of the
/// database (unreachable, disk full, too slow) leave nothing out; they are repeated more and more slowly.
class Follower {
public:
    enum class From {
        stream,  ///< Live events in the order of their positions.
        past,    ///< Events of the past, and live ones whose thread's root was among these.
    };
    /// Redactions are already applied to their targets' rows.
    using Reader = std::function<void(storage::Tx& tx, std::span<const storage::StoredEvent> events, From from)>;

    explicit Follower(Rooms& rooms);
    ~Follower();
    void add(Reader reader) { readers_.push_back(std::move(reader)); }
    /// After all readers were added.
    void start();

    /// Returns when every event committed before this call has been read, so that who writes finds it; or when reading
    /// failed, so that nobody waits for a repair. Costs nothing when nothing is outstanding.
    net::Task<> catch_up();

    /// Events left out since the start.
    std::uint64_t left_out() const;
    /// How many positions of the stream the archive lags behind.
    Position behind() const;

private:
    struct Shared;
    /// Reads at most `most` positions from the cursor on; answers with the cursor's place.
    net::Task<Position> step(Position most, Position head);
    net::Task<Position> leave_out_one();
    net::Task<> follow_stream(std::shared_ptr<Shared> shared);
    /// Reads some of the queue, all of it after a few calls.
    net::Task<> follow_past(std::shared_ptr<Shared> shared);
    net::Task<> run(std::shared_ptr<Shared> shared);
    void wake();
    void go_on();

    Rooms& rooms_;
    std::vector<Reader> readers_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace runde::rooms
