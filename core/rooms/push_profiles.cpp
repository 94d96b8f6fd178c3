#include "core/rooms/push_profiles.hpp"

#include <algorithm>

#include "core/rooms/push_evaluator.hpp"
#include "core/rooms/rooms.hpp"
#include "core/rooms/unread.hpp"
#include "storage/reading.hpp"
#include "storage/users.hpp"

namespace runde::rooms {
namespace {

using accounts::PushRule;
using accounts::RuleKind;

constexpr std::size_t most_profiles = 1'000;             // Dropped whole when full, and read again.

bool notifies(const PushRule& rule) {
    return std::any_of(rule.actions.begin(), rule.actions.end(),
                       [](const schema::Json& action) { return action.is_string() && action.get_string() == "notify"; });
}

/// The form in which apps mute a room: an override rule on nothing but the room id. nullptr for any other rule.
const schema::JsonObject* only_condition(const PushRule& rule) {
    if (!rule.conditions || rule.conditions->size() != 1) return nullptr;
    return rule.conditions->front().if_object();
}

std::string room_of(const PushRule& rule) {
    const auto* condition = only_condition(rule);
    if (!condition || schema::string_at(*condition, "kind") != "event_match" || schema::string_at(*condition, "key") != "room_id")
        return {};
    const auto pattern = std::string(schema::string_at(*condition, "pattern").value_or(""));
    return pattern.find_first_of("*?") == std::string::npos ? pattern : std::string();
}

bool is_as_by_default(const accounts::PushRules& rules, const schema::UserId& user) {
    const auto standard = accounts::PushRules::default_for(user);
    for (const auto kind : accounts::all_rule_kinds)
        for (const auto& rule : standard.of(kind)) {
            const auto* mine = rules.find(kind, rule.id);
            if (!mine || mine->enabled != rule.enabled || outcome_of(mine->actions) != outcome_of(rule.actions)) return false;
        }
    return true;
}

}  // namespace

int PushProfile::class_in(const schema::RoomId& room, const schema::UserId& user) const {
    const auto* master = rules.find(RuleKind::override_, ".m.rule.master");
    if (master && master->enabled && !notifies(*master)) return PushClass::muted;

    bool individual = !ignored.empty() || !is_as_by_default(rules, user);
    for (const auto& rule : rules.of(RuleKind::override_)) {
        if (rule.is_default || !rule.enabled) continue;
        const auto about = room_of(rule);
        if (!about.empty() && about != room.str()) continue;
        // Nothing above it speaks, so it is what holds for every event here.
        if (about == room.str() && !notifies(rule) && !individual) return PushClass::muted;
        individual = true;
    }
    int baseline = PushClass::all;
    for (const auto& rule : rules.of(RuleKind::room)) {
        if (rule.is_default || !rule.enabled || rule.id != room.str()) continue;
        if (notifies(rule))
            individual = true;                           // Also for what is silent by default.
        else
            baseline = PushClass::mentions;
    }
    for (const auto kind : {RuleKind::content, RuleKind::sender, RuleKind::underride})
        for (const auto& rule : rules.of(kind))
            if (!rule.is_default && rule.enabled) individual = true;
    return baseline | (individual ? PushClass::individual : 0);
}

const PushProfile* PushProfiles::warm(schema::UserNid user) const {
    const auto found = profiles_.find(user);
    return found == profiles_.end() ? nullptr : found->second.get();
}

net::Task<> PushProfiles::load(std::vector<Who> users) {
    std::erase_if(users, [&](const Who& user) { return warm(user.nid) != nullptr; });
    if (users.empty()) co_return;
    std::vector<schema::UserNid> nids;
    for (const auto& user : users) nids.push_back(user.nid);
    const auto found = co_await db_.read([&](storage::Tx& tx) { return storage::push_settings(tx, nids); });
    if (profiles_.size() > most_profiles) profiles_.clear();
    for (const auto& user : users) {
        auto profile = std::make_unique<PushProfile>(PushProfile{accounts::PushRules::default_for(user.id), {}});
        for (const auto& row : found) {
            if (row.user != user.nid || row.json.empty()) continue;
            const auto json = schema::parse_json(row.json);
            if (!json.is_object()) continue;
            if (row.type == "m.push_rules") {
                profile->rules = accounts::PushRules::from_stored(json.get_object(), user.id);
            } else if (const auto* ignored = schema::object_at(json.get_object(), "ignored_users")) {
                for (const auto& [id, nothing] : *ignored) profile->ignored.emplace(id);
            }
        }
        profiles_.insert_or_assign(user.nid, std::move(profile));
    }
}

namespace {

net::Task<> set_class(Rooms& rooms, schema::UserNid nid, schema::RoomNid room_nid, int push_class) {
    const auto room = co_await rooms.find(room_nid);
    auto* member = room ? room->local_member(nid) : nullptr;
    if (!member || member->push_class == push_class) co_return;
    room->set_push_class(*member, push_class);
    storage::Submission submission{.positions = 1};
    submission.user_rooms.push_back(unread::row_of(room_nid, *member, 0));
    co_await room->submit(std::move(submission), [nid](Committed& committed) { committed.read_by.push_back(nid); });
}

}  // namespace

net::Task<> reclassify(Rooms& rooms, schema::UserNid nid) {
    auto& profiles = rooms.push_profiles();
    profiles.forget(nid);
    const auto row = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::find_user(tx, nid); });
    const auto parsed = row ? schema::UserId::parse("@" + row->localpart + ":" + rooms.identity().server.str()) : std::nullopt;
    if (!parsed) co_return;
    const auto user = *parsed;
    std::vector<PushProfiles::Who> one{{nid, user}};
    co_await profiles.load(std::move(one));
    const auto places = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::push_classes(tx, nid); });
    bool individual = false;
    for (const auto& place : places) {
        const auto id = schema::RoomId::parse(place.room_id);
        const auto* profile = profiles.warm(nid);
        if (!id || !profile) continue;
        const auto wanted = profile->class_in(*id, user);
        individual = individual || (wanted & PushClass::individual) != 0;
        // The room in memory may know better than the row that was read.
        if (wanted != place.push_class || rooms.warm(place.room)) co_await set_class(rooms, nid, place.room, wanted);
    }
    if (!individual) profiles.forget(nid);               // Nobody will ask for it.
}

net::Task<> classify(Rooms& rooms, schema::UserNid nid, schema::UserId user, schema::RoomNid room_nid) {
    auto& profiles = rooms.push_profiles();
    std::vector<PushProfiles::Who> one{{nid, user}};
    co_await profiles.load(std::move(one));
    const auto room = co_await rooms.find(room_nid);
    const auto* profile = profiles.warm(nid);
    if (!room || !profile) co_return;
    const auto wanted = profile->class_in(room->id(), user);
    if ((wanted & PushClass::individual) == 0) profiles.forget(nid);
    co_await set_class(rooms, nid, room_nid, wanted);
}

}  // namespace runde::rooms
