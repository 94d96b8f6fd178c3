#pragma once
// How every query of storage/ that reads events names their columns and reads them. Not for floors above.
#include <optional>
#include <vector>

#include "storage/rooms.hpp"

// The columns of StoredEvent, for every query that reads events. A literal, so that statements stay literals.
#define EVENT_COLUMNS                                                                                \
    "e.room_nid, e.event_nid, e.ord, e.pos, e.origin_ts, e.depth, e.sg, e.sg_after, e.thread_root, " \
    "e.flags, e.n_main, e.n_all, e.n_thread, e.event_id, e.type, e.sender, e.state_key, e.json, "    \
    "e.redacted_by, r.event_id, r.json, l.key_no, l.prev_nid, p.event_id, p.json, "                  \
    "p.redacted_by IS NOT NULL "
// A state event's row in room_state_log is found by its position: one look-up, and none for messages.
#define EVENT_JOINS                                                                                         \
    " LEFT JOIN events r ON r.room_nid = e.room_nid AND r.event_nid = e.redacted_by "                       \
    " LEFT JOIN room_state_log l ON e.state_key IS NOT NULL AND l.room_nid = e.room_nid AND l.pos = e.pos " \
    "   AND l.event_nid = e.event_nid "                                                                     \
    " LEFT JOIN events p ON p.room_nid = e.room_nid AND p.event_nid = l.prev_nid "

namespace runde::storage::stored_event {

template <class Nid>
std::optional<Nid> maybe_nid(const Cell& cell) {
    if (cell.is_null()) return std::nullopt;
    return cell.nid<Nid>();
}

inline int small(const Cell& cell) { return static_cast<int>(cell.number()); }

/// From EVENT_COLUMNS standing first.
inline StoredEvent read_event(const Rows::Row& row) {
    StoredEvent event{.room = row[0].nid<RoomNid>(), .nid = row[1].nid<EventNid>()};
    event.ord = row[2].maybe_number();
    event.pos = row[3].maybe_number();
    event.origin_ts = row[4].number();
    event.depth = row[5].number();
    event.sg = row[6].maybe_number();
    event.sg_after = row[7].maybe_number();
    event.thread_root = maybe_nid<EventNid>(row[8]);
    event.flags = small(row[9]);
    event.n_main = small(row[10]);
    event.n_all = small(row[11]);
    event.n_thread = small(row[12]);
    event.event_id = row[13].string();
    event.type = row[14].string();
    event.sender = row[15].string();
    event.state_key = row[16].maybe_string();
    event.json = row[17].string();
    event.redacted_by = maybe_nid<EventNid>(row[18]);
    event.redaction_id = row[19].maybe_string();
    event.redaction_json = row[20].maybe_string();
    if (!row[21].is_null()) event.key_no = small(row[21]);
    event.replaces = maybe_nid<EventNid>(row[22]);
    event.replaces_id = row[23].maybe_string();
    event.replaces_json = row[24].maybe_string();
    event.replaces_redacted = row[25].flag();
    return event;
}

inline std::vector<StoredEvent> read_events(const Rows& rows) {
    std::vector<StoredEvent> events;
    events.reserve(rows.size());
    for (const auto& row : rows) events.push_back(read_event(row));
    return events;
}

}  // namespace runde::storage::stored_event
