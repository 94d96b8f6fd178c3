#pragma once
#include <exception>
#include <string>

#include "net/clock.hpp"
#include "net/http_message.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"

namespace runde::federation {

/// How much patience one request gets, and how large its answer may be.
struct Limits {
    net::Milliseconds whole{30'000};           ///< Discovery, connecting, sending and the whole answer.
    std::uint64_t body_bytes = 10 * 1024 * 1024;
};

/// A request that is ready to go: signed, its body canonical JSON.
struct LinkRequest {
    net::Method method = net::Method::get;
    std::string target;         ///< Path and query, encoded.
    std::string authorization;  ///< Value of the header; empty: none (keys are public).
    std::string body;
    Limits limits;
};

struct LinkAnswer {
    int status = 0;
    std::string body;
};

/// No answer came. `why` is a word for the log, without personal data: "dns", "tls", "timeout" …
struct LinkFailed : std::exception {
    explicit LinkFailed(std::string reason) : why(std::move(reason)) {}
    const char* what() const noexcept override { return why.c_str(); }
    std::string why;
};

/// The way to the other servers. One implementation finds them in the Internet (http_link.hpp); tests have another, in
/// which two servers stand in one process. I/O thread only.
class Link {
public:
    virtual ~Link() = default;
    /// Answers of any status are answers. Throws LinkFailed.
    virtual net::Task<LinkAnswer> send(schema::ServerName destination, LinkRequest request) = 0;
};

}  // namespace runde::federation
