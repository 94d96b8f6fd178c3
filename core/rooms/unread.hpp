#pragma once
#include "core/rooms/timeline_event.hpp"
#include "schema/event.hpp"
#include "storage/lane.hpp"

namespace runde::rooms {

struct LocalMember;
class Room;

/// Unread counts by subtraction. A room counts the events that notify under the default push rules: n_main (main line),
/// n_all (with all threads), n per thread; every event keeps the values as of itself. What a member has not read is the
/// difference to the values at the place up to which they read. Rows per user exist for reading, not for writing: a
/// message costs one row, its author's.
namespace unread {

/// Whether the default rules notify members of it: messages and encrypted events, but no notices and no edits.
bool notifies_by_default(const schema::Event& event, const TimelineEvent& line);

/// A member's row as it stands. `at`: where in the submission its membership changed.
storage::rows::UserRoom row_of(schema::RoomNid room, const LocalMember& member, int at);

/// Who writes has read: moves the author's read place in the main line or in the thread, and adds the row.
void read_by_own_event(storage::Submission& rows, schema::RoomNid room, LocalMember& member, const TimelineEvent& line, int at);

/// The same for a receipt: `thread` as in rooms::Receipt, `root` the thread that `line` is in.
void read_by_receipt(storage::Submission& rows, Room& room, LocalMember& member, const TimelineEvent& line,
                     std::string_view thread, std::optional<EventNid> root);

/// What is unread for a member, as /sync says it.
struct Counts {
    int notifications = 0, highlights = 0;
};
Counts counts(const Room& room, const LocalMember& member);

}  // namespace unread
}  // namespace runde::rooms
