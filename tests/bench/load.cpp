// load URL [--scenarios 1,2,...] [--scale N] [--seconds N] [--pid N] [--durability WORD] [--json FILE]
//
// The scenarios of docs/benchmarks.md against any Matrix server, through the client-server API: registration
// must be open and rate limits off. Closed loop unless a title says otherwise. tests/bench/run does it for
// this project's server.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/bench/world.hpp"

namespace runde::bench {

namespace {

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (!name.starts_with("--")) {
            options.url = name;
            continue;
        }
        if (++i == argc) throw std::runtime_error(fmt::format("{} needs a value", name));
        const std::string value = argv[i];
        if (name == "--scale")
            options.scale = std::stod(value);
        else if (name == "--seconds")
            options.seconds = std::stod(value);
        else if (name == "--pid")
            options.pid = std::stoi(value);
        else if (name == "--durability")
            options.durability = value;
        else if (name == "--json")
            options.json = value;
        else if (name == "--scenarios") {
            for (std::size_t at = 0; at <= value.size();
                 at = value.find(',', at) == value.npos ? value.size() + 1 : value.find(',', at) + 1)
                options.scenarios.push_back(value.substr(at, value.find(',', at) - at));
        } else
            throw std::runtime_error(fmt::format("unknown option {}", name));
    }
    if (options.url.empty()) throw std::runtime_error("which server? load http://HOST:PORT ...");
    return options;
}

/// A scenario that a server cannot do ends with its reason; the others go on.
Task<> attempt(World& world, std::string_view name, Task<> (*scenario)(World&)) {
    if (!world.wants(name)) co_return;
    try {
        co_await scenario(world);
    } catch (const std::exception& error) {
        fmt::print("    scenario {} ended early: {}\n", name, error.what());
    }
}

Task<> everything(World& world) {
    if (world.options.pid) {
        const auto idle = footprint_of(world.options.pid);
        world.report.title("10a", "footprint before any load");
        world.report.add("10a", "server MB", idle.server_mb);
        world.report.add("10a", "PostgreSQL MB", idle.children_mb);
    }
    co_await attempt(world, "1", accounts);
    co_await attempt(world, "2", sending);
    co_await attempt(world, "3", delivery);
    co_await attempt(world, "4", idle_polls);
    co_await attempt(world, "5", initial_sync);
    co_await attempt(world, "6", history);
    co_await attempt(world, "7", threads);
    co_await attempt(world, "8", search);
    if (world.options.pid) {
        const auto after = footprint_of(world.options.pid);
        world.report.title("10b", "footprint after all this");
        world.report.add("10b", "server MB", after.server_mb);
        world.report.add("10b", "PostgreSQL MB", after.children_mb);
        world.report.add("10b", "messages sent", static_cast<double>(world.transactions));
    }
}

}  // namespace

}  // namespace runde::bench

int main(int argc, char** argv) {
    using namespace runde::bench;
    try {
        const auto options = read_options(argc, argv);
        rlimit files{};
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
        fmt::print("{}, durability {}, scale {}\n", options.url, options.durability, options.scale);
        Loop loop;
        World world(loop, options);
        loop.run(everything(world));
        if (!options.json.empty()) std::ofstream(options.json) << world.report.json();
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "load: {}\n", error.what());
        return 1;
    }
}
