#include "storage/cluster.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <future>
#include <thread>

#include "storage/cluster_files.hpp"
#include "storage/connection_string.hpp"
#include "storage/file_lock.hpp"

namespace runde::storage {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

/// A file descriptor that is closed at the end.
struct Descriptor {
    explicit Descriptor(int number) : fd(number) {}
    Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd >= 0) close(fd);
    }
    int fd;
};

/// Where PostgreSQL (built with systemd support, as Debian's is) says "READY=1": no polling, ready in 50 ms.
struct NotifySocket {
    NotifySocket() : socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{AF_UNIX, {}};
        // Bound to no name, it gets a free one in the abstract namespace.
        bind(socket.fd, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t));
        socklen_t length = sizeof address;
        getsockname(socket.fd, reinterpret_cast<sockaddr*>(&address), &length);
        const auto path = length - offsetof(sockaddr_un, sun_path);
        name = "@" + std::string(address.sun_path + 1, path - 1);
    }
    bool is_ready() {
        char text[512];
        for (;;) {
            const auto size = recv(socket.fd, text, sizeof text, 0);
            if (size <= 0) return false;
            if (std::string_view(text, static_cast<std::size_t>(size)).find("READY=1") != std::string_view::npos) return true;
        }
    }
    Descriptor socket;
    std::string name;
};

int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0u)); }

void log_if_it_comes_back(pid_t pid, int status) {
    spdlog::error("PostgreSQL (process {}) has ended with {} {}; starting it again", pid,
                  WIFEXITED(status) ? "exit code" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

}  // namespace

struct Cluster::Impl {
    explicit Impl(ClusterOptions o) : options(std::move(o)) {}

    void supervise(std::promise<void> started);
    bool start(pid_t& child);
    void end(pid_t child);
    void create_database();

    ClusterOptions options;
    std::optional<FileLock> lock;
    ClusterFiles files;
    std::string url;
    std::atomic<int> pid{0};
    Descriptor stop_requested{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::thread supervisor;
};

/// Starts the postmaster and waits until it answers. False: it has ended instead (see its log).
bool Cluster::Impl::start(pid_t& child) {
    clear_predecessor(files);
    NotifySocket notify;
    Command command{{(files.programs / "postgres").string(), "-D", files.folder.string()},
                    cluster_environment(notify.name),
                    files.folder.string()};
    const Descriptor log(open(files.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    command.output = log.fd;
    child = start_program(command, files.account, SIGINT);
    pid = child;

    const Descriptor alive(pidfd_open(child));
    for (;;) {
        // The notification is the quick way; asking every 100 ms serves a PostgreSQL built without it.
        pollfd events[] = {{notify.socket.fd, POLLIN, 0}, {alive.fd, POLLIN, 0}, {stop_requested.fd, POLLIN, 0}};
        const int changed = poll(events, 3, 100);
        if (events[1].revents) {
            waitpid(child, nullptr, 0);
            return false;
        }
        if (events[2].revents) {
            end(child);
            return false;
        }
        if (events[0].revents && notify.is_ready()) return true;
        if (changed == 0 && PQping(url.c_str()) == PQPING_OK) return true;
    }
}

void Cluster::Impl::end(pid_t child) {
    kill(child, SIGINT);  // "Fast": sessions are cut, everything is written.
    const Descriptor alive(pidfd_open(child));
    pollfd event{alive.fd, POLLIN, 0};
    if (poll(&event, 1, 60'000) == 0) kill(child, SIGQUIT);
    waitpid(child, nullptr, 0);
}

/// The postmaster's parent: it lives exactly as long as the postmaster may.
void Cluster::Impl::supervise(std::promise<void> started) {
    pthread_setname_np(pthread_self(), "cluster");
    bool promised = true;
    auto backoff = 100ms;
    for (;;) {
        pid_t child = 0;
        bool ready = false;
        try {
            ready = start(child);
            if (!ready && promised)
                throw ClusterError(
                    fmt::format("PostgreSQL did not start. The end of {}:\n{}", files.log.string(), log_tail(files)));
        } catch (...) {
            if (promised) return started.set_exception(std::current_exception());
            spdlog::error("PostgreSQL cannot be started; trying again");
        }
        if (ready) {
            if (std::exchange(promised, false)) started.set_value();
            backoff = 100ms;
            const Descriptor alive(pidfd_open(child));
            pollfd events[] = {{stop_requested.fd, POLLIN, 0}, {alive.fd, POLLIN, 0}};
            while (poll(events, 2, -1) < 0) {
            }
            if (events[0].revents) return end(child);
            int status = 0;
            waitpid(child, &status, 0);
            log_if_it_comes_back(child, status);
        } else {
            pollfd event{stop_requested.fd, POLLIN, 0};
            if (poll(&event, 1, static_cast<int>(backoff.count())) > 0) return;
            backoff = std::min<std::chrono::milliseconds>(backoff * 2, 5s);
        }
    }
}

void Cluster::Impl::create_database() {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(with_database(url, "postgres").c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw ClusterError(std::string("PostgreSQL runs but refuses us: ") + PQerrorMessage(connection.get()));
    const auto run = [&](const char* sql) {
        return std::unique_ptr<PGresult, decltype(&PQclear)>(PQexec(connection.get(), sql), &PQclear);
    };
    const auto present = run("SELECT 1 FROM pg_database WHERE datname = 'runde'");
    if (PQresultStatus(present.get()) == PGRES_TUPLES_OK && PQntuples(present.get()) == 1) return;
    const auto created = run("CREATE DATABASE runde TEMPLATE template0");
    if (PQresultStatus(created.get()) != PGRES_COMMAND_OK)
        throw ClusterError(std::string("cannot create the database: ") + PQerrorMessage(connection.get()));
}

Cluster::Cluster(ClusterOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
    auto& impl = *impl_;
    std::filesystem::create_directories(impl.options.data_dir);
    auto lock = FileLock::take(impl.options.data_dir / "lock");
    if (!lock)
        throw ClusterError(
            fmt::format("Another Runde already works with the data folder {} (or its file \"lock\" "
                        "cannot be written).",
                        impl.options.data_dir.string()));
    impl.lock.emplace(std::move(*lock));
    impl.files = prepare_cluster(impl.options);
    // requirepeer: should somebody else sit behind the socket's name, we hear nothing and say nothing.
    impl.url = connection_string(
        "", {{"host", impl.files.socket_folder}, {"user", "runde"}, {"dbname", "runde"}, {"requirepeer", impl.files.account.name}});
    std::promise<void> started;
    auto is_started = started.get_future();
    impl.supervisor = std::thread([&impl, promise = std::move(started)]() mutable { impl.supervise(std::move(promise)); });
    try {
        is_started.get();
        impl.create_database();
    } catch (...) {
        stop();
        throw;
    }
}

Cluster::~Cluster() { stop(); }

const std::string& Cluster::url() const { return impl_->url; }
int Cluster::pid() const { return impl_->pid; }

void Cluster::stop() {
    if (!impl_->supervisor.joinable()) return;
    eventfd_write(impl_->stop_requested.fd, 1);
    impl_->supervisor.join();
}

}  // namespace runde::storage
