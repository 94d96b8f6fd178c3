#include "core/selfhelp/groups.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/selfhelp/forum.hpp"
#include "core/selfhelp/organisation.hpp"
#include "core/selfhelp/roles.hpp"
#include "schema/refusal.hpp"
#include "schema/signing.hpp"
#include "storage/texts.hpp"

namespace runde::selfhelp {
namespace {

using rooms::CreateRoom;
using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::RoomId;
using storage::GroupRow;

bool is_group_id(std::string_view id) {
    return !id.empty() && id.size() <= 64 && id.front() != '-' &&
           std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string made_up_id() {
    auto id = schema::random_token(10);
    for (auto& c : id) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return id;
}

CreateRoom::InitialState state(std::string_view type, JsonObject content, std::string key = "") {
    return {std::string(type), std::move(key), std::move(content)};
}

Refusal no_such_group() { return {Reason::not_found, "Diese Gruppe gibt es hier nicht. / There is no such group here."}; }

std::string label_of(storage::Tx& tx, const std::string& code) {
    for (const auto& topic : storage::topic_codes(tx))
        if (topic.code == code) return topic.label;
    throw Refusal(Reason::invalid_param, "topic is not in the list of topics");
}

}  // namespace

void check_group(const GroupRow& group) {
    if (!is_group_id(group.id)) throw Refusal(Reason::invalid_param, "group_id is made of a-z, 0-9 and -, at most 64 of them");
    check_card(group.card);
    if (std::find(admission_modes.begin(), admission_modes.end(), group.admission) == admission_modes.end())
        throw Refusal(Reason::invalid_param, "admission is open, on_request or with_interview");
    if (group.seats && (*group.seats < 1 || *group.seats > 10'000)) throw Refusal(Reason::invalid_param, "seats is 1 to 10000");
}

bool has_free_seat(storage::Tx& tx, const GroupRow& group, std::int64_t now_ms) {
    return !group.seats || storage::count_role(tx, group.id, role::member, now_ms) < *group.seats;
}

JsonObject public_json(const GroupRow& group) {
    auto json = to_json(group.card);
    json["group_id"] = group.id;
    json["admission"] = group.admission;
    return json;
}

// --- what the rooms are to be

JsonObject Groups::card_content(const GroupRow& group, std::string_view organisation) const {
    auto content = public_json(group);
    if (!organisation.empty()) content["organisation"] = organisation;
    if (!parts_.public_url.empty()) content["url"] = fmt::format("{}/gruppen/{}", parts_.public_url, group.id);
    return content;
}

/// Only the service account lets people in, so nobody comes past the admission; moderators keep order.
JsonObject Groups::powers(std::string_view group) const {
    JsonObject users;
    for (const auto& [user, power] : parts_.standing.powers(group)) users[user] = power;
    JsonObject events{
        {"m.room.power_levels", 100},   {"m.room.history_visibility", 100}, {"m.room.join_rules", 100}, {"m.room.encryption", 100},
        {"m.room.server_acl", 100},     {"m.room.tombstone", 150},          {"m.space.child", 100},     {"m.space.parent", 100},
        {"m.room.canonical_alias", 100}};
    JsonObject content{{"users", std::move(users)}, {"events", std::move(events)}};
    content["users_default"] = 0;
    content["events_default"] = 0;
    content["state_default"] = 50;
    content["ban"] = 50;
    content["kick"] = 50;
    content["redact"] = 50;
    content["invite"] = 100;
    content["notifications"] = JsonObject{{"room", 50}};
    return content;
}

CreateRoom Groups::space_of(const GroupRow& group) const {
    CreateRoom wish;
    wish.preset = CreateRoom::Preset::private_chat;
    wish.name = group.card.name;
    wish.creation_content["type"] = "m.space";
    wish.power_levels = powers(group.id);
    wish.guarded = true;
    wish.initial_state.push_back(state("m.room.history_visibility", {{"history_visibility", "invited"}}));
    wish.initial_state.push_back(state("m.room.guest_access", {{"guest_access", "forbidden"}}));
    return wish;
}

CreateRoom Groups::room_in_space(const GroupRow& group, bool forum) const {
    CreateRoom wish;
    wish.preset = CreateRoom::Preset::private_chat;
    wish.name = fmt::format("{} – {}", group.card.name, forum ? "Forum" : "Gespräch");
    if (forum) wish.creation_content["type"] = forum::room_type;
    wish.guarded = true;
    wish.power_levels = powers(group.id);
    // Whoever is in the space may come in without a further invitation.
    JsonArray allow{JsonObject{{"type", "m.room_membership"}, {"room_id", *group.space_id}}};
    wish.initial_state.push_back(state("m.room.join_rules", {{"join_rule", "restricted"}, {"allow", std::move(allow)}}));
    // The forum is the group's memory; of a talk one hears what is said while one is there.
    wish.initial_state.push_back(state("m.room.history_visibility", {{"history_visibility", forum ? "shared" : "joined"}}));
    wish.initial_state.push_back(state("m.room.guest_access", {{"guest_access", "forbidden"}}));
    JsonArray via{parts_.rooms.identity().server.str()};
    wish.initial_state.push_back(state("m.space.parent", {{"via", std::move(via)}, {"canonical", true}}, *group.space_id));
    return wish;
}

/// Nobody but the service account is ever in it: whoever knocks is seen by nobody else, and invited elsewhere.
CreateRoom Groups::card_room(const GroupRow& group, std::string_view label) const {
    CreateRoom wish;
    wish.published = true;
    wish.preset = CreateRoom::Preset::private_chat;
    wish.name = group.card.name;
    wish.topic = card_in_words(group.card, label);
    wish.creation_content["type"] = card_room_type;
    JsonObject levels;
    levels["events_default"] = levels["state_default"] = levels["invite"] = levels["kick"] = levels["ban"] = levels["redact"] = 100;
    wish.power_levels = std::move(levels);
    wish.initial_state.push_back(state("m.room.join_rules", {{"join_rule", "knock"}}));
    wish.initial_state.push_back(state("m.room.history_visibility", {{"history_visibility", "joined"}}));
    wish.initial_state.push_back(state("m.room.guest_access", {{"guest_access", "forbidden"}}));
    wish.initial_state.push_back(state(card_event, card_content(group, "")));
    return wish;
}

// --- bringing them there

net::Task<std::string> Groups::make_room(const GroupRow& group, std::string kind, CreateRoom wish) {
    const auto id = group.id;
    const auto room = co_await parts_.service.create_room(std::move(wish));
    const auto room_id = room->id().str();
    co_await parts_.db.transact([&](storage::Tx& tx) {
        storage::insert_group_room(tx, id, kind, room_id);
        storage::bump_revision(tx);
    });
    co_return room_id;
}

net::Task<> Groups::set_if_changed(std::string room_id, std::string type, std::string state_key, JsonObject content) {
    const auto id = RoomId::parse(room_id);
    if (!id) co_return;
    const auto room = co_await parts_.rooms.find(*id);
    if (!room || room->state_content(type, state_key) == content) co_return;
    co_await parts_.service.set_state(*id, std::move(type), std::move(state_key), std::move(content));
}

net::Task<> Groups::make_rooms(GroupRow group) {
    const auto label = co_await parts_.db.read([&](storage::Tx& tx) { return label_of(tx, group.card.topic); });
    if (!group.space_id) group.space_id = co_await make_room(group, "space", space_of(group));
    if (!group.forum_id) group.forum_id = co_await make_room(group, "forum", room_in_space(group, true));
    if (!group.chat_id) group.chat_id = co_await make_room(group, "chat", room_in_space(group, false));
    const auto server = parts_.rooms.identity().server.str();
    for (const auto& [room, order] : {std::pair(*group.forum_id, "1"), std::pair(*group.chat_id, "2")})
        co_await set_if_changed(*group.space_id, "m.space.child", room,
                                {{"via", JsonArray{server}}, {"suggested", true}, {"order", order}});
    if (!group.card_id) group.card_id = co_await make_room(group, "card", card_room(group, label));
    co_await parts_.standing.refresh();
    co_await show_card(std::move(group));
}

net::Task<> Groups::show_card(GroupRow group) {
    struct Found {
        std::string label, organisation;
        std::optional<std::string> space;
    };
    const auto found = co_await parts_.db.read([&](storage::Tx& tx) {
        const auto organisation = storage::find_organisation(tx);
        return Found{label_of(tx, group.card.topic), organisation ? organisation->name : "",
                     organisation ? organisation->space_id : std::nullopt};
    });
    const auto id = RoomId::parse(*group.card_id);
    const auto room = co_await parts_.rooms.find(*id);
    if (!room) co_return;
    const bool visible = !group.closed;
    if (visible) {
        const auto words = card_in_words(group.card, found.label);
        co_await set_if_changed(*group.card_id, "m.room.name", "", {{"name", group.card.name}});
        const auto topic = room->state_content("m.room.topic");
        if (schema::string_at(topic, "topic") != words)
            co_await parts_.service.set_state(
                *id, "m.room.topic", "",
                {{"topic", words},
                 {"m.topic", JsonObject{{"m.text", JsonArray{JsonObject{{"mimetype", "text/plain"}, {"body", words}}}}}}});
        co_await set_if_changed(*group.card_id, std::string(card_event), "", card_content(group, found.organisation));
    }
    co_await set_if_changed(*group.card_id, "m.room.join_rules", "", {{"join_rule", visible ? "knock" : "invite"}});
    if (room->is_published() != visible) {
        room->publish_in_directory(visible);
        co_await room->save();
    }
    if (!found.space) co_return;
    JsonObject child;
    if (visible) child["via"] = JsonArray{parts_.rooms.identity().server.str()};
    co_await set_if_changed(*found.space, "m.space.child", *group.card_id, std::move(child));
}

net::Task<> Groups::show_organisation() {
    // Two at once would make two spaces.
    const auto turn = co_await showing_.enter();
    const auto organisation = co_await parts_.db.read([](storage::Tx& tx) { return storage::find_organisation(tx); });
    if (!organisation) co_return;
    auto space = organisation->space_id;
    if (!space) {
        CreateRoom wish;
        wish.published = true;
        wish.preset = CreateRoom::Preset::public_chat;
        wish.name = organisation->name;
        wish.topic = organisation->purpose;
        wish.creation_content["type"] = "m.space";
        JsonObject levels{{"events_default", 100}, {"state_default", 100}, {"invite", 100}};
        wish.power_levels = std::move(levels);
        // Its members are nobody's business: who looks at it need not enter it.
        wish.initial_state.push_back(state("m.room.history_visibility", {{"history_visibility", "world_readable"}}));
        wish.initial_state.push_back(state("m.room.join_rules", {{"join_rule", "invite"}}));
        wish.initial_state.push_back(state(organisation_event, to_json(*organisation)));
        const auto room = co_await parts_.service.create_room(std::move(wish));
        space = room->id().str();
        co_await parts_.db.transact([&](storage::Tx& tx) { storage::set_organisation_space(tx, *space); });
    } else {
        co_await set_if_changed(*space, "m.room.name", "", {{"name", organisation->name}});
        co_await set_if_changed(*space, std::string(organisation_event), "", to_json(*organisation));
        const auto id = RoomId::parse(*space);
        const auto room = co_await parts_.rooms.find(*id);
        if (room && schema::string_at(room->state_content("m.room.topic"), "topic") != organisation->purpose)
            co_await parts_.service.set_state(*id, "m.room.topic", "", {{"topic", organisation->purpose}});
    }
    const auto all = co_await parts_.db.read([](storage::Tx& tx) { return storage::groups(tx); });
    for (const auto& group : all)
        if (group.card_id) co_await show_card(group);
}

// --- what people do with them

net::Task<GroupRow> Groups::make(GroupRow group) {
    if (group.id.empty()) group.id = made_up_id();
    check_group(group);
    co_await parts_.db.transact([&](storage::Tx& tx) {
        label_of(tx, group.card.topic);
        if (storage::insert_group(tx, group) == storage::Inserted::no)
            throw Refusal(Reason::room_in_use, "Diese Kennung hat schon eine andere Gruppe. / Another group has that id.");
        storage::bump_revision(tx);
    });
    co_await parts_.standing.refresh();
    co_await make_rooms(group);
    co_return co_await require(group.id);
}

net::Task<GroupRow> Groups::change(GroupRow group) {
    check_group(group);
    co_await parts_.db.transact([&](storage::Tx& tx) {
        label_of(tx, group.card.topic);
        const auto now = storage::lock_group(tx, group.id);
        if (!now || now->closed) throw no_such_group();
        storage::update_group(tx, group);
        storage::bump_revision(tx);
    });
    co_await parts_.standing.refresh();
    auto changed = co_await require(group.id);
    co_await set_if_changed(*changed.space_id, "m.room.name", "", {{"name", changed.card.name}});
    co_await set_if_changed(*changed.forum_id, "m.room.name", "", {{"name", changed.card.name + " – Forum"}});
    co_await set_if_changed(*changed.chat_id, "m.room.name", "", {{"name", changed.card.name + " – Gespräch"}});
    co_await show_card(changed);
    co_return changed;
}

net::Task<> Groups::close(std::string id) {
    const auto now = parts_.rooms.clock().now_ms();
    const auto group = co_await parts_.db.transact([&](storage::Tx& tx) {
        auto row = storage::lock_group(tx, id);
        if (!row) throw no_such_group();
        if (!row->closed) {
            row->closed = row->changed = now;
            storage::update_group(tx, *row);
            storage::bump_revision(tx);
        }
        return *row;
    });
    co_await parts_.standing.refresh();
    if (group.card_id) co_await show_card(group);
}

net::Task<GroupRow> Groups::require(std::string id) {
    auto found = co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_group(tx, id); });
    if (!found || !found->is_complete()) throw no_such_group();
    co_return *std::move(found);
}

net::Task<> Groups::assign_rooms(std::string id, schema::UserId person) {
    const auto group = co_await require(std::move(id));
    for (const auto& room : {*group.space_id, *group.forum_id, *group.chat_id})
        co_await parts_.service.invite(*RoomId::parse(room), person);
}

net::Task<> Groups::take_rooms(std::string id, schema::UserId person, std::optional<std::string> reason) {
    const auto group = co_await require(std::move(id));
    for (const auto& room : {*group.chat_id, *group.forum_id, *group.space_id})
        co_await parts_.service.send_away(*RoomId::parse(room), person, reason);
}

net::Task<> Groups::spread_powers(std::string id) {
    const auto group = co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_group(tx, id); });
    if (!group) co_return;
    for (const auto& room : {group->space_id, group->forum_id, group->chat_id})
        if (room) co_await set_if_changed(*room, "m.room.power_levels", "", powers(id));
}

