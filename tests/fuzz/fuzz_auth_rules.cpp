// A room as somebody might send it: the first byte chooses the room version, the rest is
//   {"events": [{"type", "sender", "state_key", "content", "cites": [numbers of events], ...}], "sets":
//   [[numbers], ...]}
// Every event is judged in the state that all others make up, and the sets are resolved: never a crash,
// always a verdict, and the same state in whatever order the sets come.
#include <algorithm>
#include <cstdint>
#include <map>

#include "core/rooms/auth_rules.hpp"
#include "core/rooms/state_resolution.hpp"
#include "schema/refusal.hpp"
#include "tests/fuzz/claim.hpp"

using namespace runde;
using namespace runde::schema;

namespace {

constexpr std::size_t max_events = 24;  // Enough for anything; more only makes runs slower.

struct World {
    const RoomRules& rules;
    std::vector<EventPtr> events;
    std::map<EventId, EventPtr> by_id;
};

EventId id_of(std::size_t number, const RoomRules& rules) {
    const bool with_server = rules.event_ids == RoomRules::EventIdForm::sender_chosen;
    return *EventId::parse("$" + std::to_string(number) + (with_server ? ":a.test" : ""));
}

std::vector<std::size_t> numbers(const JsonObject& in, std::string_view name) {
    std::vector<std::size_t> found;
    if (const auto* list = array_at(in, name))
        for (const auto& item : *list)
            if (const auto* number = item.if_int64(); number && *number >= 0 && *number < std::int64_t(max_events))
                found.push_back(static_cast<std::size_t>(*number));
    return found;
}

void complete(JsonObject& event, const RoomRules& rules) {
    const auto add = [&](std::string_view name, Json value) {
        if (!event.contains(name)) event[name] = std::move(value);
    };
    JsonArray cited;
    for (const auto number : numbers(event, "cites")) {
        const auto id = id_of(number, rules).str();
        if (rules.event_ids == RoomRules::EventIdForm::sender_chosen)
            cited.push_back(JsonArray{id, JsonObject()});
        else
            cited.emplace_back(id);
    }
    event.erase("cites");
    if (cited.size() > max_auth_events) cited.resize(max_auth_events);
    add("auth_events", cited);
    add("prev_events", event["type"] == "m.room.create" ? JsonArray() : cited);
    add("content", JsonObject());
    add("origin_server_ts", 1);
    add("depth", 1);
    if (event["type"] != "m.room.create" || !rules.room_id_is_create_hash)
        add("room_id", rules.room_id_is_create_hash ? "!0" : "!0:a.test");
}

rooms::StateMap state_set(const World& world, const Json& list) {
    rooms::StateMap set;
    JsonObject holder;
    holder["set"] = list;
    for (const auto number : numbers(holder, "set")) {
        if (number >= world.events.size() || !world.events[number]->is_state()) continue;
        set.set({world.events[number]->type, *world.events[number]->state_key}, world.events[number]->id);
    }
    return set;
}

void judge_each(const World& world) {
    for (const auto& event : world.events) {
        std::vector<rooms::CitedEvent> cited;
        for (const auto& id : event->auth_events)
            if (const auto found = world.by_id.find(id); found != world.by_id.end())
                cited.push_back({found->second.get(), found->second->depth == 7});
        const auto* create = world.events.front().get();
        CLAIM(!rooms::check_auth_events(*event, world.rules, cited, create).why.empty());
        CLAIM(!rooms::authorise(*event, world.rules, rooms::state_of(cited, create)).why.empty());

        std::vector<rooms::CitedEvent> others;
        for (const auto& other : world.events)
            if (other != event) others.push_back({other.get()});
        const auto state = rooms::state_of(others);
        CLAIM(!rooms::authorise(*event, world.rules, state).why.empty());
        for (const auto& target : world.events) CLAIM(!rooms::may_redact(*event, *target, world.rules, state).why.empty());
    }
}

void resolve_sets(const World& world, std::vector<rooms::StateMap> sets) {
    const auto find = [&](const EventId& id) {
        const auto found = world.by_id.find(id);
        return found == world.by_id.end() ? nullptr : found->second;
    };
    const auto is_rejected = [&](const EventId& id) {
        const auto event = find(id);
        return event && event->depth == 7;
    };
    const rooms::EventSource source{.event = find, .is_rejected = is_rejected, .auth_events = {}};
    const auto state = rooms::resolve(world.rules, sets, source);
    std::ranges::reverse(sets);
    CLAIM(rooms::resolve(world.rules, sets, source) == state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto versions = all_room_rules();
    World world{versions[data[0] % versions.size()], {}, {}};
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::vector<rooms::StateMap> sets;
    try {
        const auto document = parse_json(text, world.rules.numbers());
        const auto& room = Fields::of(document).raw();
        const auto* events = array_at(room, "events");
        if (!events || events->empty() || events->size() > max_events) return 0;
        for (const auto& item : *events) {
            auto event = Fields::of(item).raw();
            complete(event, world.rules);
            const auto id = id_of(world.events.size(), world.rules);
            world.events.push_back(load_event(to_text(event), id, world.rules));
            world.by_id.insert_or_assign(id, world.events.back());
        }
        if (const auto* lists = array_at(room, "sets"))
            for (const auto& list : *lists)
                if (sets.size() < 4) sets.push_back(state_set(world, list));
    } catch (const Refusal&) {
        return 0;
    }
    judge_each(world);
    resolve_sets(world, std::move(sets));
    return 0;
}
