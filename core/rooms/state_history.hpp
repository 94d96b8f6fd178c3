#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/rooms/state_set.hpp"

namespace runde::rooms {

/// Number of a state group: one state that the room had at some event.
enum class StateGroupNo : std::int64_t {};

/// Changed keys: key number -> event, nullopt for a key that is no longer set.
using StateDelta = std::map<StateDictionary::KeyNo, std::optional<EventNid>>;

/// A state group as stored: what it changed relative to `jump`.
///
/// Skew-binary jump pointers (Myers): a group reaches the root in O(log n) jumps, and each jump's delta keeps only the
/// newest value of a key, so a history of n changes takes O(n log n) at worst (docs/architecture.md "State history").
struct StateGroup {
    StateGroupNo number;
    std::optional<StateGroupNo> parent, jump;  ///< Both absent in the first group of a room.
    int depth = 0;
    StateDelta delta;
};

std::string pack_delta(const StateDelta& delta);     ///< (key_no int4, event_nid int8)*, big endian; 0 = not set.
StateDelta unpack_delta(std::string_view packed);    ///< Throws std::runtime_error on a torn value.

/// The groups of one room that are in memory: the jump chains of those in use. Pure.
class StateHistory {
public:
    /// Adds a group that was loaded. A group is usable once its whole jump chain is here.
    void restore(StateGroup group);
    bool has(StateGroupNo number) const { return groups_.contains(number); }

    /// The first group of a room.
    const StateGroup& begin(StateGroupNo number, StateDelta state);
    /// A group that differs from `parent` by `change`. The parent's jump chain must be here.
    const StateGroup& derive(StateGroupNo number, StateGroupNo parent, const StateDelta& change);

    /// The whole state at a group whose jump chain is here.
    StateSet state_at(StateGroupNo number) const;
    const StateGroup& at(StateGroupNo number) const { return groups_.at(number); }

    /// Forgets groups that no jump chain of `in_use` needs.
    void keep_only(std::span<const StateGroupNo> in_use);
    std::size_t size() const { return groups_.size(); }

private:
    std::map<StateGroupNo, StateGroup> groups_;
};

}  // namespace runde::rooms
