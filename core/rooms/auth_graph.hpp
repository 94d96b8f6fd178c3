#pragma once
#include <cstdint>
#include <deque>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/rooms/state_resolution.hpp"

namespace runde::rooms {

/// The events that one resolution meets, numbered in the order it meets them, with their auth_events as
/// edges. Each event and each list of edges is fetched once, when somebody first asks; everything after is
/// arithmetic on integers.
///
/// From room version 3 on event ids are hashes and the graph has no cycles. In versions 1 and 2 a malicious
/// server can make one, so whoever walks here must come to an end on cycles too.
class AuthGraph {
public:
    using Index = std::uint32_t;
    static constexpr Index none = std::numeric_limits<Index>::max();

    explicit AuthGraph(const EventSource& source) : source_(source) {}

    Index index(const schema::EventId& id);
    const schema::EventId& id(Index i) const { return nodes_[i].id; }
    std::size_t size() const { return nodes_.size(); }

    /// The auth_events of event `i`. The span holds until the next call for an event not asked about before.
    std::span<const Index> parents(Index i);
    /// nullptr when the source does not know it. Lives as long as the graph.
    const schema::Event* event(Index i);
    bool is_rejected(Index i);
    /// The first of `i`'s auth_events that is the state event for this key; `none` if there is none.
    Index parent_for(Index i, std::string_view type, std::string_view state_key);

private:
    enum class Rejected : char { unknown, no, yes };
    struct Node {
        explicit Node(schema::EventId of) : id(std::move(of)) {}
        schema::EventId id;
        schema::EventPtr event;
        std::uint32_t first_edge = 0;
        std::uint32_t edges = 0;
        bool has_edges = false;
        bool has_event = false;
        Rejected rejected = Rejected::unknown;
    };

    const EventSource& source_;
    std::deque<Node> nodes_;  // Never moves a node, so the views in numbers_ hold.
    std::unordered_map<std::string_view, Index> numbers_;
    std::vector<Index> edges_;
};

/// One bit for each event of a graph that may still grow.
class Marks {
public:
    bool operator[](AuthGraph::Index i) const { return i < marked_.size() && marked_[i]; }
    /// Returns whether it was unmarked before.
    bool mark(AuthGraph::Index i) {
        if (i >= marked_.size()) marked_.resize(i + 1 + i / 2);
        if (marked_[i]) return false;
        return marked_[i] = true;
    }

private:
    std::vector<char> marked_;
};

}  // namespace runde::rooms
