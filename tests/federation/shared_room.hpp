#pragma once
#include <string>

#include "tests/federation/two_servers.hpp"

namespace runde::tests {

/// `guest`, of the other server than `room`'s maker `host`, comes in: as send_join would do it, but straight through the
/// rooms of both servers, so that plays of receiving need no handshake.
void bring_in(TwoServers& world, const Neighbour& host, const Neighbour& guest, const std::string& room);

/// Whoever asks what lies between two events hears that there is nothing: gaps stay open.
void hide_missing_events(TwoServers& world);

/// Anna of hearth and Ben of haven, both in a room of Anna's.
struct SharedRoom {
    explicit SharedRoom(std::string_view body = R"({"preset":"public_chat"})", TestServer::Adjust adjust = {});
    TwoServers world;
    Neighbour anna, ben;
    std::string room;

    TestServer& hearth() { return world.server("hearth.test"); }
    TestServer& haven() { return world.server("haven.test"); }
    rooms::RoomPtr room_at(std::string_view server);
    /// A PDU in the room as one of its servers could make it: by `sender`, on what that server's room ends with; `change`
    /// may spoil it before it is sealed.
    schema::EventPtr pdu(const Neighbour& sender, std::string type, std::string_view content,
                         std::optional<std::string> state_key = std::nullopt,
                         const std::function<void(schema::JsonObject&)>& change = {});
    /// Hands events to `to` in a transaction of the other server; returns what is answered for each, "" for well.
    std::vector<std::string> deliver(std::string_view to, const std::vector<schema::EventPtr>& events);
};

}  // namespace runde::tests
