#include "core/rooms/conflicts.hpp"

#include <algorithm>

namespace runde::rooms {

const schema::EventId* Conflicts::find_agreed(std::string_view type, std::string_view state_key) const {
    using KeyView = std::pair<std::string_view, std::string_view>;
    const auto view = [](const StateEntry* entry) { return KeyView{entry->key.type, entry->key.state_key}; };
    const KeyView key{type, state_key};
    const auto at = std::ranges::lower_bound(agreed, key, {}, view);
    return at != agreed.end() && view(*at) == key ? &(*at)->id : nullptr;
}

Conflicts find_conflicts(std::span<const StateMap> sets, Absence absence) {
    // A merge of sorted lists: at each step take the smallest key that stands at the head of a set.
    auto heads = std::vector<const StateEntry*>();
    auto ends = std::vector<const StateEntry*>();
    for (const auto& set : sets) {
        heads.push_back(std::to_address(set.begin()));
        ends.push_back(std::to_address(set.end()));
    }

    Conflicts result;
    for (;;) {
        const StateEntry* first = nullptr;
        for (std::size_t i = 0; i < sets.size(); ++i)
            if (heads[i] != ends[i] && (!first || heads[i]->key < first->key)) first = heads[i];
        if (!first) return result;

        bool agreed = true;
        for (std::size_t i = 0; i < sets.size(); ++i) {
            if (heads[i] == ends[i] || heads[i]->key != first->key)
                agreed = agreed && absence == Absence::leaves_to_others;
            else
                agreed = agreed && heads[i]->id == first->id;
        }
        if (agreed)
            result.agreed.push_back(first);
        else
            result.disputed.push_back({&first->key, std::vector<const schema::EventId*>(sets.size())});

        for (std::size_t i = 0; i < sets.size(); ++i) {
            if (heads[i] == ends[i] || heads[i]->key != first->key) continue;
            if (!agreed) result.disputed.back().by_set[i] = &heads[i]->id;
            ++heads[i];
        }
    }
}

}  // namespace runde::rooms
