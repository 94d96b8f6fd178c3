#pragma once
#include <map>
#include <string>

#include "core/rooms/policy_server.hpp"
#include "core/rooms/rooms.hpp"
#include "federation/client.hpp"
#include "federation/event_checks.hpp"
#include "schema/refusal.hpp"
#include "schema/signing.hpp"

namespace runde::federation {

/// Somebody else's event was shown to us, and our guards do not let it pass.
struct PolicyRefusal : schema::Refusal {
    using schema::Refusal::Refusal;
};

/// Policy servers, all three sides: we ask one for our own events, we look for its signature on those of others, and we are
/// one for rooms that name us, so that a forum's order holds for members of other servers.
/// https://spec.matrix.org/v1.19/server-server-api/#policy-servers
///
/// While a room's policy server does not answer, or answers that it is none, nobody here can send to the room, and what others
/// send without its signature fails softly. Whoever may change m.room.policy can end that at once: this event is never shown to
/// it, and the refusal says so. Leaving the room, and taking back what one has said, are shown to it, but need nobody's consent.
/// A server that did not answer is not asked again for `pause`.
///
/// Forums and groups' rooms made here name our server by themselves (rooms::create_room); guard_rooms() sees to the others.
class Policy {
public:
    struct Parts {
        net::Runtime& runtime;
        rooms::Rooms& rooms;
        const rooms::Identity& identity;
        Client& client;
        EventChecks& checks;
    };
    explicit Policy(Parts parts);

    static constexpr net::Milliseconds patience{3'000}, pause{30'000};

    /// Our own event with the signature of the room's policy server. Throws Refusal(forbidden) with what that server
    /// said, or that it does not answer.
    net::Task<schema::EventPtr> ask(rooms::RoomPtr room, schema::EventPtr event);
    /// Marks those events of others that lack the signature and do not get it.
    net::Task<> judge(rooms::RoomPtr room, std::vector<rooms::Incoming>& events);

    /// POST /_matrix/policy/v1/sign. Throws Refusal: not_found (we are not that room's policy server), bad_json, forbidden.
    net::Task<schema::JsonObject> sign(schema::ServerName origin, schema::JsonObject pdu);
    /// What rooms that choose us write into m.room.policy.
    std::string public_key() const { return key_.public_key(); }

    /// Forums and groups' rooms that were made here before this server knew others name it from now on, and rooms that name it
    /// with a key of before get the one of now; whoever has most power among our people in the room says so. At every start. What
    /// somebody has chosen instead stays. Never throws.
    net::Task<> guard_rooms();
    bool is_idle() const { return !guarding_; }

private:
    bool is_approved(const schema::Event& event, const schema::RoomRules& rules, const rooms::PolicyServer& by) const;
    std::string sign_ourselves(const schema::Event& event, const schema::RoomRules& rules) const;
    struct Opinion;
    net::Task<Opinion> opinion_of(std::shared_ptr<const rooms::PolicyServer> by, rooms::RoomPtr room, schema::EventPtr event);
    bool is_silent(const std::string& server);
    void fell_silent(const std::string& server, std::string_view why);
    net::Task<> guard_room(schema::RoomNid nid);

    Parts parts_;
    const schema::SigningKey& key_;
    bool guarding_ = true;
    std::map<std::string, std::int64_t> silent_until_;
};

}  // namespace runde::federation
