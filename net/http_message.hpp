#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/task.hpp"

namespace runde::net {

enum class Method { get, head, post, put, delete_, options, other };
std::string_view to_string(Method method);

/// Header fields in their order; names compare case-insensitively.
class Headers {
public:
    std::optional<std::string_view> find(std::string_view name) const;
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    void set(std::string name, std::string value);
    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// A request as received: complete, within the limits of the listener.
struct Request {
    Method method = Method::get;
    std::string target;       ///< Path and query exactly as sent (signed by federation requests).
    std::string path;         ///< Still percent-encoded, without query.
    std::vector<std::pair<std::string, std::string>> query;  ///< Decoded, in order; names may repeat.
    Headers headers;
    std::string body;
    std::string client_address;  ///< Of the peer, or from X-Forwarded-For of a configured proxy. Never stored or logged.
    bool tls = false;

    std::optional<std::string_view> query_value(std::string_view name) const;
};

/// Bytes that several responses may share.
using Bytes = std::shared_ptr<const std::string>;
inline Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// A body made while it is sent.
class BodySource {
public:
    virtual ~BodySource() = default;
    virtual Task<std::string> next() = 0;  ///< The next piece; empty at the end.
};

struct Response;

/// A request that waits without a coroutine: a long-poll. The connection frees its buffers, calls start() once and
/// waits; whoever owns the wait calls `answer` once, on the I/O thread. All calls on the I/O thread.
class Parked {
public:
    virtual ~Parked() = default;  ///< Destroyed after the answer was taken, or the client went away.
    virtual void start(std::function<void(Response)> answer) = 0;
    virtual void hang_up() = 0;   ///< The client went away; never call `answer` after this.
    virtual void close() = 0;     ///< The server is shutting down: answer now, with what there is.
};

struct Response {
    int status = 200;
    Headers headers;                      ///< content-length and connection are added by the connection.
    std::vector<Bytes> body;              ///< Written with one writev.
    std::unique_ptr<BodySource> stream;   ///< If set, sent chunked after `body`.
    std::unique_ptr<Parked> parked;       ///< If set, everything else here is ignored.

    static Response json(std::string text, int status = 200);
    static Response html(std::string text, int status = 200);
    static Response text(std::string text, std::string content_type, int status = 200);
    static Response redirect(std::string location, int status = 303);
    static Response park(std::unique_ptr<Parked> parked);
};

/// Percent-decodes; nullopt when malformed. '+' stays '+' unless `form` (application/x-www-form-urlencoded).
std::optional<std::string> percent_decode(std::string_view text, bool form = false);
std::string percent_encode(std::string_view text);  ///< Everything but unreserved characters.

}  // namespace runde::net