net::Task<> Groups::spread_powers_everywhere() {
    std::vector<std::string> ids;
    for (const auto& [id, group] : parts_.standing.groups()) ids.push_back(id);
    for (const auto& id : ids) co_await spread_powers(id);
}

net::Task<> Groups::tidy_regularly() {
    for (;;) {
        co_await tidy();
        co_await parts_.rooms.clock().sleep(std::chrono::hours(1));
    }
}

net::Task<> Groups::tidy() {
    try {
        const auto all = co_await parts_.db.read([](storage::Tx& tx) { return storage::groups(tx); });
        // One that was begun a moment ago is still in the hands of who makes it.
        const auto old = parts_.rooms.clock().now_ms() - 60'000;
        for (const auto& group : all)
            if (!group.is_complete() && group.created < old) co_await make_rooms(group);
        co_await show_organisation();
        co_await spread_powers_everywhere();
    } catch (const Refusal& refusal) {
        spdlog::error("a group's rooms could not be brought in order: {}", refusal.text);
    } catch (const storage::DatabaseError& error) {
        spdlog::error("a group's rooms could not be brought in order: {}", error.what());
    } catch (const storage::Unreachable&) {
        // The next hour will do.
    }
}

net::Task<> Groups::gone(std::string id, std::string user) {
    const auto now = parts_.rooms.clock().now_ms();
    const bool was = co_await parts_.db.transact([&](storage::Tx& tx) {
        storage::delete_rules_accepted(tx, id, user);
        return storage::withdraw_role(tx, user, role::member, id, user, now);
    });
    co_await parts_.standing.refresh();
    if (!was) co_return;
    if (const auto person = schema::UserId::parse(user)) co_await take_rooms(std::move(id), *person, std::nullopt);
}

}  // namespace runde::selfhelp
