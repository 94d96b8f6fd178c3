#include "core/accounts/profiles.hpp"

#include <algorithm>

#include "core/accounts/listeners.hpp"
#include "core/accounts/options.hpp"
#include "schema/refusal.hpp"
#include "storage/users.hpp"

namespace runde::accounts {

using schema::Json;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t largest_profile = 64 * 1024 - 1;
constexpr std::size_t largest_display_name = 512;  // Bytes.
constexpr std::size_t largest_avatar_url = 1024;

/// https://spec.matrix.org/v1.19/appendices/#common-namespaced-identifier-grammar
bool is_namespaced(std::string_view name) {
    bool at_begin = true, dotted = false;
    for (const char c : name) {
        const bool letter = c >= 'a' && c <= 'z';
        if (at_begin) {
            if (!letter) return false;
            at_begin = false;
        } else if (c == '.') {
            dotted = at_begin = true;
        } else if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
            return false;
        }
    }
    return dotted && !at_begin;
}

void check_name(std::string_view field) {
    if (field.size() > 255) throw Refusal(Reason::key_too_large, "");
    if (field != "displayname" && field != "avatar_url" && !is_namespaced(field))
        throw Refusal(Reason::invalid_param, "Invalid profile key.");
}

bool is_known(std::string_view field) { return field == "displayname" || field == "avatar_url"; }

void check_value(std::string_view field, const Json& value) {
    if (!is_known(field)) return;
    const auto* text = value.if_string();
    if (!text) throw Refusal(Reason::bad_json, std::string(field) + " must be a string");
    if (field == "displayname" && text->size() > largest_display_name)
        throw Refusal(Reason::invalid_param, "displayname is too long");
    if (field == "avatar_url") {
        if (text->size() > largest_avatar_url) throw Refusal(Reason::invalid_param, "avatar_url is too long");
        if (!text->empty() && !std::string_view(*text).starts_with("mxc://"))
            throw Refusal(Reason::invalid_param, "avatar_url must begin with mxc://");
    }
}

}  // namespace

net::Task<std::optional<JsonObject>> Profiles::find(const schema::UserId& user) {
    if (user.server() != options_.server_name.str()) co_return std::nullopt;
    const auto json = co_await db_.read([&](storage::Tx& tx) { return storage::find_profile(tx, user.localpart()); });
    if (!json) co_return std::nullopt;
    co_return schema::parse_json(*json).get_object();
}

net::Task<> Profiles::set(const Session& session, std::string_view field, Json value) {
    check_name(field);
    check_value(field, value);
    const bool clears = is_known(field) && value.get_string().empty();
    co_await change(session, field, clears ? std::nullopt : std::optional(std::move(value)));
}

net::Task<> Profiles::remove(const Session& session, std::string_view field) {
    check_name(field);
    co_await change(session, field, std::nullopt);
}

net::Task<> Profiles::change(const Session& session, std::string_view field, std::optional<Json> value) {
    require_not_suspended(session);
    const bool changed = co_await db_.transact([&](storage::Tx& tx) {
        const auto stored = storage::lock_profile(tx, session.user_nid);
        if (!stored) throw Refusal(Reason::not_found, "");
        auto profile = schema::parse_json(*stored).get_object();
        if (value)
            profile[field] = *value;
        else
            profile.erase(field);
        const auto text = schema::to_text(profile);
        if (text.size() > largest_profile) throw Refusal(Reason::profile_too_large, "");
        if (text == *stored) return false;
        storage::set_profile(tx, session.user_nid, text);
        return true;
    });
    if (changed) listeners_.profile_changed(session.user_nid, session.user, field);
}

}  // namespace runde::accounts
