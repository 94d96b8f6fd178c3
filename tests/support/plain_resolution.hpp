#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/rooms/auth_rules.hpp"
#include "core/rooms/state_resolution.hpp"
#include "schema/power_levels.hpp"

namespace runde::tests {

/// State resolution v2 and v2.1 word for word after the spec, with sets of strings and no thought of speed:
/// what the real one is held against. https://spec.matrix.org/v1.19/rooms/v12/#state-resolution
class PlainResolution {
public:
    using Id = std::string;
    using Ids = std::set<Id>;
    using Key = std::pair<std::string, std::string>;
    using State = std::map<Key, Id>;

    PlainResolution(const schema::RoomRules& rules, const rooms::EventSource& source)
        : rules_(rules), source_(source), v2_1_(rules.resolution == schema::RoomRules::Resolution::v2_1) {}

    rooms::StateMap resolve(std::span<const rooms::StateMap> sets) const {
        std::vector<State> states;
        for (const auto& set : sets) {
            auto& state = states.emplace_back();
            for (const auto& entry : set) state[{entry.key.type, entry.key.state_key}] = entry.id.str();
        }
        std::vector<rooms::StateEntry> entries;
        for (const auto& [key, id] : resolve(states)) entries.push_back({{key.first, key.second}, *schema::EventId::parse(id)});
        return rooms::StateMap(std::move(entries));
    }

private:
    const schema::Event* event(const Id& id) const { return source_.event(*schema::EventId::parse(id)).get(); }
    bool rejected(const Id& id) const { return source_.is_rejected && source_.is_rejected(*schema::EventId::parse(id)); }
    std::vector<Id> auth_events(const Id& id) const {
        std::vector<Id> ids;
        if (const auto* known = event(id))
            for (const auto& cited : known->auth_events) ids.push_back(cited.str());
        return ids;
    }
    Ids auth_chain(const Id& id) const {
        Ids chain;
        std::vector<Id> open = auth_events(id);
        while (!open.empty()) {
            const auto next = open.back();
            open.pop_back();
            if (chain.insert(next).second)
                for (const auto& cited : auth_events(next)) open.push_back(cited);
        }
        return chain;
    }

    State resolve(const std::vector<State>& states) const {
        State unconflicted;
        Ids conflicted;
        for (const auto& state : states) {
            for (const auto& [key, id] : state) {
                const bool everywhere = std::ranges::all_of(states, [&](const State& other) {
                    const auto found = other.find(key);
                    return found != other.end() && found->second == id;
                });
                if (everywhere)
                    unconflicted[key] = id;
                else
                    conflicted.insert(id);
            }
        }

        Ids full = conflicted;
        std::map<Id, std::size_t> in_chains;
        for (const auto& state : states) {
            Ids chain;
            for (const auto& [key, id] : state) chain.merge(auth_chain(id));
            for (const auto& id : chain) ++in_chains[id];
        }
        for (const auto& [id, count] : in_chains)
            if (count < states.size()) full.insert(id);
        if (v2_1_) {
            for (const auto& from : conflicted) {
                for (const auto& between : auth_chain(from)) {
                    const auto above = auth_chain(between);
                    if (std::ranges::any_of(conflicted, [&](const Id& to) { return above.contains(to); })) full.insert(between);
                }
            }
        }
        std::erase_if(full, [&](const Id& id) { return !event(id) || !event(id)->is_state(); });

        Ids chosen;
        for (const auto& id : full) {
            if (!is_power_event(*event(id))) continue;
            chosen.insert(id);
            for (const auto& above : auth_chain(id))
                if (full.contains(above)) chosen.insert(above);
        }
        auto resolved = v2_1_ ? State() : unconflicted;
        check(reverse_topological_power_order(chosen), resolved);

        std::vector<Id> rest;
        std::ranges::set_difference(full, chosen, std::back_inserter(rest));
        check(mainline_order(rest, resolved), resolved);
        for (const auto& [key, id] : unconflicted) resolved[key] = id;
        return resolved;
    }

