#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.hpp"

namespace runde::storage {

enum class JobNid : std::int64_t {};

struct JobRow {
    JobNid nid{0};
    std::string kind, key;
    std::int64_t due = 0, made = 0;  ///< ms
    int tries = 0;                   ///< That failed.
    std::int64_t revision = 0;
};

/// Schedules a job in the caller's transaction; one that waits under the same kind and key moves to `due` instead. Whoever
/// calls this tells selfhelp::Jobs after the commit (look()), else the job may come up to a minute late.
void schedule_job(Tx& tx, std::string_view kind, std::string_view key, std::int64_t due, std::int64_t now_ms);
/// Moves a waiting job to `due` if that is earlier, and makes it when there is none.
void hasten_job(Tx& tx, std::string_view kind, std::string_view key, std::int64_t due, std::int64_t now_ms);
/// Moves every waiting job of a kind to `due` where that is earlier; makes none.
void hasten_jobs(Tx& tx, std::string_view kind, std::int64_t due);
void cancel_job(Tx& tx, std::string_view kind, std::string_view key);

/// Jobs of these kinds that are due, without those in `but`; the longest due first.
std::vector<JobRow> due_jobs(Tx& tx, const std::vector<std::string>& kinds, const std::vector<JobNid>& but, std::int64_t now_ms,
                             int limit);
/// When the next of these kinds is due.
std::optional<std::int64_t> next_job_due(Tx& tx, const std::vector<std::string>& kinds, const std::vector<JobNid>& but);
/// It was done: gone, unless it was scheduled anew meanwhile.
void finish_job(Tx& tx, const JobRow& job);
/// It failed: later once more, unless it was scheduled anew meanwhile.
void postpone_job(Tx& tx, const JobRow& job, std::int64_t due);

}  // namespace runde::storage
