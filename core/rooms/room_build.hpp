#pragma once
// For the parts of Room alone (room_append, room_place, room_receive …): one submission of a room in the making.
#include "core/rooms/room.hpp"

namespace runde::rooms {

struct Room::Build {
    storage::Submission rows;
    struct Entry {
        std::shared_ptr<TimelineEvent> line;
        EventPtr pdu;
        int at;
    };
    std::vector<Entry> entries;
    std::vector<Committed::MembershipChange> memberships;
    std::map<std::string, int> remote_joins;             ///< Server -> joined members, where it changed.
    std::vector<UserNid> read_by;
    struct Exception {                                   ///< Somebody to whom an event is not what it is to the others.
        UserNid user;
        int at, kind;
    };
    std::vector<Exception> exceptions;
    std::unordered_map<std::string, UserNid> locals;     ///< Users of ours whom the room has not met before.
    std::optional<int> cut_at;                           ///< Branches were merged here: state changed that no event here tells.
};

/// The current state where the branches of a room's history meet, and the events in it that are new there.
struct Room::Merge {
    StateSet state;
    std::unordered_map<EventNid, StateEventPtr> events;
    StateGroupNo group;                                  ///< Of `state`.
};

struct Room::Placement {
    EventPtr event;
    EventNid nid;
    int flags = 0;                                       ///< rows::EventFlag, besides those that follow from the event.
    std::optional<StateGroupNo> before;                  ///< The state before it; its jump chain is in the history.
    std::optional<StateGroupNo> after = {};              ///< The state after it, where that has a number already.
    std::vector<schema::EventId> covers = {};            ///< Extremities that it builds on.
    std::vector<std::int64_t> auth_nids = {};            ///< State events only.
    const Merge* merge = nullptr;                        ///< nullptr: the current state is the state after it,
    bool keeps_state = false;                            ///< or stays as it is.
    bool ends_merge = true;                              ///< The last of those that `merge` is about: with it the state is so.
    bool stored = false;                                 ///< It stands in the database as an outlier.
    bool redaction_applies = true;                       ///< May have effect, should it be a redaction.
    struct Redaction {
        EventNid nid;
        EventPtr event;
    };
    std::optional<Redaction> redaction = {};             ///< Came before the event itself.
    const AppendOptions* options = nullptr;
};

}  // namespace runde::rooms
