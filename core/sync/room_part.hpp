#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/rooms.hpp"
#include "core/rooms/timeline.hpp"
#include "core/rooms/unread.hpp"
#include "core/sync/filter.hpp"
#include "core/sync/user_hub.hpp"
#include "storage/sync.hpp"

/// What /sync says about one room to one device, and how it is put together.
namespace runde::sync {

using rooms::TimelineEventPtr;
using schema::Ord;

/// Who asks, and how.
struct Asker {
    UserHub& hub;
    DeviceNid device;
    std::shared_ptr<const Filter> filter;
    bool use_state_after = false;
    std::int64_t now_ms = 0;
};

/// A state event ready to be sent.
struct StateLine {
    std::string type, state_key;
    std::string json;                                    ///< Client format, not closed.
};

/// One room's share of an answer: first what is wanted of it (Sync plans that), then what was found.
struct RoomPart {
    enum class Section { join, invite, knock, leave };

    RoomPlace place;                                     ///< As it stood when the answer was planned.
    rooms::RoomPtr room;                                 ///< If it is in memory.
    Section section;

    // --- wanted
    std::optional<Position> events_since;                ///< nullopt: the newest ones, however old.
    std::optional<Position> state_since;                 ///< nullopt: all of the state.
    std::optional<Position> receipts_since;              ///< nullopt: all of them.
    std::optional<Position> account_data_since;
    Position up_to = 0;
    bool from_ring = false;                              ///< The events are in memory, and so is what follows from them.
    bool from_room = false;                              ///< Likewise where everything is told: newest events and whole state.
    bool tells_typing = false;
    bool tells_counts = false;                           ///< Worth an answer by itself.
    bool tells_summary = false;
    bool withheld = false;                               ///< Not open to the reader yet: its state, and no word of what is said.

    // --- found
    std::vector<TimelineEventPtr> events;                ///< In order, before filter, visibility and limit.
    bool events_cut = false;                             ///< The stretch may hold older ones that were not read.
    std::vector<storage::SyncState> stored_state;        ///< Unless from_ring; from_room: only what the timeline replaced.
    /// from_room: by key number; without members where they are lazy.
    std::vector<std::pair<int, rooms::StateEventPtr>> room_state;
    std::optional<storage::SyncSummary> stored_summary;  ///< Unless the room is in memory.
    std::optional<std::string> preview;                  ///< A JSON array: what another server tells of a room we are not in.
    std::vector<storage::StoredReceipt> receipts;
    std::optional<rooms::Reading> reading;               ///< Of a room that is not in memory, or with threads looked up.
    rooms::Withdrawn withdrawn;

    // --- decided
    struct Shown {
        TimelineEventPtr event;
        Membership membership;                           ///< The reader's at that time (MSC4115).
    };
    std::vector<Shown> timeline;
    bool limited = false;
    std::optional<Ord> hidden_up_to;                     ///< The newest event that the reader may not see.
    bool was_member = false;                             ///< At any time in the stretch that is shown.
    rooms::Bundles bundles;                              ///< Where the timeline has a gap before it.
    std::vector<StateLine> state;
    std::vector<std::string> new_members;                ///< Senders whose member events the device has from now on.

    bool is_whole() const { return !state_since.has_value(); }
};

/// The reader's place as it came from the database.
rooms::Reading reading_of(const storage::SyncSummary& summary, rooms::Withdrawn& withdrawn);

/// What somebody invited or knocking is shown of a room. https://spec.matrix.org/v1.19/client-server-api/#stripped-state
const std::vector<std::string>& stripped_state_types();

/// Everything about a room that is in memory, as of part.up_to: fills events and room_state and sets from_room. False where memory
/// does not hold it so: something is on its way to the disk, or what the filter lets through may lie further back.
bool take_from_room(RoomPart& part, const Filter& filter);

/// Cuts part.events to what the asker may and wants to see: timeline, limited, was_member.
void decide_timeline(RoomPart& part, const Asker& asker);
/// After decide_timeline: the state that the timeline leaves out.
void decide_state(RoomPart& part, const Asker& asker);

/// Senders in the timeline whose member events the device does not have yet; with heroes where the state is whole.
std::vector<std::string> members_wanted(const RoomPart& part, const Asker& asker, const std::vector<TimelineEventPtr>& events);

/// Appends "!room:id":{…} to `out`, or nothing if there is nothing to say. True if it did.
bool render(std::string& out, const RoomPart& part, const Asker& asker);

}  // namespace runde::sync
