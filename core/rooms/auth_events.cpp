#include "core/rooms/auth_events.hpp"

#include <algorithm>

#include "schema/json.hpp"

namespace runde::rooms {

using schema::Event;
using schema::JsonObject;
using schema::RoomRules;

std::vector<StateKey> auth_types_for(std::string_view type, std::string_view sender, std::string_view state_key,
                                     const JsonObject& content, const RoomRules& rules) {
    std::vector<StateKey> keys;
    if (type == "m.room.create") return keys;
    const auto add = [&](std::string_view key_type, std::string_view key) {
        StateKey wanted{std::string(key_type), std::string(key)};
        if (std::ranges::find(keys, wanted) == keys.end()) keys.push_back(std::move(wanted));
    };

    if (!rules.room_id_is_create_hash) add("m.room.create", "");
    add("m.room.power_levels", "");
    add("m.room.member", sender);
    if (type != "m.room.member") return keys;

    add("m.room.member", state_key);
    const auto membership = schema::string_at(content, "membership");
    if (membership == "join" || membership == "invite" || membership == "knock") add("m.room.join_rules", "");
    if (membership == "invite") {
        if (const auto* invite = schema::object_at(content, "third_party_invite"))
            if (const auto* is_signed = schema::object_at(*invite, "signed"))
                if (const auto token = schema::string_at(*is_signed, "token")) add("m.room.third_party_invite", *token);
    }
    if (membership == "join" && rules.restricted_joins) {
        if (const auto authoriser = schema::string_at(content, "join_authorised_via_users_server"))
            add("m.room.member", *authoriser);
    }
    return keys;
}

std::vector<StateKey> auth_types_for(const Event& event, const RoomRules& rules) {
    return auth_types_for(event.type, event.sender.str(), event.state_key.value_or(""), event.content(), rules);
}

std::vector<schema::EventId> select_auth_events(std::string_view type, std::string_view sender, std::string_view state_key,
                                                const JsonObject& content, const RoomRules& rules, const StateLookup& state) {
    std::vector<schema::EventId> ids;
    for (const auto& key : auth_types_for(type, sender, state_key, content, rules))
        if (const auto* event = state(key.type, key.state_key)) ids.push_back(event->id);
    return ids;
}

Verdict check_auth_events(const Event& event, const RoomRules& rules, std::span<const CitedEvent> cited, const Event* create) {
    if (event.type == "m.room.create") return {true, "a create event needs no permission"};  // 1

    if (rules.room_id_is_create_hash && (!create || !is_create_event_of(event.room, *create)))  // 2
        return {false, "the room id does not name an accepted create event"};

    using KeyView = std::pair<std::string_view, std::string_view>;
    std::vector<KeyView> keys;
    for (const auto& citation : cited)
        if (citation.event->is_state()) keys.emplace_back(citation.event->type, *citation.event->state_key);
    auto sorted = keys;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end())  // 3.1
        return {false, "two auth events for the same state"};

    const auto expected = auth_types_for(event, rules);  // 3.2
    const auto is_expected = [&](const KeyView& key) {
        return std::ranges::any_of(expected, [&](const StateKey& e) { return KeyView{e.type, e.state_key} == key; });
    };
    if (keys.size() != cited.size() || !std::ranges::all_of(keys, is_expected))
        return {false, "an auth event that this event must not cite"};

    if (std::ranges::any_of(cited, &CitedEvent::rejected))  // 3.3
        return {false, "an auth event was rejected"};

    if (!rules.room_id_is_create_hash && std::ranges::find(keys, KeyView{"m.room.create", ""}) == keys.end())
        return {false, "no create event among the auth events"};  // Until version 11: 2.4

    const auto elsewhere = [&](const CitedEvent& c) { return c.event->room != event.room; };
    if (std::ranges::any_of(cited, elsewhere)) return {false, "an auth event of another room"};  // 3.5
    return {true, "the auth events are as they must be"};
}

StateLookup state_of(std::span<const CitedEvent> cited, const Event* create) {
    return [cited, create](std::string_view type, std::string_view state_key) -> const Event* {
        for (const auto& citation : cited)
            if (!citation.rejected && citation.event->is_state(type, state_key)) return citation.event;
        return create && create->is_state(type, state_key) ? create : nullptr;
    };
}

bool is_create_event_of(const schema::RoomId& room, const Event& create) {
    return create.type == "m.room.create" && std::string_view(room.str()).substr(1) == std::string_view(create.id.str()).substr(1);
}

}  // namespace runde::rooms
