#include "server/metrics.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace runde::server {

void Metrics::count(const api::RequestReport& report) {
    auto& route = routes_[{report.pattern, report.method}];
    ++route.by_status[report.status];
    route.reads += report.cost.reads;
    route.batches += report.cost.batches;
    if (report.parked) return;
    const double seconds = std::chrono::duration<double>(report.duration).count();
    std::size_t bucket = 0;
    while (bucket < bounds_seconds.size() && seconds > bounds_seconds[bucket]) ++bucket;
    ++route.by_duration[bucket];
    route.seconds += seconds;
}

void Metrics::gauge(std::string name, std::string help, std::function<double()> value) {
    gauges_.push_back({std::move(name), std::move(help), std::move(value)});
}

std::string Metrics::text() const {
    std::string text;
    const auto out = std::back_inserter(text);
    for (const auto& gauge : gauges_)
        fmt::format_to(out, "# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", gauge.name, gauge.help, gauge.value());

    const auto labels = [](const auto& key) {
        return fmt::format("route=\"{}\",method=\"{}\"", key.first, net::to_string(key.second));
    };
    text += "# HELP runde_requests_total Answered requests.\n# TYPE runde_requests_total counter\n";
    for (const auto& [key, route] : routes_)
        for (const auto& [status, times] : route.by_status)
            fmt::format_to(out, "runde_requests_total{{{},status=\"{}\"}} {}\n", labels(key), status, times);
    text +=
        "# HELP runde_request_seconds How long answers took; long-polls that waited are left out.\n"
        "# TYPE runde_request_seconds histogram\n";
    for (const auto& [key, route] : routes_) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i <= bounds_seconds.size(); ++i) {
            sum += route.by_duration[i];
            const auto bound = i < bounds_seconds.size() ? fmt::format("{}", bounds_seconds[i]) : "+Inf";
            fmt::format_to(out, "runde_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels(key), bound, sum);
        }
        fmt::format_to(out, "runde_request_seconds_sum{{{}}} {}\n", labels(key), route.seconds);
        fmt::format_to(out, "runde_request_seconds_count{{{}}} {}\n", labels(key), sum);
    }
    const auto per_route = [&](std::string_view name, std::string_view help, auto member) {
        fmt::format_to(out, "# HELP {0} {1}\n# TYPE {0} counter\n", name, help);
        for (const auto& [key, route] : routes_) fmt::format_to(out, "{}{{{}}} {}\n", name, labels(key), route.*member);
    };
    per_route("runde_database_reads_total", "Statements run for requests.", &Route::reads);
    per_route("runde_database_batches_total", "Lane submissions awaited by requests.", &Route::batches);
    return text;
}

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double pages = 0, resident = 0;
    statm >> pages >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace runde::server
