#pragma once
// For room_append.cpp and room_counting.cpp alone: one submission of a room in the making.
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
};

}  // namespace runde::rooms
