#pragma once
#include "core/rooms/auth_events.hpp"
#include "schema/event.hpp"
#include "schema/room_rules.hpp"

/// The authorisation rules of room versions 1 to 12.
/// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules (and the same section of each version)
///
/// Invariants
///  - Pure: no I/O, no clock, no configuration. Every server must reach the same verdict for ever, or the
///  room splits.
///  - Total: whatever stands in an event that schema::parse_event let through, there is a verdict; nothing
///  throws.
///  - What room versions changed is a field of RoomRules. Rules are numbered as in version 12; where an older
///    version counts differently, the text of the rule says which one is meant.
namespace runde::rooms {

/// May `event` be part of a room in this state? All rules but those about the list of auth_events
/// (check_auth_events) and the signatures of the sender's server (federation/event_checks). The signature of
/// a restricted join's authorising server must be present here; whether it is valid was checked on receipt
/// with the others.
Verdict authorise(const schema::Event& event, const schema::RoomRules& rules, const StateLookup& state);

/// May this redaction take effect on `target`? `state` is the state before the redaction. From room version 3
/// on a redaction may be part of the room and yet not be applied; before, authorise() has decided with the
/// target's event id. https://spec.matrix.org/v1.19/rooms/v12/#handling-redactions
Verdict may_redact(const schema::Event& redaction, const schema::Event& target, const schema::RoomRules& rules,
                   const StateLookup& state);

}  // namespace runde::rooms
