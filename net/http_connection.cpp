#include "net/http_connection.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>

#include "net/asio_bridge.hpp"
#include "net/type_name.hpp"

namespace runde::net {

namespace {

/// What a client may send ahead while its long-poll waits.
constexpr std::size_t most_pending = 64 * 1024;
/// What is read and thrown away after a refusal, so that the client gets to read it instead of a reset
/// connection.
constexpr std::uint32_t most_drained = 32 * 1024 * 1024;
constexpr Milliseconds drain_time{5'000};
constexpr std::uint64_t slowest_body_bytes_per_ms = 16;

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 413: return "Content Too Large";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        default: return "Answer";
    }
}

/// A header that would end early, or start another one, is left out.
bool is_safe(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos; }

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServer::Impl> server, std::unique_ptr<Transport> transport)
    : server_(std::move(server)), transport_(std::move(transport)) {}

void HttpConnection::start() {
    set_deadline(server_->options.handshake_time);
    transport_->start(*this);
}

void HttpConnection::on_ready(bool ok) {
    if (state_ != State::handshake) return;
    if (!ok) return close();
    state_ = State::idle;
    set_deadline(server_->options.head_time);  // Who connects and says nothing is slow, not idle.
    wait_readable();
}

void HttpConnection::wait_readable() {
    if (std::exchange(waiting_, true)) return;
    transport_->wait_readable();
}

void HttpConnection::on_readable() {
    waiting_ = false;
    switch (state_) {
        case State::idle:
        case State::reading: return read();
        case State::parked: return watch_parked();
        case State::draining: return drain();
        case State::handshake:
        case State::handling:
        case State::writing:
        case State::streaming:
        case State::closed: return;
    }
}

// --- Reading
// ---------------------------------------------------------------------------------------------------------

void HttpConnection::read() {
    const auto keep = shared_from_this();
    // A fast sender must not keep the loop from everybody else.
    for (int turn = 0; turn < 8; ++turn) {
        const auto got = transport_->read_now(server_->scratch());
        if (got.what == Transport::Got::closed) return close();
        if (got.what == Transport::Got::would_block) break;
        take_in({server_->scratch().data(), got.bytes});
        if (state_ != State::idle && state_ != State::reading) return;
    }
    wait_readable();
}

void HttpConnection::take_in(std::string_view data) {
    if (state_ == State::idle) {
        state_ = State::reading;
        exchange_ = std::make_unique<Exchange>(server_->options.limits);
        set_deadline(server_->options.head_time);
    }
    if (pending_.empty()) {
        const auto taken = exchange_->reader.feed(data);
        pending_ = data.substr(taken);
    } else {
        pending_.append(data);
        const auto taken = exchange_->reader.feed(pending_);
        pending_.erase(0, taken);
    }
    look_at_reader();
}

void HttpConnection::look_at_reader() {
    auto& reader = exchange_->reader;
    switch (reader.state()) {
        case RequestReader::State::head: return;
        case RequestReader::State::body:
            if (!exchange_->deadline_is_for_body) {
                exchange_->deadline_is_for_body = true;
                const auto for_size = reader.body_length() / slowest_body_bytes_per_ms;
                set_deadline(server_->options.body_time + Milliseconds(for_size));
            }
            if (reader.wants_continue() && pending_.empty()) {
                static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                // 25 bytes into an empty send buffer: if they do not fit at once the client is gone.
                const auto progress = transport_->write({{const_cast<char*>(go_on.data()), go_on.size()}});
                if (progress != Transport::Progress::done) close();
            }
            return;
        case RequestReader::State::complete: return handle();
        case RequestReader::State::refused: return refuse(reader.refusal());
    }
}

void HttpConnection::refuse(const EdgeRefusal& why) {
    ++server_->counts.refused_at_the_edge;
    keep_alive_ = false;
    http_1_0_ = false;
    head_only_ = false;
    write(Response::json(fmt::format(R"({{"errcode":"{}","error":"{}"}})", why.errcode, why.text), why.status));
}

// --- Handling
// --------------------------------------------------------------------------------------------------------

void HttpConnection::handle() {
    state_ = State::handling;
    deadline_ = SteadyTime::max();
    auto& reader = exchange_->reader;
    keep_alive_ = reader.keep_alive();
    http_1_0_ = reader.is_http_1_0();
    exchange_->request = reader.take();
    exchange_->request.tls = transport_->is_tls();
    head_only_ = exchange_->request.method == Method::head;
    server_->fill_in_client(exchange_->request, transport_->peer_address());
    server_->runtime.spawn("HTTP request", handle_request(std::static_pointer_cast<HttpConnection>(shared_from_this())));
}

