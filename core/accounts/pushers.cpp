#include "core/accounts/pushers.hpp"

#include "core/accounts/text.hpp"
#include "schema/refusal.hpp"
#include "storage/account_data.hpp"
#include "storage/lane.hpp"

namespace runde::accounts {

using schema::Fields;
using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t most_pushers = 50;
constexpr std::size_t largest_pusher = 8 * 1024;

/// "https://<host>/_matrix/push/v1/notify", as the spec asks.
void check_gateway(std::string_view url) {
    constexpr std::string_view scheme = "https://", path = "/_matrix/push/v1/notify";
    if (!url.starts_with(scheme) || url.find('/', scheme.size()) == scheme.size() ||
        url.substr(std::min(url.size(), url.find('/', scheme.size()))) != path)
        throw Refusal(Reason::invalid_param, "data.url must be https://.../_matrix/push/v1/notify");
}

/// The pusher as GET /pushers shows it.
std::string described(const Fields& fields) {
    JsonObject pusher;
    for (const auto* name : {"app_id", "pushkey", "kind", "app_display_name", "device_display_name", "lang"})
        pusher[name] = fields.required_string(name, 1024);
    if (const auto tag = fields.string("profile_tag", 1024)) pusher["profile_tag"] = *tag;
    const auto& data = fields.required_object("data");
    if (fields.required_string("kind") != "http") throw Refusal(Reason::invalid_param, "kind must be http or null");
    check_gateway(Fields(data).required_string("url", 2048));
    pusher["data"] = data;
    auto json = schema::to_text(pusher);
    if (json.size() > largest_pusher) throw Refusal(Reason::too_large, "");
    return json;
}

}  // namespace

net::Task<JsonArray> Pushers::list(schema::UserNid user) {
    const auto rows = co_await db_.read([=](storage::Tx& tx) { return storage::pushers_of(tx, user); });
    JsonArray pushers;
    for (const auto& row : rows) pushers.push_back(schema::parse_json(row.json));
    co_return pushers;
}

net::Task<> Pushers::set(const Session& session, const JsonObject& object) {
    const Fields fields(object);
    storage::PusherRow pusher{.app_id = std::string(fields.required_string("app_id")),
                              .pushkey = std::string(fields.required_string("pushkey"))};
    check_text("app_id", pusher.app_id, 1, 64);
    check_text("pushkey", pusher.pushkey, 1, 512);
    const auto* kind = object.if_contains("kind");
    if (!kind) throw Refusal(Reason::missing_param, "kind is missing");
    if (kind->is_null()) {
        co_await db_.transact(
            [&](storage::Tx& tx) { storage::remove_pusher(tx, session.user_nid, pusher.app_id, pusher.pushkey); });
        co_return;
    }

    pusher.json = described(fields);
    const bool append = fields.boolean_or("append", false);
    const auto head = lane_.head();
    co_await db_.transact([&](storage::Tx& tx) {
        if (!append) storage::remove_pushers_of_others(tx, session.user_nid, pusher.app_id, pusher.pushkey);
        storage::upsert_pusher(tx, session.user_nid, session.device_nid, pusher, head);
        if (storage::pushers_of(tx, session.user_nid).size() > most_pushers) throw Refusal(Reason::too_large, "");
    });
}

}  // namespace runde::accounts
