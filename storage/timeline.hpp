#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

/// A change of one key of a room's current state.
struct StateChange {
    Position pos;
    std::string type;
    std::string value;                                   ///< membership, or history_visibility.
    int key_no = 0;
};
/// Of the keys m.room.member and m.room.history_visibility, in the order of their positions.
std::vector<StateChange> state_changes(Tx& tx, RoomNid room, const std::vector<std::int64_t>& key_nos);

/// The current state as it stood right after `pos`: key_no -> event, from the log of changes.
struct StateAt {
    int key_no;
    std::string type, state_key;
    EventNid event;
};
std::vector<StateAt> state_at(Tx& tx, RoomNid room, Position pos);

/// The position of the first change of the room's state that we know: its creation, or our coming into it.
Position first_state(Tx& tx, RoomNid room);

/// The events of these keys as they stood right after `pos`, where they have changed since; a key that was not set then is
/// missing. Reads the log from `pos` on.
std::vector<std::pair<int, EventNid>> keys_at(Tx& tx, RoomNid room, const std::vector<std::int64_t>& key_nos, Position pos);

/// Which of the events something relates to: by one of these types, from one of these people.
std::vector<std::string> with_relations(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids,
                                        const std::optional<std::vector<std::string>>& rel_types,
                                        const std::optional<std::vector<std::string>>& senders);

/// What relates to events, for bundling. https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
struct Bundled {
    struct Edit {
        std::string parent_id;
        StoredEvent event;                               ///< The newest valid one.
    };
    struct Reference {
        std::string parent_id, child_id;
        Ord ord;                                         ///< Of the child.
    };
    struct Thread {
        EventNid root;
        int replies;
        bool participated;
        StoredEvent latest;
    };
    std::vector<Edit> edits;
    std::vector<Reference> references;
    std::vector<Thread> threads;
};
/// Of which event it is asked. Events of many rooms are asked for in the same three statements.
struct Bundling {
    RoomNid room;
    EventNid nid;
    std::string event_id;
};
Bundled bundled(Tx& tx, const std::vector<Bundling>& events, const std::string& viewer);

/// Its newest valid edit; nullopt: there is none.
std::optional<StoredEvent> newest_edit(Tx& tx, const StoredEvent& event);

/// Events that relate to `parent_id`, newest (or oldest) first by reading order.
struct RelationQuery {
    RoomNid room;
    std::string parent_id;
    std::optional<std::string> rel_type, event_type;
    Ord after, before;
    int limit;
    bool forward;
    bool recurse = false;                                ///< Also what relates to those, three levels deep.
};
std::vector<StoredEvent> related_events(Tx& tx, const RelationQuery& query);

/// Threads of a room, the most recently answered first; below (last_ord, root) when given.
struct ThreadPlace {
    Ord last_ord;
    EventNid root;
};
struct ThreadRow {
    ThreadPlace place;
    StoredEvent root;
};
std::vector<ThreadRow> threads_of(Tx& tx, RoomNid room, const std::optional<std::string>& participant,
                                  std::optional<ThreadPlace> below, int limit);

/// The event nearest to a time, in the direction asked. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event
std::optional<StoredEvent> nearest_event(Tx& tx, RoomNid room, std::int64_t ts, bool forward, Ord first, Ord last);

}  // namespace runde::storage
