#include "federation/missing_events.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "schema/refusal.hpp"
#include "storage/lane.hpp"
#include "storage/rooms.hpp"

namespace runde::federation {

using rooms::Incoming;
using rooms::Received;
using rooms::RoomPtr;
using schema::EventId;
using schema::EventPtr;
using schema::JsonArray;
using schema::JsonObject;
using schema::Refusal;
using schema::ServerName;
using Verdict = rooms::Received::Verdict;

namespace {

constexpr Limits quick{.whole = net::Milliseconds(15'000), .body_bytes = 8 * 1024 * 1024};
constexpr Limits whole_state{.whole = net::Milliseconds(60'000), .body_bytes = 64 * 1024 * 1024};
constexpr std::size_t most_servers = 3;

std::vector<std::string> strings_of(const JsonArray* array, std::size_t most) {
    std::vector<std::string> strings;
    if (array)
        for (const auto& entry : *array)
            if (entry.is_string() && strings.size() < most) strings.emplace_back(entry.get_string());
    return strings;
}

JsonArray names(const std::vector<EventId>& ids, std::size_t most) {
    JsonArray array;
    for (const auto& id : ids)
        if (array.size() < most) array.emplace_back(id.str());
    return array;
}

bool contains(const std::vector<EventId>& ids, const EventId& id) { return std::ranges::find(ids, id) != ids.end(); }

}  // namespace

MissingEvents::Servers MissingEvents::servers_for(const rooms::Room& room, const ServerName& origin) const {
    Servers servers{origin};
    // Those with most members are there most likely.
    std::vector<std::pair<int, std::string>> others;
    for (const auto& [name, joined] : room.remote_servers())
        if (name != origin.str()) others.emplace_back(-joined, name);
    std::ranges::sort(others);
    for (const auto& [joined, name] : others)
        if (const auto server = ServerName::parse(name); server && servers.size() < most_servers) servers.push_back(*server);
    return servers;
}

net::Task<std::vector<EventPtr>> MissingEvents::checked(RoomPtr room, std::vector<std::string> texts) {
    std::vector<EventPtr> events;
    if (texts.empty()) co_return events;
    const auto answers = co_await parts_.checks.check(std::move(texts), room->rules(), room->id());
    for (const auto& one : answers)
        if (one) events.push_back(one.event);
    co_return events;
}

/// The events between ours and `latest`, oldest first; from the first server that has some.
net::Task<std::vector<EventPtr>> MissingEvents::missing_before(RoomPtr room, std::vector<EventId> latest, Servers servers) {
    const JsonObject question{{"earliest_events", names(room->extremities(), 20)},
                              {"latest_events", names(latest, 20)},
                              {"limit", events_per_round},
                              {"min_depth", 0}};
    const auto body = schema::canonical_json(question);
    for (const auto& server : servers) {
        std::vector<std::string> texts;
        try {
            const auto answer =
                co_await parts_.client.text(server, net::Method::post, path({"get_missing_events", room->id().str()}), body, quick);
            texts = texts_in(answer, "events", events_per_round);
        } catch (const LinkFailed&) {
            continue;
        } catch (const RemoteRefusal&) {
            continue;
        } catch (const Refusal&) {
            continue;  // No partner.
        }
        auto events = co_await checked(room, std::move(texts));
        if (!events.empty()) co_return events;
    }
    co_return std::vector<EventPtr>{};
}

net::Task<std::vector<EventPtr>> MissingEvents::fetch_events(RoomPtr room, std::vector<std::string> ids, ServerName server) {
    std::vector<std::string> texts;
    for (const auto& id : ids) {
        try {
            const auto answer = co_await parts_.client.text(server, net::Method::get, path({"event", id}), "", quick);
            for (auto& text : texts_in(answer, "pdus", 1)) texts.push_back(std::move(text));
        } catch (const LinkFailed&) {
            break;  // It will not answer the next question either.
        } catch (const RemoteRefusal&) {
        } catch (const Refusal&) {
            break;
        }
    }
    co_return co_await checked(room, std::move(texts));
}

net::Task<bool> MissingEvents::fetch_auth_events(RoomPtr room, EventPtr of, std::vector<ServerName> servers) {
    for (const auto& server : servers) {
        std::vector<std::string> texts;
        try {
            const auto answer = co_await parts_.client.text(server, net::Method::get,
                                                            path({"event_auth", room->id().str(), of->id.str()}), "", quick);
            texts = texts_in(answer, "auth_chain", most_auth_events);
        } catch (const LinkFailed&) {
            continue;
        } catch (const RemoteRefusal&) {
        } catch (const Refusal&) {
            continue;
        }
        auto events = co_await checked(room, std::move(texts));
        std::unordered_set<std::string> got;
        for (const auto& event : events) got.insert(event->id.str());
        // A server that knows the event only by its state answers for single events still.
        std::vector<std::string> single;
        for (const auto& id : of->auth_events)
            if (!got.contains(id.str())) single.push_back(id.str());
        if (events.empty() && !single.empty()) events = co_await fetch_events(room, std::move(single), server);
        if (events.empty()) continue;
        const auto answers = co_await room->keep_outliers(std::move(events));
        const bool is_new = std::ranges::any_of(answers, [](const Received& answer) {
            return answer.verdict == Verdict::accepted || answer.verdict == Verdict::rejected;
        });
        if (is_new) co_return true;
    }
    co_return false;
}

/// What the room's state was before `event`, as one of the servers says; its events are kept here then.
net::Task<std::optional<std::vector<EventId>>> MissingEvents::state_before(RoomPtr room, EventPtr event, Servers servers) {
    for (const auto& server : servers) {
        const std::vector<std::pair<std::string, std::string>> query{{"event_id", event->id.str()}};
        std::vector<std::string> state, chain;
        std::vector<EventPtr> events;
        try {
            const auto answer =
                co_await parts_.client.get(server, with_query(path({"state_ids", room->id().str()}), query), whole_state);
            state = strings_of(schema::array_at(answer, "pdu_ids"), most_state_events);
            chain = strings_of(schema::array_at(answer, "auth_chain_ids"), most_state_events);
            auto wanted = state;
            wanted.insert(wanted.end(), chain.begin(), chain.end());
            const auto stored =
                co_await parts_.rooms.parts().db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, wanted); });
            std::unordered_set<std::string> have;
            for (const auto& one : stored)
                if (one.room == room->nid()) have.insert(one.event_id);
            std::erase_if(wanted, [&](const std::string& id) { return have.contains(id); });
            if (wanted.size() <= most_single_fetches) {
                events = co_await fetch_events(room, std::move(wanted), server);
            } else {
                const auto whole = co_await parts_.client.text(
                    server, net::Method::get, with_query(path({"state", room->id().str()}), query), "", whole_state);
                auto texts = texts_in(whole, "auth_chain", most_state_events);
                for (auto& text : texts_in(whole, "pdus", most_state_events)) texts.push_back(std::move(text));
                events = co_await checked(room, std::move(texts));
            }
        } catch (const LinkFailed&) {
            continue;
        } catch (const RemoteRefusal&) {
            continue;
        } catch (const Refusal&) {
            continue;
        }
        if (state.empty()) continue;
        if (!events.empty()) co_await room->keep_outliers(std::move(events));
        // What could not be had, or rests on what could not be had, is left out: the others decide.
        const auto stored =
            co_await parts_.rooms.parts().db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, state); });
        std::vector<EventId> ids;
        for (const auto& one : stored)
            if (one.room == room->nid()) ids.push_back(*EventId::parse(one.event_id));
        const bool has_create = std::ranges::any_of(stored, [](const auto& one) { return one.type == "m.room.create"; });
        if (has_create) co_return ids;
    }
    co_return std::nullopt;
}

