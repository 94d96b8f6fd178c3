#include "core/selfhelp/roles.hpp"

#include <charconv>

#include "api/selfhelp/desk.hpp"
#include "api/selfhelp/tables.hpp"
#include "core/selfhelp/door.hpp"

namespace runde::api::selfhelp {
namespace {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::UserId;
using storage::RoleGrant;

/// The caller: who they are to this organisation, and what they have to accept.
net::Task<net::Response> get_me(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    const auto is_member = co_await services.db.read([&](storage::Tx& tx) { return storage::is_association_member(tx, who.user); });
    JsonArray roles, groups;
    for (const auto& grant : who.grants) {
        roles.push_back(domain::to_json(grant));
        if (grant.role != domain::role::member || !grant.group) continue;
        const auto* group = services.door.standing.group(*grant.group);
        if (!group) continue;
        const bool must_accept = services.door.standing.must_accept(*group, who.user);
        JsonObject entry{
            {"group_id", group->id}, {"name", group->name}, {"rules_version", group->rules}, {"rules_accepted", !must_accept}};
        if (must_accept) {
            const domain::ConsentToken token{group->id, call.session().user};
            entry["rules_page"] = domain::consent_path(token.sign(services.rooms.identity().key));
        }
        groups.push_back(std::move(entry));
    }
    co_return answer({{"user_id", who.user},
                      {"administrator", who.administrator},
                      {"association_member", is_member},
                      {"roles", std::move(roles)},
                      {"groups", std::move(groups)}});
}

net::Task<net::Response> get_roles(const Call& call, Services& services) {
    const auto group = call.query("group_id");
    const auto who = co_await rights(call, services);
    domain::require(who.may_see_roles(group));
    const bool all = call.query_flag("former");
    const auto now = now_ms(services);
    const auto log = co_await services.db.read([&](storage::Tx& tx) { return storage::role_log(tx, group, 1000); });
    JsonArray roles;
    for (const auto& grant : log)
        if (all || grant.holds(now)) roles.push_back(domain::to_json(grant));
    co_return answer({{"roles", std::move(roles)}});
}

/// Who must be in the group's rooms to do what the role is for.
bool is_in_rooms(const RoleGrant& grant) {
    return grant.group && (grant.role == domain::role::member || grant.role == domain::role::moderator);
}

RoleGrant read_grant(const Call& call, const std::string& by, std::int64_t now) {
    const auto body = call.fields();
    RoleGrant grant{.user_id = std::string(body.required_string("user_id", 255)),
                    .role = std::string(body.required_string("role", 40)),
                    .granted_by = by,
                    .granted_at = now,
                    .until = body.integer("until")};
    if (const auto group = body.string("group_id", 64)) grant.group = *group;
    domain::check_grant(grant, now);
    return grant;
}

net::Task<net::Response> post_role(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    const auto now = now_ms(services);
    const auto grant = read_grant(call, who.user, now);
    domain::require(who.may_grant(grant.role, grant.group));
    const auto user = *UserId::parse(grant.user_id);
    if (services.rooms.identity().is_local(user)) {
        const auto person = co_await rooms::find_person(services.db, user);
        if (!person) throw Refusal(Reason::not_found, "There is no such user.");
    }
    co_await services.db.transact([&](storage::Tx& tx) {
        if (grant.group) {
            const auto group = storage::lock_group(tx, *grant.group);
            if (!group || !group->is_complete() || group->closed)
                throw Refusal(Reason::not_found, "Diese Gruppe gibt es hier nicht. / There is no such group here.");
            if (grant.role == domain::role::member && !domain::has_free_seat(tx, *group, now))
                throw Refusal(Reason::bad_state, "Alle Plätze der Gruppe sind vergeben. / All seats of the group are taken.");
        }
        storage::insert_role(tx, grant);
    });
    co_await services.door.standing.refresh();
    if (is_in_rooms(grant)) co_await services.door.groups.assign_rooms(*grant.group, user);
    if (grant.group)
        co_await services.door.groups.spread_powers(*grant.group);
    else
        co_await services.door.groups.spread_powers_everywhere();
    co_return empty_answer();
}

net::Task<net::Response> delete_role(const Call& call, Services& services) {
    const auto& text = call.param("grantId");
    std::int64_t id = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), id).ptr != text.data() + text.size() || text.empty())
        throw Refusal(Reason::invalid_param, "grantId is a number");
    const auto who = co_await rights(call, services);
    const auto now = now_ms(services);
    co_await services.db.transact([&](storage::Tx& tx) {
        const auto found = storage::find_role(tx, id);
        // Everybody may lay down what they have; a stranger hears the same whether or not there is such a grant.
        const bool may = found && (found->user_id == who.user || who.may_grant(found->role, found->group));
        domain::require(may || (!found && who.may_see_roles(std::nullopt)));
        if (!storage::withdraw_role(tx, id, who.user, now)) throw Refusal(Reason::not_found, "There is no such role in force.");
    });
    // With it follow rooms, receptions and power levels (core/selfhelp/role_ends).
    co_await services.door.standing.refresh();
    co_return empty_answer();
}

// --- members of the association: nobody becomes one by taking part

net::Task<net::Response> get_association_members(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    domain::require(who.may_keep_association_members());
    const auto users = co_await services.db.read([](storage::Tx& tx) { return storage::association_members(tx); });
    co_return answer({{"user_ids", JsonArray(users.begin(), users.end())}});
}

net::Task<net::Response> put_association_member(const Call& call, Services& services) {
    const auto user = call.id<UserId>("userId");
    const auto who = co_await rights(call, services);
    domain::require(who.may_keep_association_members());
    const auto now = now_ms(services);
    co_await services.db.transact([&](storage::Tx& tx) { storage::insert_association_member(tx, user.str(), who.user, now); });
    co_return empty_answer();
}

net::Task<net::Response> delete_association_member(const Call& call, Services& services) {
    const auto user = call.id<UserId>("userId");
    const auto who = co_await rights(call, services);
    domain::require(who.may_keep_association_members());
    co_await services.db.transact([&](storage::Tx& tx) { storage::delete_association_member(tx, user.str()); });
    co_return empty_answer();
}

constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/me", Access::user, Rate::read, get_me, "docs/api.md#me"},
    {net::Method::get, "/_runde/v1/roles", Access::user, Rate::read, get_roles, "docs/api.md#roles"},
    {net::Method::post, "/_runde/v1/roles", Access::user, Rate::write, post_role, "docs/api.md#roles"},
    {net::Method::delete_, "/_runde/v1/roles/{grantId}", Access::user, Rate::write, delete_role, "docs/api.md#roles"},
    {net::Method::get, "/_runde/v1/association_members", Access::user, Rate::read, get_association_members, "docs/api.md#roles"},
    {net::Method::put, "/_runde/v1/association_members/{userId}", Access::user, Rate::write, put_association_member,
     "docs/api.md#roles"},
    {net::Method::delete_, "/_runde/v1/association_members/{userId}", Access::user, Rate::write, delete_association_member,
     "docs/api.md#roles"},
};

}  // namespace

std::span<const Route> role_routes() { return routes; }

}  // namespace runde::api::selfhelp
