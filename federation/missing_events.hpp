#pragma once
#include <string>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "federation/client.hpp"
#include "federation/event_checks.hpp"
#include "federation/policy.hpp"

namespace runde::federation {

/// Gets what received events cite and we do not have. Nobody waits for it but those events.
/// https://spec.matrix.org/v1.19/server-server-api/#retrieving-events
///
/// In this order: the events between us and them (get_missing_events, a few rounds), auth events (event_auth), and
/// when history still does not join, the state before the event (state_ids and the events that we lack of it), with
/// which it is taken in above a gap. The server that sent the event is asked first, then others of the room. Everything
/// fetched is checked like what is sent to us. What one event can make us fetch is bounded.
class MissingEvents {
public:
    struct Parts {
        net::Runtime& runtime;
        rooms::Rooms& rooms;
        Client& client;
        EventChecks& checks;
        Policy& policy;
    };
    explicit MissingEvents(Parts parts) : parts_(parts) {}

    static constexpr int most_rounds = 5;                ///< Of get_missing_events.
    static constexpr int events_per_round = 50;
    static constexpr std::size_t most_auth_events = 2'000, most_state_events = 100'000;
    static constexpr std::size_t most_single_fetches = 100;  ///< Beyond, the whole state is asked for in one answer.

    /// Tries until every event of `events` is judged or nothing more can be had; one answer per event. Those that stay
    /// `incomplete` could not be had now.
    net::Task<std::vector<rooms::Received>> complete(rooms::RoomPtr room, schema::ServerName origin,
                                                     std::vector<rooms::Incoming> events);
    /// Fetches state events with what they rest on and keeps them. `ids` as somebody cites them.
    net::Task<bool> fetch_auth_events(rooms::RoomPtr room, schema::EventPtr of, std::vector<schema::ServerName> servers);

private:
    using Servers = std::vector<schema::ServerName>;
    Servers servers_for(const rooms::Room& room, const schema::ServerName& origin) const;
    net::Task<std::vector<schema::EventPtr>> missing_before(rooms::RoomPtr room, std::vector<schema::EventId> latest,
                                                            Servers servers);
    net::Task<std::optional<std::vector<schema::EventId>>> state_before(rooms::RoomPtr room, schema::EventPtr event,
                                                                        Servers servers);
    net::Task<bool> is_part_of_what_we_have(rooms::RoomPtr room, schema::EventId id);
    net::Task<std::vector<schema::EventPtr>> fetch_events(rooms::RoomPtr room, std::vector<std::string> ids,
                                                          schema::ServerName server);
    net::Task<std::vector<schema::EventPtr>> checked(rooms::RoomPtr room, std::vector<std::string> texts);

    Parts parts_;
};

}  // namespace runde::federation