    static bool is_power_event(const schema::Event& e) {
        const auto membership = schema::string_at(e.content(), "membership").value_or("");
        return e.type == "m.room.power_levels" || e.type == "m.room.join_rules" ||
               (e.type == "m.room.member" && e.sender.str() != *e.state_key && (membership == "leave" || membership == "ban"));
    }

    std::int64_t sender_power(const Id& id) const {
        const schema::Event* create = nullptr;
        const schema::Event* levels = nullptr;
        for (const auto& cited : auth_events(id)) {
            const auto* e = event(cited);
            if (e && !create && e->is_state("m.room.create")) create = e;
            if (e && !levels && e->is_state("m.room.power_levels")) levels = e;
        }
        if (rules_.room_id_is_create_hash && !create) create = event("$" + event(id)->room.str().substr(1));
        return schema::PowerLevels(levels ? &levels->content() : nullptr, rules_,
                                   create ? schema::PowerLevels::creators_of(*create, rules_) : std::vector<schema::UserId>())
            .level_of(event(id)->sender);
    }

    std::vector<Id> reverse_topological_power_order(Ids open) const {
        std::map<Id, Ids> chains;
        for (const auto& id : open) chains[id] = auth_chain(id);
        std::vector<Id> order;
        while (!open.empty()) {
            const auto before = [&](const Id& a, const Id& b) {
                return std::tuple(-sender_power(a), event(a)->origin_server_ts, a) <
                       std::tuple(-sender_power(b), event(b)->origin_server_ts, b);
            };
            std::vector<Id> free;
            for (const auto& id : open)
                if (std::ranges::none_of(open, [&](const Id& other) { return chains[id].contains(other); })) free.push_back(id);
            if (free.empty()) return order;
            order.push_back(*std::ranges::min_element(free, before));
            open.erase(order.back());
        }
        return order;
    }

    std::vector<Id> mainline_order(std::vector<Id> ids, const State& resolved) const {
        const auto levels_above = [&](const Id& id) -> Id {
            for (const auto& cited : auth_events(id))
                if (event(cited) && event(cited)->is_state("m.room.power_levels")) return cited;
            return "";
        };
        std::vector<Id> mainline;
        const auto start = resolved.find({"m.room.power_levels", ""});
        for (auto at = start == resolved.end() ? "" : start->second; !at.empty(); at = levels_above(at)) {
            if (std::ranges::find(mainline, at) != mainline.end()) break;
            mainline.push_back(at);
        }
        const auto position = [&](const Id& id) {
            Ids seen;
            for (auto at = levels_above(id); !at.empty() && seen.insert(at).second; at = levels_above(at)) {
                const auto found = std::ranges::find(mainline, at);
                if (found != mainline.end()) return static_cast<std::int64_t>(found - mainline.begin());
            }
            return std::numeric_limits<std::int64_t>::max();
        };
        std::ranges::sort(ids, [&](const Id& a, const Id& b) {
            return std::tuple(-position(a), event(a)->origin_server_ts, a) <
                   std::tuple(-position(b), event(b)->origin_server_ts, b);
        });
        return ids;
    }

    void check(const std::vector<Id>& ids, State& resolved) const {
        for (const auto& id : ids) {
            const auto& e = *event(id);
            const auto lookup = [&](std::string_view type, std::string_view state_key) -> const schema::Event* {
                const auto found = resolved.find({std::string(type), std::string(state_key)});
                if (found != resolved.end() && event(found->second) && !rejected(found->second)) return event(found->second);
                for (const auto& cited : auth_events(id))
                    if (event(cited) && event(cited)->is_state(type, state_key) && !rejected(cited)) return event(cited);
                if (rules_.room_id_is_create_hash && type == "m.room.create") return event("$" + e.room.str().substr(1));
                return nullptr;
            };
            if (rooms::authorise(e, rules_, lookup).allowed) resolved[{e.type, *e.state_key}] = id;
        }
    }

    const schema::RoomRules& rules_;
    const rooms::EventSource& source_;
    const bool v2_1_;
};

}  // namespace runde::tests