/// State and auth chains are kept because events that we have rest on them: they are older.
net::Task<bool> MissingEvents::is_part_of_what_we_have(RoomPtr room, EventId id) {
    const auto stored =
        co_await parts_.rooms.parts().db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, {id.str()}); });
    co_return !stored.empty() && stored.front().room == room->nid() && (stored.front().flags & storage::rows::rejected) == 0;
}

net::Task<std::vector<Received>> MissingEvents::complete(RoomPtr room, ServerName origin, std::vector<Incoming> events) {
    const auto servers = servers_for(*room, origin);
    std::unordered_map<std::string, std::size_t> wanted;
    for (std::size_t i = 0; i < events.size(); ++i) wanted.emplace(events[i].event->id.str(), i);
    std::vector<Received> answers(events.size());
    auto pending = std::move(events);

    for (int round = 0, budget = most_rounds + static_cast<int>(pending.size()); !pending.empty() && budget > 0; --budget) {
        co_await parts_.policy.judge(room, pending);
        const auto judged = co_await room->receive(pending);
        std::vector<Incoming> still;
        std::vector<EventId> missing_prev, ours;
        EventPtr without_auth;
        for (const auto& incoming : pending) ours.push_back(incoming.event->id);
        std::optional<std::size_t> first;
        for (std::size_t i = 0; i < pending.size(); ++i) {
            if (const auto place = wanted.find(pending[i].event->id.str()); place != wanted.end())
                answers[place->second] = judged[i];
            if (judged[i].verdict != Verdict::incomplete) continue;
            const auto strange = [&](const EventId& id) { return !contains(ours, id); };
            if (!without_auth && std::ranges::any_of(judged[i].missing_auth, strange)) without_auth = pending[i].event;
            if (std::ranges::any_of(judged[i].missing_prev, strange)) {
                missing_prev.push_back(pending[i].event->id);
                if (!first) first = still.size();
            }
            still.push_back(pending[i]);
        }
        pending = std::move(still);
        if (pending.empty()) break;

        if (without_auth) {
            const bool fetched = co_await fetch_auth_events(room, without_auth, servers);
            if (!fetched) std::erase_if(pending, [&](const Incoming& incoming) { return incoming.event == without_auth; });
            continue;
        }
        if (!first) {
            // They cite each other in a wrong order, or one that could not be had.
            if (++round > most_rounds) break;
            continue;
        }
        if (round++ < most_rounds) {
            auto between = co_await missing_before(room, missing_prev, servers);
            std::erase_if(between, [&](const EventPtr& event) { return contains(ours, event->id); });
            if (!between.empty()) {
                budget += static_cast<int>(between.size());  // Any of them may have to come in above a gap.
                std::vector<Incoming> all;
                for (auto& event : between) all.push_back({.event = std::move(event)});
                for (auto& incoming : pending) all.push_back(std::move(incoming));
                pending = std::move(all);
                continue;
            }
            round = most_rounds;  // Nobody has more.
        }
        // The gap stays: the oldest of them comes in with the state that others tell, the rest follows it.
        auto& oldest = pending[*first];
        const bool is_older = co_await is_part_of_what_we_have(room, oldest.event->id);
        if (is_older) {
            oldest.state_before.emplace();               // Nothing is missing: it lies before our history.
            continue;
        }
        auto state = co_await state_before(room, oldest.event, servers);
        if (state)
            oldest.state_before = std::move(state);
        else
            pending.erase(pending.begin() + static_cast<std::ptrdiff_t>(*first));
    }
    if (!pending.empty()) spdlog::info("{} events of {} wait for what they cite", pending.size(), origin.str());
    co_return answers;
}

}  // namespace runde::federation
