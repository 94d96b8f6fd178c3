#include "storage/cluster.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "net/runtime.hpp"
#include "storage/database.hpp"
#include "storage/lane.hpp"
#include "storage/migrations.hpp"
#include "tests/storage/lane_fixture.hpp"

using namespace runde;
using storage::Cluster;
using storage::ClusterError;
namespace fs = std::filesystem;

namespace {

struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "runde-cluster-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()));
        path = name;
        fs::permissions(path, fs::perms(0755));
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

std::string why_not(const fs::path& data_dir) {
    try {
        Cluster cluster({.data_dir = data_dir, .durable = false});
        return "";
    } catch (const ClusterError& error) {
        return error.what();
    }
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

bool is_alive(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat((std::istreambuf_iterator<char>(file)), {});
    return !stat.empty() && !contains(stat, ") Z ");
}

}  // namespace

TEST_CASE("a cluster is made once, never runs as root, opens no port, and keeps its data") {
    Folder folder;
    pid_t first_pid = 0;
    {
        Cluster cluster({.data_dir = folder.path, .durable = true});
        first_pid = cluster.pid();
        CHECK(tests::ask(cluster.url(), "SHOW listen_addresses") == "");
        CHECK(tests::ask(cluster.url(), "SHOW fsync") == "on");
        CHECK(tests::ask(cluster.url(), "SHOW data_checksums") == "on");
        CHECK(tests::ask(cluster.url(), "SELECT lower('ÄÖÜ')") == "äöü");
        struct stat process {};
        REQUIRE(stat(("/proc/" + std::to_string(cluster.pid())).c_str(), &process) == 0);
        CHECK(process.st_uid != 0);
        tests::ask(cluster.url(), "CREATE TABLE kept AS SELECT 12 AS n");
    }
    CHECK_FALSE(is_alive(first_pid));
    Cluster again({.data_dir = folder.path, .durable = true});
    CHECK(tests::ask(again.url(), "SELECT n FROM kept") == "12");
}

TEST_CASE("a data folder serves one Runde at a time") {
    Folder folder;
    Cluster cluster({.data_dir = folder.path, .durable = false});
    CHECK(contains(why_not(folder.path), "Another Runde already works with the data folder"));
    CHECK(tests::ask(cluster.url(), "SELECT 1") == "1");
}

TEST_CASE("a path too long for a socket is no obstacle") {
    Folder folder;
    const auto deep = folder.path / std::string(60, 'x') / std::string(60, 'y');
    Cluster cluster({.data_dir = deep, .durable = false});
    CHECK(tests::ask(cluster.url(), "SELECT 1") == "1");
}

TEST_CASE("a cluster of a newer PostgreSQL is refused with what to do") {
    Folder folder;
    { Cluster cluster({.data_dir = folder.path, .durable = false}); }
    std::ofstream(folder.path / "postgres/PG_VERSION") << "99\n";
    const auto why = why_not(folder.path);
    CHECK(contains(why, "made by PostgreSQL 99, a newer one"));
    CHECK(contains(why, "postgresql-99"));
}

TEST_CASE("a cluster that cannot start shows the end of its log") {
    Folder folder;
    { Cluster cluster({.data_dir = folder.path, .durable = false}); }
    std::ofstream(folder.path / "postgres/postgresql.conf", std::ios::app) << "no_such_setting = 12\n";
    CHECK(contains(why_not(folder.path), "unrecognized configuration parameter \"no_such_setting\""));
}

TEST_CASE("what a killed process leaves behind is cleared away") {
    Folder folder;
    // A child plays the server that is killed: its PostgreSQL must end by itself, and the next start must work.
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    const pid_t server = fork();
    if (server == 0) {
        try {
            Cluster cluster({.data_dir = folder.path, .durable = false});
            const int pid = cluster.pid();
            [[maybe_unused]] auto written = write(pipes[1], &pid, sizeof pid);
            pause();
        } catch (...) {
        }
        _exit(1);
    }
    close(pipes[1]);
    int postmaster = 0;
    REQUIRE(read(pipes[0], &postmaster, sizeof postmaster) == sizeof postmaster);
    close(pipes[0]);
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
    {
        Cluster again({.data_dir = folder.path, .durable = false});  // While the old one may still be stopping.
        CHECK(tests::ask(again.url(), "SELECT 1") == "1");
        CHECK(again.pid() != postmaster);
        CHECK_FALSE(is_alive(postmaster));
    }
    // A pid file that names a living stranger, as after a power cut: this very test.
    std::ofstream(folder.path / "postgres/postmaster.pid") << getpid() << "\n";
    CHECK(why_not(folder.path) == "");
}

TEST_CASE("a cluster of which an initdb was cut short is made anew") {
    Folder folder;
    fs::create_directories(folder.path / "postgres.new/base");
    CHECK(why_not(folder.path) == "");
}

TEST_CASE("a PostgreSQL that is killed comes back, and nobody loses anything") {
    using namespace tests;
    Folder folder;
    // Without fsync: what a killed process has written is safe with the kernel, and recovery is quick.
    Cluster cluster({.data_dir = folder.path, .durable = false});
    net::Runtime runtime;
    storage::Database db(runtime, {.url = cluster.url(), .readers = 2});
    storage::migrate(db);
    Lane lane(runtime, cluster.url(), storage::Durability::safe);

    constexpr int rounds = 3;
    int sent = 0, reads = 0, killed = 0;
    bool stop = false;
    std::vector<std::string> errors;
    std::vector<std::int64_t> positions;
    const auto sender = [&]() -> net::Task<> {
        while (!stop) {
            const int mine = ++sent;
            try {
                const auto committed = co_await lane.submit(message(RoomNid{mine % 5 + 1}, mine));
                positions.push_back(committed.base);
                co_await db.read([](storage::Tx& tx) { tx.exec("SELECT count(*) FROM rooms"); });
                ++reads;
            } catch (const std::exception& error) {
                errors.emplace_back(error.what());
            }
        }
    };
    for (int i = 0; i < 10; ++i) runtime.spawn("sender", sender());
    const auto killer = [&]() -> net::Task<> {
        for (; killed < rounds; ++killed) {
            const auto before = positions.size();
            while (positions.size() < before + 200) co_await runtime.clock().sleep(net::Milliseconds(5));
            kill(cluster.pid(), SIGKILL);
        }
        const auto before = positions.size();
        while (positions.size() < before + 200) co_await runtime.clock().sleep(net::Milliseconds(5));
        stop = true;
        while (positions.size() + errors.size() < static_cast<std::size_t>(sent))
            co_await runtime.clock().sleep(net::Milliseconds(5));
    };
    runtime.wait(killer());
    for (const auto& error : errors) MESSAGE(error);
    CHECK(errors.empty());
    CHECK(reads > 0);
    for (std::size_t i = 0; i < positions.size(); ++i) REQUIRE(positions[i] == static_cast<std::int64_t>(i) + 1);
    CHECK(ask(cluster.url(), "SELECT count(*) FROM events") == std::to_string(positions.size()));
}
