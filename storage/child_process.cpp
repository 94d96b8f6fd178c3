#include "storage/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "storage/cluster.hpp"

namespace runde::storage {

static std::optional<Account> read_account(const passwd* entry) {
    if (!entry) return std::nullopt;
    Account account{entry->pw_name, entry->pw_uid, entry->pw_gid, {}};
    int count = 64;
    account.groups.resize(static_cast<std::size_t>(count));
    if (getgrouplist(entry->pw_name, entry->pw_gid, account.groups.data(), &count) < 0) count = 0;
    account.groups.resize(static_cast<std::size_t>(count));
    return account;
}

Account cluster_account() {
    if (geteuid() != 0) {
        auto own = read_account(getpwuid(geteuid()));
        if (!own)
            throw ClusterError("PostgreSQL cannot be run by a user without a name: add user number " + std::to_string(geteuid()) +
                               " to /etc/passwd, or set database.url");
        return *own;
    }
    for (const char* name : {"postgres", "runde", "nobody"})
        if (auto account = read_account(getpwnam(name)); account && account->uid != 0) {
            account->differs_from_ours = true;
            return *account;
        }
    throw ClusterError("PostgreSQL refuses to run as root, and there is no user postgres, runde or nobody");
}

/// In the child: nothing but system calls, for another thread of the parent may have held any lock at the fork.
[[noreturn]] static void become(const Command& command, const Account& account, char* const* arguments, char* const* environment,
                                int on_death, pid_t parent, int failed) {
    const auto fail = [failed] {
        const int error = errno;
        [[maybe_unused]] const auto written = write(failed, &error, sizeof error);
        _exit(127);
    };
    setsid();
    for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);

    const int null = open("/dev/null", O_RDWR);
    const int output = command.output < 0 ? null : command.output;
    if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) fail();
    syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);

    if (account.differs_from_ours && (syscall(SYS_setgroups, account.groups.size(), account.groups.data()) != 0 ||
                                      syscall(SYS_setgid, account.gid) != 0 || syscall(SYS_setuid, account.uid) != 0))
        fail();
    // After setuid, which clears it. And if the parent died before, nobody would send the signal any more.
    if (on_death) {
        prctl(PR_SET_PDEATHSIG, on_death);
        if (getppid() != parent) _exit(127);
    }
    if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) fail();
    execve(arguments[0], arguments, environment);
    fail();
    _exit(127);
}

static std::vector<char*> c_strings(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));  // exec's old signature
    pointers.push_back(nullptr);
    return pointers;
}

pid_t start_program(const Command& command, const Account& account, int on_death) {
    const auto arguments = c_strings(command.arguments), environment = c_strings(command.environment);
    int failed[2];
    if (pipe2(failed, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) become(command, account, arguments.data(), environment.data(), on_death, parent, failed[1]);
    const int fork_error = errno;
    close(failed[1]);
    int error = 0;
    // The pipe closes without a word when exec has succeeded.
    const bool refused = child > 0 && read(failed[0], &error, sizeof error) == sizeof error;
    close(failed[0]);
    if (child < 0) throw std::system_error(fork_error, std::generic_category(), "fork");
    if (refused) {
        waitpid(child, nullptr, 0);
        throw std::system_error(error, std::generic_category(), command.arguments[0]);
    }
    return child;
}

int run_program(const Command& command, const Account& account) {
    const pid_t child = start_program(command, account, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace runde::storage