Task<> HttpConnection::handle_request(std::shared_ptr<HttpConnection> self) {
    // The request stays where it is until the handler has ended, also when the connection is closed
    // meanwhile.
    Response response;
    try {
        response = co_await self->server_->handler(self->exchange_->request);
    } catch (const std::exception& thrown) {
        spdlog::error("a request's handler threw {}", type_name(thrown));
        response = Response::json(R"({"errcode":"M_UNKNOWN","error":"Something went wrong in the server."})", 500);
    }
    if (self->state_ == State::closed) co_return;
    if (response.stream && self->body_is_sent(response.status)) {
        co_await self->stream(std::move(response));
    } else {
        self->respond(std::move(response));
    }
}

void HttpConnection::respond(Response response) {
    if (response.parked) return park(std::move(response.parked));
    write(std::move(response));
}

void HttpConnection::park(std::unique_ptr<Parked> poll) {
    exchange_.reset();
    if (pending_.empty()) std::string().swap(pending_);
    state_ = State::parked;
    ++server_->counts.parked;
    poll_ = std::move(poll);
    const std::weak_ptr weak = std::static_pointer_cast<HttpConnection>(shared_from_this());
    poll_->start([weak](Response response) {
        if (const auto self = weak.lock()) self->unpark(std::move(response));
    });
    if (state_ != State::parked) return;
    if (server_->stopping) return poll_->close();
    wait_readable();
}

/// The client of a parked poll has sent something or gone away.
void HttpConnection::watch_parked() {
    const auto keep = shared_from_this();
    for (;;) {
        const auto got = transport_->read_now(server_->scratch());
        if (got.what == Transport::Got::closed) return close();
        if (got.what == Transport::Got::would_block) return wait_readable();
        pending_.append(server_->scratch().data(), got.bytes);
        // A client that sends so much ahead is not watched any longer: it will notice what its answer is.
        if (pending_.size() > most_pending) return;
    }
}

void HttpConnection::unpark(Response response) {
    if (state_ != State::parked) return;
    --server_->counts.parked;
    // Whoever answers is probably a function of the poll itself: it must not die under its own feet.
    boost::asio::post(io_context_of(server_->runtime), [done = std::move(poll_)]() mutable { done.reset(); });
    exchange_ = std::make_unique<Exchange>(server_->options.limits);
    write(std::move(response));
}

// --- Answering
// -------------------------------------------------------------------------------------------------------

bool HttpConnection::body_is_sent(int status) const { return !head_only_ && status != 204 && status != 304; }

std::string HttpConnection::head_of(const Response& response, bool chunked) {
    if (server_->stopping) keep_alive_ = false;
    std::string head;
    head.reserve(512);
    auto out = std::back_inserter(head);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_phrase(response.status), server_->date());
    for (const auto& [name, value] : response.headers)
        if (is_safe(name) && is_safe(value)) fmt::format_to(out, "{}: {}\r\n", name, value);
    head += server_->options.common_headers;
    if (chunked && http_1_0_) {
        keep_alive_ = false;  // The end of the connection is the end of the body.
    } else if (chunked) {
        head += "Transfer-Encoding: chunked\r\n";
    } else if (response.status != 204 && response.status != 304 && !response.stream) {
        std::size_t length = 0;
        for (const auto& piece : response.body) length += piece->size();
        fmt::format_to(out, "Content-Length: {}\r\n", length);
    }
    if (!keep_alive_)
        head += "Connection: close\r\n";
    else if (http_1_0_)
        head += "Connection: keep-alive\r\n";
    head += "\r\n";
    return head;
}

void HttpConnection::write(Response response) {
    const auto keep = shared_from_this();
    state_ = State::writing;
    set_deadline(server_->options.write_time);
    auto& exchange = *exchange_;
    exchange.response = std::move(response);
    exchange.head = head_of(exchange.response, false);
    std::vector<iovec> pieces;
    pieces.reserve(exchange.response.body.size() + 1);
    pieces.push_back({exchange.head.data(), exchange.head.size()});
    if (body_is_sent(exchange.response.status))
        for (const auto& piece : exchange.response.body)
            if (!piece->empty()) pieces.push_back({const_cast<char*>(piece->data()), piece->size()});
    switch (transport_->write(std::move(pieces))) {
        case Transport::Progress::done: return written();
        case Transport::Progress::pending: return;
        case Transport::Progress::failed: return close();
    }
}

