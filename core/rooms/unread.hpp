#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/reading.hpp"
#include "core/rooms/timeline_event.hpp"
#include "net/task.hpp"
#include "schema/event.hpp"
#include "schema/power_levels.hpp"
#include "storage/lane.hpp"

namespace runde::rooms {

struct LocalMember;
class Room;

/// What counts as unread, and how reading moves the places of a member (reading.hpp). Rows per user exist for reading,
/// not for writing: a message costs one row, its author's.
namespace unread {

/// Whether the default rules notify a member of it who is not mentioned: messages, encrypted events and calls, but no
/// notices and no edits. https://spec.matrix.org/v1.19/client-server-api/#predefined-rules
bool notifies_by_default(const schema::Event& event, const TimelineEvent& line);

/// Whom the default rules highlight it for: m.mentions of what is no notice, a room's tombstone.
struct Mentioned {
    std::vector<std::string> users;
    bool everybody = false;                              ///< @room by somebody who may.
};
Mentioned mentioned_by_default(const schema::Event& event, const schema::PowerLevels& levels);

/// A member's row as it stands. `at`: where in the submission its membership changed.
storage::rows::UserRoom row_of(schema::RoomNid room, const LocalMember& member, int at);

/// Who writes has read: the author's counters move at once, the place follows when it is known (own_event_placed).
void read_by_own_event(storage::Submission& rows, schema::RoomNid room, LocalMember& member, const TimelineEvent& line, int at);
void own_event_placed(LocalMember& member, const TimelineEvent& line);

/// Gives the member a place of its own in threads that began before what was read of everything. One read.
net::Task<> find_places(std::shared_ptr<Room> room, schema::UserNid user, std::vector<EventNid> roots);

/// A receipt at `line`; `thread` as in rooms::Receipt, `root` the thread that the event is in. The rows are filled into
/// `rows`; nothing when all of that was read before. At most one read, for threads that are read apart.
net::Task<> read_by_receipt(storage::Submission& rows, std::shared_ptr<Room> room, schema::UserNid user, TimelineEventPtr line,
                            std::string thread, std::optional<EventNid> root);

Unread unread_of(const Room& room, const LocalMember& member);
/// Whether by_thread() can be asked without find_unread_threads().
bool threads_known(const Room& room, LocalMember& member);

}  // namespace unread
}  // namespace runde::rooms
