#include "core/accounts/passwords.hpp"

#include <sodium.h>

#include <array>
#include <new>
#include <stdexcept>

#include "net/runtime.hpp"
#include "schema/refusal.hpp"

namespace runde::accounts {

namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory = 19 * 1024 * 1024;
constexpr std::size_t longest = 512;

void start_sodium() {
    static const int ready = sodium_init();
    if (ready < 0) throw std::runtime_error("libsodium does not start");
}

std::size_t characters(std::string_view utf8) {
    std::size_t count = 0;
    for (const unsigned char byte : utf8) count += (byte & 0xC0) != 0x80;
    return count;
}

}  // namespace

void check_password_strength(std::string_view password, std::string_view localpart) {
    using schema::Reason, schema::Refusal;
    if (password.size() > longest) throw Refusal(Reason::invalid_param, "The password is too long.");
    if (characters(password) < 8) throw Refusal(Reason::weak_password, "The password needs at least 8 characters.");
    if (password == localpart) throw Refusal(Reason::weak_password, "The password is the same as the user name.");
}

std::string Passwords::hash_now(std::string_view password) {
    start_sodium();
    std::array<char, crypto_pwhash_STRBYTES> out{};
    if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), passes, memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
        throw std::bad_alloc();
    return out.data();
}

net::Task<std::string> Passwords::hash(std::string password) {
    auto hashed = co_await runtime_.on_hash_thread([password = std::move(password)] { return hash_now(password); });
    co_return hashed;
}

net::Task<bool> Passwords::matches(std::string password, std::optional<std::string> stored) {
    const bool match = co_await runtime_.on_hash_thread([password = std::move(password), stored = std::move(stored)]() mutable {
        start_sodium();
        if (password.size() > longest) password.clear();  // Cannot be right; costs the same.
        if (!stored) {
            hash_now(password);
            return false;
        }
        return crypto_pwhash_str_verify(stored->c_str(), password.data(), password.size()) == 0;
    });
    co_return match;
}

}  // namespace runde::accounts
