#include "storage/jobs.hpp"

namespace runde::storage {

void schedule_job(Tx& tx, std::string_view kind, std::string_view key, std::int64_t due, std::int64_t now_ms) {
    tx.exec(R"(INSERT INTO jobs (kind, key, due, made) VALUES ($1, $2, $3, $4)
               ON CONFLICT (kind, key) DO UPDATE SET due = excluded.due, tries = 0, made = excluded.made,
                                                     revision = jobs.revision + 1)",
            kind, key, due, now_ms);
}

void hasten_job(Tx& tx, std::string_view kind, std::string_view key, std::int64_t due, std::int64_t now_ms) {
    tx.exec(R"(INSERT INTO jobs (kind, key, due, made) VALUES ($1, $2, $3, $4)
               ON CONFLICT (kind, key) DO UPDATE SET due = least(jobs.due, excluded.due), revision = jobs.revision + 1)",
            kind, key, due, now_ms);
}

void hasten_jobs(Tx& tx, std::string_view kind, std::int64_t due) {
    tx.exec("UPDATE jobs SET due = least(due, $2), revision = revision + 1 WHERE kind = $1", kind, due);
}

void cancel_job(Tx& tx, std::string_view kind, std::string_view key) {
    tx.exec("DELETE FROM jobs WHERE kind = $1 AND key = $2", kind, key);
}

std::vector<JobRow> due_jobs(Tx& tx, const std::vector<std::string>& kinds, const std::vector<JobNid>& but, std::int64_t now_ms,
                             int limit) {
    std::vector<JobRow> due;
    for (auto row : tx.exec(R"(SELECT job_id, kind, key, due, made, tries, revision FROM jobs
                               WHERE due <= $1 AND kind = ANY ($2::text[]) AND job_id <> ALL ($3::bigint[])
                               ORDER BY due, job_id LIMIT $4)",
                            now_ms, kinds, but, limit))
        due.push_back({.nid = row[0].nid<JobNid>(),
                       .kind = row[1].string(),
                       .key = row[2].string(),
                       .due = row[3].number(),
                       .made = row[4].number(),
                       .tries = static_cast<int>(row[5].number()),
                       .revision = row[6].number()});
    return due;
}

std::optional<std::int64_t> next_job_due(Tx& tx, const std::vector<std::string>& kinds, const std::vector<JobNid>& but) {
    return tx.exec("SELECT min(due) FROM jobs WHERE kind = ANY ($1::text[]) AND job_id <> ALL ($2::bigint[])", kinds, but)
        .front()[0]
        .maybe_number();
}

void finish_job(Tx& tx, const JobRow& job) {
    tx.exec("DELETE FROM jobs WHERE job_id = $1 AND revision = $2", job.nid, job.revision);
}

void postpone_job(Tx& tx, const JobRow& job, std::int64_t due) {
    tx.exec("UPDATE jobs SET due = $3, tries = tries + 1 WHERE job_id = $1 AND revision = $2", job.nid, job.revision, due);
}

}  // namespace runde::storage
