#include "core/selfhelp/standing.hpp"

#include <spdlog/spdlog.h>

#include <limits>

#include "core/selfhelp/roles.hpp"
#include "core/selfhelp/texts.hpp"
#include "schema/refusal.hpp"

namespace runde::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;

/// Stands in for a position that is not known yet: later than all of them.
constexpr auto unknown_position = std::numeric_limits<schema::Position>::max();

bool is_going(const schema::EventDraft& draft) {
    return draft.type == "m.room.member" && draft.state_key == draft.sender.str() &&
           schema::string_at(draft.content, "membership") == "leave";
}

bool is_own_redaction(const rooms::Room& room, const schema::EventDraft& draft) {
    if (!draft.redacts) return false;
    const auto* target = room.known(draft.redacts->str());
    return target && target->sender == draft.sender.str();
}

/// What a draft needs beyond what everybody in the room may do.
bool needs_power(const rooms::Room& room, const schema::EventDraft& draft) {
    const auto& levels = room.power_levels();
    const auto everybody = levels.default_user_level();
    if (draft.type == "m.room.member" && draft.state_key != draft.sender.str()) return true;
    if (draft.redacts) return levels.needed_to_redact() > everybody && !is_own_redaction(room, draft);
    if (draft.state_key) return draft.type != "m.room.member" && levels.needed_for_state(draft.type) > everybody;
    return levels.needed_for_message(draft.type) > everybody;
}

}  // namespace

Standing::Loaded Standing::load(storage::Tx& tx, std::int64_t now_ms) {
    Loaded loaded;
    // The revision first: what changes while we read is read again.
    loaded.revision = storage::revision(tx);
    loaded.groups = storage::groups(tx);
    loaded.rules = storage::newest_versions(tx, group_rules);
    loaded.accepted = storage::rules_accepted(tx);
    loaded.roles = storage::roles_in_force(tx, now_ms);
    return loaded;
}

void Standing::take(Loaded loaded) {
    if (loaded.revision < revision_) return;  // A slower read of an older state.
    std::map<std::string, Group, std::less<>> groups;
    rooms_.clear();
    cards_.clear();
    for (auto& row : loaded.groups) {
        for (const auto& room : {row.space_id, row.forum_id, row.chat_id})
            if (room) rooms_.emplace(*room, row.id);
        if (row.card_id) cards_.emplace(*row.card_id, row.id);
        groups.emplace(row.id, Group{.id = row.id, .name = row.card.name, .closed = row.closed.has_value()});
    }
    for (const auto& [owner, version] : loaded.rules)
        if (const auto found = groups.find(owner); found != groups.end()) found->second.rules = version;
    for (const auto& row : loaded.accepted) {
        const auto found = groups.find(row.group);
        if (found == groups.end()) continue;
        auto pos = row.pos;
        if (pos == unknown_position) {
            // Written by this process and not yet told its place, or left so by a crash.
            const auto* known = group(row.group);
            const auto old = known ? known->accepted.find(row.user_id) : decltype(Group::accepted)::const_iterator{};
            pos = known && old != known->accepted.end() ? old->second.pos : started_at_;
        }
        found->second.accepted.insert_or_assign(row.user_id, Group::Acceptance{row.version, pos});
    }
    groups_ = std::move(groups);
    roles_ = std::move(loaded.roles);
    revision_ = loaded.revision;
}

void Standing::load_now(schema::Position stream) {
    started_at_ = stream;
    const auto now = clock_.now_ms();
    Loaded loaded;
    db_.transact_now([&](storage::Tx& tx) { loaded = load(tx, now); });
    take(std::move(loaded));
}

net::Task<> Standing::refresh() {
    const auto now = clock_.now_ms();
    auto loaded = co_await db_.transact([now](storage::Tx& tx) { return load(tx, now); });
    take(std::move(loaded));
    if (refreshed) co_await refreshed();
}

net::Task<> Standing::keep_fresh(std::function<net::Task<>()> after) {
    for (;;) {
        co_await clock_.sleep(std::chrono::seconds(30));
        try {
            const auto newest = co_await db_.read([](storage::Tx& tx) { return storage::revision(tx); });
            if (newest == revision_) continue;
            co_await refresh();
            co_await after();
        } catch (const storage::DatabaseError& error) {
            spdlog::error("reading groups and roles failed: {}", error.what());
        } catch (const storage::Unreachable&) {
            // The next time will do.
        }
    }
}

const Standing::Group* Standing::group(std::string_view id) const {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : &found->second;
}

Standing::Group* Standing::find(std::string_view id) {
    const auto found = groups_.find(id);
    return found == groups_.end() ? nullptr : &found->second;
}

const Standing::Group* Standing::group_of(std::string_view room_id) const {
    const auto found = rooms_.find(room_id);
    return found == rooms_.end() ? nullptr : group(found->second);
}

const Standing::Group* Standing::group_of_card(std::string_view room_id) const {
    const auto found = cards_.find(room_id);
    return found == cards_.end() ? nullptr : group(found->second);
}

bool Standing::must_accept(const Group& group, std::string_view user) const {
    if (group.rules == 0) return false;
    const auto found = group.accepted.find(user);
    return found == group.accepted.end() || found->second.version < group.rules;
}

int Standing::power(std::string_view group, std::string_view user) const {
    const auto now = clock_.now_ms();
    int power = 0;
    for (const auto& grant : roles_)
        if (grant.user_id == user && grant.holds(now)) power = std::max(power, power_in({&grant, 1}, user, group));
    return power;
}

std::map<std::string, int> Standing::powers(std::string_view group) const {
    std::map<std::string, int> powers;
    for (const auto& grant : roles_)
        if (const int level = power(group, grant.user_id); level > 0) powers.insert_or_assign(grant.user_id, level);
    return powers;
}

rooms::Opening Standing::opening(const schema::RoomId& room, std::string_view user) const {
    const auto* group = group_of(room.str());
    if (!group) return {};
    if (must_accept(*group, user)) return {.open = false};
    const auto found = group->accepted.find(user);
    return {.open = true, .since = found == group->accepted.end() ? 0 : found->second.pos};
}

void Standing::guard(const rooms::Room& room, const schema::EventDraft& draft, std::string_view service_account) const {
    const auto* group = group_of(room.id().str());
    const auto& sender = draft.sender.str();
    if (!group || sender == service_account || is_going(draft) || is_own_redaction(room, draft)) return;
    // A member event of one who is in already is a new name or picture: nothing is said by it.
    const bool is_new_profile = draft.type == "m.room.member" && draft.state_key == sender && room.is_joined(sender);
    if (!is_new_profile && must_accept(*group, sender)) throw consent_refusal(*group, sender);
    const auto level = room.power_levels().level_of(draft.sender);
    if (level > room.power_levels().default_user_level() && power(group->id, sender) < level && needs_power(room, draft))
        throw Refusal(Reason::forbidden,
                      "Ihre Aufgabe in dieser Gruppe ist zu Ende gegangen. / Your role in this group has ended.");
}

void Standing::accepted(std::string_view group_id, std::string_view user, int version) {
    if (auto* group = find(group_id))
        group->accepted.insert_or_assign(std::string(user), Group::Acceptance{version, unknown_position});
}

void Standing::accepted_at(std::string_view group_id, std::string_view user, schema::Position pos) {
    auto* group = find(group_id);
    const auto found = group ? group->accepted.find(user) : decltype(Group::accepted)::iterator{};
    if (group && found != group->accepted.end()) found->second.pos = pos;
}

}  // namespace runde::selfhelp
