#include "core/rooms/search.hpp"

#include <map>

#include "api/client/rooms_support.hpp"
#include "api/selfhelp/people.hpp"
#include "api/selfhelp/tables.hpp"
#include "storage/topics.hpp"

namespace runde::api::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;

rooms::SearchRequest read_request(const Call& call) {
    const auto text = call.query("q");
    if (!text) throw Refusal(Reason::missing_param, "q is missing");
    if (text->size() > 500) throw Refusal(Reason::too_large, "q is longer than 500 bytes");
    rooms::SearchRequest request{.user = call.session().user, .user_nid = call.session().user_nid, .text = *text};
    for (const auto& [name, value] : call.request().query)
        if (name == "room_id") {
            if (!request.rooms) request.rooms.emplace();
            request.rooms->push_back(value);
        }
    request.author = call.query("author");
    request.tag = call.query("tag");
    constexpr std::int64_t most = std::int64_t{1} << 53;
    if (call.query("after")) request.after_ts = call.query_number("after", 0, 0, most);
    if (call.query("before")) request.before_ts = call.query_number("before", 0, 0, most);
    const auto order = call.query("order").value_or("recent");
    if (order != "recent" && order != "rank") throw Refusal(Reason::invalid_param, "order is recent or rank");
    request.by_rank = order == "rank";
    request.limit = static_cast<int>(call.query_number("limit", 20, 1, 100));
    request.from = call.query("from").value_or("");
    return request;
}

std::string room_name(const rooms::Room& room) {
    const auto content = room.state_content("m.room.name");
    return std::string(schema::string_at(content, "name").value_or(""));
}

/// Where a post belongs: its topic's event id and title.
struct Topic {
    std::string id, title;
};

net::Task<std::map<schema::EventNid, Topic>> topics_of(const rooms::SearchResult& result, Services& services) {
    std::vector<std::pair<schema::RoomNid, schema::EventNid>> roots;
    for (const auto& found : result.found) roots.emplace_back(found.room->nid(), found.topic.value_or(found.event->nid));
    if (roots.empty()) co_return std::map<schema::EventNid, Topic>{};
    const auto titles = co_await services.db.read([&](storage::Tx& tx) { return storage::titles_of(tx, roots); });
    std::map<schema::EventNid, Topic> topics;
    for (const auto& title : titles) topics.emplace(title.root, Topic{title.root_id, title.title});
    co_return topics;
}

/// Posts of the person's rooms: docs/api.md.
net::Task<net::Response> get_search(const Call& call, Services& services) {
    const auto result = co_await rooms::search(services.rooms, services.follower, read_request(call));
    const auto topics = co_await topics_of(result, services);
    schema::JsonArray results;
    for (const auto& found : result.found) {
        schema::JsonArray snippet;
        for (const auto& part : found.snippet) snippet.push_back(schema::JsonObject{{"text", part.text}, {"hit", part.hit}});
        const auto known = topics.find(found.topic.value_or(found.event->nid));
        const auto topic = known == topics.end() ? Topic{} : known->second;
        results.push_back(schema::JsonObject{{"room_id", found.room->id().str()},
                                             {"room_name", room_name(*found.room)},
                                             {"event_id", found.event->id.str()},
                                             {"topic_event_id", topic.id},
                                             {"topic_title", topic.title},
                                             {"sender", person(*found.room, found.event->sender)},
                                             {"ts", found.event->origin_ts},
                                             {"snippet", std::move(snippet)}});
    }
    schema::JsonObject body{{"count", result.count}, {"count_is_exact", result.count_is_exact}, {"results", std::move(results)}};
    if (!result.next.empty()) body["next"] = result.next;
    co_return client::answer(body);
}

constexpr Route routes[] = {
    {net::Method::get, "/_runde/v1/search", Access::user, Rate::search, get_search, "docs/api.md#search"},
};

}  // namespace

std::span<const Route> search_routes() { return routes; }

}  // namespace runde::api::selfhelp
