#pragma once
#include <functional>
#include <span>
#include <vector>

#include "core/rooms/state_map.hpp"
#include "schema/event.hpp"
#include "schema/room_rules.hpp"

/// What the state of a room is where its history forked: algorithms v1, v2 and v2.1.
/// https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
///
/// Invariants
///  - Pure and total, like the authorisation rules; the result does not depend on the order of the sets.
///  - Sets that are equal entry by entry resolve to themselves without loading an event.
namespace runde::rooms {

/// Where the algorithm finds events. Whatever stands in the sets must be there, and their whole auth chains;
/// what is missing nevertheless is passed over (an incomplete chain may then resolve differently than
/// elsewhere).
struct EventSource {
    /// nullptr when unknown. Asked at most once for each event.
    std::function<schema::EventPtr(const schema::EventId&)> event;
    /// Was it rejected when it was received? May be empty: nothing was. Rejected events authorise nothing.
    std::function<bool(const schema::EventId&)> is_rejected;
    /// Its auth_events without loading it; may be empty. Spares loading the auth chains of everything that
    /// nobody disagrees about: in a room with 5,000 members that is nearly all.
    std::function<std::vector<schema::EventId>(const schema::EventId&)> auth_events;
};

/// The one state that follows from the states after each of an event's prev_events, by the algorithm of the
/// room's version. No sets resolve to the empty state, one set to itself.
StateMap resolve(const schema::RoomRules& rules, std::span<const StateMap> sets, const EventSource& source);

}  // namespace runde::rooms
