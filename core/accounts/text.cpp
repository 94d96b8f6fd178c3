#include "core/accounts/text.hpp"

#include <sodium.h>

#include "schema/refusal.hpp"
#include "schema/signing.hpp"

namespace runde::accounts {

namespace {

/// `count` characters of `alphabet`, each as likely as the other.
std::string random_of(std::string_view alphabet, std::size_t count) {
    std::string text;
    while (text.size() < count) {
        for (const unsigned char byte : schema::random_bytes(2 * count)) {
            if (byte >= 256 / alphabet.size() * alphabet.size()) continue;  // Would favour the first letters.
            text += alphabet[byte % alphabet.size()];
            if (text.size() == count) break;
        }
    }
    return text;
}

// Without 0/o, 1/l/i: people copy these from a screen or a letter.
constexpr std::string_view easy_letters = "abcdefghjkmnpqrstuvwxyz23456789";

}  // namespace

void check_text(std::string_view what, std::string_view text, std::size_t shortest, std::size_t longest) {
    const auto refuse = [&](std::string_view why) {
        throw schema::Refusal(schema::Reason::invalid_param, std::string(what) + " " + std::string(why));
    };
    if (text.size() < shortest) refuse("is too short");
    if (text.size() > longest) refuse("is too long");
    for (const unsigned char byte : text)
        if (byte < 0x20 || byte == 0x7F) refuse("holds a control character");
}

std::string random_device_id() { return random_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10); }

std::string random_localpart() { return random_of(easy_letters, 10); }

std::string random_password() {
    std::string password = random_of(easy_letters, 20);
    for (const std::size_t at : {15u, 10u, 5u}) password.insert(at, 1, '-');
    return password;
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace runde::accounts
