#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "schema/event.hpp"
#include "schema/ids.hpp"

/// Words of the receiving path: events that other servers made. What is done with them: Room::receive and its
/// neighbours (room_receive.cpp), Rooms::import (room_import.cpp).
namespace runde::rooms {

struct AppendOptions;

/// An event made by another server. Its format, signatures and hash were checked before (federation/event_checks); where
/// the hash did not fit it is the redacted form.
struct Incoming {
    schema::EventPtr event;
    /// Its row in fed_inbox, which goes in the same commit that keeps the event.
    std::optional<std::int64_t> inbox_seq = std::nullopt;
    /// The state before it as other servers tell it, for an event some of whose prev_events we cannot get: the ids of
    /// stored events (Room::keep_outliers). Then the event is taken in with a gap before it.
    std::optional<std::vector<schema::EventId>> state_before = std::nullopt;
    /// This server tells the others of it: the member event of another server's user that was handed to us (send_join), an
    /// invitation of ours that the other server has signed.
    bool spread = false;
    /// The room's policy server did not let it pass: it fails softly.
    bool refused_by_policy = false;
    /// Of an event of our own that a policy server was asked for first.
    const AppendOptions* options = nullptr;
};

/// What came of it. https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
struct Received {
    enum class Verdict {
        accepted,     ///< Part of the room: shown, and built upon.
        soft_failed,  ///< Allowed where it stands, but not in the room as it is now: kept, neither shown nor built upon.
        rejected,     ///< Not allowed: kept so that what cites it can be judged, no part of the room.
        known,        ///< Judged before.
        incomplete,   ///< What it cites is missing: nothing was kept, ask again when it is there.
    };
    Verdict verdict = Verdict::incomplete;
    std::string_view why = {};                            ///< Static text for logs and answers, without personal data.
    std::vector<schema::EventId> missing_auth = {};       ///< Cited as auth_events and not stored: keep_outliers() them.
    /// Cited as prev_events, and we do not know the room's state after them: receive() them first, or give state_before.
    std::vector<schema::EventId> missing_prev = {};
};

/// A room of other servers as its newest member learns it (send_join).
struct ImportedRoom {
    schema::RoomId id;
    const schema::RoomRules& rules;
    std::vector<schema::EventPtr> state;                  ///< Before `join`; checked like Incoming::event.
    std::vector<schema::EventPtr> auth_chain;             ///< Of `state` and `join`; what is missing costs what rests on it.
    schema::EventPtr join;                                ///< The member event with which a user of ours comes in.
    std::optional<schema::UserNid> user = std::nullopt;   ///< That user.
};

}  // namespace runde::rooms
