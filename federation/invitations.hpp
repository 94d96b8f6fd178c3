#pragma once
#include <string>

#include "core/rooms/rooms.hpp"
#include "federation/client.hpp"
#include "federation/event_checks.hpp"

namespace runde::federation {

/// Invitations across servers. Both servers sign the event: the inviter's makes it, the invited user's signs it, and only
/// then does it become part of the room.
/// https://spec.matrix.org/v1.19/server-server-api/#inviting-to-a-room
class Invitations {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        Client& client;
        EventChecks& checks;
    };
    explicit Invitations(Parts parts) : parts_(parts) {}

    /// Invites a user of another server into a room of ours; returns when the room has the event. `content`: of the member
    /// event. Throws Refusal: forbidden by the room's rules or by the other server, remote_failed.
    net::Task<> invite(rooms::RoomPtr room, schema::UserId inviter, schema::UserId invited, schema::JsonObject content);

    /// Another server invites one of ours.
    struct Received {
        schema::RoomId room;
        schema::EventId event;
        std::string pdu;
        std::string version;     ///< Of the room.
        schema::JsonArray told;  ///< invite_room_state
    };
    /// Keeps the invitation and returns the event with our signature. Throws Refusal(incompatible_room_version,
    /// invalid_param, forbidden).
    net::Task<schema::EventPtr> receive(schema::ServerName origin, Received received);

    /// Somebody who was invited by an address that is no user id turns out to be `body.state_key`: the invitation in the room
    /// becomes one of that user. https://spec.matrix.org/v1.19/server-server-api/#third-party-invites
    /// Throws Refusal: invalid_param, not_found for a room that is not ours, forbidden.
    net::Task<> exchange(std::string origin, schema::RoomId room, const schema::JsonObject& body);
    /// The same for one of ours who has just been found by an address: where the inviter is on another server, that one is
    /// asked to exchange it.
    net::Task<> pass_on(schema::RoomId room, schema::JsonObject body);

private:
    net::Task<> require_preview(const schema::JsonArray& told, const schema::Event& invite, const schema::RoomRules& rules);

    Parts parts_;
};

}  // namespace runde::federation
