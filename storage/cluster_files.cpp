#include "storage/cluster_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "storage/file_lock.hpp"

namespace runde::storage {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

static constexpr int oldest_postgres = 14, newest_postgres = 18;

static std::string read_file(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Written beside and renamed: a reader or a power cut sees the old or the new file, never half of one.
static void write_file(const fs::path& path, const std::string& text, const Account& account) {
    const auto fresh = path.string() + ".new";
    std::ofstream(fresh) << text;
    if (account.differs_from_ours && chown(fresh.c_str(), account.uid, account.gid) != 0)
        throw ClusterError("cannot hand " + fresh + " to the user " + account.name);
    fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write);
    fs::rename(fresh, path);
}

static int to_int(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Folders with a postgres of their own, by major version: Debian's, then the PATH's.
static std::vector<std::pair<int, fs::path>> installed_versions() {
    std::vector<std::pair<int, fs::path>> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored))
        if (fs::exists(entry.path() / "bin/postgres") && fs::exists(entry.path() / "bin/initdb"))
            found.emplace_back(to_int(entry.path().filename().string()), entry.path() / "bin");
    std::istringstream folders(getenv("PATH") ? getenv("PATH") : "");
    for (std::string folder; found.empty() && std::getline(folders, folder, ':');) {
        const auto program = fs::canonical(fs::path(folder) / "postgres", ignored);
        if (ignored || !fs::exists(program.parent_path() / "initdb")) continue;
        // Its version cannot be read without starting it: take it as the newest we know.
        found.emplace_back(newest_postgres, program.parent_path());
    }
    std::ranges::sort(found);
    return found;
}

static fs::path programs_for(const fs::path& folder) {
    const auto versions = installed_versions();
    if (versions.empty())
        throw ClusterError(
            "PostgreSQL is not installed (Debian: apt-get install postgresql). "
            "Or set database.url to a server elsewhere.");
    if (!fs::exists(folder / "PG_VERSION")) {
        const auto best = std::ranges::find_if(versions.rbegin(), versions.rend(), [](const auto& version) {
            return version.first >= oldest_postgres && version.first <= newest_postgres;
        });
        if (best == versions.rend())
            throw ClusterError(
                fmt::format("PostgreSQL {} is too old; at least {} is needed", versions.back().first, oldest_postgres));
        return best->second;
    }
    const int made_by = to_int(read_file(folder / "PG_VERSION"));
    const auto exact = std::ranges::find(versions, made_by, &std::pair<int, fs::path>::first);
    if (exact != versions.end()) return exact->second;
    throw ClusterError(fmt::format(
        "The data in {} was made by PostgreSQL {}{}, and this machine has {}. Install postgresql-{} beside it, or move "
        "the data with pg_upgrade.",
        folder.string(), made_by, made_by > versions.back().first ? ", a newer one" : "", versions.back().first, made_by));
}

/// May `account` enter every folder above `path`? As root we could, and PostgreSQL would then fail with a riddle.
static void require_reachable(const fs::path& path, const Account& account) {
    if (!account.differs_from_ours) return;
    for (auto folder = path.parent_path(); folder != folder.root_path(); folder = folder.parent_path()) {
        struct stat info {};
        if (stat(folder.c_str(), &info) != 0) continue;
        const bool group = std::ranges::count(account.groups, info.st_gid) > 0;
        const auto need = info.st_uid == account.uid ? S_IXUSR : group ? S_IXGRP : S_IXOTH;
        if (!(info.st_mode & need))
            throw ClusterError(
                fmt::format("Started by root, the database runs as the user {}, who may not enter {}. Choose another data folder "
                            "(--data /var/lib/runde), or start Runde as an ordinary user.",
                            account.name, folder.string()));
    }
}

/// sun_path holds 107 bytes; the file is called ".s.PGSQL.5432".
static std::string socket_folder_of(const fs::path& folder) {
    if (folder.string().size() + 15 <= 107) return folder.string();
    struct stat info {};
    if (stat(folder.c_str(), &info) != 0) throw ClusterError("cannot read " + folder.string());
    return fmt::format("@runde-{:x}-{:x}", info.st_dev, info.st_ino);
}

