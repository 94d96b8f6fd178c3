// Where branches of a room's history meet: states as sets of numbers, their resolution, and the new current state.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "core/rooms/room_build.hpp"
#include "core/rooms/state_resolution.hpp"
#include "storage/pdus.hpp"

namespace runde::rooms {

using schema::EventId;

namespace {

/// The state resolution of the specification over what the database holds. Runs on a reader's thread, so that the room's
/// thread neither waits for events nor computes.
class Resolution {
public:
    Resolution(storage::Tx& tx, RoomNid room, const schema::RoomRules& rules) : tx_(tx), room_(room), rules_(rules) {
        for (auto& node : storage::auth_graph(tx, room)) {
            const auto id = *EventId::parse(node.event_id);
            ids_.emplace(node.nid, id);
            nids_.emplace(id, node.nid);
            nodes_.emplace(id, Node{std::move(node.auth), node.rejected, nullptr});
        }
    }
    /// An event that is not in the database yet.
    void add(EventNid nid, const EventPtr& event, std::vector<std::int64_t> auth, bool rejected) {
        ids_.emplace(nid, event->id);
        nids_.emplace(event->id, nid);
        nodes_.insert_or_assign(event->id, Node{std::move(auth), rejected, event});
    }

    struct Result {
        StateSet state;
        /// What won a key that none of the sets has (an auth event of theirs), and the room therefore has no number for.
        std::vector<std::pair<StateKey, EventNid>> unnumbered;
    };
    /// `names[key]`: what a key of the sets stands for.
    Result resolve(const std::vector<StateSet>& sets, const std::vector<StateKey>& names) {
        std::vector<StateMap> maps;
        for (const auto& set : sets) {
            std::vector<StateEntry> entries;
            set.for_each([&](int key, EventNid nid) {
                if (const auto id = ids_.find(nid); id != ids_.end())
                    entries.push_back({names.at(static_cast<std::size_t>(key)), id->second});
            });
            maps.emplace_back(std::move(entries));
        }
        preload(sets);
        const EventSource source{.event = [this](const EventId& id) { return event(id); },
                                 .is_rejected =
                                     [this](const EventId& id) {
                                         const auto node = nodes_.find(id);
                                         return node != nodes_.end() && node->second.rejected;
                                     },
                                 .auth_events = [this](const EventId& id) { return auth_events(id); }};
        const auto resolved = rooms::resolve(rules_, maps, source);
        std::map<StateKey, int> numbers;
        for (std::size_t key = 1; key < names.size(); ++key) numbers.emplace(names[key], static_cast<int>(key));
        Result result;
        for (const auto& entry : resolved)
            if (const auto number = numbers.find(entry.key); number != numbers.end())
                result.state.set(number->second, nids_.at(entry.id));
            else
                result.unnumbered.emplace_back(entry.key, nids_.at(entry.id));
        return result;
    }

private:
    struct Node {
        std::vector<std::int64_t> auth;
        bool rejected = false;
        EventPtr event;
    };

    /// What the sets disagree about and what that rests on, in one statement; the little else that is asked for comes
    /// one by one.
    void preload(const std::vector<StateSet>& sets) {
        std::vector<EventNid> disputed;
        for (std::size_t i = 1; i < sets.size(); ++i)
            sets[0].for_each_difference(sets[i], [&](int, std::optional<EventNid> mine, std::optional<EventNid> theirs) {
                if (mine) disputed.push_back(*mine);
                if (theirs) disputed.push_back(*theirs);
            });
        std::unordered_set<EventNid> reached;
        std::vector<EventNid> wanted;
        while (!disputed.empty()) {
            const auto nid = disputed.back();
            disputed.pop_back();
            const auto id = ids_.find(nid);
            if (id == ids_.end() || !reached.insert(nid).second) continue;
            const auto& node = nodes_.at(id->second);
            if (!node.event) wanted.push_back(nid);
            for (const auto cited : node.auth) disputed.push_back(EventNid{cited});
        }
        for (const auto& stored : storage::events_by_nid(tx_, room_, wanted)) take_in(stored);
    }
    EventPtr take_in(const storage::StoredEvent& stored) {
        const auto id = *EventId::parse(stored.event_id);
        auto loaded = schema::load_event(stored.json, id, rules_);
        if (const auto node = nodes_.find(id); node != nodes_.end()) node->second.event = loaded;
        return loaded;
    }
    EventPtr event(const EventId& id) {
        const auto node = nodes_.find(id);
        if (node == nodes_.end()) return nullptr;
        if (!node->second.event) {
            const auto stored = storage::events_by_nid(tx_, room_, {nids_.at(id)});
            if (!stored.empty()) take_in(stored.front());
        }
        return node->second.event;
    }
    std::vector<EventId> auth_events(const EventId& id) {
        std::vector<EventId> ids;
        if (const auto node = nodes_.find(id); node != nodes_.end())
            for (const auto nid : node->second.auth)
                if (const auto parent = ids_.find(EventNid{nid}); parent != ids_.end()) ids.push_back(parent->second);
        return ids;
    }

