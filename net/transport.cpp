#include "net/transport.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace runde::net {

namespace asio = boost::asio;

namespace {

class PlainTransport : public Transport {
public:
    using Transport::Transport;

    void start(TransportUser& user) override {
        user_ = &user;
        user.on_ready(true);
    }
    Got read_now(std::span<char> into) override { return receive_now(into); }
    Progress write(std::vector<iovec> pieces) override {
        pieces_ = std::move(pieces);
        next_ = 0;
        const auto progress = send_now(pieces_, next_);
        if (progress == Progress::pending)
            wait_writable();
        else
            std::vector<iovec>().swap(pieces_);
        return progress;
    }
    void finish_writing() override {
        boost::system::error_code gone;
        socket_.shutdown(Socket::shutdown_send, gone);
    }
    bool is_tls() const override { return false; }

private:
    void wait_writable() {
        socket_.async_wait(Socket::wait_write, [this, keep = user()](boost::system::error_code error) {
            if (error == asio::error::operation_aborted || !is_open()) return;
            const auto progress = error ? Progress::failed : send_now(pieces_, next_);
            if (progress == Progress::pending) return wait_writable();
            std::vector<iovec>().swap(pieces_);
            keep->on_written(progress == Progress::done);
        });
    }

    std::vector<iovec> pieces_;
    std::size_t next_ = 0;
};

}  // namespace

Transport::Transport(Socket socket) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

std::unique_ptr<Transport> Transport::plain(Socket socket) { return std::make_unique<PlainTransport>(std::move(socket)); }

void Transport::wait_readable() {
    socket_.async_wait(Socket::wait_read, [this, keep = user()](boost::system::error_code error) {
        // Any other error shows when it is read.
        if (error != asio::error::operation_aborted && is_open()) keep->on_readable();
    });
}

void Transport::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

std::string Transport::peer_address() const {
    boost::system::error_code error;
    const auto peer = socket_.remote_endpoint(error);
    if (error) return {};
    const auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

Transport::Got Transport::receive_now(std::span<char> into) {
    for (;;) {
        const auto received = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
        if (received > 0) return {Got::data, static_cast<std::size_t>(received)};
        if (received == 0) return {Got::closed};
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {Got::would_block};
        if (errno != EINTR) return {Got::closed};
    }
}

Transport::Progress Transport::send_now(std::vector<iovec>& pieces, std::size_t& next) {
    constexpr std::size_t most_pieces = 1024;  // IOV_MAX
    while (next < pieces.size()) {
        msghdr message{};
        message.msg_iov = pieces.data() + next;
        message.msg_iovlen = std::min(most_pieces, pieces.size() - next);
        const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EINTR) continue;
            return errno == EAGAIN || errno == EWOULDBLOCK ? Progress::pending : Progress::failed;
        }
        auto left = static_cast<std::size_t>(sent);
        while (next < pieces.size() && left >= pieces[next].iov_len) left -= pieces[next++].iov_len;
        if (left > 0) {
            pieces[next].iov_base = static_cast<char*>(pieces[next].iov_base) + left;
            pieces[next].iov_len -= left;
        }
    }
    return Progress::done;
}

}  // namespace runde::net
