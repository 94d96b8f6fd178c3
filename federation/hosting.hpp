#pragma once
#include <string>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "federation/event_checks.hpp"
#include "federation/policy.hpp"

/// Our rooms, seen from a server whose user wants in, out or to knock: the resident's half of the handshakes. What both
/// halves share: a template that the resident fills in, an event that the other server signs.
/// https://spec.matrix.org/v1.19/server-server-api/#joining-rooms
namespace runde::federation {

/// What somebody of another server wants of a room of ours.
enum class Wish { join, leave, knock };
std::string_view membership_of(Wish wish);

class Hosting {
public:
    struct Parts {
        rooms::Rooms& rooms;
        EventChecks& checks;
        Policy& policy;
    };
    explicit Hosting(Parts parts) : parts_(parts) {}

    struct Template {
        const schema::RoomRules& rules;
        schema::JsonObject event;
    };
    /// make_join, make_leave, make_knock. `versions`: room versions that the other server knows; empty: any.
    /// Throws Refusal: not_found for a room that we cannot speak for or that is not for this server, forbidden,
    /// incompatible_room_version, unable_to_authorise_join, unable_to_grant_join.
    net::Task<Template> offer(Wish wish, schema::ServerName origin, schema::RoomId room, schema::UserId user,
                              std::vector<std::string> versions);

    struct Taken {
        rooms::RoomPtr room;
        schema::EventPtr event;            ///< With our signature, where it vouches for a restricted join.
        std::vector<std::string> servers;  ///< That were in the room before.
    };
    /// send_join, send_leave, send_knock: checks the event, takes it into the room and tells the other servers of it.
    /// Throws like offer(), and Refusal(invalid_param) for an event that is not what its author was offered.
    net::Task<Taken> take(Wish wish, schema::ServerName origin, schema::RoomId room, schema::EventId id, std::string pdu);

private:
    net::Task<rooms::RoomPtr> require(schema::ServerName origin, schema::RoomId room);

    Parts parts_;
};

/// The events that tell somebody outside what a room is: PDUs of its name, topic, avatar … with m.room.create.
/// https://spec.matrix.org/v1.19/client-server-api/#stripped-state
std::vector<std::string> preview_pdus(const rooms::Room& room);

}  // namespace runde::federation
