#pragma once
#include <netinet/in.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/bench/loop.hpp"

namespace runde::bench {

/// Where the server is: "http://host:port", plain HTTP only (a reverse proxy's TLS is not what is measured).
class Target {
public:
    explicit Target(std::string_view url);  ///< Throws std::runtime_error.
    const sockaddr_in& address() const { return address_; }
    const std::string& host() const { return host_; }

private:
    sockaddr_in address_{};
    std::string host_;
};

struct Answer {
    int status = 0;
    std::string body;
    bool ok() const { return status == 200; }
};

/// One kept-alive HTTP/1.1 connection, opened at the first request and again after the server closed it.
class Connection {
public:
    Connection(Loop& loop, const Target& target) : loop_(loop), target_(target) {}
    ~Connection() { drop(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Throws std::runtime_error when there is no answer.
    Task<Answer> request(std::string_view method, std::string_view path, std::string_view token, std::string_view body = {});

private:
    Task<> open();
    Task<> write(std::string_view text);
    Task<> fill();  ///< Reads at least one more byte into in_.
    Task<Answer> read_answer();
    Task<std::string> read_chunks(std::size_t at);
    void drop();

    Loop& loop_;
    const Target& target_;
    int file_ = -1;
    Watched watched_;
    std::string in_;
};

/// The text of a string field, found by its name; empty when there is none. Escapes are not undone: ids and
/// tokens have none.
std::string_view field(std::string_view json, std::string_view name);
std::string percent_encoded(std::string_view text);

}  // namespace runde::bench
