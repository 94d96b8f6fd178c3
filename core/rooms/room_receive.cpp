// What happens to an event that another server made, once it is on our desk: the checks on receipt of a PDU from the fourth
// on, in the specification's order. https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
//
//   load()     everything that the events cite, in one read (room_reception.cpp)
//   judge()    each by its auth_events, by the state before it; rejected ones are kept with that mark, the others are
//              candidates
//   enter()    all candidates together: by the room as it is now; soft failure; else the head moves, and branches are
//              brought together once for all of them (room_enter.cpp)
//
// The room goes on with events of its own meanwhile. Only while branches with different states are brought together it holds
// still.
#include <algorithm>
#include <utility>

#include "core/rooms/room_reception.hpp"

namespace runde::rooms {

namespace rows = storage::rows;
using schema::Event;
using schema::EventId;
using Verdicts = Received::Verdict;

namespace {

schema::EventDraft draft_of(const Event& event) {
    return {.type = event.type,
            .sender = event.sender,
            .state_key = event.state_key,
            .content = schema::JsonObject(event.content(), boost::json::storage_ptr()),
            .redacts = event.redacts};
}

}  // namespace

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
    std::vector<std::optional<std::int64_t>> seqs;
    for (auto& incoming : events) {
        seqs.push_back(incoming.inbox_seq);
        auto judged = co_await judge(std::move(incoming));
        if (judged.may_enter) candidates_.back().answer = answers.size();
        answers.push_back(std::move(judged.answer));
    }
    co_await enter(answers);
    for (std::size_t i = 0; i < answers.size(); ++i)
        if (seqs[i] && answers[i].verdict != Verdicts::incomplete) build_.rows.inbox_done.push_back({room_.nid_, *seqs[i]});
    co_return answers;
}

