#pragma once
#include <memory>
#include <string>
#include <vector>

#include "storage/batch.hpp"

/// The lane's connection: raw libpq, for its pipeline mode and for the name of a violated constraint, neither of
/// which libpqxx 6 has. Used by lane.cpp alone, on the lane's thread.
namespace runde::storage {

/// How a batch ended.
struct BatchOutcome {
    enum class Kind {
        committed,
        refused,   ///< By a constraint or because of a value: the batch's own fault. `detail` says which.
        fenced,
        conflict,  ///< Deadlock and the like: repeat.
        failed,    ///< PostgreSQL could not: disk full, out of memory, time limit. `detail` is the SQLSTATE.
        lost,      ///< The connection; committed or not is unknown.
    };
    Kind kind;
    std::string detail;
    Position base = 0;
};

class LaneConnection {
public:
    /// Connects, prepares the statements. Throws Unreachable, or DatabaseError when the schema does not fit.
    explicit LaneConnection(const std::string& conninfo);
    ~LaneConnection();
    LaneConnection(const LaneConnection&) = delete;
    LaneConnection& operator=(const LaneConnection&) = delete;

    struct Head {
        Position position, reserved;
        std::int64_t epoch, batch;
    };
    /// Becomes the stream's writer, whoever was it before; goes on above `reserved` after an unclean end.
    Head take_over(std::int64_t writer);
    /// Becomes it again after a lost connection. Nothing when another writer took over meanwhile. Waits for a
    /// transaction of the lost connection that is still running, and fences off one that has not begun.
    std::optional<Head> resume(std::int64_t writer);
    void mark_clean(std::int64_t epoch);

    /// Sends everything in one pipeline = one transaction, and waits for its commit.
    BatchOutcome run(const std::vector<StatementCall>& calls);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runde::storage