    storage::Tx& tx_;
    RoomNid room_;
    const schema::RoomRules& rules_;
    std::unordered_map<EventNid, EventId> ids_;
    std::unordered_map<EventId, EventNid> nids_;
    std::unordered_map<EventId, Node> nodes_;
};

}  // namespace

net::Task<> Room::load_groups(std::vector<StateGroupNo> groups) {
    std::erase_if(groups, [&](StateGroupNo group) { return history_.has(group); });
    if (groups.empty()) co_return;
    const auto chains = co_await parts_.db.read([&](storage::Tx& tx) {
        std::vector<storage::StoredStateGroup> all;
        for (const auto group : groups)
            for (auto& stored : storage::load_state_chain(tx, nid_, static_cast<std::int64_t>(group)))
                all.push_back(std::move(stored));
        return all;
    });
    const auto number = [](std::optional<std::int64_t> sg) { return sg ? std::optional(StateGroupNo{*sg}) : std::nullopt; };
    for (const auto& group : chains)
        history_.restore(
            {StateGroupNo{group.sg}, number(group.parent), number(group.jump), group.depth, unpack_delta(group.delta)});
}

net::Task<StateSet> Room::resolve(std::vector<StateSet> sets, std::vector<Unwritten> unwritten) {
    std::vector<StateSet> different;
    for (auto& set : sets)
        if (std::ranges::find(different, set) == different.end()) different.push_back(std::move(set));
    if (different.size() == 1) co_return std::move(different.front());
    ++resolutions_;
    std::vector<StateKey> names{{}};
    for (int key = 1; key < dictionary_.next(); ++key) names.push_back({dictionary_.type(key), dictionary_.state_key(key)});
    auto resolved = co_await parts_.db.read([&](storage::Tx& tx) {
        const auto started = std::chrono::steady_clock::now();
        Resolution resolution(tx, nid_, rules_);
        for (const auto& event : unwritten) resolution.add(event.nid, event.event, event.auth_nids, event.rejected);
        auto result = resolution.resolve(different, names);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
        spdlog::info("{} states of a room were brought together in {:.1f} ms", different.size(), took.count());
        return result;
    });
    for (const auto& [key, nid] : resolved.unnumbered) resolved.state.set(intern(key.type, key.state_key), nid);
    co_return std::move(resolved.state);
}

net::Task<std::unordered_map<EventNid, StateEventPtr>> Room::load_state_events(std::vector<EventNid> nids) {
    std::unordered_map<EventNid, StateEventPtr> events;
    if (nids.empty()) co_return events;
    const auto stored = co_await parts_.db.read([&](storage::Tx& tx) { return storage::events_by_nid(tx, nid_, nids); });
    for (const auto& one : stored) {
        const auto id = *EventId::parse(one.event_id);
        auto event = schema::load_event(one.json, id, rules_);
        if (one.redacted_by)
            event = schema::load_event(schema::canonical_json(schema::redact(event->object, rules_), rules_.numbers()), id, rules_);
        events.emplace(one.nid, std::make_shared<StateEvent>(one.nid, std::move(event), rules_));
    }
    co_return events;
}

void Room::adopt(Build& build, const Merge& merge, std::optional<StateDictionary::KeyNo> own) {
    const auto before = current_;
    before.for_each_difference(merge.state, [&](int key, std::optional<EventNid>, std::optional<EventNid> now) {
        set_current(build, key, now ? merge.events.at(*now) : nullptr, std::nullopt);
        if (key != own) build.cut_at = build.rows.positions - 1;
    });
    group_ = merge.group;
}

}  // namespace runde::rooms
