#include "core/rooms/policy_server.hpp"

#include <algorithm>
#include <array>

#include "schema/signing.hpp"

namespace runde::rooms {

namespace {

/// What m.room.policy says in the rooms where something happened lately: asked for several times with every event, decoded once
/// per change. A place holds one, known by its bytes.
class RecentPolicies {
public:
    std::shared_ptr<const PolicyServer> of(const StateEvent& state) {
        auto& entry = entries_[std::hash<net::Bytes>()(state.json) / 16 % entries_.size()];
        if (entry.json != state.json) entry = {state.json, read_policy_server(state.event()->content())};
        return entry.policy;
    }

private:
    struct Entry {
        net::Bytes json;
        std::shared_ptr<const PolicyServer> policy;
    };
    std::array<Entry, 256> entries_;
};

thread_local RecentPolicies recent_policies;  // Rooms live on the I/O thread, of which tests have several.

}  // namespace

std::shared_ptr<const PolicyServer> read_policy_server(const schema::JsonObject& content) {
    const auto via = schema::string_at(content, "via");
    const auto* keys = schema::object_at(content, "public_keys");
    const auto text = keys ? schema::string_at(*keys, "ed25519") : std::nullopt;
    auto key = text ? schema::decode_base64(*text) : std::nullopt;
    if (!via || !key || key->size() != 32) return nullptr;
    return std::make_shared<PolicyServer>(PolicyServer{std::string(*via), *std::move(key)});
}

std::shared_ptr<const PolicyServer> policy_server_of(const Room& room) {
    const auto state = room.state("m.room.policy");
    const auto named = state ? recent_policies.of(*state) : nullptr;
    if (!named) return nullptr;
    const bool is_ours = named->name == room.parts().identity.server.str();
    const bool is_in = is_ours ? std::ranges::any_of(room.local_members(),
                                                     [](const auto& entry) { return entry.second.membership == Membership::join; })
                               : room.remote_servers().contains(named->name);
    return is_in ? named : nullptr;
}

bool is_own_policy_server(const Room& room) {
    const auto& identity = room.parts().identity;
    if (!identity.policy_key) return false;
    const auto by = policy_server_of(room);
    return by && by->name == identity.server.str() && by->public_key == identity.policy_key->public_key();
}

schema::JsonObject own_policy_content(const Identity& identity) {
    return {{"via", identity.server.str()},
            {"public_keys", schema::JsonObject{{"ed25519", schema::base64(identity.policy_key->public_key())}}}};
}

schema::SigningKey policy_key_of(const schema::SigningKey& signing_key) {
    return {"policy_server", schema::sha256("runde policy server " + signing_key.seed())};
}

bool is_policy_choice(std::string_view type, const std::optional<std::string>& state_key) {
    return type == "m.room.policy" && state_key && state_key->empty();
}

}  // namespace runde::rooms
