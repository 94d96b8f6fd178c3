#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_message.hpp"
#include "net/request_reader.hpp"
#include "net/runtime.hpp"

namespace runde::net {

struct TlsFiles {
    std::string certificate;  ///< PEM, the whole chain.
    std::string key;
};

struct HttpServerOptions {
    std::string bind = "127.0.0.1";  ///< An address; "::" also takes IPv4.
    std::uint16_t port = 0;          ///< 0: any free one, see HttpServer::port().
    std::optional<TlsFiles> tls;
    HttpLimits limits;
    /// How long a client may take …
    Milliseconds handshake_time{10'000};    ///< … for TLS,
    Milliseconds head_time{30'000};         ///< … for a request's head, from its first byte on,
    Milliseconds body_time{30'000};         ///< … for the body, plus its size at 16 KB/s,
    Milliseconds write_time{60'000};        ///< … to take an answer,
    Milliseconds idle_time{75'000};         ///< … until it sends the next request.
    std::size_t most_connections = 15'000;  ///< Beyond these, new ones wait in the kernel's queue.
    /// From one address (IPv6: from one /64, which one client owns); beyond these, new ones are closed. A house with one
    /// address for all its people still gets by. Trusted proxies and `unlimited` may have as many as they like.
    std::size_t most_per_address = 1'000;
    std::vector<std::string> unlimited{"127.0.0.0/8", "::1"};  ///< Addresses and networks.
    /// Addresses and networks ("192.0.2.0/24") of reverse proxies whose X-Forwarded-For and -Proto are
    /// believed.
    std::vector<std::string> trusted_proxies;
    std::string common_headers;  ///< Whole lines, "Name: value\r\n" each, that every answer carries.
};

/// An HTTP/1.1 listener with its connections.
///
/// Invariants
///  - Everything on the I/O thread, but for the constructor, which may run before the loop does.
///  - A client costs at most: one head, one body within its limit, one answer. A connection that waits
///  (keep-alive or
///    a parked long-poll) owns no buffer.
///  - One request of a connection is handled at a time; what is sent ahead waits.
///  - Malformed, oversized and slow requests are answered with a standard error and never reach the handler.
class HttpServer {
public:
    /// `request` lives until the task has ended. Must not throw.
    using Handler = std::function<Task<Response>(const Request& request)>;

    /// Throws std::runtime_error with a text for the operator when it cannot listen.
    HttpServer(Runtime& runtime, HttpServerOptions options, Handler handler);
    ~HttpServer();

    std::uint16_t port() const;
    /// Accepts no more, answers parked polls, closes idle connections, gives running requests until `limit`.
    Task<> stop(Milliseconds limit);
    /// Reads certificate and key again; throws like the constructor and then keeps the old ones.
    void reload_tls();

    struct Counts {
        std::size_t connections = 0;
        std::size_t parked = 0;
        std::uint64_t accepted = 0;
        std::uint64_t refused_at_the_edge = 0;  ///< Answered without a handler: malformed, too large, too slow; too many.
    };
    const Counts& counts() const;

    class Impl;

private:
    std::shared_ptr<Impl> impl_;
};

/// Lifts the soft limit of open files to the hard one; returns it.
std::size_t raise_file_limit();

}  // namespace runde::net
