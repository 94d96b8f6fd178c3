#include "core/selfhelp/jobs.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "net/gate.hpp"
#include "net/type_name.hpp"

namespace runde::selfhelp {

using net::Milliseconds;

// How long a job that nobody announced (made by a command of the operator, in another process) may lie.
static constexpr Milliseconds patience = std::chrono::minutes(1);

/// What the running coroutines and their owner both know; outlives whichever ends first.
struct Jobs::Shared : std::enable_shared_from_this<Jobs::Shared> {
    Shared(net::Runtime& of, storage::Database& database) : runtime(of), db(database) {}

    net::Runtime& runtime;
    storage::Database& db;
    std::map<std::string, Work, std::less<>> works;
    std::vector<std::string> kinds;
    std::vector<storage::JobNid> under_way;
    bool looking = false, look_again = false, stopped = false;
    std::optional<std::int64_t> alarm;
    std::vector<std::shared_ptr<net::Gate>> waiting_for_rest;

    void look() {
        look_again = true;
        if (looking || stopped) return;
        looking = true;
        runtime.spawn("jobs", look_for_work(shared_from_this()));
    }

    void wake_at(std::int64_t when) {
        if (alarm && *alarm <= when) return;
        alarm = when;
        runtime.spawn("job alarm", sleep_until(shared_from_this(), when));
    }

    static net::Task<> sleep_until(std::shared_ptr<Shared> self, std::int64_t when) {
        auto& clock = self->runtime.clock();
        co_await clock.sleep(Milliseconds(when - clock.now_ms()));
        if (self->alarm != when) co_return;  // An earlier one was set meanwhile.
        self->alarm.reset();
        self->look();
    }

    static net::Task<> look_for_work(std::shared_ptr<Shared> self) {
        std::optional<std::int64_t> next;
        bool nothing_due = false;
        try {
            while (std::exchange(self->look_again, false) && !self->stopped) {
                const auto now = self->runtime.clock().now_ms();
                const auto room = static_cast<int>(most_at_once - self->under_way.size());
                const auto busy = self->under_way;
                auto found = co_await self->db.read([&self, &busy, now, room](storage::Tx& tx) {
                    return std::pair(storage::due_jobs(tx, self->kinds, busy, now, room),
                                     storage::next_job_due(tx, self->kinds, busy));
                });
                nothing_due = found.first.empty() && room > 0;
                next = found.second;
                for (auto& job : found.first) {
                    self->under_way.push_back(job.nid);
                    self->runtime.spawn("job", perform(self, std::move(job)));
                }
                if (!found.first.empty()) self->look_again = true;
                if (self->under_way.size() >= most_at_once) break;  // Whoever ends first looks again.
            }
        } catch (const net::Stopped&) {
            throw;
        } catch (const std::exception& failure) {
            spdlog::warn("jobs could not be read: {}", net::type_name(failure));
        }
        self->looking = false;
        if (self->stopped) co_return;
        const auto now = self->runtime.clock().now_ms();
        const auto latest = now + patience.count();
        self->wake_at(std::clamp(next.value_or(latest), now + 1, latest));
        if (nothing_due && self->under_way.empty() && !self->look_again)
            for (auto& gate : std::exchange(self->waiting_for_rest, {})) gate->open();
    }

    static net::Task<> perform(std::shared_ptr<Shared> self, Job job) {
        bool done = false;
        try {
            const auto& work = self->works.find(job.kind)->second;
            co_await work(job);
            done = true;
        } catch (const net::Stopped&) {
            throw;
        } catch (const std::exception& failure) {
            // The kind of work and the kind of failure; neither names anybody.
            spdlog::warn("job {}, attempt {}: {}", job.kind, job.tries + 1, net::type_name(failure));
        }
        if (self->stopped) co_return;
        const auto again = self->runtime.clock().now_ms() + backoff(job.tries + 1).count();
        try {
            co_await self->db.transact(
                [&](storage::Tx& tx) { done ? storage::finish_job(tx, job) : storage::postpone_job(tx, job, again); });
        } catch (const net::Stopped&) {
            throw;
        } catch (const std::exception& failure) {
            spdlog::warn("job {} could not be noted: {}", job.kind, net::type_name(failure));
        }
        std::erase(self->under_way, job.nid);
        self->look();
    }
};

Jobs::Jobs(net::Runtime& runtime, storage::Database& db) : shared_(std::make_shared<Shared>(runtime, db)) {}

Jobs::~Jobs() { shared_->stopped = true; }

void Jobs::add(std::string_view kind, Work work) {
    if (!shared_->works.emplace(std::string(kind), std::move(work)).second)
        throw std::logic_error("two parts want to do the same kind of job");
    shared_->kinds.emplace_back(kind);
}

void Jobs::start() { shared_->look(); }

void Jobs::look() { shared_->look(); }

net::Task<> Jobs::settle() {
    const auto gate = std::make_shared<net::Gate>();
    shared_->waiting_for_rest.push_back(gate);
    shared_->look();
    co_await gate->wait();
}

Milliseconds Jobs::backoff(int tries) {
    constexpr Milliseconds first = std::chrono::minutes(1), longest = std::chrono::hours(6);
    return tries > 9 ? longest : std::min(longest, first * (1 << std::max(0, tries - 1)));
}

}  // namespace runde::selfhelp
