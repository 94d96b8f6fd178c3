#include "core/accounts/registration.hpp"

#include <algorithm>

#include "core/accounts/account_data.hpp"
#include "core/accounts/listeners.hpp"
#include "core/accounts/options.hpp"
#include "core/accounts/passwords.hpp"
#include "core/accounts/text.hpp"
#include "net/clock.hpp"
#include "schema/refusal.hpp"
#include "storage/account_data.hpp"
#include "storage/lane.hpp"
#include "storage/tokens.hpp"

namespace runde::accounts {

using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::UserId;
using schema::UserNid;

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool may_stand_in_localpart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("._=/+-").find(c) != std::string_view::npos;
}

/// https://spec.matrix.org/v1.19/client-server-api/#definition-mloginterms-params
JsonObject terms_params(const std::vector<Policy>& terms) {
    JsonObject policies;
    for (const auto& policy : terms) {
        JsonObject described{{"version", policy.version}};
        for (const auto& [language, text] : policy.translations)
            described[language] = JsonObject{{"name", text.name}, {"url", text.url}};
        policies[policy.id] = std::move(described);
    }
    JsonObject params;
    params["policies"] = std::move(policies);
    return params;
}

std::string profile_with(const std::optional<std::string>& display_name) {
    JsonObject profile;
    if (display_name && !display_name->empty()) profile["displayname"] = *display_name;
    return schema::to_text(profile);
}

}  // namespace

UserId parse_new_localpart(std::string_view text, const schema::ServerName& server) {
    std::string localpart(text);
    std::ranges::transform(localpart, localpart.begin(), lower);
    const bool good = !localpart.empty() && localpart.front() != '_' && std::ranges::all_of(localpart, may_stand_in_localpart);
    auto user = good ? UserId::parse("@" + localpart + ":" + server.str()) : std::nullopt;
    if (!user) throw Refusal(Reason::invalid_username, "");
    return *std::move(user);
}

void Registration::require_open() const {
    if (options_.registration == RegistrationMode::closed || options_.registration == RegistrationMode::application)
        throw Refusal(Reason::registration_closed, "");
}

net::Task<UserId> Registration::require_available(std::string_view username) {
    auto user = parse_new_localpart(username, options_.server_name);
    const auto taken = co_await db_.read([&](storage::Tx& tx) { return storage::find_user(tx, user.localpart()); });
    if (taken) throw Refusal(Reason::user_in_use, "");
    co_return user;
}

net::Task<bool> Registration::token_valid(std::string_view token) {
    const auto now = clock_.now_ms();
    const bool valid = co_await db_.read([=](storage::Tx& tx) { return storage::registration_token_valid(tx, token, now); });
    co_return valid;
}

Demand Registration::demand() {
    Demand demand{.operation = "register"};
    Flow flow;
    if (options_.registration == RegistrationMode::token) {
        flow.emplace_back(stage::registration_token);
        demand.checks[std::string(stage::registration_token)] = [this](const schema::Fields& auth,
                                                                       JsonObject& kept) -> net::Task<> {
            const auto token = auth.required_string("token", 64);
            const bool valid = co_await token_valid(token);
            if (!valid) throw Refusal(Reason::interactive_auth_failed, "");
            kept["registration_token"] = token;
        };
    }
    if (!options_.terms.empty()) {
        flow.emplace_back(stage::terms);
        demand.params[stage::terms] = terms_params(options_.terms);
        demand.checks[std::string(stage::terms)] = [](const schema::Fields&, JsonObject& kept) -> net::Task<> {
            kept["accepted_terms"] = true;
            co_return;
        };
    }
    if (flow.empty()) flow.emplace_back(stage::dummy);
    demand.flows.push_back(std::move(flow));
    return demand;
}

net::Task<Registered> Registration::create(NewAccount account) {
    if (!account.user) account.user = parse_new_localpart(random_localpart(), options_.server_name);
    const storage::UserRow row{
        .nid = numbers_.next<UserNid>(),
        .localpart = std::string(account.user->localpart()),
        .password_hash = account.password_hash.empty() ? std::nullopt : std::optional(std::move(account.password_hash)),
        .created = clock_.now_ms(),
        .kind = account.kind,
        .flags = account.flags};
    std::optional<Sessions::Opening> opening;
    if (account.device) opening = sessions_.prepare(*account.device);

    co_await db_.transact([&](storage::Tx& tx) {
        if (storage::insert_user(tx, row, profile_with(account.display_name)) == storage::Inserted::no)
            throw Refusal(Reason::user_in_use, "");
        if (account.registration_token && !storage::use_registration_token(tx, *account.registration_token, row.created))
            throw Refusal(Reason::interactive_auth_failed, "");
        if (account.accepted_terms)
            for (const auto& policy : options_.terms)
                storage::insert_terms_accepted(tx, row.nid, policy.id, policy.version, row.created);
        if (opening) Sessions::write(tx, row.nid, *opening);
    });
    // Every account has its push rules, so that /sync need not know the default ones.
    co_await account_data_.put(row.nid, std::nullopt, "m.push_rules",
                               schema::to_text(PushRules::default_for(*account.user).to_json()));
    listeners_.registered(row.nid, *account.user);

    Registered registered{.nid = row.nid, .user = *std::move(account.user)};
    if (opening) {
        registered.device_id = std::move(opening->device_id);
        registered.tokens = std::move(opening->tokens);
    }
    co_return registered;
}

}  // namespace runde::accounts
