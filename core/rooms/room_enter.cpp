// The sixth check on receipt of a PDU, and how those that pass it come into the room: all candidates of one call together.
//
//   weigh()    each by the room as it is now, with those before it; the others fail softly
//   merge()    where they stand on other branches than ours: the states of all ends are brought together, once
//   place()    moves the head (room_place.cpp); from the last look at the head to here nobody else does
#include <algorithm>
#include <utility>

#include "core/rooms/room_reception.hpp"
#include "schema/refusal.hpp"

namespace runde::rooms {

namespace rows = storage::rows;
using schema::Event;
using schema::EventId;
using Verdicts = Received::Verdict;

// ---------- states ----------

Room::Reception::Grounds Room::Reception::grounds_of(const Event& event, const StateSet& state) const {
    auto keys = auth_types_for(event, room_.rules_);
    keys.push_back({"m.room.create", ""});
    keys.push_back({"m.room.power_levels", ""});
    Grounds grounds;
    for (const auto& key : keys)
        if (const auto number = room_.dictionary_.find(key.type, key.state_key))
            if (const auto nid = state.find(*number)) grounds.emplace_back(*number, *nid);
    return grounds;
}

net::Task<std::vector<EventPtr>> Room::Reception::events_of(Grounds grounds) {
    std::vector<EventPtr> events;
    std::vector<EventNid> elsewhere;
    for (const auto& [key, nid] : grounds) {
        const auto current = room_.state_by_key(key);
        if (current && current->nid == nid)
            events.push_back(current->event());
        else if (const auto cited = by_nid_.find(nid); cited != by_nid_.end())
            events.push_back(cited->second->event);
        else
            elsewhere.push_back(nid);
    }
    const auto loaded = co_await room_.load_state_events(std::move(elsewhere));
    for (const auto& [nid, one] : loaded) events.push_back(one->event());
    co_return events;
}

net::Task<std::vector<EventPtr>> Room::Reception::state_for(EventPtr event, StateGroupNo state) {
    const auto set = co_await set_of(state);
    co_return co_await events_of(grounds_of(*event, set));
}

/// Copies of a set are cheap, but putting one together costs as much as the room has members.
net::Task<StateSet> Room::Reception::set_of(StateGroupNo group) {
    if (group == room_.group_) co_return room_.current_;
    if (const auto known = sets_.find(group); known != sets_.end()) co_return known->second;
    co_await room_.load_groups({group});
    co_return sets_.emplace(group, room_.history_.state_at(group)).first->second;
}

net::Task<StateGroupNo> Room::Reception::state_after(EventPtr event, EventNid nid, StateGroupNo before) {
    auto set = co_await set_of(before);
    co_await room_.load_groups({before});
    const auto key = room_.intern(event->type, *event->state_key);
    const auto after = room_.derive_group(build_, before, {{key, nid}});
    set.set(key, nid);
    sets_.emplace(after, std::move(set));
    co_return after;
}

StateGroupNo Room::Reception::group_of(const StateSet& set, StateGroupNo nearest) {
    StateDelta delta;
    const bool has_nearest = room_.history_.has(nearest);
    const auto from = has_nearest ? room_.history_.state_at(nearest) : StateSet();
    from.for_each_difference(set,
                             [&](int key, std::optional<EventNid>, std::optional<EventNid> there) { delta.emplace(key, there); });
    if (has_nearest && delta.empty()) return nearest;
    return room_.derive_group(build_, has_nearest ? std::optional(nearest) : std::nullopt, delta);
}

Room::Reception::Groups Room::Reception::groups_of(const std::vector<End>& ends) {
    Groups groups;
    for (const auto& end : ends) groups.push_back(end.after);
    std::ranges::sort(groups);
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    return groups;
}

std::vector<Room::Reception::End> Room::Reception::head_ends() const {
    std::vector<End> ends;
    for (const auto& extremity : room_.extremities_) ends.push_back({extremity.id, extremity.after});
    return ends;
}

/// What is known without asking the algorithm: the room's own state is that of its ends.
std::optional<StateGroupNo> Room::Reception::known_union(const Groups& groups) const {
    if (groups.size() == 1) return groups.front();
    if (groups == groups_of(head_ends())) return room_.group_;
    for (const auto& [of, state] : room_.unions_)
        if (of == groups) return state;
    return std::nullopt;
}

net::Task<StateGroupNo> Room::Reception::unite(Groups groups) {
    if (const auto known = known_union(groups)) co_return *known;
    std::vector<StateSet> sets;
    for (const auto group : groups) {
        auto set = co_await set_of(group);
        sets.push_back(std::move(set));
    }
    // What our own users have sent must be in the database, too.
    co_await room_.parts_.lane.submit(storage::Submission{});
    if (room_.stale_) throw reloading();
    const auto resolved = co_await room_.resolve(sets, unwritten_);
    // What changes nothing on one of the branches is no new state.
    auto nearest = groups.front();
    for (std::size_t i = 0; i < sets.size(); ++i)
        if (sets[i] == resolved) nearest = groups[i];
    co_await room_.load_groups({nearest});
    const auto state = group_of(resolved, nearest);
    sets_.emplace(state, resolved);
    if (room_.unions_.size() >= most_unions) room_.unions_.erase(room_.unions_.begin());
    room_.unions_.emplace_back(std::move(groups), state);
    co_return state;
}

// ---------- the sixth check ----------

/// The extremities that `event` builds on, directly or by events that are no part of the timeline.
std::vector<EventId> Room::Reception::covered_by(const Event& event) const {
    std::vector<EventId> covered;
    std::set<std::string> seen;
    std::vector<const Event*> walk{&event};
    while (!walk.empty()) {
        const auto* at = walk.back();
        walk.pop_back();
        for (const auto& id : at->prev_events) {
            if (!seen.insert(id.str()).second) continue;
            covered.push_back(id);
            const auto* cited = find(id);
            if (cited && (cited->flags & (rows::rejected | rows::soft_failed)) != 0) walk.push_back(cited->event.get());
        }
    }
    return covered;
}

void Room::Reception::add_end(std::vector<End>& ends, const Candidate& one) {
    std::erase_if(ends, [&](const End& end) { return std::ranges::find(one.covers, end.id) != one.covers.end(); });
    ends.push_back({one.event->id, one.after});
}

net::Task<> Room::Reception::weigh() {
    weighed_in_ = room_.group_;
    ends_ = head_ends();
    for (auto& one : candidates_) {
        auto& cited = cited_.at(one.event->id.str());
        one.covers = covered_by(*one.event);
        one.verdict = {false, "the policy server refuses it"};
        if (!one.incoming.refused_by_policy) one.verdict = co_await judge_by_room(one);
        auto ends = ends_;
        add_end(ends, one);
        // Whoever brings branches together, or goes on with one, makes it no worse.
        if (one.verdict && ends.size() > most_extremities) one.verdict = {false, "too many branches at once"};
        if (one.verdict) {
            ends_ = std::move(ends);
            cited.flags &= ~rows::soft_failed;
        } else {
            cited.flags |= rows::soft_failed;
        }
    }
}

/// By the room as it is now, with the candidates that passed before this one. Whoever is allowed on each of the branches is
/// allowed in what they come to, and only where they are not of one mind does it have to be worked out.
net::Task<Verdict> Room::Reception::judge_by_room(const Candidate& one) {
    const auto groups = groups_of(ends_);
    const auto now = known_union(groups);
    if (now == one.before) co_return Verdict{true, "as by the state before it"};
    if (now) co_return co_await judge_by_state(one.event, *now);

    std::vector<Grounds> heard{grounds_of(*one.event, room_.current_)};
    const auto before = co_await set_of(one.before);
    const auto known = grounds_of(*one.event, before);
    for (const auto group : groups) {
        const auto set = co_await set_of(group);
        heard.push_back(grounds_of(*one.event, set));
    }
    std::ranges::sort(heard);
    heard.erase(std::unique(heard.begin(), heard.end()), heard.end());
    std::size_t refusals = 0;
    Verdict verdict{true, "as by each of the branches"};
    for (const auto& grounds : heard) {
        if (grounds == known) continue;
        const auto events = co_await events_of(grounds);
        if (const auto by_branch = authorise(*one.event, room_.rules_, state_in(events)); !by_branch) {
            verdict = by_branch;
            ++refusals;
        }
    }
    if (refusals == 0 || groups.empty()) co_return verdict;
    const auto state = co_await unite(groups);
    co_return co_await judge_by_state(one.event, state);
}

// ---------- into the room ----------

net::Task<> Room::Reception::enter(std::vector<Received>& answers) {
    if (candidates_.empty()) co_return;
    Hold hold(room_);
    co_await weigh();
    if (room_.group_ != weighed_in_ || !join_on()) {
        // Branches have to be brought together, or the room went on meanwhile: its head must stand still.
        hold.close();
        if (room_.group_ != weighed_in_) co_await weigh();
    }
    std::optional<Merge> merged;
    if (!join_on()) merged = co_await merge();

    // From here on nobody else moves the head.
    const auto last =
        std::ranges::find_if(candidates_.rbegin(), candidates_.rend(), [](const auto& one) { return bool(one.verdict); });
    for (auto& one : candidates_) {
        if (one.verdict) {
            place(one, merged ? &*merged : nullptr, &one == &*last);
            continue;
        }
        keep(one.event, one.nid, rows::soft_failed, one.before, one.event->is_state() ? std::optional(one.after) : std::nullopt);
        answers[one.answer] = {Verdicts::soft_failed, one.verdict.why};
    }
    candidates_.clear();
}

/// Whether the candidates simply go on with the room: each follows all that there is, or says something on a branch that
/// the room knows, which leaves its state as it is.
bool Room::Reception::join_on() const {
    auto ends = head_ends();
    auto state = room_.group_;
    for (const auto& one : candidates_) {
        if (!one.verdict) continue;
        const auto groups = groups_of(ends);
        add_end(ends, one);
        if (ends.size() == 1 && one.before == state)
            state = one.after;
        else if (groups_of(ends) != groups)
            return false;
    }
    return true;
}

net::Task<Room::Merge> Room::Reception::merge() {
    auto ends = head_ends();
    for (const auto& one : candidates_)
        if (one.verdict) add_end(ends, one);
    const auto group = co_await unite(groups_of(ends));
    Merge merged{co_await set_of(group), {}, group};
    std::unordered_map<EventNid, EventPtr> fresh;
    for (const auto& one : candidates_) fresh.emplace(one.nid, one.event);
    std::vector<EventNid> stored;
    std::vector<std::string> strangers;
    room_.current_.for_each_difference(merged.state, [&](int key, std::optional<EventNid>, std::optional<EventNid> now) {
        if (!now) {
        } else if (const auto at = fresh.find(*now); at != fresh.end()) {
            merged.events.emplace(*now, std::make_shared<StateEvent>(*now, at->second, room_.rules_));
        } else {
            stored.push_back(*now);
        }
        if (room_.dictionary_.type(key) == "m.room.member") strangers.push_back(room_.dictionary_.state_key(key));
    });
    auto loaded = co_await room_.load_state_events(std::move(stored));
    merged.events.merge(loaded);
    co_await room_.find_locals(build_, std::move(strangers));
    co_return merged;
}

void Room::Reception::place(Candidate& one, const Merge* merged, bool is_last) {
    const auto id = one.event->id.str();
    Placement placement{.event = one.event, .nid = one.nid, .flags = one.incoming.spread ? rows::local : 0, .before = one.before};
    placement.after = one.after;
    placement.covers = std::move(one.covers);
    placement.auth_nids = std::move(one.auth_nids);
    placement.stored = one.stored;
    placement.redaction_applies = one.redaction_applies;
    placement.options = one.incoming.options;
    if (merged)
        placement.merge = merged;
    else
        placement.keeps_state = one.before != room_.group_ || std::ranges::any_of(room_.extremities_, [&](const auto& extremity) {
                                    return std::ranges::find(placement.covers, extremity.id) == placement.covers.end();
                                });
    placement.ends_merge = is_last;
    if (merged || one.before != room_.group_) placement.flags |= rows::off_main_line;

    // A redaction that came in the same call may have failed softly meanwhile.
    const auto* redacting = one.redaction ? find(one.redaction->event->id) : nullptr;
    if (one.redaction && !(redacting && (redacting->flags & rows::soft_failed) != 0)) {
        placement.redaction = one.redaction;
        // Nobody ever reads the rest.
        const auto pruned = schema::canonical_json(schema::redact(one.event->object, room_.rules_), room_.rules_.numbers());
        placement.event = schema::load_event(pruned, one.event->id, room_.rules_);
    }
    if (const auto waiting = pending_.find(id); waiting != pending_.end())
        for (const auto nid : waiting->second) build_.rows.pending_redactions.push_back({room_.nid_, id, nid, true});

    const auto event = placement.event;
    room_.place(build_, std::move(placement));
    if (event->redacts && !room_.known(event->redacts->str())) pending_[event->redacts->str()].push_back(one.nid);
    Received gaps;
    find_missing(*event, gaps);
    note_gaps(gaps.missing_prev);
    Cited cited{one.nid, event, build_.entries.back().line->flags, one.before, std::nullopt, true};
    if (event->is_state()) cited.after = one.after;
    if (missing_.erase(id) > 0)
        build_.rows.missing_prevs.push_back({.room = room_.nid_, .event_id = id, .below_at = {}, .found = true});
    note(std::move(cited));
}

}  // namespace runde::rooms
