#pragma once
#include <memory>
#include <optional>
#include <string>

#include "net/http_message.hpp"
#include "schema/event.hpp"
#include "schema/ids.hpp"
#include "storage/rooms.hpp"

namespace runde::rooms {

using schema::EventNid;
using schema::Ord;
using schema::Position;

/// What the relation of an event says. https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events
struct RelationOf {
    std::string rel_type;               ///< "m.thread", "m.replace", "m.annotation", "m.reference", or anybody's own.
    std::string parent_id;              ///< As the client wrote it: need not be an event we know.
    std::optional<std::string> key;     ///< m.annotation
};
/// From content["m.relates_to"]; nullopt when there is none or it is malformed (such an event is sent all the same).
std::optional<RelationOf> relation_of(const schema::JsonObject& content);

/// An event in the reading order of its room, rendered once for everybody. Immutable: a redaction makes a new one.
/// What /sync, /messages and the others hand out; the PDU itself is schema::Event.
struct TimelineEvent {
    EventNid nid;
    Position pos = 0;                          ///< 0 for backfilled events and outliers.
    Ord ord = 0;
    schema::EventId id;
    std::string type, sender;
    std::optional<std::string> state_key;
    std::int64_t origin_ts = 0;
    std::optional<int> key_no;                 ///< Of a state event that changed the current state.
    std::optional<EventNid> replaces;          ///< The state event that it replaced.
    std::optional<EventNid> thread_root;
    std::optional<RelationOf> relation;
    int flags = 0;                             ///< storage::rows::EventFlag
    int n_main = 0, n_all = 0, n_thread = 0;   ///< The room's running counters as of this event.
    bool redacted = false;
    net::Bytes client;                         ///< schema::render_client_event: without `unsigned`, not closed.
    std::string unsigned_more;                 ///< Members of `unsigned` that are the same for all readers, each
                                               ///< preceded by a comma: ,"prev_content":{…},"redacted_because":{…}
    std::optional<schema::DeviceNid> txn_device;  ///< Which device sent it, and under which
    std::string txn;                              ///< transaction id: only that device is told.

    bool is_state() const { return state_key.has_value(); }
};
using TimelineEventPtr = std::shared_ptr<const TimelineEvent>;

/// An event on its way into the timeline: rendered, without place and counters. `replaced` is the PDU of the state
/// event that it replaces, already pruned if that was redacted.
std::shared_ptr<TimelineEvent> make_line(const schema::Event& event, EventNid nid, const schema::RoomRules& rules,
                                         const schema::Event* replaced = nullptr);
/// The same from the database, with place, counters and redaction.
TimelineEventPtr make_line(const storage::StoredEvent& stored, const schema::RoomRules& rules);
/// The same event after a redaction.
TimelineEventPtr redacted_line(const TimelineEvent& line, const schema::Event& event, const schema::Event& redaction,
                               const schema::RoomRules& rules);

/// What differs between readers of the same event.
struct Reader {
    std::int64_t now_ms = 0;
    std::optional<schema::DeviceNid> device;
    std::string_view membership;               ///< MSC4115: the reader's at the time of the event; "" leaves it out.
};

/// Appends the finished JSON of `event` to `out`. `relations` is the bundled aggregations object's text
/// ("m.relations") or empty.
void render(std::string& out, const TimelineEvent& event, const Reader& reader, std::string_view relations = {});

}  // namespace runde::rooms
