#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/router.hpp"

namespace runde::server {

/// What Prometheus reads. Labels are route patterns, methods and status codes: nothing of anybody. I/O thread
/// only.
class Metrics {
public:
    void count(const api::RequestReport& report);
    /// A number asked for at every reading. `name` with its unit ("runde_connections"); `help` in one line.
    void gauge(std::string name, std::string help, std::function<double()> value);

    /// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    std::string text() const;

private:
    static constexpr std::array<double, 10> bounds_seconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};
    struct Route {
        std::map<int, std::uint64_t> by_status;
        std::array<std::uint64_t, bounds_seconds.size() + 1> by_duration{};  ///< Polls that waited are left out.
        double seconds = 0;
        std::uint64_t reads = 0, batches = 0;
    };
    struct Gauge {
        std::string name, help;
        std::function<double()> value;
    };
    std::map<std::pair<std::string_view, net::Method>, Route> routes_;
    std::vector<Gauge> gauges_;
};

/// Bytes of memory the process has in RAM.
double resident_bytes();

}  // namespace runde::server
