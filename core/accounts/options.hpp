#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schema/ids.hpp"

namespace runde::accounts {

/// Who may make an account by POST /register.
enum class RegistrationMode {
    closed,       ///< Nobody; an operator makes accounts.
    token,        ///< Who holds a registration token.
    open,         ///< Anybody.
    application,  ///< Nobody: people apply in the web page and are admitted by a person.
};

/// A text that new members accept (m.login.terms).
struct Policy {
    struct Translation {
        std::string name, url;
    };
    std::string id;                                   ///< "privacy_policy"
    std::string version;                              ///< "1.2"
    std::map<std::string, Translation> translations;  ///< By language: "de", "en".
};

/// What the operator decides about accounts.
struct Options {
    schema::ServerName server_name;
    RegistrationMode registration = RegistrationMode::closed;
    std::string shared_secret = {};  ///< Empty: /_synapse/admin/v1/register is off.
    std::vector<Policy> terms = {};
    std::int64_t access_token_ms = 60 * 60 * 1000;  ///< Of clients that can refresh; others do not expire.
    std::int64_t refresh_token_ms = std::int64_t{180} * 24 * 3600 * 1000;  ///< Renewed at every refresh.
    bool profiles_need_sign_in = false;  ///< GET /profile without a token is refused.
};

}  // namespace runde::accounts
