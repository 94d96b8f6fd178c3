#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/addresses.hpp"
#include "net/http_message.hpp"
#include "net/resolver.hpp"
#include "net/runtime.hpp"

namespace runde::net {

enum class FetchError {
    dns,                ///< The name has no address, or DNS does not answer.
    refused_by_filter,  ///< Every address is one that we must not connect to.
    connect,            ///< Nobody there.
    tls,                ///< No common TLS, or a certificate that is not valid for the name.
    timeout,            ///< One of the limits.
    too_large,          ///< The answer is larger than allowed.
    protocol,           ///< No proper HTTP, or it broke off; too many redirects.
};
std::string_view to_string(FetchError error);

struct FetchFailed : std::exception {
    explicit FetchFailed(FetchError why) : error(why) {}
    const char* what() const noexcept override { return to_string(error).data(); }
    FetchError error;
};

struct FetchLimits {
    Milliseconds dns{5'000}, connect{10'000}, tls{10'000};
    Milliseconds head{30'000};   ///< From the end of our request to the end of the answer's head.
    Milliseconds whole{60'000};  ///< Everything together, redirects too.
    std::uint64_t body_bytes = 8 * 1024 * 1024;
    int redirects = 0;  ///< How many to follow (GET and HEAD only); each is resolved and filtered again.
};

struct OutgoingRequest {
    Method method = Method::get;
    std::string host;  ///< Whom to connect to: a name or an address …
    std::uint16_t port = 443;
    std::vector<std::string> addresses;  ///< … or these, already resolved; still filtered.
    bool tls = true;
    std::string tls_name;      ///< Whose certificate it must be (also sent as SNI); empty: `host`.
    std::string target = "/";  ///< Path and query, encoded.
    Headers headers;  ///< Host is added (tls_name or host, with a port that is not the usual one) unless given.
    std::string body;
    FetchLimits limits;
};

struct ClientResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

struct HttpClientOptions {
    std::string trusted_ca_file;  ///< Further certificate authorities, PEM.
    /// Asked about every address before connecting; see is_public().
    std::function<bool(const Address&)> may_connect = is_public;
    Milliseconds idle_time{60'000};  ///< How long an unused connection is kept.
    std::size_t most_idle = 200;     ///< Beyond, the oldest is closed.
};

/// Fetches from other servers over HTTP/1.1. Connections are used again by requests to the same place for the
/// same name. Nothing of the answer is trusted: size, time and form are limited. I/O thread only.
class HttpClient {
public:
    /// Throws std::runtime_error when the CA file cannot be used.
    HttpClient(Runtime& runtime, HttpClientOptions options);
    ~HttpClient();

    /// Throws FetchFailed. Answers of any status are answers.
    Task<ClientResponse> fetch(OutgoingRequest request);
    Resolver& resolver();
    std::size_t idle_connections() const;

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

/// Where an absolute "http(s)://host[:port]/path" leads; nullopt when it is none.
struct WebAddress {
    bool tls;
    std::string host;
    std::uint16_t port;
    std::string target;
    static std::optional<WebAddress> parse(std::string_view text);
};

}  // namespace runde::net
