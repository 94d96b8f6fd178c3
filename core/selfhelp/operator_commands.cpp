#include "core/selfhelp/operator_commands.hpp"

#include <algorithm>

#include "core/selfhelp/organisation.hpp"
#include "core/selfhelp/roles.hpp"
#include "core/selfhelp/texts.hpp"
#include "schema/refusal.hpp"
#include "storage/users.hpp"

namespace runde::selfhelp {

using schema::Reason;
using schema::Refusal;

void set_organisation_now(storage::Database& db, const schema::JsonObject& json, std::int64_t now_ms) {
    auto row = read_organisation(json);
    row.changed = now_ms;
    row.changed_by = command_line;
    db.transact_now([&](storage::Tx& tx) { storage::set_organisation(tx, row); });
}

int set_text_now(storage::Database& db, const std::string& kind, const std::map<std::string, std::string>& by_register,
                 std::int64_t now_ms) {
    if (std::find(organisation_texts.begin(), organisation_texts.end(), kind) == organisation_texts.end())
        throw Refusal(Reason::invalid_param, "The texts are imprint, privacy and house_rules.");
    check_text(by_register);
    int version = 0;
    db.transact_now([&](storage::Tx& tx) { version = storage::insert_text(tx, "", kind, by_register, command_line, now_ms); });
    return version;
}

void grant_role_now(storage::Database& db, const schema::UserId& user, const std::string& role,
                    std::optional<std::int64_t> lifetime_ms, std::int64_t now_ms) {
    storage::RoleGrant grant{.user_id = user.str(), .role = role, .granted_by = std::string(command_line), .granted_at = now_ms};
    if (lifetime_ms) grant.until = now_ms + *lifetime_ms;
    check_grant(grant, now_ms);
    db.transact_now([&](storage::Tx& tx) {
        const auto account = storage::find_user(tx, user.localpart());
        if (!account || account->is(storage::deactivated)) throw Refusal(Reason::not_found, "There is no account of that name.");
        storage::insert_role(tx, grant);
    });
}

void withdraw_role_now(storage::Database& db, const schema::UserId& user, const std::string& role, std::int64_t now_ms) {
    db.transact_now([&](storage::Tx& tx) {
        if (!storage::withdraw_role(tx, user.str(), role, std::nullopt, command_line, now_ms))
            throw Refusal(Reason::not_found, "That account has no such role on this node.");
    });
}

std::vector<storage::RoleGrant> roles_now(storage::Database& db, std::int64_t now_ms) {
    std::vector<storage::RoleGrant> roles;
    db.transact_now([&](storage::Tx& tx) { roles = storage::roles_in_force(tx, now_ms); });
    std::erase_if(roles, [](const auto& grant) { return grant.group.has_value(); });
    return roles;
}

}  // namespace runde::selfhelp
