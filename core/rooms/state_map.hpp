#pragma once
#include <initializer_list>
#include <string_view>
#include <vector>

#include "core/rooms/auth_events.hpp"
#include "schema/ids.hpp"

namespace runde::rooms {

struct StateEntry {
    StateKey key;
    schema::EventId id;
    bool operator==(const StateEntry&) const = default;
};

/// The state of a room at some point: at most one event for each key. Sorted by key.
class StateMap {
public:
    StateMap() = default;
    StateMap(std::initializer_list<StateEntry> entries) : StateMap(std::vector(entries)) {}
    /// In any order; of several entries with the same key the last one counts.
    explicit StateMap(std::vector<StateEntry> entries);

    /// nullptr when there is none.
    const schema::EventId* find(std::string_view type, std::string_view state_key) const;
    void set(StateKey key, schema::EventId id);
    void erase(std::string_view type, std::string_view state_key);

    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }
    bool operator==(const StateMap&) const = default;

private:
    std::vector<StateEntry> entries_;
};

}  // namespace runde::rooms
