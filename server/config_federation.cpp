#include <fmt/format.h>

#include <charconv>

#include "net/addresses.hpp"
#include "schema/signing.hpp"
#include "server/config.hpp"

namespace runde::server {

namespace {

std::vector<schema::ServerName> servers(const std::vector<std::string>& names, std::string_view key) {
    std::vector<schema::ServerName> list;
    for (const auto& name : names) {
        const auto server = schema::ServerName::parse(name);
        if (!server) throw ConfigError(fmt::format("[federation] {}: \"{}\" is not the name of a server", key, name));
        list.push_back(*server);
    }
    return list;
}

federation::RetiredKey retired_key(const std::string& id, const std::string& text) {
    const auto fail = [&] {
        throw ConfigError(fmt::format("[federation] old_verify_keys: \"{}\" must be \"<public key in base64> <ms>\"", id));
    };
    const auto space = text.find(' ');
    if (!id.starts_with("ed25519:") || space == text.npos) fail();
    const auto key = schema::decode_base64(std::string_view(text).substr(0, space));
    std::int64_t expired = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + space + 1, end, expired);
    if (!key || key->size() != 32 || stop != end || error != std::errc()) fail();
    return {id, key.value(), expired};
}

}  // namespace

federation::Options federation_options(const Config& config) {
    const auto& from = config.federation;
    federation::Options options{.enabled = from.enabled,
                                .partners = servers(from.partners, "partners"),
                                .notaries = servers(from.notaries, "notaries"),
                                .retired_keys = {},
                                .trusted_ca_file = from.trusted_ca_file,
                                .allow_private_addresses = from.allow_private_addresses,
                                .resolve = from.resolve,
                                .version = ""};
    for (const auto& [id, text] : from.old_verify_keys) options.retired_keys.push_back(retired_key(id, text));
    for (const auto& network : from.allow_private_addresses)
        if (!net::Network::parse(network))
            throw ConfigError(fmt::format("[federation] allow_private_addresses: \"{}\" is no network", network));
    for (const auto& [name, target] : from.resolve)
        if (!schema::ServerName::parse(name) || !schema::ServerName::parse(target))
            throw ConfigError(fmt::format("[federation] resolve: \"{}\" = \"{}\" is not name = host:port", name, target));
    return options;
}

}  // namespace runde::server
