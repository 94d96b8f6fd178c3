#include "tests/bench/figures.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace runde::bench {

double Latencies::percentile(double share) const {
    if (ms_.empty()) return 0;
    const auto at = std::min(ms_.size() - 1, static_cast<std::size_t>(share * static_cast<double>(ms_.size())));
    std::nth_element(ms_.begin(), ms_.begin() + static_cast<std::ptrdiff_t>(at), ms_.end());
    return ms_[at];
}

namespace {

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A value in kB from a file of "Name:   123 kB" lines.
double kilobytes(const std::string& file, std::string_view name) {
    const auto text = text_of(file);
    const auto at = text.find(name);
    return at == text.npos ? 0 : std::strtod(text.c_str() + at + name.size(), nullptr);
}

struct Stat {
    int parent = 0;
    double cpu_seconds = 0;
};
Stat stat_of(int pid) {
    const auto text = text_of(fmt::format("/proc/{}/stat", pid));
    const auto after_name = text.rfind(')');  // A name may contain anything.
    if (after_name == text.npos) return {};
    std::istringstream in(text.substr(after_name + 1));
    std::vector<std::string> fields;
    for (std::string field; in >> field;) fields.push_back(field);
    if (fields.size() < 13) return {};
    const auto ticks = std::stod(fields[11]) + std::stod(fields[12]);
    return {std::stoi(fields[1]), ticks / static_cast<double>(sysconf(_SC_CLK_TCK))};
}

}  // namespace

Footprint footprint_of(int pid) {
    if (pid == 0) return {};
    std::map<int, Stat> processes;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") == name.npos) processes[std::stoi(name)] = stat_of(std::stoi(name));
    }
    Footprint sum;
    sum.server_mb = kilobytes(fmt::format("/proc/{}/status", pid), "VmRSS:") / 1024;
    for (const auto& [process, stat] : processes) {
        int ancestor = process;
        while (ancestor > 1 && ancestor != pid) ancestor = processes.contains(ancestor) ? processes[ancestor].parent : 0;
        if (ancestor != pid) continue;
        sum.cpu_seconds += stat.cpu_seconds;
        if (process != pid) sum.children_mb += kilobytes(fmt::format("/proc/{}/smaps_rollup", process), "Pss:") / 1024;
    }
    return sum;
}

void Report::title(const std::string& scenario, std::string_view text) {
    titles_[scenario] = text;
    fmt::print("\n{}  {}\n", scenario, text);
    std::fflush(stdout);
}

void Report::add(const std::string& scenario, const std::string& what, double value) {
    auto found = std::find_if(results_.begin(), results_.end(), [&](const auto& result) { return result.first == scenario; });
    if (found == results_.end()) found = results_.insert(results_.end(), {scenario, {}});
    found->second.emplace_back(what, value);
    fmt::print("    {:<28} {:>12.{}f}\n", what, value, value < 100 ? 2 : 0);
    std::fflush(stdout);
}

void Report::add_series(const std::string& scenario, double seconds, const Latencies& latencies) {
    add(scenario, "per second", static_cast<double>(latencies.count()) / seconds);
    add(scenario, "p50 ms", latencies.percentile(0.5));
    add(scenario, "p99 ms", latencies.percentile(0.99));
    if (latencies.failures() > 0) add(scenario, "failures", static_cast<double>(latencies.failures()));
}

std::string Report::json() const {
    std::string text = "{";
    for (const auto& [scenario, values] : results_) {
        text += fmt::format("{}\n  \"{}\": {{\"title\": \"{}\"", text.size() > 1 ? "," : "", scenario,
                            titles_.contains(scenario) ? titles_.at(scenario) : "");
        for (const auto& [what, value] : values) text += fmt::format(", \"{}\": {:.4f}", what, value);
        text += "}";
    }
    return text + "\n}\n";
}

}  // namespace runde::bench
