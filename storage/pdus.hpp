#pragma once
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

/// All state events that `nids` rest on, without those of `nids` on which no other of them rests. One statement.
std::vector<EventNid> auth_chain(Tx& tx, RoomNid room, const std::vector<EventNid>& nids);

/// One state event in the room's auth graph.
struct AuthNode {
    EventNid nid;
    std::string event_id;
    std::vector<std::int64_t> auth;
    bool rejected;
};
/// The whole graph: every state event that is stored, live or not, with the events that it cites.
std::vector<AuthNode> auth_graph(Tx& tx, RoomNid room);

/// Redactions that came before the events they redact.
struct StoredPending {
    std::string target_id;
    EventNid redaction;
};
std::vector<StoredPending> pending_redactions(Tx& tx, RoomNid room, const std::vector<std::string>& targets);

/// The newest gap whose place lies in (after, upto], and the events it begins with. `is_due`: one of them may be asked for
/// now; otherwise others have tried lately and in vain.
struct StoredGap {
    Ord below = 0;
    std::vector<std::string> event_ids;
    bool is_due = false;
};
std::optional<StoredGap> find_gap(Tx& tx, RoomNid room, Ord after, Ord upto, std::int64_t now_ms);
/// Nobody had them: next time later, from a minute doubling to a day.
void postpone_gap(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids, std::int64_t now_ms);

/// Which of these events a gap in the room's history begins with (missing_prev).
std::vector<std::string> missing_among(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids);

}  // namespace runde::storage
