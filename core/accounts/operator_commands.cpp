#include "core/accounts/operator_commands.hpp"

#include "core/accounts/passwords.hpp"
#include "core/accounts/push_rules.hpp"
#include "core/accounts/text.hpp"
#include "schema/refusal.hpp"
#include "storage/account_data.hpp"
#include "storage/tokens.hpp"
#include "storage/users.hpp"

namespace runde::accounts {

using schema::Reason;
using schema::Refusal;

std::string create_administrator_now(storage::Database& db, schema::UserNid nid, const schema::UserId& user, std::int64_t now_ms) {
    auto password = random_password();
    const storage::UserRow row{.nid = nid,
                               .localpart = std::string(user.localpart()),
                               .password_hash = Passwords::hash_now(password),
                               .created = now_ms,
                               .flags = storage::administrator | storage::must_change_password};
    db.transact_now([&](storage::Tx& tx) {
        if (storage::insert_user(tx, row, "{}") == storage::Inserted::no)
            throw Refusal(Reason::user_in_use, "There is already an account of that name.");
        storage::insert_first_account_data(tx, nid, "m.push_rules", schema::to_text(PushRules::default_for(user).to_json()));
    });
    return password;
}

std::string reset_password_now(storage::Database& db, const schema::UserId& user) {
    auto password = random_password();
    const auto hash = Passwords::hash_now(password);
    db.transact_now([&](storage::Tx& tx) {
        const auto row = storage::find_user(tx, user.localpart());
        if (!row || row->is(storage::deactivated)) throw Refusal(Reason::not_found, "There is no account of that name.");
        storage::set_password(tx, row->nid, hash);
        storage::change_user_flags(tx, row->nid, storage::must_change_password, 0);
    });
    return password;
}

std::string create_registration_token_now(storage::Database& db, std::optional<std::int64_t> uses,
                                          std::optional<std::int64_t> lifetime_ms, std::int64_t now_ms) {
    auto token = random_password();
    const auto expires = lifetime_ms ? std::optional(now_ms + *lifetime_ms) : std::nullopt;
    db.transact_now([&](storage::Tx& tx) { storage::insert_registration_token(tx, token, uses, expires, now_ms); });
    return token;
}

}  // namespace runde::accounts
