// What happens to an event that another server made, once it is on our desk: the checks on receipt of a PDU from the fourth
// on, in the specification's order. https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
//
//   load()     everything that the events cite, in one read
//   judge()    by their auth_events, by the state before them; rejected ones are kept with that mark
//   enter()    by the room as it is now: soft failure; else place() moves the head, after branches were merged if
//              the event is on another one than ours
//
// The room goes on with events of its own meanwhile. Only while branches with different states are merged it holds still.
#include <algorithm>
#include <utility>

#include "core/rooms/room_reception.hpp"
#include "schema/refusal.hpp"
#include "storage/pdus.hpp"
#include "storage/users.hpp"

namespace runde::rooms {

namespace rows = storage::rows;
using schema::Event;
using schema::EventId;
using schema::Reason;
using schema::Refusal;
using Verdicts = Received::Verdict;

namespace {

std::optional<StateGroupNo> group_no(std::optional<std::int64_t> sg) {
    return sg ? std::optional(StateGroupNo{*sg}) : std::nullopt;
}
std::optional<std::int64_t> number_of(std::optional<StateGroupNo> group) {
    return group ? std::optional(static_cast<std::int64_t>(*group)) : std::nullopt;
}

schema::EventDraft draft_of(const Event& event) {
    return {.type = event.type,
            .sender = event.sender,
            .state_key = event.state_key,
            .content = schema::JsonObject(event.content(), boost::json::storage_ptr()),
            .redacts = event.redacts};
}

StateLookup lookup_in(const std::vector<EventPtr>& events) {
    return [&events](std::string_view type, std::string_view state_key) -> const Event* {
        for (const auto& event : events)
            if (event->is_state(type, state_key)) return event.get();
        return nullptr;
    };
}

}  // namespace

Refusal reloading() {
    return Refusal(Reason::limit_exceeded, "The room is being reloaded; please try again.", {{"retry_after_ms", 100}});
}

bool Room::Reception::Cited::is_rejected() const { return (flags & rows::rejected) != 0; }

// ---------- the room's side ----------

net::Task<std::unique_ptr<Room::Turn>> Room::take_turn() {
    while (const auto other = receiving_) co_await other->wait();
    if (stale_) throw reloading();
    co_return std::make_unique<Turn>(*this);
}

net::Task<std::vector<Received>> Room::receive(std::vector<Incoming> events) {
    const auto self = shared_from_this();
    const auto turn = co_await take_turn();
    Reception reception(*this);
    try {
        auto answers = co_await reception.receive(std::move(events));
        co_await reception.flush();
        co_return std::move(answers);
    } catch (const storage::SubmissionRefused&) {
        // What we took to be new was not: somebody else has stored it. With the room loaded again all is seen.
        throw reloading();
    } catch (...) {
        reception.give_up();
        throw;
    }
}

net::Task<std::vector<Received>> Room::keep_outliers(std::vector<EventPtr> events) {
    const auto self = shared_from_this();
    const auto turn = co_await take_turn();
    Reception reception(*this);
    try {
        auto answers = co_await reception.keep_outliers(std::move(events));
        co_await reception.flush();
        co_return std::move(answers);
    } catch (const storage::SubmissionRefused&) {
        // What we took to be new was not: somebody else has stored it. With the room loaded again all is seen.
        throw reloading();
    } catch (...) {
        reception.give_up();
        throw;
    }
}

// ---------- what is cited ----------

net::Task<> Room::Reception::load(std::vector<std::string> ids) {
    if (room_.rules_.room_id_is_create_hash) ids.push_back("$" + room_.id_.str().substr(1));
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::erase_if(ids, [&](const std::string& id) { return cited_.contains(id); });
    if (ids.empty()) co_return;

    struct Found {
        std::vector<storage::StoredEvent> events, redactions;
        std::vector<storage::StoredPending> pending;
        std::vector<std::string> missing;
    };
    const auto found = co_await room_.parts_.db.read([&](storage::Tx& tx) {
        Found all;
        all.events = storage::events_by_id(tx, ids);
        all.pending = storage::pending_redactions(tx, room_.nid_, ids);
        all.missing = storage::missing_among(tx, room_.nid_, ids);
        std::vector<EventNid> waiting;
        for (const auto& pending : all.pending) waiting.push_back(pending.redaction);
        if (!waiting.empty()) all.redactions = storage::events_by_nid(tx, room_.nid_, waiting);
        return all;
    });
    const auto cited = [&](const storage::StoredEvent& stored) {
        return Cited{stored.nid,
                     schema::load_event(stored.json, *EventId::parse(stored.event_id), room_.rules_),
                     stored.flags,
                     group_no(stored.sg),
                     group_no(stored.sg_after),
                     stored.ord.has_value()};
    };
    for (const auto& stored : found.events)
        if (stored.room == room_.nid_)
            cited_.emplace(stored.event_id, cited(stored));
        else
            foreign_.insert(stored.event_id);
    for (const auto& pending : found.pending) pending_[pending.target_id].push_back(pending.redaction);
    missing_.insert(found.missing.begin(), found.missing.end());
    for (const auto& stored : found.redactions) redactions_.emplace(stored.nid, cited(stored));
}

const Room::Reception::Cited* Room::Reception::find(const EventId& id) const {
    const auto found = cited_.find(id.str());
    return found == cited_.end() ? nullptr : &found->second;
}

const Event* Room::Reception::create_event() const {
    if (!room_.rules_.room_id_is_create_hash) return nullptr;
    const auto id = EventId::parse("$" + room_.id_.str().substr(1));
    const auto* create = id ? find(*id) : nullptr;
    return create && !create->is_rejected() ? create->event.get() : nullptr;
}

std::vector<std::int64_t> Room::Reception::auth_nids_of(const Event& event) const {
    std::vector<std::int64_t> nids;
    for (const auto& id : event.auth_events)
        if (const auto* cited = find(id)) nids.push_back(schema::raw(cited->nid));
    return nids;
}

void Room::Reception::find_missing(const Event& event, Received& answer) const {
    for (const auto& id : event.auth_events)
        if (!find(id)) answer.missing_auth.push_back(id);
    for (const auto& id : event.prev_events)
        if (const auto* cited = find(id); !cited || !cited->state_after()) answer.missing_prev.push_back(id);
}

// ---------- judging ----------

net::Task<std::vector<Received>> Room::Reception::receive(std::vector<Incoming> events) {
    std::vector<std::string> ids, strangers;
    for (const auto& incoming : events) {
        const auto& event = *incoming.event;
        ids.push_back(event.id.str());
        for (const auto& id : event.auth_events) ids.push_back(id.str());
        for (const auto& id : event.prev_events) ids.push_back(id.str());
        if (event.redacts) ids.push_back(event.redacts->str());
        if (incoming.state_before)
            for (const auto& id : *incoming.state_before) ids.push_back(id.str());
        if (event.type == "m.room.member" && event.state_key) strangers.push_back(*event.state_key);
    }
    co_await load(std::move(ids));
    co_await room_.find_locals(build_, std::move(strangers));
    for (const auto& incoming : events) {
        co_await room_.prepare(draft_of(*incoming.event), Whose::foreign);
        co_await room_.prepare_counting(draft_of(*incoming.event));
    }
    std::vector<Received> answers;
    for (auto& incoming : events) {
        const auto seq = incoming.inbox_seq;
        auto answer = co_await judge(std::move(incoming));
        if (seq && answer.verdict != Verdicts::incomplete) build_.rows.inbox_done.push_back({room_.nid_, *seq});
        answers.push_back(std::move(answer));
    }
    co_return answers;
}

net::Task<Received> Room::Reception::judge(Incoming incoming) {
    const auto event = incoming.event;
    if (event->room != room_.id_) co_return Received{Verdicts::rejected, "an event of another room"};
    // Versions 1 and 2 let the sender choose it.
    if (is_of_another_room(event->id)) co_return Received{Verdicts::rejected, "an event id of another room"};
    const auto* stored = find(event->id);
    // Repeating it makes nothing better.
    if (stored && stored->is_judged() && stored->is_rejected()) co_return Received{Verdicts::rejected, "rejected before"};
    if (stored && stored->is_judged() && (stored->flags & rows::soft_failed) != 0)
        co_return Received{Verdicts::soft_failed, "refused before"};
    if (stored && stored->is_judged()) co_return Received{Verdicts::known, "judged before"};
    if (event->is_state("m.room.create")) {
        if (stored) co_return Received{Verdicts::known, "judged before"};
        co_return Received{Verdicts::rejected, "a room begins once"};
    }
    Received answer;
    find_missing(*event, answer);
    // What is kept as an outlier lies before something that we have; only what joins on to our history becomes part of it.
    if (stored && !stored->is_rejected() && !answer.missing_prev.empty() && incoming.state_before)
        co_return Received{Verdicts::known, "older than what is here"};
    if (!answer.missing_auth.empty() || (!answer.missing_prev.empty() && !incoming.state_before)) co_return answer;

    // Rejected or not, what cites it must find out what the room's state was.
    const auto before = co_await state_before(incoming);
    if (!before) {
        for (const auto& id : *incoming.state_before)
            if (!find(id)) answer.missing_auth.push_back(id);
        co_return answer;
    }
    auto verdict = judge_by_auth_events(*event);                       // 4
    if (verdict) verdict = co_await judge_by_state(event, *before);    // 5
    stored = find(event->id);
    const auto nid = stored ? stored->nid : room_.parts_.numbers.next<EventNid>();
    if (!verdict) {
        keep(event, nid, rows::rejected, before, std::nullopt);
        co_return Received{Verdicts::rejected, verdict.why};
    }
    co_return co_await enter(std::move(incoming), nid, *before);       // 6
}

std::vector<CitedEvent> Room::Reception::auth_events_of(const Event& event) const {
    std::vector<CitedEvent> cited;
    for (const auto& id : event.auth_events)
        if (const auto* one = find(id)) cited.push_back({one->event.get(), one->is_rejected()});
    return cited;
}

Verdict Room::Reception::judge_by_auth_events(const Event& event) const {
    const auto cited = auth_events_of(event);
    const auto* create = create_event();
    const auto verdict = check_auth_events(event, room_.rules_, cited, create);
    return verdict ? authorise(event, room_.rules_, state_of(cited, create)) : verdict;
}

net::Task<std::vector<EventPtr>> Room::Reception::state_for(const Event& event, StateGroupNo state) {
    auto keys = auth_types_for(event, room_.rules_);
    keys.push_back({"m.room.create", ""});
    keys.push_back({"m.room.power_levels", ""});
    co_await room_.load_groups({state});
    const auto set = room_.history_.state_at(state);
    std::vector<EventPtr> events;
    std::vector<EventNid> elsewhere;
    for (const auto& key : keys) {
        const auto number = room_.dictionary_.find(key.type, key.state_key);
        const auto nid = number ? set.find(*number) : std::nullopt;
        if (!nid) continue;
        const auto current = room_.state_by_key(*number);
        if (current && current->nid == *nid)
            events.push_back(current->event());
        else if (const auto one = std::ranges::find(cited_, *nid, [](const auto& entry) { return entry.second.nid; });
                 one != cited_.end())
            events.push_back(one->second.event);
        else
            elsewhere.push_back(*nid);
    }
    const auto loaded = co_await room_.load_state_events(std::move(elsewhere));
    for (const auto& [nid, one] : loaded) events.push_back(one->event());
    co_return events;
}

net::Task<Verdict> Room::Reception::judge_by_state(EventPtr event, StateGroupNo state) {
    const auto events = co_await state_for(*event, state);
    co_return authorise(*event, room_.rules_, lookup_in(events));
}

net::Task<std::optional<StateGroupNo>> Room::Reception::state_before(const Incoming& incoming) {
    const auto& event = *incoming.event;
    std::vector<StateGroupNo> groups;
    std::set<std::string> prev;
    bool all_known = true;
    for (const auto& id : event.prev_events) {
        prev.insert(id.str());
        const auto* cited = find(id);
        const auto after = cited ? cited->state_after() : std::nullopt;
        if (!after)
            all_known = false;
        else if (std::ranges::find(groups, *after) == groups.end())
            groups.push_back(*after);
    }
    const auto is_head = [&] {
        return room_.group_ && prev.size() == room_.extremities_.size() &&
               std::ranges::all_of(room_.extremities_, [&](const Extremity& e) { return prev.contains(e.id.str()); });
    };
    if (all_known && is_head()) co_return room_.group_;
    if (all_known && groups.size() == 1) co_return groups.front();

    co_await flush();  // Resolution looks into the database.
    co_await room_.load_groups(groups);
    std::vector<StateSet> sets;
    for (const auto group : groups) sets.push_back(room_.history_.state_at(group));
    if (!all_known) {
        StateSet told;
        for (const auto& id : *incoming.state_before) {
            const auto* cited = find(id);
            if (!cited) co_return std::nullopt;
            if (cited->is_rejected() || !cited->event->is_state()) continue;
            told.set(room_.intern(build_, cited->event->type, *cited->event->state_key), cited->nid);
        }
        sets.push_back(std::move(told));
    }
    if (sets.empty()) co_return room_.derive_group(build_, std::nullopt, {});
    const auto resolved = co_await room_.resolve(std::move(sets), {});
    co_return group_of(resolved, groups.empty() ? room_.group_.value_or(StateGroupNo{0}) : groups.front());
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

// ---------- into the room ----------

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

net::Task<Received> Room::Reception::enter(Incoming incoming, EventNid nid, StateGroupNo before) {
    const auto event = incoming.event;
    const auto redaction = co_await pending_redaction(event);
    std::vector<EventPtr> state;
    const auto* target = event->redacts ? find(*event->redacts) : nullptr;
    if (target) state = co_await state_for(*event, before);

    Placement placement{.event = event, .nid = nid, .flags = incoming.spread ? rows::local : 0, .before = before};
    placement.covers = covered_by(*event);
    placement.options = incoming.options;
    placement.stored = find(event->id) != nullptr;
    placement.redaction = redaction;
    placement.redaction_applies = !target || may_redact(*event, *target->event, room_.rules_, lookup_in(state));
    if (event->is_state()) placement.auth_nids = auth_nids_of(*event);

    Hold hold(room_);
    std::optional<Merge> merged;
    for (;;) {
        // From here to place() nobody else moves the head.
        std::vector<EventPtr> keep_alive;
        auto verdict = incoming.refused_by_policy ? Verdict{false, "the policy server refuses it"}
                                                  : authorise(*event, room_.rules_, room_.lookup(keep_alive));
        const auto stay = std::ranges::count_if(room_.extremities_, [&](const auto& extremity) {
            return std::ranges::find(placement.covers, extremity.id) == placement.covers.end();
        });
        // Whoever brings branches together, or goes on with one, makes it no worse.
        if (verdict && std::cmp_greater_equal(stay, most_extremities)) verdict = {false, "too many branches at once"};
        if (!verdict) {
            std::optional<StateGroupNo> after;
            if (event->is_state()) {
                co_await room_.load_groups({before});
                after = room_.derive_group(build_, before, {{room_.intern(build_, event->type, *event->state_key), nid}});
            }
            keep(event, nid, rows::soft_failed, before, after);
            co_return Received{Verdicts::soft_failed, verdict.why};
        }
        std::vector<StateGroupNo> others;
        for (const auto& extremity : room_.extremities_)
            if (std::ranges::find(placement.covers, extremity.id) == placement.covers.end() &&
                std::ranges::find(others, extremity.after) == others.end())
                others.push_back(extremity.after);
        const bool is_same_state = !event->is_state() && before == room_.group_ &&
                                   std::ranges::all_of(others, [&](StateGroupNo group) { return group == before; });
        const bool follows_all = others.empty() && before == room_.group_;
        if (merged || is_same_state || follows_all) break;

        if (!hold.is_closed()) {
            // The database must hold all that the branches consist of, and the head must stand still.
            hold.close();
            co_await flush();
            co_await room_.parts_.lane.submit(storage::Submission{});
            if (room_.stale_) throw reloading();
            continue;
        }
        merged = co_await merge(event, nid, before, std::move(others));
        break;
    }
    if (before != room_.group_ || merged) placement.flags |= rows::off_main_line;
    placement.merge = merged ? &*merged : nullptr;
    if (redaction) {
        // Nobody ever reads the rest.
        const auto pruned = schema::canonical_json(schema::redact(event->object, room_.rules_), room_.rules_.numbers());
        placement.event = schema::load_event(pruned, event->id, room_.rules_);
    }
    if (const auto waiting = pending_.find(event->id.str()); waiting != pending_.end())
        for (const auto one : waiting->second) build_.rows.pending_redactions.push_back({room_.nid_, event->id.str(), one, true});

    room_.place(build_, placement);
    Received gaps;
    find_missing(*event, gaps);
    note_gaps(gaps.missing_prev);
    Cited cited{nid, placement.event, build_.entries.back().line->flags, before, std::nullopt, true};
    if (event->is_state()) cited.after = room_.extremities_.front().after;
    if (missing_.erase(event->id.str()) > 0)
        build_.rows.missing_prevs.push_back({.room = room_.nid_, .event_id = event->id.str(), .below_at = {}, .found = true});
    cited_.insert_or_assign(event->id.str(), std::move(cited));
    co_return Received{Verdicts::accepted, "accepted"};
}

net::Task<std::optional<Room::Merge>> Room::Reception::merge(EventPtr event, EventNid nid, StateGroupNo before,
                                                             std::vector<StateGroupNo> others) {
    auto groups = others;
    groups.push_back(before);
    co_await room_.load_groups(groups);
    std::vector<StateSet> sets;
    for (const auto group : others) sets.push_back(room_.history_.state_at(group));
    auto mine = room_.history_.state_at(before);
    std::vector<Unwritten> unwritten;
    if (event->is_state()) {
        mine.set(room_.intern(build_, event->type, *event->state_key), nid);
        unwritten.push_back({nid, event, auth_nids_of(*event)});
    }
    sets.push_back(std::move(mine));
    Merge merged{co_await room_.resolve(std::move(sets), std::move(unwritten)), {}};
    std::vector<EventNid> new_here;
    std::vector<std::string> strangers;
    room_.current_.for_each_difference(merged.state, [&](int key, std::optional<EventNid>, std::optional<EventNid> now) {
        if (now == nid)
            merged.events.emplace(nid, std::make_shared<StateEvent>(nid, event, room_.rules_));
        else if (now)
            new_here.push_back(*now);
        if (room_.dictionary_.type(key) == "m.room.member") strangers.push_back(room_.dictionary_.state_key(key));
    });
    auto loaded = co_await room_.load_state_events(std::move(new_here));
    merged.events.merge(loaded);
    co_await room_.find_locals(build_, std::move(strangers));
    co_return merged;
}

net::Task<std::optional<Room::Placement::Redaction>> Room::Reception::pending_redaction(EventPtr event) {
    const auto waiting = pending_.find(event->id.str());
    if (waiting == pending_.end()) co_return std::nullopt;
    for (const auto nid : waiting->second) {
        const auto found = redactions_.find(nid);
        if (found == redactions_.end() || !found->second.live || !found->second.before) continue;
        const auto& redaction = found->second;
        const auto state = co_await state_for(*redaction.event, *redaction.before);
        if (may_redact(*redaction.event, *event, room_.rules_, lookup_in(state)))
            co_return Placement::Redaction{nid, redaction.event};
    }
    co_return std::nullopt;
}

void Room::Reception::keep(const EventPtr& pdu, EventNid nid, int flags, std::optional<StateGroupNo> before,
                           std::optional<StateGroupNo> after) {
    const auto& event = *pdu;
    if (event.is_state()) flags |= rows::is_state;
    if (find(event.id)) {
        rows::EventUpdate row{.room = room_.nid_, .nid = nid, .redacted_by = {}};
        row.sg = number_of(before);
        row.sg_after = number_of(after);
        row.flags = flags;
        build_.rows.event_updates.push_back(std::move(row));
    } else {
        auto row = room_.row_of(event, nid, flags);
        row.sg = number_of(before);
        row.sg_after = number_of(after);
        if (event.is_state()) row.auth_nids = auth_nids_of(event);
        build_.rows.events.push_back(std::move(row));
    }
    cited_.insert_or_assign(event.id.str(), Cited{nid, pdu, flags, before, after, false});
}

void Room::Reception::note_gaps(const std::vector<EventId>& missing) {
    for (const auto& id : missing) build_.rows.missing_prevs.push_back({room_.nid_, id.str(), build_.entries.back().at});
}

// ---------- outliers ----------

/// What was noted of a room before we were in it (note_outside): memberships of our own users, judged by nobody.
bool Room::Reception::is_hearsay(const Cited& cited) const {
    if (cited.is_judged() || cited.is_rejected() || cited.event->type != "m.room.member" || !cited.event->state_key) return false;
    const auto user = UserId::parse(*cited.event->state_key);
    return user && room_.parts_.identity.is_local(*user);
}

net::Task<std::vector<Received>> Room::Reception::keep_outliers(std::vector<EventPtr> events) {
    std::vector<std::string> ids;
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < events.size(); ++i) {
        places.emplace(events[i]->id.str(), i);
        ids.push_back(events[i]->id.str());
        for (const auto& id : events[i]->auth_events) ids.push_back(id.str());
    }
    co_await load(std::move(ids));

    // What others rest on comes first: depth-first along auth_events, without recursion (a chain may be long).
    std::vector<Received> answers(events.size());
    std::vector<char> seen(events.size());               // 1: its auth_events are being walked, 2: done
    std::vector<std::size_t> walk;
    const auto decide = [&](std::size_t i) {
        const auto& event = *events[i];
        auto& answer = answers[i];
        if (const auto stored = cited_.find(event.id.str()); stored != cited_.end()) {
            answer = {Verdicts::known, "stored before"};
            if (!is_hearsay(stored->second)) return;
            if (std::ranges::any_of(event.auth_events, [&](const EventId& id) { return !find(id); })) {
                stored->second.flags |= rows::rejected;  // Until somebody tells what it rests on.
                return;
            }
            if (judge_by_auth_events(event)) return;
            // Nobody vouched for the invitation or the knock; now it can be judged, and it is none.
            keep(events[i], stored->second.nid, rows::rejected, std::nullopt, std::nullopt);
            answer = {Verdicts::rejected, "the invitation was not allowed"};
            return;
        }
        if (event.room != room_.id_ || !event.is_state()) {
            answer = {Verdicts::rejected, "no state of this room"};
            return;
        }
        if (is_of_another_room(event.id)) {
            answer = {Verdicts::incomplete, "an event id of another room"};
            return;
        }
        for (const auto& id : event.auth_events)
            if (!find(id)) answer.missing_auth.push_back(id);
        if (!answer.missing_auth.empty()) return;
        const bool is_create = event.is_state("m.room.create");
        const auto verdict =
            is_create ? authorise(event, room_.rules_, [](auto, auto) { return nullptr; }) : judge_by_auth_events(event);
        answer = {verdict ? Verdicts::accepted : Verdicts::rejected, verdict.why};
        keep(events[i], room_.parts_.numbers.next<EventNid>(), verdict ? 0 : rows::rejected, std::nullopt, std::nullopt);
    };
    const auto walk_from = [&](std::size_t start) {
        walk.push_back(start);
        while (!walk.empty()) {
            const auto i = walk.back();
            if (seen[i] == 0) {
                seen[i] = 1;
                for (const auto& id : events[i]->auth_events)
                    if (const auto parent = places.find(id.str()); parent != places.end() && seen[parent->second] == 0)
                        walk.push_back(parent->second);
                continue;
            }
            walk.pop_back();
            if (std::exchange(seen[i], 2) == 1) decide(i);
        }
    };
    // Version 12 does not cite the create event: it goes before everything.
    for (std::size_t i = 0; i < events.size(); ++i)
        if (events[i]->is_state("m.room.create")) walk_from(i);
    for (std::size_t i = 0; i < events.size(); ++i)
        if (seen[i] == 0) walk_from(i);
    co_return answers;
}

// ---------- writing ----------

net::Task<> Room::Reception::flush() {
    const auto& rows = build_.rows;
    if (rows.events.empty() && rows.event_updates.empty() && rows.states.empty() && rows.state_groups.empty() &&
        rows.inbox_done.empty())
        co_return;
    room_.close(build_);
    Build next;
    next.locals = build_.locals;
    auto full = std::exchange(build_, std::move(next));
    co_await room_.commit(std::move(full));
}

void Room::Reception::give_up() {
    if (build_.rows.positions > 0 || !build_.rows.states.empty()) room_.fail();
}

net::Task<> Room::find_locals(Build& build, std::vector<std::string> user_ids) {
    std::vector<std::string> localparts;
    for (const auto& text : user_ids)
        if (const auto user = UserId::parse(text);
            user && parts_.identity.is_local(*user) && !local_nids_.contains(text) && !build.locals.contains(text))
            localparts.emplace_back(user->localpart());
    if (localparts.empty()) co_return;
    const auto found = co_await parts_.db.read([&](storage::Tx& tx) {
        std::vector<storage::UserRow> users;
        for (const auto& localpart : localparts)
            if (auto user = storage::find_user(tx, localpart)) users.push_back(std::move(*user));
        return users;
    });
    for (const auto& user : found) build.locals.emplace("@" + user.localpart + ":" + parts_.identity.server.str(), user.nid);
}

}  // namespace runde::rooms
