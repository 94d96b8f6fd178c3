#include "core/rooms/state_map.hpp"

#include <algorithm>
#include <tuple>

namespace runde::rooms {

namespace {

using KeyView = std::pair<std::string_view, std::string_view>;

KeyView view(const StateEntry& entry) { return {entry.key.type, entry.key.state_key}; }

auto place(auto& entries, KeyView key) { return std::ranges::lower_bound(entries, key, {}, view); }

}  // namespace

StateMap::StateMap(std::vector<StateEntry> entries) : entries_(std::move(entries)) {
    std::ranges::stable_sort(entries_, {}, view);
    // Of equal keys keep the last: walk backwards, where it comes first.
    const auto superfluous =
        std::unique(entries_.rbegin(), entries_.rend(), [](const auto& a, const auto& b) { return a.key == b.key; });
    entries_.erase(entries_.begin(), superfluous.base());
}

const schema::EventId* StateMap::find(std::string_view type, std::string_view state_key) const {
    const auto at = place(entries_, {type, state_key});
    return at != entries_.end() && view(*at) == KeyView{type, state_key} ? &at->id : nullptr;
}

void StateMap::set(StateKey key, schema::EventId id) {
    const auto at = place(entries_, {key.type, key.state_key});
    if (at != entries_.end() && at->key == key)
        at->id = std::move(id);
    else
        entries_.insert(at, StateEntry{std::move(key), std::move(id)});
}

void StateMap::erase(std::string_view type, std::string_view state_key) {
    const auto at = place(entries_, {type, state_key});
    if (at != entries_.end() && view(*at) == KeyView{type, state_key}) entries_.erase(at);
}

}  // namespace runde::rooms
