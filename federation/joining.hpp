#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/rooms/elsewhere.hpp"
#include "core/rooms/rooms.hpp"
#include "federation/client.hpp"
#include "federation/event_checks.hpp"
#include "federation/hosting.hpp"

namespace runde::federation {

/// Our users in rooms of other servers: the asking half of the handshakes.
/// https://spec.matrix.org/v1.19/server-server-api/#joining-rooms
///
/// Several servers may know the room: they are asked one after the other until one lets us in, each with a time limit of
/// its own, all together within `patience`. A template that is not what was asked for, an answer that does not hold
/// together, a server that does not answer: on to the next.
class Joining {
public:
    struct Parts {
        net::Runtime& runtime;
        storage::Database& db;
        rooms::Rooms& rooms;
        Client& client;
        EventChecks& checks;
    };
    explicit Joining(Parts parts) : parts_(parts) {}

    static constexpr net::Milliseconds patience{90'000};
    static constexpr std::size_t most_candidates = 12;

    /// The room with our user in it. Two who join the same room at once: the second waits, and joins like any member of ours.
    /// Throws Refusal with what the servers said, not_found when nobody knows the room, remote_failed when nobody answered.
    net::Task<rooms::RoomPtr> join(rooms::Person user, schema::RoomId room, std::vector<std::string> via,
                                   schema::JsonObject content);
    bool is_under_way(const schema::RoomId& room) const { return joining_.contains(room.str()); }
    /// Returns when the join of that room that is under way has ended, well or not; it has its time limits.
    net::Task<> settled(schema::RoomId room);
    net::Task<> knock(rooms::Person user, schema::RoomId room, std::vector<std::string> via, schema::JsonObject content);
    /// Declines an invitation, takes back a knock. When no server of the room hears it, it is so here at least.
    net::Task<> leave(rooms::Person user, schema::RoomId room, schema::JsonObject content);

    /// A member event about one of ours in a room that we are not in: whoever invited them takes it back, or those who were
    /// asked for entry say no. The inviter's server, or one that took the knock, is believed; when another says so (whoever
    /// moderates there), those are asked a moment later whether there is still anything to leave. False if it cannot be.
    net::Task<bool> hear_outside(rooms::RoomPtr room, schema::EventPtr event, std::string origin);

private:
    /// What one handshake is about.
    struct Case {
        Wish wish;
        rooms::Person user;
        schema::RoomId room;
        schema::JsonObject content;
    };
    struct Offer {
        const schema::RoomRules* rules;
        schema::EventPtr event;  ///< Signed by us.
    };
    using Attempt = std::function<net::Task<>(schema::ServerName)>;

    /// Somebody of ours and a room that they are not in.
    struct Outsider {
        schema::RoomId room;
        schema::UserId user;
        schema::UserNid nid;
    };
    /// What a stranger says and they must know is on its way to them, too.
    static constexpr net::Milliseconds until_witnesses_know{3'000};
    static constexpr int most_doubts = 50;

    net::Task<> ask_later(Outsider who, schema::EventPtr end, std::vector<std::string> witnesses);
    net::Task<std::vector<schema::ServerName>> candidates(const Case& what, std::vector<std::string> via);
    net::Task<> try_each(std::vector<schema::ServerName> servers, Attempt attempt);
    net::Task<Offer> ask(const Case& what, schema::ServerName server);
    net::Task<rooms::RoomPtr> join_through(const Case& what, schema::ServerName server);
    net::Task<> knock_through(const Case& what, schema::ServerName server);
    net::Task<> leave_through(const Case& what, schema::ServerName server);

    Parts parts_;
    std::map<std::string, std::shared_ptr<net::Gate>> joining_;
    int doubts_ = 0;
};

/// Stripped state for clients from PDUs (or, from older servers, stripped events) that somebody else sent: what is no state
/// event of a usual type, too large or too much is left out. `member`: the membership that it came with, added at the end.
/// https://spec.matrix.org/v1.19/client-server-api/#stripped-state
std::string stripped_preview(const schema::JsonArray& told, const schema::Event& member);

}  // namespace runde::federation
