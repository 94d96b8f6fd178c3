#include "net/client_connection.hpp"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/asio_bridge.hpp"

namespace runde::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::size_t most_head_bytes = 64 * 1024;
using Parser = http::response_parser<http::string_body>;

std::unique_ptr<Parser> new_parser(const FetchLimits& limits, bool head_only) {
    auto parser = std::make_unique<Parser>();
    parser->header_limit(most_head_bytes);
    parser->body_limit(limits.body_bytes);
    parser->eager(true);
    parser->skip(head_only);
    return parser;
}

}  // namespace

ClientConnection::~ClientConnection() { close(); }

void ClientConnection::close() {
    boost::system::error_code ignored;
    if (connecting_) connecting_->close(ignored);
    if (transport_) transport_->close();
}

void ClientConnection::wake(bool ok) {
    woken_ = true;
    ok_ = ok;
    if (const auto resume = std::exchange(resume_, nullptr)) resume();
}

Task<> ClientConnection::event(Time deadline, FetchError otherwise) {
    const auto keep = shared_from_this();
    bool late = false;
    if (!woken_) {
        const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now());
        const auto timer = runtime_.after(std::max(left, Milliseconds(0)), [this, &late] {
            late = true;
            wake(false);
        });
        const auto wait = [this](std::function<void()> resume) { resume_ = std::move(resume); };
        co_await suspend(wait);
    }
    woken_ = false;
    if (late) throw FetchFailed(FetchError::timeout);
    if (!ok_) throw FetchFailed(otherwise);
}

Task<> ClientConnection::connect(const std::string& address, std::uint16_t port, Time deadline) {
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address), port);
    connecting_ = std::make_unique<Socket>(io_context_of(runtime_));
    connecting_->async_connect(endpoint, [this, keep = shared_from_this()](boost::system::error_code error) {
        if (error != asio::error::operation_aborted) wake(!error);
    });
    co_await event(deadline, FetchError::connect);
}

Task<> ClientConnection::start(std::shared_ptr<const TlsContext> context, const std::string& name, Time deadline) {
    transport_ =
        context ? tls_client(std::move(*connecting_), std::move(context), name) : Transport::plain(std::move(*connecting_));
    connecting_.reset();
    transport_->start(*this);
    co_await event(deadline, FetchError::tls);
}

Task<ClientResponse> ClientConnection::exchange(std::string head, const std::string& body, bool head_only,
                                                const FetchLimits& limits, Time deadline) {
    heard_ = reusable_ = false;
    std::vector<iovec> pieces{{head.data(), head.size()}};
    if (!body.empty()) pieces.push_back({const_cast<char*>(body.data()), body.size()});
    const auto progress = transport_->write(std::move(pieces));
    if (progress == Transport::Progress::failed) throw FetchFailed(FetchError::protocol);
    if (progress == Transport::Progress::pending) co_await event(deadline, FetchError::protocol);

    const auto head_deadline = std::min(deadline, std::chrono::steady_clock::now() + limits.head);
    auto parser = new_parser(limits, head_only);
    std::vector<char> buffer(16 * 1024);
    std::string unread;
    for (;;) {
        const auto got = transport_->read_now(buffer);
        if (got.what == Transport::Got::would_block) {
            transport_->wait_readable();
            co_await event(parser->is_header_done() ? deadline : head_deadline, FetchError::protocol);
            continue;
        }
        boost::system::error_code error;
        if (got.what == Transport::Got::closed) {
            if (!parser->got_some()) throw FetchFailed(FetchError::protocol);
            parser->put_eof(error);
            if (error || !parser->is_done()) throw FetchFailed(FetchError::protocol);
        } else {
            heard_ = true;
            unread.append(buffer.data(), got.bytes);
            while (!unread.empty() && !parser->is_done()) {
                const auto taken = parser->put(asio::buffer(unread.data(), unread.size()), error);
                unread.erase(0, taken);
                if (error == http::error::need_more) break;
                if (error == http::error::body_limit || error == http::error::header_limit)
                    throw FetchFailed(FetchError::too_large);
                if (error) throw FetchFailed(FetchError::protocol);
                const auto status = parser->is_header_done() ? parser->get().result_int() : 200;
                if (status >= 100 && status < 200) {  // "Early Hints" and the like: the answer is still to come.
                    if (status == 101) throw FetchFailed(FetchError::protocol);
                    parser = new_parser(limits, head_only);
                }
            }
            if (unread.size() > most_head_bytes) throw FetchFailed(FetchError::too_large);
        }
        if (parser->is_done()) break;
    }
    auto& message = parser->get();
    ClientResponse response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) response.headers.add(std::string(field.name_string()), std::string(field.value()));
    response.body = std::move(message.body());
    reusable_ = message.keep_alive() && !message.need_eof() && unread.empty();
    co_return response;
}

bool ClientConnection::is_still_quiet() {
    char byte = 0;
    return transport_->read_now({&byte, 1}).what == Transport::Got::would_block;
}

}  // namespace runde::net
