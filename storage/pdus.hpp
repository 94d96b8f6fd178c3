#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

/// All state events that `nids` rest on, without those of `nids` on which no other of them rests. One statement.
std::vector<EventNid> auth_chain(Tx& tx, RoomNid room, const std::vector<EventNid>& nids);

/// Their ids, in no order.
std::vector<std::string> event_ids(Tx& tx, RoomNid room, const std::vector<EventNid>& nids);

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

/// Where a gap is looked for: its place lies in (after, upto].
struct GapSearch {
    Ord after, upto;
    bool oldest = false;                                 ///< Of several the oldest, else the newest.
    /// Only gaps for which somebody may be asked at this time: others have tried lately and in vain. nullopt: any.
    std::optional<std::int64_t> due_at = {};
};
/// A gap and the events it begins with.
struct StoredGap {
    Ord below = 0;
    std::vector<std::string> event_ids;
};
std::optional<StoredGap> find_gap(Tx& tx, RoomNid room, const GapSearch& where);
/// Nobody had them: next time later, from a minute doubling to a day.
void postpone_gap(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids, std::int64_t now_ms);

/// Replies in threads whose root was not here when they came; `root_ids`: events that have come now. Not redacted ones.
struct EarlyReply {
    std::string root_id;
    EventNid nid;
    std::string event_id, sender;
    Ord ord;
    std::int64_t origin_ts;
};
std::vector<EarlyReply> early_replies(Tx& tx, RoomNid room, const std::vector<std::string>& root_ids);

/// Which of these events a gap in the room's history begins with (missing_prev).
std::vector<std::string> missing_among(Tx& tx, RoomNid room, const std::vector<std::string>& event_ids);

}  // namespace runde::storage
