#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/session.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"

namespace runde::net {
class Runtime;
}
namespace runde::storage {
class Database;
class Numbers;
class Tx;
}  // namespace runde::storage

namespace runde::accounts {

struct Options;

/// What a client is given when it signs in or refreshes.
struct Tokens {
    std::string access;
    std::optional<std::string> refresh;
    std::optional<std::int64_t> expires_in_ms;  ///< Only with a refresh token: others do not expire.
};

/// What a client says about itself when it signs in.
struct DeviceRequest {
    std::optional<std::string> device_id;     ///< Absent: one is made up.
    std::optional<std::string> display_name;  ///< Ignored when the device is known.
    bool wants_refresh_token = false;
};

/// Access tokens and the sessions behind them.
///
/// Invariants
///  - The database and this cache hold only SHA-256 of a token: who reads either cannot sign in with it.
///  - require() costs no query for a token seen before and one for a token not seen since the start.
///  - A session that was closed is refused from that moment on: close_* evicts, and a look-up that was under
///  way
///    meanwhile is not cached.
///  - Two generations of at most 50,000 tokens each; what was not used for a whole generation is read again.
/// https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens
class Sessions {
public:
    Sessions(net::Runtime& runtime, storage::Database& db, storage::Numbers& numbers, const Options& options);
    ~Sessions();

    /// Throws Refusal(unknown_token); with "soft_logout": true when the token has only expired.
    net::Task<Session> require(std::string_view token);

    /// Makes tokens for a device and writes them in the caller's transaction. Tokens that the device had are
    /// void (call forget_device after the commit). Split in two because numbers are drawn on the I/O thread.
    struct Opening {
        schema::DeviceNid fresh_nid;  ///< For a device that is not known yet.
        std::string device_id;
        std::optional<std::string> display_name;
        Tokens tokens;
        std::int64_t now_ms;
        std::int64_t refresh_expires = 0;  ///< ms
    };
    /// Checks what the client says (Refusal invalid_param) and makes up the rest.
    Opening prepare(const DeviceRequest& request);
    /// Returns the device's number: `fresh_nid`, or that of the known device.
    static schema::DeviceNid write(storage::Tx& tx, schema::UserNid user, const Opening& opening);

    /// POST /refresh. Throws Refusal(unknown_token), user_locked.
    net::Task<Tokens> refresh(std::string_view refresh_token);

    /// Forget what is cached, because the database says otherwise now.
    void forget_device(schema::DeviceNid device);
    void forget_user(schema::UserNid user);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace runde::accounts
