#pragma once
// For net's own .cpp files.
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/addresses.hpp"
#include "net/http_server.hpp"
#include "net/transport.hpp"

namespace runde::net {

class HttpConnection;
using SteadyTime = std::chrono::steady_clock::time_point;

/// What connections share: the listener's side of HttpServer.
class HttpServer::Impl : public std::enable_shared_from_this<HttpServer::Impl> {
public:
    Impl(Runtime& runtime, HttpServerOptions options, Handler handler);

    Runtime& runtime;
    const HttpServerOptions options;
    const Handler handler;
    Counts counts;
    bool stopping = false;
    std::list<std::shared_ptr<HttpConnection>> connections;

    /// What a peer's connections are counted under; empty: not counted.
    std::string counted_as(const std::string& peer) const;
    /// False: it has too many already.
    bool count_in(const std::string& peer);
    void count_out(const std::string& peer);

    void start();
    void stop_accepting();
    std::uint16_t port() const { return port_; }
    void reload_tls();
    /// The address to hold a client to: the peer's, or what a trusted proxy says.
    void fill_in_client(Request& request, const std::string& peer);
    void warn_of_unknown_proxy();
    std::span<char> scratch() { return scratch_; }
    std::string_view date();

private:
    void accept();
    void accept_later();
    void sweep();
    bool is_trusted(const std::string& address) const;

    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type> acceptor_;
    std::shared_ptr<const class TlsContext> tls_;
    std::uint16_t port_ = 0;
    std::vector<Network> trusted_, unlimited_;
    std::unordered_map<std::string, std::size_t> per_address_;
    std::vector<char> scratch_ = std::vector<char>(64 * 1024);
    std::shared_ptr<void> sweep_timer_, accept_timer_;
    bool told_about_accepting_ = false;
    std::string date_;
    std::int64_t date_second_ = 0;
    std::optional<std::int64_t> told_about_proxy_ms_;
};

/// One connection and its requests, one after the other. See HttpServer for what holds.
class HttpConnection : public TransportUser {
public:
    HttpConnection(std::shared_ptr<HttpServer::Impl> server, std::unique_ptr<Transport> transport);

    void start();
    /// Closes it when it has taken too long for what it is doing.
    void check_deadline(SteadyTime now);
    /// The server stops: answer a parked poll, close if idle.
    void wind_up();
    void close();
    /// Something is still to be said to the client.
    bool is_busy() const { return state_ != State::idle && state_ != State::draining && state_ != State::handshake; }

    std::list<std::shared_ptr<HttpConnection>>::iterator place;  ///< In the server's list.
    std::string counted_as;                                      ///< See HttpServer::Impl.

private:
    enum class State { handshake, idle, reading, handling, parked, writing, streaming, draining, closed };

    /// What exists only while a request is read and answered.
    struct Exchange {
        explicit Exchange(const HttpLimits& limits) : reader(limits) {}
        RequestReader reader;
        Request request;
        Response response;
        std::string head;
        bool deadline_is_for_body = false;
    };

    void on_ready(bool ok) override;
    void on_readable() override;
    void on_written(bool ok) override;

    void wait_readable();
    void read();
    void take_in(std::string_view data);
    void look_at_reader();
    void refuse(const EdgeRefusal& why);
    void handle();
    static Task<> handle_request(std::shared_ptr<HttpConnection> self);
    void respond(Response response);
    void park(std::unique_ptr<Parked> poll);
    void watch_parked();
    void unpark(Response response);
    void write(Response response);
    std::string head_of(const Response& response, bool chunked);
    void written();
    Task<> stream(Response response);
    Task<bool> write_piece(std::string piece);
    void drain();
    void set_deadline(Milliseconds from_now);
    bool body_is_sent(int status) const;

    std::shared_ptr<HttpServer::Impl> server_;
    std::unique_ptr<Transport> transport_;
    std::unique_ptr<Exchange> exchange_;
    std::unique_ptr<Parked> poll_;
    std::string pending_;  ///< Received, not yet read by a RequestReader.
    std::unique_ptr<std::function<void(bool)>> piece_written_;  ///< Of stream().
    SteadyTime deadline_ = SteadyTime::max();
    std::uint32_t drained_ = 0;
    State state_ = State::handshake;
    bool keep_alive_ = true, http_1_0_ = false, head_only_ = false;
    bool waiting_ = false;  ///< A wait_readable() of the transport is under way: there is never a second one.
};

}  // namespace runde::net
