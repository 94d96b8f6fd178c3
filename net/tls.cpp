#include "net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <stdexcept>

namespace runde::net {

namespace asio = boost::asio;

namespace {

[[noreturn]] void fail(const std::string& what) {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = ERR_reason_error_string(code);
    throw std::runtime_error(what + (reason ? std::string(": ") + reason : ""));
}

SSL_CTX* new_context(const SSL_METHOD* method) {
    SSL_CTX* context = SSL_CTX_new(method);
    if (!context) fail("OpenSSL cannot be used");
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
    // A waiting connection gives its 34 KB of record buffers back.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

int choose_http_1_1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/// TLS over a socket without Asio's stream: OpenSSL reads from and writes to strings of ours (through a BIO
/// of our own), and those are empty while nothing happens. 17 KB per waiting connection instead of 75 KB.
class TlsTransport : public Transport {
public:
    TlsTransport(Socket socket, std::shared_ptr<const TlsContext> context)
        : Transport(std::move(socket)), context_(std::move(context)), ssl_(SSL_new(context_->get())) {
        if (!ssl_) fail("no TLS connection");
        BIO* bio = BIO_new(bio_method());
        BIO_set_data(bio, this);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_, bio, bio);
    }
    ~TlsTransport() override { SSL_free(ssl_); }
    SSL* ssl() { return ssl_; }

    void start(TransportUser& user) override {
        user_ = &user;
        // Never from inside start(), so that the user need not care which kind it has.
        asio::post(socket_.get_executor(), [this, keep = this->user()] {
            if (is_open()) shake_hands();
        });
    }

    Got read_now(std::span<char> into) override {
        for (;;) {
            ERR_clear_error();
            const int got = SSL_read(ssl_, into.data(), static_cast<int>(into.size()));
            keep_rest();
            starved_ = false;
            if (got > 0) return {Got::data, static_cast<std::size_t>(got)};
            if (SSL_get_error(ssl_, got) != SSL_ERROR_WANT_READ) return {Got::closed};
            const auto received = refill();
            if (received.what != Got::data) {
                send_alerts();
                starved_ = true;
                return {received.what};
            }
        }
    }

    void wait_readable() override {
        const bool something_here = !incoming_.empty() || SSL_pending(ssl_) > 0;
        if (starved_ || !something_here) return Transport::wait_readable();
        asio::post(socket_.get_executor(), [this, keep = user()] {
            if (is_open()) keep->on_readable();
        });
    }

    Progress write(std::vector<iovec> pieces) override {
        plain_ = std::move(pieces);
        next_plain_ = 0;
        const auto progress = write_on();
        if (progress == Progress::pending) wait_writable();
        return progress;
    }

    void finish_writing() override {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        send_alerts();
        boost::system::error_code gone;
        socket_.shutdown(Socket::shutdown_send, gone);
    }
    bool is_tls() const override { return true; }

private:
    static constexpr std::size_t record_bytes = 16 * 1024;

    // What OpenSSL does not take from the socket's bytes in one go is kept in incoming_; until then view_
    // looks at the thread's scratch buffer.
    static std::span<char> scratch() {
        static thread_local std::array<char, 20 * 1024> buffer;
        return buffer;
    }

    Got refill() {
        const auto received = receive_now(scratch());
        if (received.what == Got::data) {
            incoming_.append(scratch().data(), received.bytes);
            view_ = incoming_;
        }
        return received;
    }
    void keep_rest() {
        if (view_.size() == incoming_.size()) return;
        std::string(view_).swap(incoming_);
        view_ = incoming_;
    }

    void shake_hands() {
        for (;;) {
            ERR_clear_error();
            const int result = SSL_do_handshake(ssl_);
            keep_rest();
            const auto flushed = flush();
            if (flushed == Progress::failed) return user_->on_ready(false);
            const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
            if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) return user_->on_ready(false);
            if (flushed == Progress::pending) return shake_hands_when(Socket::wait_write);
            if (error == SSL_ERROR_NONE) {
                starved_ = false;  // The first request may have come along with the last of the handshake.
                return user_->on_ready(true);
            }
            const auto received = refill();
            if (received.what == Got::closed) return user_->on_ready(false);
            if (received.what == Got::would_block) return shake_hands_when(Socket::wait_read);
        }
    }
    void shake_hands_when(Socket::wait_type what) {
        socket_.async_wait(what, [this, keep = user()](boost::system::error_code error) {
            if (error != asio::error::operation_aborted && is_open()) shake_hands();
        });
    }

