#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace runde::storage {

/// The account a program is to run as.
struct Account {
    std::string name;
    uid_t uid;
    gid_t gid;
    std::vector<gid_t> groups;
    bool differs_from_ours = false;  ///< We are root and have to change to it.
};

/// Who runs PostgreSQL, which refuses root: we ourselves, or for root the first of `postgres`, `runde`, `nobody`
/// that exists. Throws ClusterError when there is nobody.
Account cluster_account();

struct Command {
    std::vector<std::string> arguments;    ///< The program's path first.
    std::vector<std::string> environment;  ///< "NAME=value", the whole of it.
    std::string directory;                 ///< To start in.
    int output = -1;                       ///< stdout and stderr go there; -1: /dev/null.
};

/// Starts a program as `account`, in a session of its own (Ctrl-C at the terminal is ours alone). When the calling
/// *thread* ends, the program gets `on_death` from the kernel: even kill -9 leaves nothing running.
/// Safe in a process with threads: between fork and exec only system calls are made. Throws std::system_error.
pid_t start_program(const Command& command, const Account& account, int on_death);

/// Runs a program to its end and returns its exit code (128 + signal when it was killed).
int run_program(const Command& command, const Account& account);

}  // namespace runde::storage
