#pragma once
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/rooms/event_filter.hpp"
#include "core/rooms/rooms.hpp"
#include "core/rooms/visibility.hpp"

/// Reading a room's history.
namespace runde::rooms {

/// A place between two events in the reading order: after the event at `after`, before the next.
/// On the wire "t<ord>", whatever stands behind a "_"; the tokens of /sync ("s<position>…") are read too.
struct Place {
    Ord after;
    static std::optional<Place> parse(std::string_view token);
    std::string str() const;
};

enum class Direction { backward, forward };

/// Who reads, and what of the room they may read.
struct Viewer {
    UserId user;
    std::optional<schema::DeviceNid> device;
    VisibleRanges visible;
};
/// A member, a former member or, in a world-readable room, anybody. Others: Refusal(forbidden), also when there is no room.
struct ReadableRoom {
    RoomPtr room;
    Viewer viewer;
};
net::Task<ReadableRoom> require_readable(Rooms& rooms, schema::RoomId id, UserId user, std::optional<schema::DeviceNid> device);

/// A stretch of events in the direction asked.
struct Page {
    std::vector<TimelineEventPtr> events;
    Place start;
    std::optional<Place> end;                            ///< nullopt: nothing more that way.
};
/// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages
/// No reads while the page lies in the ring.
net::Task<Page> page(Rooms& rooms, const ReadableRoom& from, std::optional<Place> start, std::optional<Place> stop,
                     Direction direction, const EventFilter& filter);

/// nullptr when there is none or the viewer may not see it.
net::Task<TimelineEventPtr> find_event(Rooms& rooms, const ReadableRoom& in, schema::EventId id);

/// The event nearest to a time, in the direction asked, of those that may be seen; nullopt: none that way.
/// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event
net::Task<std::optional<storage::StoredEvent>> nearest_event(Rooms& rooms, RoomPtr room, VisibleRanges visible, std::int64_t ts,
                                                             bool forward);

/// What relates to an event. https://spec.matrix.org/v1.19/client-server-api/#relationships-api
struct RelationsRequest {
    std::string parent_id;
    std::optional<std::string> rel_type, event_type;
    std::optional<Place> from, to;
    int limit = 50;
    Direction direction = Direction::backward;
    bool recurse = false;
};
net::Task<Page> relations(Rooms& rooms, const ReadableRoom& in, const RelationsRequest& request);

struct ThreadPage {
    std::vector<TimelineEventPtr> roots;
    std::string next;                                    ///< Token; empty at the end.
};
/// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads
net::Task<ThreadPage> threads(Rooms& rooms, const ReadableRoom& in, bool only_participated, std::string_view from, int limit);

/// Bundled aggregations as the text of "m.relations", by event; events without any are missing. At most three
/// statements in one trip; none for an empty list. What the viewer may not see is not bundled.
/// https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
using Bundles = std::unordered_map<EventNid, std::string>;
net::Task<Bundles> bundles(Rooms& rooms, RoomPtr room, std::vector<TimelineEventPtr> events, Viewer viewer);

/// The same for events of several rooms, which need not be in memory.
struct BundleWish {
    RoomNid room;
    const schema::RoomRules& rules;
    std::vector<TimelineEventPtr> events;
    std::function<bool(Ord)> sees;                       ///< What may be bundled.
};
net::Task<Bundles> bundles(storage::Database& db, std::vector<BundleWish> wishes, UserId viewer, std::int64_t now_ms);

/// The events as JSON objects, comma separated, each with age, the viewer's membership and its bundle.
std::string render_all(const std::vector<TimelineEventPtr>& events, const Viewer& viewer, const Bundles& bundles,
                       std::int64_t now_ms);

/// Member events of the senders of `events` as they were at the newest of these. No reads while nobody's membership or name
/// has changed since.
net::Task<std::vector<StateEventPtr>> member_events_of(Rooms& rooms, RoomPtr room, std::vector<TimelineEventPtr> events);
/// The same (lazy loading), rendered, comma separated.
/// https://spec.matrix.org/v1.19/client-server-api/#lazy-loading-room-members
net::Task<std::string> members_of(Rooms& rooms, RoomPtr room, std::vector<TimelineEventPtr> events);

/// The room's state after `pos` in the log of its changes: for what was true before somebody left.
enum class Members { all, none };
net::Task<std::vector<StateEventPtr>> state_after(Rooms& rooms, RoomPtr room, Position pos, Members members = Members::all);
/// The state at an event of the timeline. Of what other servers told of the past the state is not known: then it is that of
/// the place in the reading order, or the first that we know.
net::Task<std::vector<StateEventPtr>> state_at(Rooms& rooms, RoomPtr room, TimelineEventPtr event, Members members = Members::all);
/// The state as the viewer may read it: whoever is in the room reads it as it is; who left, as it was then.
net::Task<std::vector<StateEventPtr>> readable_state(Rooms& rooms, const ReadableRoom& from);

}  // namespace runde::rooms
