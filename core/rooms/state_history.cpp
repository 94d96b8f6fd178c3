#include "core/rooms/state_history.hpp"

#include <set>
#include <stdexcept>

namespace runde::rooms {
namespace {

void put_number(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t take_number(std::string_view& in, int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(in[static_cast<std::size_t>(i)]);
    in.remove_prefix(static_cast<std::size_t>(bytes));
    return value;
}

constexpr int key_bytes = 4, event_bytes = 8;

}  // namespace

std::string pack_delta(const StateDelta& delta) {
    std::string packed;
    packed.reserve(delta.size() * (key_bytes + event_bytes));
    for (const auto& [key, event] : delta) {
        put_number(packed, static_cast<std::uint32_t>(key), key_bytes);
        put_number(packed, event ? static_cast<std::uint64_t>(schema::raw(*event)) : 0, event_bytes);
    }
    return packed;
}

StateDelta unpack_delta(std::string_view packed) {
    if (packed.size() % (key_bytes + event_bytes) != 0) throw std::runtime_error("torn state delta");
    StateDelta delta;
    while (!packed.empty()) {
        const auto key = static_cast<int>(take_number(packed, key_bytes));
        const auto event = static_cast<std::int64_t>(take_number(packed, event_bytes));
        delta.emplace_hint(delta.end(), key, event == 0 ? std::nullopt : std::optional(EventNid{event}));
    }
    return delta;
}

void StateHistory::restore(StateGroup group) {
    const auto number = group.number;
    groups_.insert_or_assign(number, std::move(group));
}

const StateGroup& StateHistory::begin(StateGroupNo number, StateDelta state) {
    return groups_.insert_or_assign(number, StateGroup{number, std::nullopt, std::nullopt, 0, std::move(state)}).first->second;
}

const StateGroup& StateHistory::derive(StateGroupNo number, StateGroupNo parent_number, const StateDelta& change) {
    const auto& parent = groups_.at(parent_number);
    StateGroup group{number, parent_number, parent_number, parent.depth + 1, change};
    // Skew-binary: when the parent's jump and the jump after it span the same distance, take both in one.
    if (parent.jump) {
        const auto& skipped = groups_.at(*parent.jump);
        if (skipped.jump && parent.depth - skipped.depth == skipped.depth - groups_.at(*skipped.jump).depth) {
            group.jump = skipped.jump;
            group.delta.insert(parent.delta.begin(), parent.delta.end());    // insert() keeps what is newer
            group.delta.insert(skipped.delta.begin(), skipped.delta.end());
        }
    }
    return groups_.insert_or_assign(number, std::move(group)).first->second;
}

StateSet StateHistory::state_at(StateGroupNo number) const {
    std::vector<const StateGroup*> chain;
    for (std::optional<StateGroupNo> next = number; next; next = chain.back()->jump) chain.push_back(&groups_.at(*next));
    StateSet state;
    for (auto group = chain.rbegin(); group != chain.rend(); ++group)
        for (const auto& [key, event] : (*group)->delta) state.set(key, event);
    return state;
}

void StateHistory::keep_only(std::span<const StateGroupNo> in_use) {
    std::set<StateGroupNo> needed;
    for (const auto number : in_use)
        for (std::optional<StateGroupNo> next = number; next && needed.insert(*next).second;) next = groups_.at(*next).jump;
    std::erase_if(groups_, [&](const auto& entry) { return !needed.contains(entry.first); });
}

}  // namespace runde::rooms
