#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "storage/child_process.hpp"
#include "storage/cluster.hpp"

/// What stands on the disk: programs, folders, configuration. Used by cluster.cpp alone.
namespace runde::storage {

struct ClusterFiles {
    std::filesystem::path programs;  ///< Folder of postgres and initdb, of the version the data was made with.
    std::filesystem::path folder;    ///< <data_dir>/postgres, absolute.
    std::filesystem::path log;       ///< <data_dir>/postgres.log
    std::string socket_folder;       ///< A path, or "@name" in the abstract namespace.
    Account account;
};

/// Finds or makes all of it, up to a folder that postgres can be started on; writes the configuration.
ClusterFiles prepare_cluster(const ClusterOptions& options);

/// Clears away what a predecessor left: waits for, or ends, a postmaster of this folder that still runs, and removes
/// a pid file that names nobody (or a zombie: without an init that reaps, it would count as alive for ever).
void clear_predecessor(const ClusterFiles& files);

/// The last lines of the log, for an error message.
std::string log_tail(const ClusterFiles& files);

/// Environment of PostgreSQL's programs.
std::vector<std::string> cluster_environment(const std::string& notify_socket = "");

}  // namespace runde::storage