void HttpConnection::on_written(bool ok) {
    if (state_ == State::closed) return;
    if (piece_written_) {
        const auto go_on = std::move(piece_written_);
        return (*go_on)(ok);
    }
    if (!ok) return close();
    if (state_ == State::writing) written();
}

/// The answer is out: the next request, or the end.
void HttpConnection::written() {
    exchange_.reset();
    if (!keep_alive_ || server_->stopping) {
        transport_->finish_writing();
        state_ = State::draining;
        set_deadline(drain_time);
        return drain();
    }
    state_ = State::idle;
    set_deadline(server_->options.idle_time);
    if (!pending_.empty()) {
        const std::string ahead = std::exchange(pending_, {});
        take_in(ahead);
        if (state_ != State::idle && state_ != State::reading) return;
    } else {
        std::string().swap(pending_);
    }
    wait_readable();
}

Task<> HttpConnection::stream(Response response) {
    state_ = State::streaming;
    const auto source = std::move(response.stream);
    response.body.clear();
    bool ok = co_await write_piece(head_of(response, true));
    try {
        while (ok) {
            std::string piece = co_await source->next();
            const bool last = piece.empty();
            if (!http_1_0_) piece = last ? "0\r\n\r\n" : fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
            if (!piece.empty()) ok = co_await write_piece(std::move(piece));
            if (last) break;
        }
    } catch (const std::exception& thrown) {
        // The status is out already: an unfinished chunk is the only way left to tell the client.
        spdlog::error("a streamed answer broke off: {}", type_name(thrown));
        ok = false;
    }
    if (state_ == State::closed) co_return;
    if (!ok) {
        close();
        co_return;
    }
    written();
}

Task<bool> HttpConnection::write_piece(std::string piece) {
    if (state_ == State::closed) co_return false;
    set_deadline(server_->options.write_time);
    const auto progress = transport_->write({{piece.data(), piece.size()}});
    if (progress != Transport::Progress::pending) co_return progress == Transport::Progress::done;
    bool ok = false;
    const auto wait = [this, &ok](std::function<void()> resume) {
        piece_written_ = std::make_unique<std::function<void(bool)>>([&ok, resume](bool sent) {
            ok = sent;
            resume();
        });
    };
    co_await suspend(wait);
    co_return ok;
}

// --- The end
// ---------------------------------------------------------------------------------------------------------

/// Reads on until the client closes, so that the kernel does not throw our answer away with its unread bytes.
void HttpConnection::drain() {
    const auto keep = shared_from_this();
    for (int turn = 0; turn < 8; ++turn) {
        const auto got = transport_->read_now(server_->scratch());
        if (got.what == Transport::Got::closed) return close();
        if (got.what == Transport::Got::would_block) break;
        drained_ += static_cast<std::uint32_t>(got.bytes);
        if (drained_ > most_drained) return close();
    }
    wait_readable();
}

void HttpConnection::set_deadline(Milliseconds from_now) { deadline_ = std::chrono::steady_clock::now() + from_now; }

void HttpConnection::check_deadline(SteadyTime now) {
    if (now < deadline_) return;
    if (state_ == State::reading) {
        const auto keep = shared_from_this();
        return refuse({408, "M_UNKNOWN", "The request took too long to arrive."});
    }
    close();
}

void HttpConnection::wind_up() {
    if (state_ == State::parked) return poll_->close();
    if (state_ == State::idle) close();
}

void HttpConnection::close() {
    if (state_ == State::closed) return;
    const auto keep = shared_from_this();
    const bool was_parked = state_ == State::parked;
    const bool handling = state_ == State::handling;
    state_ = State::closed;
    transport_->close();
    if (was_parked) {
        --server_->counts.parked;
        const auto poll = std::move(poll_);
        poll->hang_up();
    }
    if (const auto waiting = std::move(piece_written_)) (*waiting)(false);
    if (!handling) exchange_.reset();
    server_->count_out(counted_as);
    server_->connections.erase(place);
    --server_->counts.connections;
}

}  // namespace runde::net
