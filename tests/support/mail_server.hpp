#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace runde::tests {

/// A real SMTP server (mail_server.py) for one test: a process of its own that keeps every mail as a file.
class MailServer {
public:
    /// `options`: as in mail_server.py. Throws when Python or aiosmtpd is missing; available() says so before.
    explicit MailServer(const std::vector<std::string>& options = {});
    ~MailServer();
    MailServer(const MailServer&) = delete;
    MailServer& operator=(const MailServer&) = delete;

    static bool available();
    std::uint16_t port() const { return port_; }
    /// The n-th mail (from 1): envelope, headers, an empty line, the text. Waits for it, at most 20 s.
    std::string mail(int n) const;
    int count() const;

private:
    std::string folder_;
    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace runde::tests
