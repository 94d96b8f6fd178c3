#include "core/rooms/state_resolution.hpp"

#include <algorithm>
#include <queue>

#include "core/rooms/auth_graph.hpp"
#include "core/rooms/auth_rules.hpp"
#include "core/rooms/conflicts.hpp"
#include "core/rooms/state_resolution_v1.hpp"
#include "schema/json.hpp"
#include "schema/power_levels.hpp"

namespace runde::rooms {

namespace {

using schema::Event;
using schema::RoomRules;
using Index = AuthGraph::Index;

/// "Events that might remove someone's ability to do something in the room."
bool is_power_event(const Event& event) {
    if (event.type == "m.room.power_levels" || event.type == "m.room.join_rules") return true;
    if (event.type != "m.room.member" || event.sender.str() == *event.state_key) return false;
    const auto membership = schema::string_at(event.content(), "membership");
    return membership == "leave" || membership == "ban";
}

/// One run of algorithm v2 or v2.1; the methods stand in the order of the spec's definitions and then of its
/// steps.
class Resolution {
public:
    Resolution(const RoomRules& rules, std::span<const StateMap> sets, const EventSource& source)
        : rules_(rules),
          starts_empty_(rules.resolution == RoomRules::Resolution::v2_1),
          conflicts_(find_conflicts(sets, Absence::disputes)),
          sets_(sets.size()),
          graph_(source) {}

    StateMap run();

private:
    void collect_conflicted_state_set();
    void add_auth_difference();
    void add_conflicted_state_subgraph();
    void number_keys();

    std::vector<Index> power_events_and_their_chains();
    std::vector<Index> reverse_topological_power_order(const std::vector<Index>& nodes);
    std::vector<Index> mainline_order(std::vector<Index> events);
    void apply_allowed(const std::vector<Index>& events);
    StateMap overlaid_with_agreed() const;

    /// Marks everything above `starts` that `stop` and `reached` do not hold yet; calls visit(i) for each.
    void walk_up(std::vector<Index> starts, const Marks& stop, Marks& reached, auto&& visit);
    void add_to_full_set(Index i);
    std::int64_t sender_power(Index i);
    const Event* state_above(Index i, std::string_view type, std::string_view state_key);
    const Event* find_state(Index judged, std::string_view type, std::string_view state_key);
    const Event* create_event(Index judged);
    std::size_t key_number(std::string_view type, std::string_view state_key) const;

    const RoomRules& rules_;
    const bool starts_empty_;
    const Conflicts conflicts_;
    const std::size_t sets_;
    AuthGraph graph_;

    std::vector<Index> conflicted_;  ///< The conflicted state set.
    std::vector<Index> full_;  ///< The full conflicted set, without events that are unknown or no state.
    Marks in_full_;

