#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "net/runtime.hpp"
#include "storage/jobs.hpp"

namespace runde::selfhelp {

/// What the server does later: erase a file, send a mail, remind somebody. A job is a row (storage/jobs) that says what
/// kind of work is due when, for which key; who knows how to do that kind registers here, once, at start.
///
/// Invariants
///  - A job is written in the transaction that makes it necessary, and goes when its work has returned. After a crash in
///    between it is done once more: work must be repeatable.
///  - Work that throws is tried again after 1, 2, 4 … minutes, at most 6 hours apart, for ever: an erasure is never given
///    up. Work that may be given up (a mail) looks at Job::made and returns.
///  - On the I/O thread, with the runtime's clock. At most `most_at_once` jobs are under way, never two of one key.
///  - A row holds a kind, a number and a time, nothing about people.
class Jobs {
public:
    using Job = storage::JobRow;
    using Work = std::function<net::Task<>(Job job)>;
    static constexpr std::size_t most_at_once = 4;

    Jobs(net::Runtime& runtime, storage::Database& db);
    ~Jobs();
    Jobs(const Jobs&) = delete;
    Jobs& operator=(const Jobs&) = delete;

    /// `kind` is a constant; before start().
    void add(std::string_view kind, Work work);
    void start();
    /// To be called after the commit that scheduled something.
    void look();
    /// Returns when nothing is due and nothing under way (tests, shutdown). What failed waits for its next time.
    net::Task<> settle();

    /// How long after its `tries`-th failure a job is tried again.
    static net::Milliseconds backoff(int tries);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace runde::selfhelp
