#include "core/selfhelp/groups.hpp"

#include "api/selfhelp/desk.hpp"
#include "api/selfhelp/tables.hpp"
#include "core/selfhelp/door.hpp"

namespace runde::api::selfhelp {
namespace {

using schema::Fields;
using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using storage::GroupRow;

/// What the request says; what it leaves out stays as it is.
void read_group(const Fields& body, GroupRow& group) {
    auto& card = group.card;
    const auto take = [&](std::string_view name, std::string& into) {
        if (const auto text = body.string(name)) into = *text;
    };
    const auto take_list = [&](std::string_view name, std::vector<std::string>& into) {
        if (auto list = body.strings(name)) into = *std::move(list);
    };
    take("name", card.name);
    take("topic", card.topic);
    take("about", card.about);
    take("region", card.region);
    take("place", card.place);
    take("openness", card.openness);
    take("contact_role", card.contact_role);
    take_list("forms", card.forms);
    take_list("languages", card.languages);
    take_list("accessibility", card.accessibility);
    take("admission", group.admission);
    group.waiting_list = body.boolean_or("waiting_list", group.waiting_list);
    const auto* seats = body.raw().if_contains("seats");
    if (seats && seats->is_null())
        group.seats.reset();
    else if (const auto number = body.integer("seats"))
        group.seats = static_cast<int>(std::clamp<std::int64_t>(*number, 0, 1'000'000));  // check_group says what is possible.
}

/// What the team sees beside the card.
net::Task<JsonObject> team_json(GroupRow group, Services& services) {
    const auto now = now_ms(services);
    const int members =
        co_await services.db.read([&](storage::Tx& tx) { return storage::count_role(tx, group.id, domain::role::member, now); });
    JsonObject json{{"members", members}, {"waiting_list", group.waiting_list}, {"created_ts", group.created}};
    if (group.seats) json["seats"] = *group.seats;
    if (group.closed) json["closed_ts"] = *group.closed;
    co_return json;
}

JsonObject rooms_json(const GroupRow& group) {
    return {{"space_id", *group.space_id}, {"forum_id", *group.forum_id}, {"chat_id", *group.chat_id}};
}

net::Task<JsonObject> group_json(GroupRow group, domain::Rights who, Services& services) {
    auto json = domain::public_json(group);
    json["card_id"] = *group.card_id;
    const auto* standing = services.door.standing.group(group.id);
    json["rules_version"] = standing ? standing->rules : 0;
    const bool runs = who.may_run_group(group.id);
    if (runs || who.has(domain::role::member, group.id)) {
        json["rooms"] = rooms_json(group);
        json["rules_accepted"] = !standing || !services.door.standing.must_accept(*standing, who.user);
    }
    if (runs) json["team"] = co_await team_json(std::move(group), services);
    co_return json;
}

net::Task<net::Response> get_group(const Call& call, Services& services) {
    const auto group = co_await services.door.groups.require(call.param("groupId"));
    const auto who = co_await rights(call, services);
    if (group.closed && !who.may_run_group(group.id) && !who.has(domain::role::member, group.id))
        throw Refusal(Reason::not_found, "Diese Gruppe gibt es hier nicht. / There is no such group here.");
    const auto json = co_await group_json(group, who, services);
    co_return answer(json);
}

/// The groups that the caller runs or takes part in.
net::Task<net::Response> get_groups(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    const auto all = co_await services.db.read([](storage::Tx& tx) { return storage::groups(tx); });
    JsonArray groups;
    for (const auto& group : all) {
        if (!group.is_complete()) continue;
        if (!who.may_run_group(group.id) && !who.has(domain::role::member, group.id)) continue;
        auto json = co_await group_json(group, who, services);
        groups.push_back(std::move(json));
    }
    co_return answer({{"groups", std::move(groups)}});
}

net::Task<net::Response> post_group(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    domain::require(who.may_make_groups());
    const auto body = call.fields();
    GroupRow group{.id = std::string(body.string_or("group_id", "")), .created = now_ms(services), .created_by = who.user};
    group.card.name = body.required_string("name");
    group.card.topic = body.required_string("topic");
    if (!body.array("forms")) throw Refusal(Reason::missing_param, "forms is missing");
    read_group(body, group);
    const auto made = co_await services.door.groups.make(std::move(group));
    const auto json = co_await group_json(made, who, services);
    co_return answer(json);
}

net::Task<net::Response> put_group(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    domain::require(who.may_run_group(call.param("groupId")));
    auto group = co_await services.door.groups.require(call.param("groupId"));
    read_group(call.fields(), group);
    group.changed = now_ms(services);
    const auto changed = co_await services.door.groups.change(std::move(group));
    const auto json = co_await group_json(changed, who, services);
    co_return answer(json);
}

net::Task<net::Response> close_group(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    domain::require(who.may_make_groups());
    co_await services.door.groups.close(call.param("groupId"));
    co_return empty_answer();
}

// --- topics

net::Task<net::Response> get_topic_codes(const Call&, Services& services) {
    const auto codes = co_await services.db.read([](storage::Tx& tx) { return storage::topic_codes(tx); });
    JsonArray topics;
    for (const auto& code : codes)
        topics.push_back(JsonObject{{"code", code.code}, {"label", code.label}, {"label_en", code.label_en}});
    co_return answer({{"topic_codes", std::move(topics)}});
}

net::Task<net::Response> put_topic_codes(const Call& call, Services& services) {
    const auto who = co_await rights(call, services);
    domain::require(who.may_run_organisation() || who.may_make_groups());
    const auto body = call.fields();
    std::vector<storage::TopicCode> codes;
    for (const auto& entry : body.required_array("topic_codes")) {
        const auto fields = Fields::of(entry);
        codes.push_back({std::string(fields.required_string("code", 40)), std::string(fields.required_string("label", 100)),
                         std::string(fields.string_or("label_en", "")), static_cast<int>(codes.size()) * 10});
    }
    domain::check_topic_codes(codes);
    co_await services.db.transact([&](storage::Tx& tx) {
        if (storage::replace_topic_codes(tx, codes) == storage::Replaced::no)
            throw Refusal(Reason::bad_state,
                          "Ein Thema, das Gruppen haben, kann nicht wegfallen. / A topic that groups have must stay.");
    });
    co_return empty_answer();
}

// --- the directory

JsonObject to_json(const domain::Listing& listing) {
    auto json = domain::to_json(listing.card);
    json["topic_label"] = listing.topic_label;
    json["server"] = listing.server;
    json["own"] = listing.own;
    if (!listing.organisation.empty()) json["organisation"] = listing.organisation;
    json["card_id"] = listing.room_id;
    if (!listing.group_id.empty()) json["group_id"] = listing.group_id;
    if (!listing.admission.empty()) json["admission"] = listing.admission;
    if (!listing.url.empty()) json["url"] = listing.url;
    return json;
}

net::Task<net::Response> get_directory(const Call& call, Services& services) {
    domain::CardQuery query{.words = call.query("q").value_or(""),
                            .topic = call.query("topic"),
                            .form = call.query("form"),
                            .openness = call.query("openness"),
                            .region = call.query("region").value_or("")};
    if (query.words.size() > 500 || query.region.size() > 200) throw Refusal(Reason::too_large, "q or region is too long");
    const auto [offset, limit] = stretch(call, 50);
    const auto found = co_await services.door.directory.search(std::move(query), offset, limit);
    JsonArray groups, silent;
    for (const auto& listing : found.listings) groups.push_back(to_json(listing));
    for (const auto& server : found.silent) silent.emplace_back(server);
    JsonObject body{{"total", found.total}, {"silent_partners", std::move(silent)}};
    if (offset + groups.size() < static_cast<std::size_t>(found.total) && !groups.empty())
        body["next"] = next_token(offset + groups.size());
    body["groups"] = std::move(groups);
    co_return answer(body);
}

constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/directory", Access::anyone, Rate::search, get_directory, "docs/api.md#directory"},
    {net::Method::get, "/_runde/v1/topic_codes", Access::anyone, Rate::read, get_topic_codes, "docs/api.md#topic-codes"},
    {net::Method::put, "/_runde/v1/topic_codes", Access::user, Rate::write, put_topic_codes, "docs/api.md#topic-codes"},
    {net::Method::get, "/_runde/v1/groups", Access::user, Rate::read, get_groups, "docs/api.md#groups"},
    {net::Method::post, "/_runde/v1/groups", Access::user, Rate::write, post_group, "docs/api.md#groups"},
    {net::Method::get, "/_runde/v1/groups/{groupId}", Access::maybe_user, Rate::read, get_group, "docs/api.md#groups"},
    {net::Method::put, "/_runde/v1/groups/{groupId}", Access::user, Rate::write, put_group, "docs/api.md#groups"},
    {net::Method::post, "/_runde/v1/groups/{groupId}/close", Access::user, Rate::write, close_group, "docs/api.md#groups"},
};

}  // namespace

std::span<const Route> group_routes() { return routes; }

}  // namespace runde::api::selfhelp
