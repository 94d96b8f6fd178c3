#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "federation/options.hpp"

namespace runde::server {

/// The configuration cannot be used; the text says where and why and is meant for the operator.
struct ConfigError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// [[listener]]: one address that the server answers at.
struct Listener {
    std::string bind = "127.0.0.1";
    std::int64_t port = 8008;
    std::string tls_certificate, tls_key;
    std::vector<std::string> serves = {"client", "federation", "web", "admin"};
    std::vector<std::string> trusted_proxies;
    std::int64_t max_body_bytes = 8 * 1024 * 1024;
};

/// Everything an operator can decide. What each key means stands in describe() (config_keys.cpp), which reading,
/// checking, the environment and the sample file all go through.
struct Config {
    std::string server_name = "localhost";
    std::string data = "data";
    std::string public_url;
    std::vector<std::string> appservices;
    std::vector<Listener> listeners = {Listener{}};
    struct Database {
        std::string url;
        std::int64_t readers = 3;
        std::string durability = "safe";
    } database;
    struct Registration {
        std::string mode = "application";
        std::string shared_secret;
        std::string terms_url, terms_url_english, terms_version = "1";
    } registration;
    struct Support {
        std::string matrix_id, email, page;
    } support;
    struct Node {
        std::string name;
        std::string quick_exit = "https://www.dwd.de/";
    } node;
    struct RateLimits {
        bool enabled = true;
    } rate_limits;
    struct Federation {
        bool enabled = false;
        std::vector<std::string> partners;
        std::string trusted_ca_file;
        std::vector<std::string> allow_private_addresses;
        std::map<std::string, std::string> resolve;
        std::vector<std::string> notaries;
        std::map<std::string, std::string> old_verify_keys;
    } federation;
    struct Media {
        std::int64_t max_upload_bytes = 50 * 1024 * 1024;
        std::string folder;
    } media;
    struct Mail {
        std::string server, user, password, from, trusted_ca_file;
        std::int64_t port = 587;
        std::string tls = "starttls";
    } mail;
    struct Admission {
        std::int64_t after_decision_days = 14, without_reaction_days = 60;
        bool knocks_from_everywhere = true;
    } admission;
    struct Turn {
        std::vector<std::string> uris;
        std::string shared_secret;
        std::int64_t lifetime_seconds = 3600;
    } turn;
    struct Meetings {
        std::string provider, url, secret;
    } meetings;
    struct Retention {
        std::int64_t talk_days = 0, counselling_days = 30;
    } retention;
    struct Log {
        std::string level = "info";
    } log;
};

/// Visits every key once. The references stay valid only during the visit of a reader.
class Keys {
public:
    virtual ~Keys() = default;
    /// Starts [name]; keys before the first section stand at the top of the file.
    virtual void section(std::string_view name, std::string_view comment) = 0;
    virtual void key(std::string_view name, std::string& value, std::string_view comment) = 0;
    virtual void key(std::string_view name, std::int64_t& value, std::string_view comment) = 0;
    virtual void key(std::string_view name, bool& value, std::string_view comment) = 0;
    virtual void key(std::string_view name, std::vector<std::string>& value, std::string_view comment) = 0;
    virtual void key(std::string_view name, std::map<std::string, std::string>& value, std::string_view comment) = 0;
    /// Like a text, and may also be given as the name of a file that holds it: `<name>_file`.
    virtual void secret(std::string_view name, std::string& value, std::string_view comment) = 0;
};
void describe(Config& config, Keys& keys);      ///< All but the listeners.
void describe(Listener& listener, Keys& keys);  ///< The keys of one [[listener]].

/// Reads a variable of the environment; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

/// `toml`: the file's text, `name` of it for messages. Unknown keys, wrong types and impossible values are errors
/// that name the place. RUNDE_<SECTION>_<KEY> in the environment wins over the file (RUNDE_<KEY> for the keys at the
/// top, RUNDE_LISTENER_<KEY> for the first listener). Throws ConfigError.
Config read_config(std::string_view toml, const std::string& name, const Environment& environment);
/// Values that do not fit together, or that this version cannot do yet. Throws ConfigError.
void check(const Config& config);
/// [federation] as its parts take it. Throws ConfigError.
federation::Options federation_options(const Config& config);
/// The whole configuration as a commented file, every key with its default. docs/runde.toml.sample is this text.
std::string sample_config();

}  // namespace runde::server