net::Task<Room::Reception::Judged> Room::Reception::judge(Incoming incoming) {
    const auto event = incoming.event;
    const auto answered = [](Verdicts verdict, std::string_view why) { return Judged{{verdict, why}, false}; };
    if (event->room != room_.id_) co_return answered(Verdicts::rejected, "an event of another room");
    // Versions 1 and 2 let the sender choose it.
    if (is_of_another_room(event->id)) co_return answered(Verdicts::rejected, "an event id of another room");
    const auto* stored = find(event->id);
    // Repeating it makes nothing better.
    if (stored && stored->is_judged() && stored->is_rejected()) co_return answered(Verdicts::rejected, "rejected before");
    if (stored && stored->is_judged() && (stored->flags & rows::soft_failed) != 0)
        co_return answered(Verdicts::soft_failed, "refused before");
    if (stored && stored->is_judged()) co_return answered(Verdicts::known, "judged before");
    if (event->is_state("m.room.create")) {
        if (stored) co_return answered(Verdicts::known, "judged before");
        co_return answered(Verdicts::rejected, "a room begins once");
    }
    Received answer;
    find_missing(*event, answer);
    // What is kept as an outlier lies before something that we have; only what joins on to our history becomes part of it.
    if (stored && !stored->is_rejected() && !answer.missing_prev.empty() && incoming.state_before)
        co_return answered(Verdicts::known, "older than what is here");
    // Nobody will ever tell us of it as an event of this room.
    const bool cites_elsewhere = std::erase_if(answer.missing_auth, [&](const EventId& id) { return is_of_another_room(id); }) > 0;
    if (!answer.missing_auth.empty() || (!answer.missing_prev.empty() && !incoming.state_before))
        co_return Judged{std::move(answer), false};

    // Rejected or not, what cites it must find out what the room's state was.
    const auto before = co_await state_before(incoming);
    if (!before) {
        for (const auto& id : *incoming.state_before)
            if (!find(id)) answer.missing_auth.push_back(id);
        co_return Judged{std::move(answer), false};
    }
    auto verdict = cites_elsewhere ? Verdict{false, "an auth event of another room"} : judge_by_auth_events(*event);  // 4
    if (verdict) verdict = co_await judge_by_state(event, *before);    // 5
    stored = find(event->id);
    const auto nid = stored ? stored->nid : room_.parts_.numbers.next<EventNid>();
    if (!verdict) {
        keep(event, nid, rows::rejected, before, std::nullopt);
        co_return answered(Verdicts::rejected, verdict.why);
    }

    const bool is_outlier = stored != nullptr;
    Candidate one{.incoming = std::move(incoming), .event = event, .nid = nid, .before = *before, .after = *before};
    one.stored = is_outlier;
    one.redaction = co_await redaction_waiting_for(event);
    if (const auto* target = event->redacts ? find(*event->redacts) : nullptr) {
        const auto state = co_await state_for(event, *before);
        one.redaction_applies = static_cast<bool>(may_redact(*event, *target->event, room_.rules_, state_in(state)));
    }
    Cited cited{nid, event, event->is_state() ? rows::is_state : 0, before, std::nullopt, false, !is_outlier};
    if (event->is_state()) {
        one.after = co_await state_after(event, nid, *before);
        one.auth_nids = auth_nids_of(*event);
        cited.after = one.after;
        unwritten_.push_back({nid, event, one.auth_nids, false});
    }
    note(std::move(cited));
    candidates_.push_back(std::move(one));
    co_return Judged{{Verdicts::accepted, "accepted"}, true};
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

net::Task<Verdict> Room::Reception::judge_by_state(EventPtr event, StateGroupNo state) {
    const auto events = co_await state_for(event, state);
    co_return authorise(*event, room_.rules_, state_in(events));
}

net::Task<std::optional<StateGroupNo>> Room::Reception::state_before(const Incoming& incoming) {
    const auto event = incoming.event;
    Groups groups;
    bool all_known = true;
    for (const auto& id : event->prev_events) {
        const auto* cited = find(id);
        const auto after = cited ? cited->state_after() : std::nullopt;
        if (after)
            groups.push_back(*after);
        else
            all_known = false;
    }
    std::ranges::sort(groups);
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    if (all_known && groups.empty()) co_return room_.derive_group(build_, std::nullopt, {});
    if (all_known) co_return co_await unite(std::move(groups));

    std::vector<StateSet> sets;
    for (const auto group : groups) {
        auto set = co_await set_of(group);
        sets.push_back(std::move(set));
    }
    StateSet told;
    for (const auto& id : *incoming.state_before) {
        const auto* cited = find(id);
        if (!cited) co_return std::nullopt;
        if (cited->is_rejected() || !cited->event->is_state()) continue;
        told.set(room_.intern(cited->event->type, *cited->event->state_key), cited->nid);
    }
    sets.push_back(std::move(told));
    const auto resolved = co_await room_.resolve(std::move(sets), unwritten_);
    co_return group_of(resolved, groups.empty() ? room_.group_.value_or(StateGroupNo{0}) : groups.front());
}

/// A redaction that came before the event.
net::Task<std::optional<Room::Placement::Redaction>> Room::Reception::redaction_waiting_for(EventPtr event) {
    std::vector<Placement::Redaction> waiting;
    std::vector<StateGroupNo> states;
    if (const auto found = pending_.find(event->id.str()); found != pending_.end())
        for (const auto nid : found->second) {
            const auto at = redactions_.find(nid);
            if (at == redactions_.end() || !at->second.live || !at->second.before) continue;
            waiting.push_back({nid, at->second.event});
            states.push_back(*at->second.before);
        }
    for (const auto& one : candidates_)
        if (one.event->redacts == event->id) {
            waiting.push_back({one.nid, one.event});
            states.push_back(one.before);
        }
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        const auto state = co_await state_for(waiting[i].event, states[i]);
        if (may_redact(*waiting[i].event, *event, room_.rules_, state_in(state))) co_return std::move(waiting[i]);
    }
    co_return std::nullopt;
}

}  // namespace runde::rooms
