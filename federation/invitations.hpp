#pragma once
#include <string>

#include "core/rooms/rooms.hpp"
#include "federation/allowance.hpp"
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

    /// An identity server says that an address belongs to a user of ours, who was invited by it. It says so unsigned, and
    /// anybody may call itself one: what counts is the signature in each promise, which the room's rules check against the
    /// keys that stand in the room. Where we are in the room that is looked at before anybody else is troubled; otherwise the
    /// inviter's server is asked to exchange it, so often and no more. A stranger learns nothing by it: what is wrong with a
    /// promise, and whether there is such a user, is not told. Throws Refusal(limit_exceeded).
    struct Promise {
        schema::RoomId room;
        schema::UserId inviter;
        schema::JsonObject is_signed;  ///< {"mxid": …, "token": …, "signatures": …}
    };
    static constexpr std::size_t most_promises = 10;  ///< Told at once.
    net::Task<> found(schema::UserId user, std::vector<Promise> promises);

private:
    net::Task<> redeem(const schema::UserId& user, Promise promise);
    net::Task<> require_preview(const schema::JsonArray& told, const schema::Event& invite, const schema::RoomRules& rules);

    Parts parts_;
    Allowance questions_{30, 10'000};  ///< To other servers, because somebody told us a promise.
    std::size_t redeeming_ = 0;
};

}  // namespace runde::federation
