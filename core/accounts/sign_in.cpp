#include "core/accounts/sign_in.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/accounts/devices.hpp"
#include "core/accounts/listeners.hpp"
#include "core/accounts/options.hpp"
#include "core/accounts/passwords.hpp"
#include "schema/refusal.hpp"
#include "storage/account_data.hpp"

namespace runde::accounts {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::UserId;

std::optional<std::string> read_identifier(const schema::Fields& fields) {
    const auto* identifier = fields.object("identifier");
    if (!identifier) {
        const auto user = fields.string("user", 1024);
        return user ? std::optional(std::string(*user)) : std::nullopt;
    }
    const schema::Fields parts(*identifier);
    const auto type = parts.required_string("type", 255);
    if (type == "m.id.user") return std::string(parts.required_string("user", 1024));
    if (type == "m.id.thirdparty" || type == "m.id.phone") throw Refusal(Reason::wrong_password, "");
    throw Refusal(Reason::invalid_param, "unknown type of identifier");
}

UserId SignIn::id_of(const storage::UserRow& user) const {
    auto id = UserId::parse("@" + user.localpart + ":" + options_.server_name.str());
    if (!id) throw std::logic_error("the database holds a localpart that is none");
    return *std::move(id);
}

/// In the form in which accounts are stored; nullopt when nobody here can have that name.
std::optional<std::string> SignIn::localpart_of(std::string_view name) const {
    std::string localpart(name);
    if (name.starts_with('@')) {
        const auto id = UserId::parse(name);
        if (!id || id->server() != options_.server_name.str()) return std::nullopt;
        localpart = id->localpart();
    }
    // Accounts have ASCII names; what is none finds nobody.
    std::ranges::transform(localpart, localpart.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (localpart.size() > 255 || localpart.find('\0') != std::string::npos) return std::nullopt;
    return localpart;
}

net::Task<std::optional<storage::UserRow>> SignIn::find(std::optional<std::string> localpart) {
    if (!localpart) co_return std::nullopt;
    auto user = co_await db_.read([&](storage::Tx& tx) { return storage::find_user(tx, *localpart); });
    co_return user;
}

net::Task<storage::UserRow> SignIn::verify(std::string_view name, std::string password) {
    const auto localpart = localpart_of(name);
    if (localpart) failed_logins_.require(*localpart, clock_.now_ms());
    auto user = co_await find(localpart);
    auto stored = user ? user->password_hash : std::nullopt;
    const bool right = co_await passwords_.matches(std::move(password), std::move(stored));
    if (!right || !user) {
        if (localpart) failed_logins_.failed(*localpart, clock_.now_ms());
        throw Refusal(Reason::wrong_password, "");
    }
    failed_logins_.succeeded(*localpart);
    co_return *std::move(user);
}

net::Task<SignedIn> SignIn::with_password(std::string_view name, std::string password, const DeviceRequest& device) {
    auto opening = sessions_.prepare(device);
    const auto user = co_await verify(name, std::move(password));
    if (user.is(storage::locked)) throw Refusal(Reason::user_locked, "", {{"soft_logout", true}});
    const auto device_nid = co_await db_.transact([&](storage::Tx& tx) { return Sessions::write(tx, user.nid, opening); });
    sessions_.forget_device(device_nid);
    co_return SignedIn{.user = id_of(user),
                       .device_id = std::move(opening.device_id),
                       .tokens = std::move(opening.tokens),
                       .must_change_password = user.is(storage::must_change_password)};
}

Demand SignIn::confirm_owner(std::string operation, const std::optional<Session>& session) {
    if (session) operation += " of " + session->user.str();
    Demand demand{.operation = std::move(operation), .flows = {{std::string(stage::password)}}};
    demand.checks[std::string(stage::password)] = [this, session](const schema::Fields& auth, JsonObject& kept) -> net::Task<> {
        auto name = read_identifier(auth);
        if (!name && session) name = session->user.str();
        if (!name) throw Refusal(Reason::missing_param, "identifier is missing");
        const auto user = co_await verify(*name, std::string(auth.required_string("password", 65536)));
        if (session && user.nid != session->user_nid) throw Refusal(Reason::wrong_password, "");
        kept["user"] = user.localpart;
    };
    return demand;
}

net::Task<storage::UserRow> SignIn::confirmed_owner(const Confirmation& confirmation) {
    const auto localpart = schema::string_at(confirmation.kept, "user").value_or("");
    auto user = co_await db_.read([&](storage::Tx& tx) { return storage::find_user(tx, localpart); });
    if (!user || user->is(storage::deactivated)) throw Refusal(Reason::interactive_auth_failed, "");
    co_return *std::move(user);
}

net::Task<> SignIn::change_password(const storage::UserRow& user, std::string password, bool sign_out_others,
                                    std::optional<schema::DeviceNid> stay) {
    check_password_strength(password, user.localpart);
    const auto hash = co_await passwords_.hash(std::move(password));
    const auto id = id_of(user);
    const auto removed = co_await db_.transact([&](storage::Tx& tx) {
        storage::set_password(tx, user.nid, hash);
        return sign_out_others ? storage::remove_all_devices(tx, user.nid, id.str(), stay) : std::vector<storage::RemovedDevice>();
    });
    sessions_.forget_user(user.nid);  // What stays must no longer say "must change the password".
    co_await devices_.announce_removed(user.nid, id, removed);
}

net::Task<> SignIn::deactivate(const storage::UserRow& user, bool erase) {
    const auto id = id_of(user);
    const auto removed = co_await db_.transact([&](storage::Tx& tx) {
        storage::deactivate_user(tx, user.nid, erase);
        storage::remove_account_data(tx, user.nid, id.str());
        return storage::remove_all_devices(tx, user.nid, id.str());
    });
    sessions_.forget_user(user.nid);
    co_await devices_.announce_removed(user.nid, id, removed);
    listeners_.deactivated(user.nid, id, erase);
}

}  // namespace runde::accounts
