#pragma once
#include <compare>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/event.hpp"
#include "schema/room_rules.hpp"

namespace runde::rooms {

/// What names one entry of a room's state.
struct StateKey {
    std::string type;
    std::string state_key;
    auto operator<=>(const StateKey&) const = default;
    bool operator==(const StateKey&) const = default;
};

/// A verdict of the rules of a room. `why` is for tests, logs and the text of refusals: static text, English,
/// without personal data, filled for a yes as for a no.
struct Verdict {
    bool allowed = false;
    std::string_view why;
    explicit operator bool() const { return allowed; }
};

/// The state that an event is judged by: the state event for a type and state key, or nullptr. What it
/// returns must live until the judging is over. It answers ("m.room.create", "") in every room version, also
/// in version 12, where the create event is named by the room id instead of by auth_events.
using StateLookup = std::function<const schema::Event*(std::string_view type, std::string_view state_key)>;

/// The entries of the state that an event with this type, sender, state key and content must cite as its
/// auth_events, as far as they exist. No duplicates; empty for m.room.create.
/// https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
std::vector<StateKey> auth_types_for(std::string_view type, std::string_view sender, std::string_view state_key,
                                     const schema::JsonObject& content, const schema::RoomRules& rules);
std::vector<StateKey> auth_types_for(const schema::Event& event, const schema::RoomRules& rules);

/// The ids an event that is about to be built must cite, looked up in the state before it.
std::vector<schema::EventId> select_auth_events(std::string_view type, std::string_view sender, std::string_view state_key,
                                                const schema::JsonObject& content, const schema::RoomRules& rules,
                                                const StateLookup& state);

/// One event that another cites in its auth_events.
struct CitedEvent {
    const schema::Event* event;              ///< Not null: an event whose auth events are not all here cannot be judged yet.
    bool rejected = false;  ///< By the checks when it was received.
};

/// The rules about the list of auth events itself: rule 2, in version 12 rules 2 and 3. `cited` are the
/// events of `event.auth_events`, in any order. `create` is the event that the room id names in version 12
/// (nullptr when it is unknown or was rejected); earlier versions do not look at it. m.room.create itself
/// cites nothing. https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
Verdict check_auth_events(const schema::Event& event, const schema::RoomRules& rules, std::span<const CitedEvent> cited,
                          const schema::Event* create = nullptr);

/// The state that the cited events make up, for judging an event by its own auth_events ("checks performed on
/// receipt of a PDU", step 4). Rejected ones are left out. Refers to `cited` and `create`, which must live as
/// long.
StateLookup state_of(std::span<const CitedEvent> cited, const schema::Event* create = nullptr);

/// Room version 12: whether the room id is this create event's id, with ! in place of $.
bool is_create_event_of(const schema::RoomId& room, const schema::Event& create);

}  // namespace runde::rooms
