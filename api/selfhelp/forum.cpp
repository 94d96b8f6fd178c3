#include "api/client/rooms_support.hpp"
#include "api/selfhelp/people.hpp"
#include "api/selfhelp/tables.hpp"
#include "core/selfhelp/topics.hpp"

namespace runde::api::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;

std::optional<bool> flag(const Call& call, std::string_view name) {
    if (!call.query(name)) return std::nullopt;
    return call.query_flag(name);
}

runde::selfhelp::TopicsRequest read_request(const Call& call) {
    runde::selfhelp::TopicsRequest request;
    const auto order = call.query("order").value_or("activity");
    if (order != "activity" && order != "created") throw Refusal(Reason::invalid_param, "order is activity or created");
    request.by_activity = order == "activity";
    if (const auto state = call.query("state")) {
        if (*state != "open" && *state != "closed") throw Refusal(Reason::invalid_param, "state is open or closed");
        request.closed = *state == "closed";
    }
    request.answered = flag(call, "answered");
    request.tag = call.query("tag");
    request.only_mine = call.query_flag("mine");
    request.only_unread = call.query_flag("unread");
    request.limit = static_cast<int>(call.query_number("limit", 20, 1, 100));
    request.from = call.query("from").value_or("");
    return request;
}

schema::JsonObject to_json(const storage::TopicRow& topic, const rooms::Room& room) {
    schema::JsonArray tags;
    for (const auto& tag : topic.tags) tags.emplace_back(tag);
    schema::JsonObject json{{"event_id", topic.root_id},
                            {"title", topic.title},
                            {"author", person(room, topic.author)},
                            {"created_ts", topic.created_ts},
                            {"last_ts", topic.last_ts},
                            {"last_sender", person(room, topic.last_sender)},
                            {"last_event_id", topic.last_id},
                            {"replies", topic.replies},
                            {"state", topic.closed || topic.quiet ? "closed" : "open"},
                            {"pinned", topic.pinned},
                            {"answered", topic.answered},
                            {"tags", std::move(tags)},
                            {"unread", topic.unread},
                            {"highlights", topic.highlights},
                            {"mine", topic.mine}};
    if (topic.closed || topic.quiet) json["closed_reason"] = topic.closed ? "moderator" : "quiet";
    return json;
}

/// The topics of a forum: docs/api.md.
net::Task<net::Response> get_topics(const Call& call, Services& services) {
    auto request = read_request(call);
    const auto in = co_await client::readable_room(call, services);
    const auto page =
        co_await runde::selfhelp::topics(services.rooms, services.follower, in, call.session().user_nid, std::move(request));
    schema::JsonArray topics;
    for (const auto& topic : page.topics) topics.push_back(to_json(topic, *in.room));
    schema::JsonObject body{{"topics", std::move(topics)}};
    if (!page.next.empty()) body["next"] = page.next;
    co_return client::answer(body);
}

constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/rooms/{roomId}/topics", Access::user, Rate::read, get_topics, "docs/api.md#topics"},
};

}  // namespace

std::span<const Route> forum_routes() { return routes; }

}  // namespace runde::api::selfhelp
