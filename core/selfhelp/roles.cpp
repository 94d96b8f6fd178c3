#include "core/selfhelp/roles.hpp"

#include <algorithm>

#include "schema/refusal.hpp"

namespace runde::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;

constexpr RoleKind kinds[] = {
    {role::member, false, true, 0}, {role::moderator, true, true, 50}, {role::office, true, false, 0},
    {role::board, true, false, 0},  {role::operator_, true, false, 0},
};

}  // namespace

std::span<const RoleKind> role_kinds() { return kinds; }

const RoleKind* find_role_kind(std::string_view name) {
    const auto found = std::find_if(std::begin(kinds), std::end(kinds), [&](const RoleKind& kind) { return kind.name == name; });
    return found == std::end(kinds) ? nullptr : found;
}

bool Rights::has(std::string_view role) const {
    return std::any_of(grants.begin(), grants.end(), [&](const auto& grant) { return grant.role == role && !grant.group; });
}

bool Rights::has(std::string_view role, std::string_view group) const {
    return std::any_of(grants.begin(), grants.end(),
                       [&](const auto& grant) { return grant.role == role && (!grant.group || *grant.group == group); });
}

bool Rights::may_see_roles(const std::optional<std::string>& group) const {
    if (has(role::board) || has(role::office)) return true;
    return group ? has(role::moderator, *group) : administrator;
}

bool Rights::may_grant(std::string_view role, const std::optional<std::string>& group) const {
    if (has(role::board)) return true;
    if (role == role::member || role == role::moderator) {
        if (has(role::office)) return true;
        return role == role::member && group && has(role::moderator, *group);
    }
    return administrator && !group;
}

Rights rights_of(storage::Tx& tx, const schema::UserId& user, bool administrator, std::int64_t now_ms) {
    return {user.str(), administrator, storage::roles_of(tx, user.str(), now_ms)};
}

void require(bool allowed) {
    if (!allowed)
        throw Refusal(Reason::forbidden,
                      "Dafür braucht man eine andere Aufgabe in der Organisation. / That needs another role in "
                      "the organisation.");
}

void check_grant(const storage::RoleGrant& grant, std::int64_t now_ms) {
    const auto* kind = find_role_kind(grant.role);
    if (!kind) throw Refusal(Reason::invalid_param, "role is member, moderator, office, board or operator");
    if (grant.group ? !kind->on_group : !kind->on_node)
        throw Refusal(Reason::invalid_param, grant.group ? "That role is held on the whole node, not in a group."
                                                         : "That role is held in a group: say which (group_id).");
    if (!schema::UserId::parse(grant.user_id)) throw Refusal(Reason::invalid_param, "user_id is no user id");
    if (grant.until && *grant.until <= now_ms) throw Refusal(Reason::invalid_param, "until lies in the past");
}

schema::JsonObject to_json(const storage::RoleGrant& grant) {
    schema::JsonObject json{{"grant_id", grant.id},
                            {"user_id", grant.user_id},
                            {"role", grant.role},
                            {"granted_by", grant.granted_by},
                            {"granted_ts", grant.granted_at}};
    if (grant.group) json["group_id"] = *grant.group;
    if (grant.until) json["until"] = *grant.until;
    if (grant.withdrawn_by) json["withdrawn_by"] = *grant.withdrawn_by;
    if (grant.withdrawn_at) json["withdrawn_ts"] = *grant.withdrawn_at;
    return json;
}

int power_in(std::span<const storage::RoleGrant> in_force, std::string_view user, std::string_view group) {
    int power = 0;
    for (const auto& grant : in_force) {
        if (grant.user_id != user || (grant.group && *grant.group != group)) continue;
        if (const auto* kind = find_role_kind(grant.role)) power = std::max(power, kind->power);
    }
    return power;
}

}  // namespace runde::selfhelp