static std::string settings(const ClusterOptions& options, const ClusterFiles& files) {
    struct sysinfo machine {};
    sysinfo(&machine);
    const auto megabytes = machine.totalram / 1024 * machine.mem_unit / 1024;
    std::string text =
        "# Written by Runde at every start. Your own settings belong into postgresql.conf, below the include line.\n";
    const auto set = [&text](std::string_view name, std::string_view value) { text += fmt::format("{} = '{}'\n", name, value); };
    set("listen_addresses", "");
    set("unix_socket_directories", files.socket_folder);
    set("unix_socket_permissions", "0700");
    set("max_connections", "60");
    set("superuser_reserved_connections", "3");
    set("dynamic_shared_memory_type", "mmap");  // /dev/shm is often tiny in containers.
    set("jit", "off");
    set("max_parallel_workers_per_gather", "0");
    set("timezone", "UTC");
    set("lc_messages", "C");
    set("idle_in_transaction_session_timeout", "60s");
    // Nothing personal in the log: no statement, no values, and no text of an ERROR (our clients report those).
    set("logging_collector", "off");
    set("log_min_messages", "log");
    set("log_min_error_statement", "panic");
    set("log_error_verbosity", "terse");
    set("log_checkpoints", "off");
    set("log_autovacuum_min_duration", "-1");
    if (!options.durable) {
        set("fsync", "off");
        set("full_page_writes", "off");
        set("wal_level", "minimal");
        set("max_wal_senders", "0");
        set("autovacuum", "off");
        set("shared_buffers", "32MB");
        return text;
    }
    // Pages of shared_buffers count only once they were touched: idle, this stays small.
    set("shared_buffers", fmt::format("{}MB", std::clamp<unsigned long>(megabytes / 8, 64, 2048)));
    set("effective_cache_size", fmt::format("{}MB", std::max<unsigned long>(megabytes / 2, 256)));
    set("work_mem", "8MB");
    set("maintenance_work_mem", "64MB");
    set("max_worker_processes", "2");
    set("autovacuum_max_workers", "2");
    set("max_wal_senders", "2");
    set("wal_compression", "on");
    set("min_wal_size", "64MB");
    set("max_wal_size", "512MB");
    set("checkpoint_timeout", "15min");
    return text;
}

static std::string own_name() {
    const auto* entry = getpwuid(geteuid());
    return entry ? entry->pw_name : std::to_string(geteuid());
}

/// Every start: the folder may have been moved, or be started by another account.
static void configure(const ClusterOptions& options, const ClusterFiles& files) {
    write_file(files.folder / "runde.conf", settings(options, files), files.account);
    write_file(files.folder / "pg_hba.conf", "local all runde peer map=runde\n", files.account);
    std::string map = fmt::format("runde root runde\nrunde {} runde\n", files.account.name);
    if (own_name() != "root" && own_name() != files.account.name) map += fmt::format("runde {} runde\n", own_name());
    write_file(files.folder / "pg_ident.conf", map, files.account);
}

