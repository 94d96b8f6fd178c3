#include "core/rooms/directory.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "core/rooms/text_match.hpp"
#include "schema/refusal.hpp"
#include "storage/room_aliases.hpp"

namespace runde::rooms {
namespace {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

/// What can be looked for in a room. Read from the database, because a search looks at many rooms and shows few.
struct Facts {
    std::optional<std::string> type;
    std::vector<std::string> texts;  ///< Name, topic, alias.
};

void add_fact(Facts& facts, const storage::RoomFact& fact) {
    const auto event = schema::parse_json(fact.json);
    const auto* content = event.is_object() ? schema::object_at(event.get_object(), "content") : nullptr;
    if (!content) return;
    const auto text = [&](std::string_view name) {
        const auto found = schema::string_at(*content, name);
        return found ? std::optional(std::string(*found)) : std::nullopt;
    };
    if (fact.type == "m.room.create") {
        facts.type = text("type");
        return;
    }
    const auto* name = fact.type == "m.room.name" ? "name" : fact.type == "m.room.topic" ? "topic" : "alias";
    if (auto found = text(name)) facts.texts.push_back(*std::move(found));
}

bool matches(const Facts& room, const DirectoryRequest& request) {
    if (request.room_types && std::none_of(request.room_types->begin(), request.room_types->end(),
                                           [&](const auto& wanted) { return room.type == wanted; }))
        return false;
    if (!request.search_term || request.search_term->empty()) return true;
    return std::any_of(room.texts.begin(), room.texts.end(),
                       [&](const auto& text) { return contains_folded(text, *request.search_term); });
}

/// Those of the listed rooms that are looked for, in their order.
net::Task<std::vector<storage::PublishedRoom>> matching(Rooms& rooms, std::vector<storage::PublishedRoom> listed,
                                                        const DirectoryRequest& request) {
    static const std::vector<std::string> types{"m.room.create", "m.room.name", "m.room.topic", "m.room.canonical_alias"};
    constexpr std::size_t at_once = 500;
    std::vector<storage::PublishedRoom> found;
    for (std::size_t begin = 0; begin < listed.size(); begin += at_once) {
        const auto end = std::min(listed.size(), begin + at_once);
        std::vector<RoomNid> nids;
        for (auto i = begin; i < end; ++i) nids.push_back(listed[i].room);
        const auto read = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::facts_of_rooms(tx, nids, types); });
        std::unordered_map<RoomNid, Facts> facts;
        for (const auto& fact : read) add_fact(facts[fact.room], fact);
        for (auto i = begin; i < end; ++i)
            if (matches(facts[listed[i].room], request)) found.push_back(std::move(listed[i]));
    }
    co_return found;
}

std::size_t offset_of(const std::string& token) {
    if (token.empty()) return 0;
    std::size_t offset = 0;
    const auto* begin = token.data() + 1;
    const auto* end = token.data() + token.size();
    if (token.front() != 'p' || std::from_chars(begin, end, offset).ptr != end || begin == end)
        throw Refusal(Reason::invalid_param, "since is not a token of this endpoint");
    return offset;
}

}  // namespace

JsonObject summary(const Room& room) {
    JsonObject result;
    const auto copy = [&](std::string_view type, std::string_view from, std::string_view to) {
        const auto content = room.state_content(type);
        if (const auto text = schema::string_at(content, from); text && !text->empty()) result[to] = *text;
    };
    result["room_id"] = room.id().str();
    copy("m.room.name", "name", "name");
    copy("m.room.topic", "topic", "topic");
    copy("m.room.canonical_alias", "alias", "canonical_alias");
    copy("m.room.avatar", "url", "avatar_url");
    result["num_joined_members"] = room.joined_count();
    result["world_readable"] = room.history_visibility() == "world_readable";
    const auto guests = room.state_content("m.room.guest_access");
    result["guest_can_join"] = schema::string_at(guests, "guest_access") == "can_join";
    result["join_rule"] = room.join_rule();
    if (const auto type = room.type()) result["room_type"] = *type;
    if (auto card = room.state_content(card_event); !card.empty()) result[card_event] = std::move(card);
    return result;
}

JsonObject full_summary(const Room& room) {
    auto result = summary(room);
    result["room_version"] = room.rules().version;
    const auto encryption = room.state_content("m.room.encryption");
    if (const auto algorithm = schema::string_at(encryption, "algorithm")) result["encryption"] = *algorithm;
    const auto rule = room.join_rule();
    if (rule == "restricted" || rule == "knock_restricted") {
        schema::JsonArray allowed;
        const auto rules = room.state_content("m.room.join_rules");
        if (const auto* allow = schema::array_at(rules, "allow"))
            for (const auto& entry : *allow) {
                if (!entry.is_object() || schema::string_at(entry.get_object(), "type") != "m.room_membership") continue;
                const auto id = schema::string_at(entry.get_object(), "room_id");
                if (id && schema::RoomId::parse(*id)) allowed.emplace_back(*id);
            }
        result["allowed_room_ids"] = std::move(allowed);
    }
    return result;
}

net::Task<DirectoryPage> published_rooms(Rooms& rooms, DirectoryRequest request) {
    const auto offset = offset_of(request.since);
    if (request.network) co_return DirectoryPage{};
    auto listed = co_await rooms.parts().db.read([](storage::Tx& tx) { return storage::published_rooms(tx); });
    if (request.for_server && !rooms.charters().is_empty()) {
        std::vector<std::remove_reference_t<decltype(listed.front())>> shown;
        for (const auto& entry : listed) {
            const auto room = co_await rooms.find(entry.room);
            if (room && admits(*room, *request.for_server)) shown.push_back(entry);
        }
        listed = std::move(shown);
    }
    if (request.room_types || (request.search_term && !request.search_term->empty())) {
        auto found = co_await matching(rooms, std::move(listed), request);
        listed = std::move(found);
    }
    DirectoryPage page;
    page.total = static_cast<int>(listed.size());
    if (offset > 0) page.previous = "p" + std::to_string(offset > request.limit ? offset - request.limit : 0);
    // Only the rooms of this page are taken into memory.
    const auto end = std::min(listed.size(), offset + request.limit);
    for (auto i = offset; i < end; ++i) {
        const auto room = co_await rooms.find(listed[i].room);
        if (room) page.chunk.push_back(summary(*room));
    }
    if (end < listed.size() && offset < end) page.next = "p" + std::to_string(end);
    co_return page;
}

net::Task<> set_published(Rooms& rooms, UserId who, bool administrator, schema::RoomId id, bool on) {
    const auto room = co_await rooms.find(std::move(id));
    if (!room) throw Refusal(Reason::not_found, "There is no such room.");
    const bool may =
        administrator || (room->is_joined(who.str()) &&
                          room->power_levels().level_of(who) >= room->power_levels().needed_for_state("m.room.canonical_alias"));
    if (!may) throw Refusal(Reason::forbidden, "Only who moderates a room may list it.");
    if (room->is_published() == on) co_return;
    room->publish_in_directory(on);
    co_await room->save();
}

bool may_preview(const Room& room, std::string_view user) {
    const auto membership = room.membership(user);
    if (membership == Membership::join || membership == Membership::invite) return true;
    if (membership == Membership::ban) return false;
    const auto rule = room.join_rule();
    return rule == "public" || rule == "knock" || rule == "knock_restricted" || room.history_visibility() == "world_readable";
}

}  // namespace runde::rooms
