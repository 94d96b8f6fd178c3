#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "net/task.hpp"

namespace runde::net {
class Runtime;
}

namespace runde::accounts {

/// Refuses (weak_password, invalid_param) what may not become a password: fewer than 8 characters, more than
/// 512 bytes, or the name itself.
/// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register (M_WEAK_PASSWORD)
void check_password_strength(std::string_view password, std::string_view localpart = {});

/// Argon2id, 19 MiB, two passes: about 20 ms. Runs on the hashing thread with its bounded queue, so that
/// sign-ins cannot starve the rest; throws Refusal(limit_exceeded) when that queue is full.
class Passwords {
public:
    explicit Passwords(net::Runtime& runtime) : runtime_(runtime) {}

    net::Task<std::string> hash(std::string password);
    /// Takes as long when there is nothing to compare with, so that time does not tell which accounts exist.
    net::Task<bool> matches(std::string password, std::optional<std::string> stored);
    /// For start-up and the command line: blocks.
    static std::string hash_now(std::string_view password);

private:
    net::Runtime& runtime_;
};

}  // namespace runde::accounts
