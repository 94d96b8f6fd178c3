#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/lane.hpp"

/// What the lane sends: submissions merged into one call per table. Used by lane.cpp alone.
namespace runde::storage {

/// The lane's prepared statements, one per table (and for removals), in the order in which a batch runs them.
/// Parameter $1 is always the batch's first position; the others are arrays, one per column.
enum class Statement {
    take_positions,
    events,
    event_updates,
    rooms,
    room_state,
    room_state_log,
    state_groups,
    user_rooms,
    user_threads,
    notif,
    threads,
    thread_users,
    relations,
    receipts,
    event_txn,
    account_data,
    to_device,
    device_list_log,
    room_servers,
    room_servers_gone,
    missing_prev,
    missing_prev_found,
    pending_redactions,
    pending_redactions_applied,
    room_aliases,
    fed_inbox_done,
    archive_queue,
    count
};
const char* sql_of(Statement statement);

/// One call: parameters in PostgreSQL's binary format.
struct StatementCall {
    Statement statement;
    std::vector<std::string> parameters;
};

/// Calls for every table the submissions touch. A key that appears twice keeps its later row (in rooms, its later
/// values); positions follow one another in the submissions' order, from `base` on. `take_positions` is the caller's.
std::vector<StatementCall> merge(std::span<const Submission* const> submissions, Position base);

/// A bigint or text parameter in binary format.
std::string binary(std::int64_t number);

}  // namespace runde::storage
