#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/people.hpp"
#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// What a client may ask of a new room, checked for form but not for sense.
/// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
struct CreateRoom {
    enum class Preset { private_chat, trusted_private_chat, public_chat };
    std::string version{schema::default_room_version};
    bool published = false;                              ///< visibility = public
    std::optional<Preset> preset;                        ///< Default: by visibility.
    std::optional<std::string> alias_localpart;
    std::optional<std::string> name, topic;
    schema::JsonObject creation_content;
    std::optional<schema::JsonObject> power_levels;      ///< power_level_content_override
    struct InitialState {
        std::string type, state_key;
        schema::JsonObject content;
    };
    std::vector<InitialState> initial_state;
    std::vector<UserId> invite;
    bool is_direct = false;
    /// Our server is to look at what members of other servers write, as at what our own do (policy_server.hpp). Forums always are.
    bool guarded = false;
};

/// Makes the room with all its first events in one commit. Invitations to users of other servers are not among them:
/// their servers must sign first; the caller sends them when the room stands.
/// Throws Refusal(unsupported_room_version, room_in_use, invalid_room_state, invalid_param).
net::Task<RoomPtr> create_room(Rooms& rooms, Person creator, CreateRoom wish);

}  // namespace runde::rooms
