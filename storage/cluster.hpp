#pragma once
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace runde::storage {

/// Why the private PostgreSQL cannot be used; the text says what to do and is meant for people.
struct ClusterError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct ClusterOptions {
    std::filesystem::path data_dir;  ///< Created when missing. PostgreSQL's files go to its subfolder "postgres".
    bool durable = true;             ///< false (tests): no fsync, no checksums, little memory.
};

/// PostgreSQL of our own: one command is enough on a fresh machine, and production runs the same engine.
///
/// Invariants
///  - Never root, never a TCP port: a Unix socket and peer authentication, so nobody but this account and root can
///    connect. The socket stands in the data folder, which only its owner can enter; if that path is too long for a
///    socket, it is an abstract one, and the client checks whose process answers.
///  - Two processes never share a data folder (a lock file says so); what a killed predecessor left behind, a running
///    postmaster, a zombie or its pid file, is cleared away.
///  - PostgreSQL ends when this process ends, however it ends: its parent is a thread that lives as long as the
///    Cluster, and the kernel tells it of that thread's death (a clean "fast" shutdown within milliseconds).
///  - If it dies while we run it is started again; connections find it at the same url().
class Cluster {
public:
    /// Makes the cluster if there is none, starts it and waits until it answers. Blocks. Throws ClusterError.
    explicit Cluster(ClusterOptions options);
    ~Cluster();

    /// libpq's connection string of the database "runde" (UTF-8, C collation).
    const std::string& url() const;
    /// Clean shutdown; close connections before. Idempotent.
    void stop();
    /// The postmaster's process id (for tests).
    int pid() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runde::storage
