#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "net/http_message.hpp"

namespace runde::net {

struct HttpLimits {
    std::size_t head_bytes = 64 * 1024;  ///< Request line and header fields.
    std::size_t head_fields = 100;
    std::uint64_t body_bytes = 8 * 1024 * 1024;  ///< Unless body_limit says otherwise.
    /// Asked when the head of a request is complete, for paths that may take more (media upload) or must take
    /// less.
    std::function<std::uint64_t(const Request& head, std::uint64_t usual)> body_limit;
};

/// Why a request was refused before anybody looked at what it asks.
struct EdgeRefusal {
    int status;
    std::string_view errcode;
    std::string_view text;
};

/// One HTTP/1.1 request from bytes as they come (Beast's parser, fed by hand). No I/O; fuzzed.
class RequestReader {
public:
    enum class State { head, body, complete, refused };

    explicit RequestReader(const HttpLimits& limits);
    ~RequestReader();

    /// Reads from `input` and returns how many bytes it took. The rest is to be given again with what
    /// follows: the head of a request must come in one piece.
    std::size_t feed(std::string_view input);

    State state() const { return state_; }
    const EdgeRefusal& refusal() const { return refusal_; }
    /// The client waits for "100 Continue" before it sends the body. True once.
    bool wants_continue();
    bool keep_alive() const;
    bool is_http_1_0() const;
    std::uint64_t body_length() const;  ///< As announced; the limit when it is not (chunked).
    /// When complete: the request, all but its client_address and tls.
    Request take();

private:
    void finish_head();
    void refuse(EdgeRefusal why);

    struct Parser;
    const HttpLimits& limits_;
    std::unique_ptr<Parser> parser_;
    State state_ = State::head;
    EdgeRefusal refusal_{};
    Request request_;
    std::uint64_t body_limit_ = 0;
    bool wants_continue_ = false;
};

}  // namespace runde::net
