#pragma once
// For net's own .cpp files.
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/http_client.hpp"
#include "net/tls.hpp"
#include "net/transport.hpp"

namespace runde::net {

/// One connection to another server, step by step. Every step throws FetchFailed and has its own deadline.
class ClientConnection : public TransportUser {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit ClientConnection(Runtime& runtime) : runtime_(runtime) {}
    ~ClientConnection() override;

    Task<> connect(const std::string& address, std::uint16_t port, Time deadline);
    /// `context` empty: plain.
    Task<> start(std::shared_ptr<const TlsContext> context, const std::string& name, Time deadline);
    /// Sends `head` and `body` and reads the answer.
    Task<ClientResponse> exchange(std::string head, const std::string& body, bool head_only, const FetchLimits& limits,
                                  Time deadline);

    void close();

    bool heard_anything() const { return heard_; }  ///< Of the last exchange's answer.
    bool is_reusable() const { return reusable_; }
    /// The other side has neither closed it nor sent what nobody asked for.
    bool is_still_quiet();

    std::string key;  ///< What it is kept under while idle.
    Time idle_since{};

private:
    void on_ready(bool ok) override { wake(ok); }
    void on_readable() override { wake(true); }
    void on_written(bool ok) override { wake(ok); }
    void wake(bool ok);
    /// Waits for wake(); `otherwise` is thrown when it says no.
    Task<> event(Time deadline, FetchError otherwise);

    Runtime& runtime_;
    std::unique_ptr<Socket> connecting_;
    std::unique_ptr<Transport> transport_;
    std::function<void()> resume_;
    bool woken_ = false, ok_ = false, heard_ = false, reusable_ = false;
};

}  // namespace runde::net