/// Made beside its place and renamed when complete, so that an initdb cut short is simply repeated.
static void initialise(const ClusterOptions& options, const ClusterFiles& files) {
    const auto fresh = fs::path(files.folder.string() + ".new");
    fs::remove_all(fresh);
    fs::create_directory(fresh);
    fs::permissions(fresh, fs::perms::owner_all);
    if (files.account.differs_from_ours && chown(fresh.c_str(), files.account.uid, files.account.gid) != 0)
        throw ClusterError("cannot hand " + fresh.string() + " to the user " + files.account.name);

    Command command{{(files.programs / "initdb").string(), "-D", fresh.string(), "-U", "runde", "-A", "peer", "-E", "UTF8",
                     "--lc-collate=C", "--lc-ctype=C.UTF-8", "--lc-messages=C", "--no-instructions"},
                    cluster_environment(),
                    "/"};
    if (options.durable)
        command.arguments.emplace_back("--data-checksums");  // A failing disk is to be noticed, not served.
    else
        command.arguments.emplace_back("--no-sync");
    command.output = open(files.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    const int code = run_program(command, files.account);
    close(command.output);
    if (code != 0) throw ClusterError(fmt::format("initdb could not make {}:\n{}", fresh.string(), log_tail(files)));
    {
        std::ofstream conf(fresh / "postgresql.conf", std::ios::app);
        conf << "\ninclude = 'runde.conf'\n# Your own settings, which win over Runde's:\n";
    }
    fs::rename(fresh, files.folder);
}

ClusterFiles prepare_cluster(const ClusterOptions& options) {
    ClusterFiles files;
    fs::create_directories(options.data_dir);
    const auto data_dir = fs::canonical(options.data_dir);
    files.folder = data_dir / "postgres";
    files.log = data_dir / "postgres.log";
    files.account = cluster_account();
    files.programs = programs_for(files.folder);
    require_reachable(files.folder, files.account);
    std::error_code ignored;
    if (fs::file_size(files.log, ignored) > 10'000'000 && !ignored) fs::rename(files.log, files.log.string() + ".1");
    if (!fs::exists(files.folder / "PG_VERSION")) initialise(options, files);

    struct stat info {};
    if (stat(files.folder.c_str(), &info) != 0 || info.st_uid != files.account.uid)
        throw ClusterError(
            fmt::format("{} belongs to another user than {}, as whom the database would run. Start Runde as the user it was made "
                        "with, or change the owner of the folder.",
                        files.folder.string(), files.account.name));
    files.socket_folder = socket_folder_of(files.folder);
    configure(options, files);
    return files;
}

/// Alive, no zombie, and a postgres that works in `folder`.
static bool is_postmaster_of(pid_t pid, const fs::path& folder) {
    const auto proc = fs::path("/proc") / std::to_string(pid);
    const auto stat = read_file(proc / "stat");  // "pid (name) state ..."
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 2 >= stat.size() || stat[name_end + 2] == 'Z') return false;
    std::error_code error;
    const auto working_in = fs::read_symlink(proc / "cwd", error);
    // Unreadable means another user's process, which a postmaster of ours is not.
    return !error && working_in == folder;
}

static bool gone_within(pid_t pid, const fs::path& folder, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (is_postmaster_of(pid, folder)) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(10ms);
    }
    return true;
}

void clear_predecessor(const ClusterFiles& files) {
    const auto pid_file = files.folder / "postmaster.pid";
    if (!fs::exists(pid_file)) return;
    const pid_t pid = to_int(read_file(pid_file));
    if (pid > 1 && is_postmaster_of(pid, files.folder)) {
        // We hold the data folder's lock, so it is an orphan; the kernel has told it to stop, or we do.
        if (!gone_within(pid, files.folder, 2s)) kill(pid, SIGINT);
        if (!gone_within(pid, files.folder, 60s)) kill(pid, SIGQUIT);
        if (!gone_within(pid, files.folder, 10s))
            throw ClusterError(
                fmt::format("PostgreSQL (process {}) still runs in {} and does not stop", pid, files.folder.string()));
    }
    fs::remove(pid_file);
}

std::string log_tail(const ClusterFiles& files) {
    const auto text = read_file(files.log);
    auto begin = text.size();
    for (int lines = 0; begin > 0 && lines < 8; --begin) lines += text[begin - 1] == '\n' && begin != text.size();
    return text.substr(begin ? begin + 1 : 0);
}

std::vector<std::string> cluster_environment(const std::string& notify_socket) {
    std::vector<std::string> environment{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/"};
    if (!notify_socket.empty()) environment.push_back("NOTIFY_SOCKET=" + notify_socket);
    return environment;
}

}  // namespace runde::storage
