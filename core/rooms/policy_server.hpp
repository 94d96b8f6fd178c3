#pragma once
#include <memory>
#include <optional>
#include <string>

#include "core/rooms/room.hpp"

namespace runde::rooms {

/// The server that looks at a room's events before they are shown.
/// https://spec.matrix.org/v1.19/server-server-api/#policy-servers
struct PolicyServer {
    static constexpr std::string_view key_id = "ed25519:policy_server";
    std::string name;
    std::string public_key;                              ///< 32 raw bytes, as the room's state names it.
};

/// What an m.room.policy says; nullptr when it names nobody, or no key.
std::shared_ptr<const PolicyServer> read_policy_server(const schema::JsonObject& content);
/// nullptr: the room has none, or names one that no member of it is on. By the current state.
std::shared_ptr<const PolicyServer> policy_server_of(const Room& room);
/// Whether that is our server, under the key that it has now: then nobody is asked for our own events, they are signed twice.
bool is_own_policy_server(const Room& room);
/// What a room says that is to be watched over by our server. Only where Identity::policy_key is set.
schema::JsonObject own_policy_content(const Identity& identity);
/// Derived from the signing key, and changes with it: what names the old one is renewed at the next start (federation/policy).
schema::SigningKey policy_key_of(const schema::SigningKey& signing_key);
/// m.room.policy itself is never shown to the policy server: that is how a room gets rid of one.
bool is_policy_choice(std::string_view type, const std::optional<std::string>& state_key);

}  // namespace runde::rooms