    /// Encrypts and sends record by record, so that a big answer is not held twice.
    Progress write_on() {
        for (;;) {
            const auto flushed = flush();
            if (flushed != Progress::done) return flushed;
            if (next_plain_ >= plain_.size()) {
                std::vector<iovec>().swap(plain_);
                return Progress::done;
            }
            if (!encrypt_next()) return Progress::failed;
        }
    }
    /// Small pieces share a record.
    bool encrypt_next() {
        static thread_local std::array<char, record_bytes> record;
        std::size_t filled = 0;
        while (next_plain_ < plain_.size() && filled < record.size()) {
            auto& piece = plain_[next_plain_];
            const std::size_t take = std::min(record.size() - filled, piece.iov_len);
            std::memcpy(record.data() + filled, piece.iov_base, take);
            filled += take;
            piece.iov_base = static_cast<char*>(piece.iov_base) + take;
            piece.iov_len -= take;
            if (piece.iov_len == 0) ++next_plain_;
        }
        if (filled == 0) return true;
        ERR_clear_error();
        // Our BIO takes everything, so a record is written whole or not at all.
        return SSL_write(ssl_, record.data(), static_cast<int>(filled)) == static_cast<int>(filled);
    }
    void wait_writable() {
        socket_.async_wait(Socket::wait_write, [this, keep = user()](boost::system::error_code error) {
            if (error == asio::error::operation_aborted || !is_open()) return;
            const auto progress = error ? Progress::failed : write_on();
            if (progress == Progress::pending) return wait_writable();
            keep->on_written(progress == Progress::done);
        });
    }

    Progress flush() {
        if (outgoing_.empty()) return Progress::done;
        std::vector<iovec> pieces{{outgoing_.data(), outgoing_.size()}};
        std::size_t next = 0;
        const auto progress = send_now(pieces, next);
        if (progress == Progress::done)
            std::string().swap(outgoing_);
        else if (progress == Progress::pending)
            outgoing_.erase(0, outgoing_.size() - pieces[0].iov_len);
        return progress;
    }
    /// Alerts and the like, unless a write is under way that will send them. If the socket is full they wait
    /// for the next write.
    void send_alerts() {
        if (plain_.empty()) flush();
    }

    static int bio_read(BIO* bio, char* into, int size) {
        auto& self = *static_cast<TlsTransport*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        if (self.view_.empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        const auto taken = self.view_.copy(into, static_cast<std::size_t>(size));
        self.view_.remove_prefix(taken);
        return static_cast<int>(taken);
    }
    static int bio_write(BIO* bio, const char* from, int size) {
        auto& self = *static_cast<TlsTransport*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        self.outgoing_.append(from, static_cast<std::size_t>(size));
        return size;
    }
    static long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
    static BIO_METHOD* bio_method() {
        static BIO_METHOD* const method = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "runde strings");
            BIO_meth_set_read(made, bio_read);
            BIO_meth_set_write(made, bio_write);
            BIO_meth_set_ctrl(made, bio_control);
            return made;
        }();
        return method;
    }

    std::shared_ptr<const TlsContext> context_;
    SSL* ssl_;
    std::string incoming_;  // From the network, not yet read by OpenSSL: view_ is its unread end.
    std::string_view view_;
    bool starved_ = true;       // What is in incoming_ is less than a record: only the network helps.
    std::string outgoing_;      // From OpenSSL, not yet sent.
    std::vector<iovec> plain_;  // Of the write under way.
    std::size_t next_plain_ = 0;
};

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::shared_ptr<const TlsContext> TlsContext::server(const std::string& certificate_file, const std::string& key_file) {
    auto context = std::shared_ptr<TlsContext>(new TlsContext(new_context(TLS_server_method())));
    if (SSL_CTX_use_certificate_chain_file(context->get(), certificate_file.c_str()) != 1)
        fail("the TLS certificate " + certificate_file + " cannot be used");
    if (SSL_CTX_use_PrivateKey_file(context->get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        fail("the TLS key " + key_file + " cannot be used");
    if (SSL_CTX_check_private_key(context->get()) != 1)
        fail("the TLS key " + key_file + " does not belong to the certificate " + certificate_file);
    SSL_CTX_set_alpn_select_cb(context->get(), choose_http_1_1, nullptr);
    return context;
}

std::shared_ptr<const TlsContext> TlsContext::client(const std::string& extra_ca_file) {
    auto context = std::shared_ptr<TlsContext>(new TlsContext(new_context(TLS_client_method())));
    SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_default_verify_paths(context->get());
    if (!extra_ca_file.empty() && SSL_CTX_load_verify_file(context->get(), extra_ca_file.c_str()) != 1)
        fail("the CA file " + extra_ca_file + " cannot be used");
    return context;
}

std::unique_ptr<Transport> tls_server(Socket socket, std::shared_ptr<const TlsContext> context) {
    auto transport = std::make_unique<TlsTransport>(std::move(socket), std::move(context));
    SSL_set_accept_state(transport->ssl());
    return transport;
}

std::unique_ptr<Transport> tls_client(Socket socket, std::shared_ptr<const TlsContext> context, const std::string& name) {
    auto transport = std::make_unique<TlsTransport>(std::move(socket), std::move(context));
    SSL* ssl = transport->ssl();
    SSL_set_connect_state(ssl);
    boost::system::error_code no_address;
    asio::ip::make_address(name, no_address);
    if (no_address) {
        SSL_set_tlsext_host_name(ssl, name.c_str());
        SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(ssl, name.c_str());
    } else {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
    }
    return transport;
}

}  // namespace runde::net