    using KeyView = std::pair<std::string_view, std::string_view>;
    std::vector<KeyView> keys_;    ///< Of the full conflicted set, sorted.
    std::vector<Index> resolved_;  ///< By number of key: the resolved event so far, or none.
};

StateMap Resolution::run() {
    collect_conflicted_state_set();
    add_auth_difference();
    if (starts_empty_) add_conflicted_state_subgraph();
    number_keys();

    const auto power_events = reverse_topological_power_order(power_events_and_their_chains());  // 1
    apply_allowed(power_events);                                                                 // 2
    Marks done;
    for (const auto i : power_events) done.mark(i);
    std::vector<Index> remaining;
    for (const auto i : full_)
        if (!done[i]) remaining.push_back(i);
    apply_allowed(mainline_order(std::move(remaining)));  // 3, 4
    return overlaid_with_agreed();                        // 5
}

void Resolution::add_to_full_set(Index i) {
    const auto* event = graph_.event(i);
    if (event && event->is_state() && in_full_.mark(i)) full_.push_back(i);
}

void Resolution::collect_conflicted_state_set() {
    Marks seen;
    for (const auto& key : conflicts_.disputed) {
        for (const auto* id : key.by_set) {
            if (!id) continue;
            const auto i = graph_.index(*id);
            if (seen.mark(i)) conflicted_.push_back(i);
        }
    }
    for (const auto i : conflicted_) add_to_full_set(i);
}

void Resolution::walk_up(std::vector<Index> starts, const Marks& stop, Marks& reached, auto&& visit) {
    while (!starts.empty()) {
        const auto i = starts.back();
        starts.pop_back();
        for (const auto parent : graph_.parents(i)) {
            if (stop[parent] || !reached.mark(parent)) continue;
            visit(parent);
            starts.push_back(parent);
        }
    }
}

/// An event's auth chain does not hold the event itself, so neither does a state's: an event that the sets
/// agree on is part of the difference when something above it in one set's chain is cited there only.
void Resolution::add_auth_difference() {
    // What is above an agreed event is in every chain: walked once, not once for each set.
    std::vector<Index> agreed;
    for (const auto* entry : conflicts_.agreed) agreed.push_back(graph_.index(entry->id));
    Marks in_every_chain;
    walk_up(std::move(agreed), Marks(), in_every_chain, [](Index) {});

    std::vector<Index> met;
    std::vector<std::size_t> chains;  // By index: how many chains hold it.
    for (std::size_t set = 0; set < sets_; ++set) {
        std::vector<Index> starts;
        for (const auto& key : conflicts_.disputed)
            if (const auto* id = key.by_set[set]) starts.push_back(graph_.index(*id));
        Marks in_this_chain;
        walk_up(std::move(starts), in_every_chain, in_this_chain, [&](Index i) {
            if (i >= chains.size()) chains.resize(i + 1 + i / 2);
            if (chains[i]++ == 0) met.push_back(i);
        });
    }
    for (const auto i : met)
        if (chains[i] < sets_) add_to_full_set(i);
}

/// All that lies on a path of auth_events from one conflicted event to another. v2.1 starts from the empty
/// state and finds here what it needs to judge the conflicted events.
void Resolution::add_conflicted_state_subgraph() {
    Marks is_conflicted;
    for (const auto i : conflicted_) is_conflicted.mark(i);

    // Depth first, each event left after everything above it: then it is known whether a conflicted one is
    // there.
    struct Step {
        Index event;
        std::size_t next_parent;
    };
    Marks entered, leads_to_conflicted;
    std::vector<Step> path;
    for (const auto start : conflicted_) {
        if (entered.mark(start)) path.push_back({start, 0});
        while (!path.empty()) {
            const auto [event, next] = path.back();
            const auto parents = graph_.parents(event);
            if (next < parents.size()) {
                ++path.back().next_parent;
                if (entered.mark(parents[next])) path.push_back({parents[next], 0});
                continue;
            }
            path.pop_back();
            const bool leads =
                std::ranges::any_of(parents, [&](Index parent) { return is_conflicted[parent] || leads_to_conflicted[parent]; });
            if (!leads) continue;
            leads_to_conflicted.mark(event);
            add_to_full_set(event);
        }
    }
}

void Resolution::number_keys() {
    for (const auto i : full_) keys_.emplace_back(graph_.event(i)->type, *graph_.event(i)->state_key);
    std::ranges::sort(keys_);
    const auto superfluous = std::ranges::unique(keys_);
    keys_.erase(superfluous.begin(), superfluous.end());
    resolved_.assign(keys_.size(), AuthGraph::none);
}

/// AuthGraph::none for a key that no event of the full conflicted set has.
std::size_t Resolution::key_number(std::string_view type, std::string_view state_key) const {
    const auto at = std::ranges::lower_bound(keys_, KeyView{type, state_key});
    if (at == keys_.end() || *at != KeyView{type, state_key}) return AuthGraph::none;
    return static_cast<std::size_t>(at - keys_.begin());
}

/// The power events of the full conflicted set and their auth chains, also what lies outside the full
/// conflicted set: the ordering goes by paths through such events, then leaves them out.
std::vector<Index> Resolution::power_events_and_their_chains() {
    std::vector<Index> nodes;
    Marks reached;
    for (const auto i : full_)
        if (is_power_event(*graph_.event(i)) && reached.mark(i)) nodes.push_back(i);
    auto starts = nodes;
    walk_up(std::move(starts), Marks(), reached, [&](Index i) { nodes.push_back(i); });
    return nodes;
}

/// Kahn's algorithm; events in a cycle never become free and drop out. Nodes outside the full conflicted set
/// are passed through the moment they are free, so that they hold up nobody.
std::vector<Index> Resolution::reverse_topological_power_order(const std::vector<Index>& nodes) {
    struct Candidate {
        std::int64_t power;
        const Event* event;
        Index index;
    };
    const auto later = [](const Candidate& a, const Candidate& b) {
        if (a.power != b.power) return a.power < b.power;
        if (a.event->origin_server_ts != b.event->origin_server_ts) return a.event->origin_server_ts > b.event->origin_server_ts;
        return a.event->id > b.event->id;
    };
    std::priority_queue<Candidate, std::vector<Candidate>, decltype(later)> candidates(later);

    std::vector<std::size_t> waits_for(graph_.size());
    std::vector<std::vector<Index>> children(graph_.size());
    std::vector<Index> free;
    for (const auto i : nodes) {
        for (const auto parent : graph_.parents(i)) children[parent].push_back(i);
        waits_for[i] = graph_.parents(i).size();
        if (waits_for[i] == 0) free.push_back(i);
    }

    std::vector<Index> order;
    const auto release = [&](Index i) {
        for (const auto child : children[i])
            if (--waits_for[child] == 0) free.push_back(child);
    };
    for (;;) {
        while (!free.empty()) {
            const auto i = free.back();
            free.pop_back();
            if (in_full_[i])
                candidates.push({sender_power(i), graph_.event(i), i});
            else
                release(i);
        }
        if (candidates.empty()) return order;
        order.push_back(candidates.top().index);
        candidates.pop();
        release(order.back());
    }
}

std::vector<Index> Resolution::mainline_order(std::vector<Index> events) {
    constexpr auto off_mainline = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> positions;  // By index of a power levels event; 0: not known yet, else position + 1.
    const auto position_of = [&](Index i) -> std::size_t& {
        if (i >= positions.size()) positions.resize(i + 1 + i / 2);
        return positions[i];
    };
    const auto power_levels_above = [&](Index i) { return graph_.parent_for(i, "m.room.power_levels", ""); };

    const auto key = key_number("m.room.power_levels", "");
    auto current = key != AuthGraph::none ? resolved_[key] : AuthGraph::none;
    if (current == AuthGraph::none && !starts_empty_) {
        if (const auto* agreed = conflicts_.find_agreed("m.room.power_levels", "")) current = graph_.index(*agreed);
    }
    for (std::size_t next = 1; current != AuthGraph::none && position_of(current) == 0; ++next) {
        position_of(current) = next;
        current = power_levels_above(current);
    }

    struct Placed {
        std::size_t position;
        const Event* event;
        Index index;
    };
    std::vector<Placed> placed;
    for (const auto i : events) {
        std::vector<Index> passed;  // Each gets the answer, so every power levels event is walked over once.
        auto at = power_levels_above(i);
        while (at != AuthGraph::none && position_of(at) == 0) {
            position_of(at) = off_mainline;  // Until known better; ends cycles.
            passed.push_back(at);
            at = power_levels_above(at);
        }
        const auto position = at == AuthGraph::none ? off_mainline : position_of(at);
        for (const auto power_levels : passed) position_of(power_levels) = position;
        placed.push_back({position, graph_.event(i), i});
    }
    std::ranges::sort(placed, [](const Placed& a, const Placed& b) {
        if (a.position != b.position) return a.position > b.position;
        if (a.event->origin_server_ts != b.event->origin_server_ts) return a.event->origin_server_ts < b.event->origin_server_ts;
        return a.event->id < b.event->id;
    });
    std::ranges::transform(placed, events.begin(), &Placed::index);
    return events;
}

/// The iterative auth checks algorithm.
void Resolution::apply_allowed(const std::vector<Index>& events) {
    for (const auto i : events) {
        const auto& event = *graph_.event(i);
        const StateLookup state = [this, i](std::string_view type, std::string_view state_key) {
            return find_state(i, type, state_key);
        };
        if (authorise(event, rules_, state).allowed) resolved_[key_number(event.type, *event.state_key)] = i;
    }
}

/// What an event is judged by: the state resolved so far, else what the event itself cites. A rejected event
/// can win its key (spec, "Rejected events") but authorises nothing.
const Event* Resolution::find_state(Index judged, std::string_view type, std::string_view state_key) {
    auto found = AuthGraph::none;
    if (const auto key = key_number(type, state_key); key != AuthGraph::none) found = resolved_[key];
    if (found == AuthGraph::none && !starts_empty_) {
        if (const auto* agreed = conflicts_.find_agreed(type, state_key)) found = graph_.index(*agreed);
    }
    if (found != AuthGraph::none && graph_.event(found) && !graph_.is_rejected(found)) return graph_.event(found);

    for (const auto parent : graph_.parents(judged)) {
        const auto* cited = graph_.event(parent);
        if (cited && cited->is_state(type, state_key) && !graph_.is_rejected(parent)) return cited;
    }
    return rules_.room_id_is_create_hash && type == "m.room.create" ? create_event(judged) : nullptr;
}

const Event* Resolution::create_event(Index judged) {
    const auto id = schema::EventId::parse('$' + graph_.event(judged)->room.str().substr(1));
    return id ? graph_.event(graph_.index(*id)) : nullptr;
}

const Event* Resolution::state_above(Index i, std::string_view type, std::string_view state_key) {
    const auto parent = graph_.parent_for(i, type, state_key);
    return parent == AuthGraph::none ? nullptr : graph_.event(parent);
}

/// Of the event's sender, "when looking at their respective auth_events".
std::int64_t Resolution::sender_power(Index i) {
    const auto* levels = state_above(i, "m.room.power_levels", "");
    const auto* create = state_above(i, "m.room.create", "");
    if (!create && rules_.room_id_is_create_hash) create = create_event(i);
    return schema::PowerLevels(levels ? &levels->content() : nullptr, rules_,
                               create ? schema::PowerLevels::creators_of(*create, rules_) : std::vector<schema::UserId>())
        .level_of(graph_.event(i)->sender);
}

StateMap Resolution::overlaid_with_agreed() const {
    std::vector<StateEntry> entries;
    entries.reserve(conflicts_.agreed.size() + keys_.size());
    for (std::size_t key = 0; key < keys_.size(); ++key) {
        if (resolved_[key] == AuthGraph::none) continue;
        entries.push_back({{std::string(keys_[key].first), std::string(keys_[key].second)}, graph_.id(resolved_[key])});
    }
    for (const auto* entry : conflicts_.agreed) entries.push_back(*entry);
    return StateMap(std::move(entries));  // The last one of a key counts.
}

}  // namespace

StateMap resolve(const RoomRules& rules, std::span<const StateMap> sets, const EventSource& source) {
    if (sets.empty()) return {};
    if (std::ranges::all_of(sets, [&](const StateMap& set) { return set == sets.front(); })) return sets.front();
    if (rules.resolution == RoomRules::Resolution::v1) return resolve_v1(rules, sets, source);
    return Resolution(rules, sets, source).run();
}

}  // namespace runde::rooms
