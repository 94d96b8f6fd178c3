#pragma once
// For net's own .cpp files.
#include <memory>
#include <string>

#include "net/transport.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX; its header stays in tls.cpp.

namespace runde::net {

/// Certificates and rules for connections: TLS 1.2 and newer, forward secrecy only. Shared by connections, so
/// that a renewed certificate can replace it while old connections go on.
class TlsContext {
public:
    /// Throws std::runtime_error with a text for the operator when a file cannot be used.
    static std::shared_ptr<const TlsContext> server(const std::string& certificate_file, const std::string& key_file);
    /// For connecting: trusts the system's certificates, and those in `extra_ca_file` if it is not empty.
    static std::shared_ptr<const TlsContext> client(const std::string& extra_ca_file);

    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ssl_ctx_st* get() const { return context_; }

private:
    explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
    ssl_ctx_st* context_;
};

std::unique_ptr<Transport> tls_server(Socket socket, std::shared_ptr<const TlsContext> context);
/// `name`: a host name or an IP literal; the certificate must be for it.
std::unique_ptr<Transport> tls_client(Socket socket, std::shared_ptr<const TlsContext> context, const std::string& name);

}  // namespace runde::net
