#include "core/rooms/search.hpp"

#include <fmt/format.h>

#include <map>

#include "api/client/rooms_routes.hpp"
#include "api/client/rooms_support.hpp"

namespace runde::api::client {
namespace {

using schema::Fields;
using schema::Reason;
using schema::Refusal;

/// What search_categories.room_events asks, in the archive's terms.
struct Wish {
    rooms::SearchRequest search;
    rooms::EventFilter filter;
    bool with_context = false, with_profiles = false, with_state = false;
    int before = 5, after = 5;
    std::vector<std::string> group_by;
};

int context_limit(const Fields& context, std::string_view name) {
    const auto limit = context.integer(name).value_or(5);
    if (limit < 0) throw Refusal(Reason::invalid_param, std::string(name) + " must not be negative");
    return static_cast<int>(std::min<std::int64_t>(limit, 50));
}

std::vector<std::int64_t> kinds_of(const std::optional<std::vector<std::string>>& keys) {
    if (!keys || keys->empty()) return {0, 1, 2};
    std::vector<std::int64_t> kinds;
    for (const auto& key : *keys) {
        if (key == "content.body")
            kinds.push_back(0);
        else if (key == "content.name")
            kinds.push_back(1);
        else if (key == "content.topic")
            kinds.push_back(2);
        else
            throw Refusal(Reason::invalid_param, "keys may hold content.body, content.name and content.topic");
    }
    return kinds;
}

Wish read_wish(const Call& call) {
    const Fields categories(call.fields().required_object("search_categories"));
    const Fields criteria(categories.required_object("room_events"));
    Wish wish{.search = {.user = call.session().user,
                         .user_nid = call.session().user_nid,
                         .text = std::string(criteria.required_string("search_term", 500))}};
    wish.search.kinds = kinds_of(criteria.strings("keys"));
    wish.search.limit = 10;
    if (const auto* object = criteria.object("filter")) {
        auto filter = rooms::EventFilter::parse(*object);
        if (filter.limit_given) wish.search.limit = filter.limit;
        wish.search.rooms = filter.rooms;
        wish.search.not_rooms = filter.not_rooms;
        if (filter.senders && filter.senders->size() == 1) wish.search.author = filter.senders->front();
        wish.filter = std::move(filter);
    }
    const auto order = criteria.string_or("order_by", "rank");
    if (order != "rank" && order != "recent") throw Refusal(Reason::invalid_param, "order_by is rank or recent");
    wish.search.by_rank = order == "rank";
    wish.search.from = call.query("next_batch").value_or("");
    if (const auto* object = criteria.object("event_context")) {
        const Fields context(*object);
        wish.with_context = true;
        wish.before = context_limit(context, "before_limit");
        wish.after = context_limit(context, "after_limit");
        wish.with_profiles = context.boolean_or("include_profile", false);
    }
    wish.with_state = criteria.boolean_or("include_state", false);
    if (const auto* groupings = criteria.object("groupings"))
        if (const auto* groups = Fields(*groupings).array("group_by"))
            for (const auto& group : *groups) wish.group_by.emplace_back(Fields::of(group).required_string("key"));
    return wish;
}

/// Of those who wrote what stands around what was found, as they were called then; its own author as of itself.
net::Task<std::string> profiles(const rooms::Found& found, std::vector<rooms::TimelineEventPtr> around, Services& services) {
    std::erase_if(around, [&](const auto& event) { return event->sender == found.event->sender; });
    auto members = co_await rooms::member_events_of(services.rooms, found.room, {found.event});
    const auto others = co_await rooms::member_events_of(services.rooms, found.room, std::move(around));
    members.insert(members.end(), others.begin(), others.end());
    schema::JsonObject people;
    for (const auto& member : members) {
        const auto event = member->event();
        schema::JsonObject person;
        for (const auto* name : {"displayname", "avatar_url"})
            if (const auto value = schema::string_at(event->content(), name)) person[name] = *value;
        people[*event->state_key] = std::move(person);
    }
    co_return schema::to_text(people);
}

/// The rooms of what was found, each with what the searcher may see there.
using Readable = std::map<schema::RoomNid, rooms::ReadableRoom>;

net::Task<Readable> readable_rooms(const rooms::SearchResult& result, const Call& call, Services& services) {
    Readable readable;
    for (const auto& found : result.found) {
        if (readable.contains(found.room->nid())) continue;
        try {
            auto room =
                co_await rooms::require_readable(services.rooms, found.room->id(), call.session().user, call.session().device_nid);
            readable.emplace(found.room->nid(), std::move(room));
        } catch (const Refusal&) {
            // Left or removed while we searched: then there is nothing of that room to show.
        }
    }
    co_return readable;
}

/// What is bundled with what was found, for all rooms at once.
net::Task<rooms::Bundles> bundles_of(const rooms::SearchResult& result, const Readable& readable, const Call& call,
                                     Services& services) {
    std::map<schema::RoomNid, std::vector<rooms::TimelineEventPtr>> by_room;
    for (const auto& found : result.found)
        if (readable.contains(found.room->nid())) by_room[found.room->nid()].push_back(found.event);
    std::vector<rooms::BundleWish> wishes;
    for (auto& [nid, events] : by_room) {
        const auto& in = readable.at(nid);
        wishes.push_back(
            {nid, in.room->rules(), std::move(events), [&in](schema::Ord ord) { return in.viewer.visible.sees(ord); }});
    }
    co_return co_await rooms::bundles(services.db, std::move(wishes), call.session().user, services.rooms.clock().now_ms());
}

net::Task<std::string> context_of(const rooms::Found& found, const rooms::ReadableRoom& in, const Wish& wish, Services& services) {
    const auto now = services.rooms.clock().now_ms();
    rooms::EventFilter filter;
    const rooms::Place before{found.event->ord - 1}, after{found.event->ord};
    rooms::Page older{{}, before, before}, newer{{}, after, after};
    if (filter.limit = wish.before; wish.before > 0)
        older = co_await rooms::page(services.rooms, in, before, std::nullopt, rooms::Direction::backward, filter);
    if (filter.limit = wish.after; wish.after > 0)
        newer = co_await rooms::page(services.rooms, in, after, std::nullopt, rooms::Direction::forward, filter);
    const auto start = older.events.empty() ? before : rooms::Place{older.events.back()->ord - 1};
    const auto end = newer.events.empty() ? after : rooms::Place{newer.events.back()->ord};
    std::string text = fmt::format(R"({{"events_before":[{}],"events_after":[{}],"start":"{}","end":"{}")",
                                   rooms::render_all(older.events, in.viewer, {}, now),
                                   rooms::render_all(newer.events, in.viewer, {}, now), start.str(), end.str());
    if (wish.with_profiles) {
        auto shown = older.events;
        shown.insert(shown.end(), newer.events.begin(), newer.events.end());
        const auto info = co_await profiles(found, std::move(shown), services);
        text += fmt::format(R"(,"profile_info":{})", info);
    }
    co_return text + "}";
}

/// The state of the rooms of what was found, as far as the searcher may read it: in a room that they have left, as it was then.
net::Task<std::string> state_of(const Readable& readable, Services& services) {
    std::string out;
    for (const auto& [nid, in] : readable) {
        const auto state = co_await rooms::readable_state(services.rooms, in);
        std::string events;
        for (const auto& event : state) events += fmt::format("{}{}}}", events.empty() ? "" : ",", event->client_json());
        out += fmt::format("{}{}:[{}]", out.empty() ? "" : ",", schema::quoted(in.room->id().str()), events);
    }
    co_return "{" + out + "}";
}

/// What the archive does not narrow by itself (several senders, types, links) is left out afterwards, page by page, until there
/// are as many as were asked for, or for some pages: the rest is behind next_batch. `count` is that of the archive.
net::Task<rooms::SearchResult> search(const Wish& wish, Services& services) {
    constexpr int most_pages = 10;
    auto request = wish.search;
    auto result = co_await rooms::search(services.rooms, services.follower, request);
    const auto leave_out = [&](std::vector<rooms::Found>& found) {
        std::erase_if(found, [&](const auto& one) { return !wish.filter.wants(*one.event); });
    };
    leave_out(result.found);
    if (wish.filter.is_open()) co_return result;
    for (int pages = 1; pages < most_pages && !result.next.empty(); ++pages) {
        request.limit = wish.search.limit - static_cast<int>(result.found.size());
        if (request.limit <= 0) break;
        request.from = result.next;
        auto more = co_await rooms::search(services.rooms, services.follower, request);
        leave_out(more.found);
        result.found.insert(result.found.end(), more.found.begin(), more.found.end());
        result.highlights.merge(more.highlights);
        result.next = std::move(more.next);
    }
    co_return result;
}

std::string groups_of(const rooms::SearchResult& result, const std::vector<std::string>& keys) {
    schema::JsonObject groups;
    for (const auto& key : keys) {
        if (key != "room_id" && key != "sender") continue;
        schema::JsonObject by_key;
        std::int64_t order = 0;
        for (const auto& found : result.found) {
            const auto& name = key == "room_id" ? found.room->id().str() : found.event->sender;
            if (!by_key.contains(name)) by_key[name] = schema::JsonObject{{"order", ++order}, {"results", schema::JsonArray{}}};
            by_key[name].get_object()["results"].get_array().emplace_back(found.event->id.str());
        }
        groups[key] = std::move(by_key);
    }
    return schema::to_text(groups);
}

net::Task<net::Response> post_search(const Call& call, Services& services) {
    const auto wish = read_wish(call);
    const auto result = co_await search(wish, services);
    const auto now = services.rooms.clock().now_ms();
    const auto readable = co_await readable_rooms(result, call, services);
    const auto bundles = co_await bundles_of(result, readable, call, services);
    std::string results;
    for (const auto& found : result.found) {
        const auto room = readable.find(found.room->nid());
        if (room == readable.end()) continue;
        const auto& in = room->second;
        if (!results.empty()) results += ',';
        results += fmt::format(R"({{"rank":{},"result":{})", found.rank, rooms::render_all({found.event}, in.viewer, bundles, now));
        if (wish.with_context) {
            const auto context = co_await context_of(found, in, wish, services);
            results += fmt::format(R"(,"context":{})", context);
        }
        results += '}';
    }
    schema::JsonArray highlights;
    for (const auto& word : result.highlights) highlights.emplace_back(word);
    std::string body = fmt::format(R"({{"search_categories":{{"room_events":{{"count":{},"highlights":{},"results":[{}])",
                                   result.count, schema::to_text(highlights), results);
    if (!result.next.empty()) body += fmt::format(R"(,"next_batch":"{}")", result.next);
    if (wish.with_state) {
        const auto state = co_await state_of(readable, services);
        body += fmt::format(R"(,"state":{})", state);
    }
    if (!wish.group_by.empty()) body += fmt::format(R"(,"groups":{})", groups_of(result, wish.group_by));
    co_return net::Response::json(body + "}}}");
}

constexpr Route routes[] = {
    {net::Method::post, "/_matrix/client/v3/search", Access::user, Rate::search, post_search,
     "client-server-api/#post_matrixclientv3search"},
};

}  // namespace

std::span<const Route> search_routes() { return routes; }

}  // namespace runde::api::client
