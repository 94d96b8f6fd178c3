#include "tests/support/mail_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace runde::tests {
namespace fs = std::filesystem;

/// Another process says by a file that it is ready; nothing can be awaited but the file itself.
static std::string await_file(const std::string& path) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fs::exists(path)) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the mail server did not write " + path);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool MailServer::available() {
    static const bool there = std::system("/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null") == 0;
    return there;
}

MailServer::MailServer(const std::vector<std::string>& options) {
    std::string name = (fs::temp_directory_path() / "runde-mail-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no folder for the mails");
    folder_ = name;
    std::vector<std::string> words{"/usr/bin/python3", RUNDE_SOURCE_DIR "/tests/support/mail_server.py", folder_};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t quiet;  // It tells of every handshake that fails, as these tests want them to.
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid_, "/usr/bin/python3", &quiet, nullptr, arguments.data(), environ) != 0)
        throw std::runtime_error("python3 does not start");
    posix_spawn_file_actions_destroy(&quiet);
    port_ = static_cast<std::uint16_t>(std::stoi(await_file(folder_ + "/port")));
}

MailServer::~MailServer() {
    if (pid_ > 0) {
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
    }
    fs::remove_all(folder_);
}

std::string MailServer::mail(int n) const { return await_file(folder_ + "/" + std::to_string(n) + ".mail"); }

int MailServer::count() const {
    int found = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) found += entry.path().extension() == ".mail";
    return found;
}

}  // namespace runde::tests
