#pragma once
#include <span>
#include <vector>

#include "core/rooms/state_map.hpp"

namespace runde::rooms {

/// Several states of a room, divided into what they agree and what they disagree about. Points into the sets.
struct Conflicts {
    struct Key {
        const StateKey* key;
        std::vector<const schema::EventId*> by_set;  ///< As many as there are sets; nullptr: that set has none.
    };
    std::vector<const StateEntry*> agreed;  ///< The unconflicted state map, sorted by key.
    std::vector<Key> disputed;              ///< The conflicted state set, sorted by key.

    /// nullptr when they do not agree on an event for this key.
    const schema::EventId* find_agreed(std::string_view type, std::string_view state_key) const;
};

/// What it means that some of the sets have no event for a key that others have.
enum class Absence {
    disputes,         ///< Algorithm v2 and later.
    leaves_to_others  ///< Algorithm v1.
};
Conflicts find_conflicts(std::span<const StateMap> sets, Absence absence);

}  // namespace runde::rooms
