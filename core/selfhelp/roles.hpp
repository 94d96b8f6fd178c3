#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.hpp"
#include "schema/json.hpp"
#include "storage/roles.hpp"

/// Who may do what. A role is held on the whole node or in one group, given by somebody named, perhaps until a date. No role
/// opens a room: who reads is decided by who is in it.
namespace runde::selfhelp {

namespace role {
constexpr std::string_view member = "member";            ///< Takes part in a group.
constexpr std::string_view moderator = "moderator";      ///< Accompanies it: interviews, decides, keeps order.
constexpr std::string_view office = "office";            ///< Runs the groups: makes them, offers slots, decides.
constexpr std::string_view board = "board";              ///< Decides on everything that is the organisation's.
constexpr std::string_view operator_ = "operator";       ///< Keeps the machine running; reads and decides nothing.
}  // namespace role

/// A further role is a further line in roles.cpp.
struct RoleKind {
    std::string_view name;
    bool on_node, on_group;
    int power;                                           ///< In the rooms of the group (m.room.power_levels); 0: as everybody.
};
std::span<const RoleKind> role_kinds();
const RoleKind* find_role_kind(std::string_view name);

/// What somebody may do at a given moment. A value: made from their grants in force, asked without I/O.
struct Rights {
    std::string user;
    bool administrator = false;                          ///< Of the server (accounts): sets things up, reads nothing.
    std::vector<storage::RoleGrant> grants = {};         ///< In force.

    bool has(std::string_view role) const;               ///< On the node.
    bool has(std::string_view role, std::string_view group) const;  ///< In the group, or on the node.

    /// Name, kind, contact, imprint, privacy notice, house rules, topics: board; the administrator sets up.
    bool may_run_organisation() const { return administrator || has(role::board); }
    /// Making and closing groups: board and office.
    bool may_make_groups() const { return has(role::board) || has(role::office); }
    /// Card, seats, admission, rules of one: its moderators, too.
    bool may_run_group(std::string_view group) const { return may_make_groups() || has(role::moderator, group); }
    /// Reads and decides applications to one.
    bool may_admit(std::string_view group) const { return may_run_group(group); }
    bool may_see_roles(const std::optional<std::string>& group) const;
    /// The flag "member of the association".
    bool may_keep_association_members() const { return has(role::board) || has(role::office); }
    /// Also for withdrawing. Moderators let members in; office appoints moderators; board appoints everybody; the
    /// administrator appoints board and office, because somebody must be the first.
    bool may_grant(std::string_view role, const std::optional<std::string>& group) const;
};

Rights rights_of(storage::Tx& tx, const schema::UserId& user, bool administrator, std::int64_t now_ms);

/// Throws Refusal(forbidden) with a kind text.
void require(bool allowed);

/// Throws Refusal(invalid_param): unknown role, a role that is not held there, an end in the past.
void check_grant(const storage::RoleGrant& grant, std::int64_t now_ms);
schema::JsonObject to_json(const storage::RoleGrant& grant);

/// The level that somebody has in the talk rooms of a group, from all grants in force.
int power_in(std::span<const storage::RoleGrant> in_force, std::string_view user, std::string_view group);

}  // namespace runde::selfhelp
