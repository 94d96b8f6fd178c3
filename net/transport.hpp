#pragma once
// For net's own .cpp files: sockets stop here.
#include <sys/uio.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace runde::net {

/// Asio's socket without the type-erased executor: smaller, and there is only one loop.
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Who is told what a Transport's socket does. Kept alive by every wait that is under way.
class TransportUser : public std::enable_shared_from_this<TransportUser> {
public:
    virtual ~TransportUser() = default;
    virtual void on_ready(bool ok) = 0;    ///< The handshake ended (plain: at once, from inside start()).
    virtual void on_readable() = 0;        ///< read_now() has something to say.
    virtual void on_written(bool ok) = 0;  ///< A write() that was pending has ended.
};

/// A connected stream, plain or TLS. Does not read ahead and owns no buffer while it waits, so that thousands
/// of waiting connections stay small. Everything on the I/O thread.
class Transport {
public:
    enum class Progress { done, pending, failed };
    struct Got {
        enum What { data, would_block, closed } what;
        std::size_t bytes = 0;
    };

    explicit Transport(Socket socket);
    virtual ~Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    virtual void start(TransportUser& user) = 0;
    /// Reads what is there, at most `into`, without waiting.
    virtual Got read_now(std::span<char> into) = 0;
    /// on_readable() once, when there is something to read or the other side has gone.
    virtual void wait_readable();
    /// Sends all of `pieces`, which must stay where they are until it has ended: `done` at once, or `pending`
    /// and on_written() later. One write at a time.
    virtual Progress write(std::vector<iovec> pieces) = 0;
    /// No more will be written; the other side sees the end of the stream.
    virtual void finish_writing() = 0;
    void close();
    bool is_open() const { return socket_.is_open(); }
    virtual bool is_tls() const = 0;

    std::string peer_address() const;  ///< Without port; IPv4 also when it came in mapped to IPv6. Empty when gone.

    static std::unique_ptr<Transport> plain(Socket socket);

protected:
    std::shared_ptr<TransportUser> user() const { return user_->shared_from_this(); }
    /// Sends from `pieces` (advancing them) until the socket is full.
    Progress send_now(std::vector<iovec>& pieces, std::size_t& next);
    Got receive_now(std::span<char> into);

    Socket socket_;
    TransportUser* user_ = nullptr;
};

}  // namespace runde::net
