// What the lane alone can do: plain messages, closed loop, against a PostgreSQL of its own with fsync.
//
//     lane_bench [FOLDER]        FOLDER should be on the disk to be measured; default: the temporary folder
//
// Columns: submissions in flight, messages per second, submissions per commit, milliseconds from submit to result
// (median and 99th percentile), microseconds of CPU per message (this process, the lane's PostgreSQL backend), for both
// durabilities. The CPU columns hold on a busy machine too.
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "net/runtime.hpp"
#include "storage/cluster.hpp"
#include "storage/lane.hpp"
#include "storage/migrations.hpp"

using namespace runde;
using namespace storage;
using Steady = std::chrono::steady_clock;

namespace {

constexpr int rooms = 200;

/// What a room actor submits for a message of an ordinary member: event, transaction id, room, own read mark.
Submission message(std::int64_t nid) {
    const RoomNid room{nid % rooms + 1};
    Submission s;
    s.positions = 1;
    s.flush = false;
    rows::Event event{.room = room, .nid = EventNid{nid}, .at = 0, .ord = {}, .origin_ts = nid, .depth = nid / rooms, .sg = 1};
    event.event_id = fmt::format("${:043}", nid);
    event.type = "m.room.message";
    event.sender = "@anna:hearth.test";
    event.json = std::string(710, 'x');
    s.transactions.push_back({nid % 50, fmt::format("send/{}", nid), nid, event.event_id});
    s.events.push_back(std::move(event));
    rows::Room row{.room = room, .room_id = fmt::format("!{}", nid % rooms), .version = "12", .head_at = 0, .out_at = {}};
    row.extremities = {EventNid{nid}};
    s.rooms.push_back(std::move(row));
    s.user_rooms.push_back(
        {.user = UserNid{nid % 50}, .room = room, .membership = 1, .member = EventNid{1}, .at = 0, .read_at = 0});
    return s;
}

struct Figures {
    std::vector<double> milliseconds;
    double seconds = 0;
};

Figures measure(net::Runtime& runtime, Lane& lane, int in_flight, int count, std::int64_t& nid) {
    Figures figures;
    figures.milliseconds.reserve(static_cast<std::size_t>(count));
    int left = count, running = 0;
    std::function<void()> send = [&] {
        --left;
        ++running;
        const auto begin = Steady::now();
        lane.submit(message(++nid), [&, begin](Committed, std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
            figures.milliseconds.push_back(std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
            --running;
            if (left > 0)
                send();
            else if (running == 0)
                runtime.stop();
        });
    };
    const auto begin = Steady::now();
    runtime.post([&] {
        for (int i = 0; i < in_flight; ++i) send();
    });
    runtime.run();
    figures.seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    std::ranges::sort(figures.milliseconds);
    return figures;
}

double own_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double cpu_seconds_of(std::int64_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    const std::string stat((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(stat.substr(stat.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;  // state … cmajflt
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

int main(int argc, char** argv) {
    std::string folder = (std::filesystem::path(argc > 1 ? argv[1] : "/tmp") / "lane-bench-XXXXXX").string();
    if (!mkdtemp(folder.data())) return 1;
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
    {
        Cluster cluster({.data_dir = folder});
        std::int64_t nid = 0;
        {
            net::Runtime runtime;
            Database database(runtime, {.url = cluster.url(), .readers = 1});
            migrate(database);
        }
        for (const auto durability : {Durability::safe, Durability::relaxed}) {
            fmt::print("{}\n  in flight  messages/s  per commit  median ms  p99 ms  own us  PostgreSQL us\n",
                       durability == Durability::safe ? "acknowledged after fsync" : "acknowledged before fsync (relaxed)");
            for (const int in_flight : {1, 10, 16, 50, 200}) {
                net::Runtime runtime;
                Database database(runtime, {.url = cluster.url(), .readers = 1});
                const auto ask = [&](const char* sql) {
                    std::int64_t number = 0;
                    database.transact_now([&](Tx& tx) { number = tx.exec(sql).front()[0].number(); });
                    return number;
                };
                const auto commits = [&] { return ask("SELECT pg_current_xact_id()::text::bigint"); };
                Lane lane(runtime, cluster.url(), durability);
                const int count = in_flight == 1 ? 3'000 : 20'000;
                const auto backend = ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'runde-lane'");
                const auto before = commits();
                const auto own = own_cpu_seconds(), postgres = cpu_seconds_of(backend);
                const auto figures = measure(runtime, lane, in_flight, count, nid);
                const auto at = [&](double share) {
                    return figures.milliseconds[static_cast<std::size_t>(share * static_cast<double>(count - 1))];
                };
                fmt::print("  {:9}  {:10.0f}  {:10.1f}  {:9.2f}  {:6.2f}  {:6.1f}  {:13.1f}\n", in_flight, count / figures.seconds,
                           count / static_cast<double>(commits() - before), at(0.5), at(0.99),
                           (own_cpu_seconds() - own) / count * 1e6, (cpu_seconds_of(backend) - postgres) / count * 1e6);
                fflush(stdout);
            }
        }
    }
    std::filesystem::remove_all(folder);
}
