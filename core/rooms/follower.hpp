#pragma once
#include <functional>
#include <span>
#include <vector>

#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// Keeps tables that can be made again from the stream (search, topics) up to date, off the send path: reads what was
/// committed since its cursor and hands it to its readers, all in one transaction with the cursor. After a crash it goes
/// on where it stood; a row is never written twice with different effect.
class Follower {
public:
    /// `events`: live events in the order of their positions, redactions already applied to their targets' rows.
    using Reader = std::function<void(storage::Tx& tx, std::span<const storage::StoredEvent> events)>;

    explicit Follower(Rooms& rooms);
    ~Follower();
    void add(Reader reader) { readers_.push_back(std::move(reader)); }
    /// After all readers were added.
    void start();

    /// Returns when everything committed before this call has been read, so that who writes finds it.
    net::Task<> catch_up();

private:
    struct Shared;
    net::Task<> run(std::shared_ptr<Shared> shared);
    void wake();

    Rooms& rooms_;
    std::vector<Reader> readers_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace runde::rooms
