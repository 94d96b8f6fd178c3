// Events that are no part of the timeline: auth chains, and a room's state as others tell it.
#include <algorithm>
#include <utility>

#include "core/rooms/room_reception.hpp"

namespace runde::rooms {

namespace rows = storage::rows;
using schema::EventId;
using Verdicts = Received::Verdict;

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

}  // namespace runde::rooms
