#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/loop.hpp"

namespace runde::bench {

/// What a series of requests took.
class Latencies {
public:
    void add(Clock::duration took) { ms_.push_back(std::chrono::duration<double, std::milli>(took).count()); }
    void failed() { ++failures_; }
    /// `share` of them took at most so many milliseconds: 0.5 is the median. 0 when there are none.
    double percentile(double share) const;
    std::size_t count() const { return ms_.size(); }
    std::size_t failures() const { return failures_; }

private:
    mutable std::vector<double> ms_;
    std::size_t failures_ = 0;
};

/// A server's processes: itself and its children (our PostgreSQL is one).
struct Footprint {
    double server_mb = 0;    ///< Resident, of the process itself.
    double children_mb = 0;  ///< Proportional share of the rest, which shares memory.
    double cpu_seconds = 0;  ///< Of all of them since their start.
};
Footprint footprint_of(int pid);  ///< All zero when pid is 0.

/// The results, shown as they come and written as JSON for tests/bench/run.
class Report {
public:
    /// One number of a scenario: add("2a", "msg/s", 1612).
    void add(const std::string& scenario, const std::string& what, double value);
    /// Operations per second with their latencies.
    void add_series(const std::string& scenario, double seconds, const Latencies& latencies);
    void title(const std::string& scenario, std::string_view text);
    std::string json() const;

private:
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, double>>>> results_;
    std::map<std::string, std::string> titles_;
};

}  // namespace runde::bench
