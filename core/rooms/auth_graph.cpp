#include "core/rooms/auth_graph.hpp"

namespace runde::rooms {

AuthGraph::Index AuthGraph::index(const schema::EventId& id) {
    if (const auto known = numbers_.find(id.str()); known != numbers_.end()) return known->second;
    const auto number = static_cast<Index>(nodes_.size());
    nodes_.emplace_back(id);
    numbers_.emplace(nodes_.back().id.str(), number);
    return number;
}

std::span<const AuthGraph::Index> AuthGraph::parents(Index i) {
    if (!nodes_[i].has_edges) {
        const auto first = edges_.size();
        if (source_.auth_events) {
            for (const auto& cited : source_.auth_events(nodes_[i].id)) edges_.push_back(index(cited));
        } else if (const auto* loaded = event(i)) {
            for (const auto& cited : loaded->auth_events) edges_.push_back(index(cited));
        }
        nodes_[i].first_edge = static_cast<std::uint32_t>(first);
        nodes_[i].edges = static_cast<std::uint32_t>(edges_.size() - first);
        nodes_[i].has_edges = true;
    }
    return std::span(edges_).subspan(nodes_[i].first_edge, nodes_[i].edges);
}

const schema::Event* AuthGraph::event(Index i) {
    auto& node = nodes_[i];
    if (!node.has_event) {
        node.event = source_.event(node.id);
        node.has_event = true;
    }
    return node.event.get();
}

bool AuthGraph::is_rejected(Index i) {
    auto& node = nodes_[i];
    if (node.rejected == Rejected::unknown) {
        const bool rejected = source_.is_rejected && source_.is_rejected(node.id);
        node.rejected = rejected ? Rejected::yes : Rejected::no;
    }
    return node.rejected == Rejected::yes;
}

AuthGraph::Index AuthGraph::parent_for(Index i, std::string_view type, std::string_view state_key) {
    for (const auto parent : parents(i)) {
        const auto* cited = event(parent);
        if (cited && cited->is_state(type, state_key)) return parent;
    }
    return none;
}

}  // namespace runde::rooms
