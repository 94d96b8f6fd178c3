#include "core/rooms/state_resolution_v1.hpp"

#include <algorithm>

#include "core/rooms/auth_graph.hpp"
#include "core/rooms/auth_rules.hpp"
#include "core/rooms/conflicts.hpp"
#include "schema/signing.hpp"

namespace runde::rooms {

namespace {

using schema::Event;
using Index = AuthGraph::Index;

class ResolutionV1 {
public:
    ResolutionV1(const schema::RoomRules& rules, std::span<const StateMap> sets, const EventSource& source)
        : rules_(rules), conflicts_(find_conflicts(sets, Absence::leaves_to_others)), graph_(source) {}

    StateMap run() {
        for (const auto* entry : conflicts_.agreed) result_.set(entry->key, entry->id);  // Sorted: appends.
        for (const std::string_view type : {"m.room.power_levels", "m.room.join_rules", "m.room.member"}) {
            resolve_where([type](const StateKey& key) { return key.type == type; },
                          [this](auto& candidates) { return last_of_allowed_chain(candidates); });
        }
        resolve_where([this](const StateKey& key) { return !result_.find(key.type, key.state_key); },
                      [this](auto& candidates) { return newest_allowed(candidates); });
        return std::move(result_);
    }

private:
    /// Several keys of one kind are decided independently of each other: R takes up the winners when all are
    /// known. So do Synapse and Dendrite; the spec leaves it open.
    void resolve_where(auto&& concerns, auto&& decide) {
        std::vector<StateEntry> winners;
        for (const auto& conflict : conflicts_.disputed) {
            if (!concerns(*conflict.key)) continue;
            auto candidates = by_age(conflict);
            if (!candidates.empty()) winners.push_back({*conflict.key, graph_.id(decide(candidates))});
        }
        for (auto& winner : winners) result_.set(std::move(winner.key), std::move(winner.id));
    }

    /// Ascending depth, then descending sha1(event_id).
    std::vector<Index> by_age(const Conflicts::Key& conflict) {
        struct Candidate {
            std::int64_t depth;
            std::string hash;
            Index index;
        };
        std::vector<Candidate> candidates;
        Marks seen;
        for (const auto* id : conflict.by_set) {
            if (!id || !seen.mark(graph_.index(*id))) continue;
            const auto i = graph_.index(*id);
            const auto* event = graph_.event(i);
            if (event && event->is_state()) candidates.push_back({event->depth, schema::sha1(id->str()), i});
        }
        std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
            return a.depth != b.depth ? a.depth < b.depth : a.hash > b.hash;
        });
        std::vector<Index> sorted;
        for (const auto& candidate : candidates) sorted.push_back(candidate.index);
        return sorted;
    }

    Index last_of_allowed_chain(const std::vector<Index>& candidates) {
        auto winner = candidates.front();
        for (const auto next : std::span(candidates).subspan(1)) {
            if (!is_allowed(next, winner)) break;
            winner = next;
        }
        return winner;
    }

    /// When none is allowed the oldest stays, as in Synapse and Dendrite; the spec does not say.
    Index newest_allowed(const std::vector<Index>& candidates) {
        for (auto at = candidates.rbegin(); at != candidates.rend(); ++at)
            if (is_allowed(*at, AuthGraph::none)) return *at;
        return candidates.front();
    }

    /// By the state R, in which `predecessor` holds its own key.
    bool is_allowed(Index judged, Index predecessor) {
        const StateLookup state = [this, predecessor](std::string_view type, std::string_view state_key) -> const Event* {
            if (predecessor != AuthGraph::none && graph_.event(predecessor)->is_state(type, state_key))
                return graph_.event(predecessor);
            const auto* id = result_.find(type, state_key);
            if (!id) return nullptr;
            const auto found = graph_.index(*id);
            return graph_.is_rejected(found) ? nullptr : graph_.event(found);
        };
        return authorise(*graph_.event(judged), rules_, state).allowed;
    }

    const schema::RoomRules& rules_;
    const Conflicts conflicts_;
    AuthGraph graph_;
    StateMap result_;  ///< "R"
};

}  // namespace

StateMap resolve_v1(const schema::RoomRules& rules, std::span<const StateMap> sets, const EventSource& source) {
    return ResolutionV1(rules, sets, source).run();
}

}  // namespace runde::rooms
