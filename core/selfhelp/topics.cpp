#include "core/selfhelp/topics.hpp"

#include <fmt/format.h>

#include <charconv>

#include "schema/refusal.hpp"
#include "storage/search.hpp"
#include "storage/timeline.hpp"

namespace runde::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;
using storage::content_of;
using storage::StoredEvent;
using storage::Tx;

std::string title(const schema::JsonObject& content) {
    auto text = forum::title_of(schema::string_at(content, "body").value_or(""));
    std::erase(text, '\0');
    return text;
}

void keep_message(Tx& tx, const StoredEvent& event) {
    const auto content = content_of(event);
    const auto relation = rooms::relation_of(content);
    if (event.thread_root)
        return storage::set_last_reply(tx, event.room, *event.thread_root, event.ord.value_or(0), event.origin_ts, event.event_id,
                                       event.sender);
    if (relation && relation->rel_type == "m.replace") {
        const auto original = storage::events_by_id(tx, {relation->parent_id});
        const auto* edited = schema::object_at(content, "m.new_content");
        if (!edited || original.empty() || original.front().sender != event.sender) return;
        return storage::rename_topic(tx, event.room, relation->parent_id, title(*edited));
    }
    if (relation || event.type != "m.room.message") return;
    storage::insert_topic(
        tx, {event.room, event.nid, event.event_id, title(content), event.sender, event.origin_ts, event.ord.value_or(0)});
}

void keep_redaction(Tx& tx, const StoredEvent& redaction) {
    const auto target = storage::redacted_by(tx, redaction.room, redaction.nid);
    if (!target || target->state_key) return;
    if (!target->thread_root) {
        // A first post that is gone takes its topic from the list unless others have answered.
        if (!storage::find_thread(tx, target->room, target->nid)) return storage::delete_topic(tx, target->room, target->nid);
        return storage::rename_topic(tx, target->room, target->event_id, "");
    }
    const auto newest = storage::newest_reply(tx, target->room, *target->thread_root, target->nid);
    const auto last = storage::events_by_nid(tx, target->room, {newest.value_or(*target->thread_root)});
    if (!last.empty())
        storage::set_last_reply(tx, target->room, *target->thread_root, last.front().ord.value_or(0), last.front().origin_ts,
                                last.front().event_id, last.front().sender);
}

void read_flags(Tx& tx, const StoredEvent& event) {
    const auto state = forum::TopicState::read(event.redacted_by ? schema::JsonObject{} : content_of(event));
    storage::set_topic_flags(tx, event.room, *event.state_key,
                             {state.closed, state.pinned, state.answered, state.tags, event.origin_ts});
}

void keep(Tx& tx, const StoredEvent& event) {
    if (event.type == "m.room.redaction") return keep_redaction(tx, event);
    if (event.type == forum::topic_event && event.state_key) return read_flags(tx, event);
    if (!event.state_key && !event.redacted_by) keep_message(tx, event);
}

// ---------- what came from the past, in any order: what builds on it may be here already

void read_title(Tx& tx, const StoredEvent& root) {
    const auto edit = storage::newest_edit(tx, root);
    if (!edit) return;
    const auto content = content_of(*edit);
    if (const auto* edited = schema::object_at(content, "m.new_content"))
        storage::rename_topic(tx, root.room, root.event_id, title(*edited));
}

void keep_old_root(Tx& tx, const StoredEvent& event, const schema::JsonObject& content) {
    const auto first_line = event.redacted_by ? "" : title(content);
    storage::insert_topic(
        tx, {event.room, event.nid, event.event_id, first_line, event.sender, event.origin_ts, event.ord.value_or(0)});
    if (!event.redacted_by) read_title(tx, event);
    if (const auto newest = storage::newest_reply(tx, event.room, event.nid, event.nid))
        for (const auto& last : storage::events_by_nid(tx, event.room, {*newest}))
            storage::set_later_reply(tx, event.room, event.nid, last.ord.value_or(0), last.origin_ts, last.event_id, last.sender);
    if (const auto state = storage::current_state(tx, event.room, forum::topic_event, event.event_id)) read_flags(tx, *state);
}

void keep_old(Tx& tx, const StoredEvent& event) {
    if (event.type == "m.room.redaction") return keep_redaction(tx, event);
    if (event.state_key) return;                         // What holds now was told when we came.
    if (event.redacted_by) {
        // Its words are gone, the topic is not: others have answered.
        if (storage::find_thread(tx, event.room, event.nid)) keep_old_root(tx, event, {});
        return;
    }
    if (event.thread_root)
        return storage::set_later_reply(tx, event.room, *event.thread_root, event.ord.value_or(0), event.origin_ts, event.event_id,
                                        event.sender);
    const auto content = content_of(event);
    const auto relation = rooms::relation_of(content);
    if (relation && relation->rel_type == "m.replace") {
        for (const auto& original : storage::events_by_id(tx, {relation->parent_id}))
            if (original.room == event.room) read_title(tx, original);
        return;
    }
    if (!relation && event.type == "m.room.message") keep_old_root(tx, event, content);
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw Refusal(Reason::invalid_param, "from is not a token of this endpoint");
    return value;
}

std::optional<std::pair<std::int64_t, schema::EventNid>> place(const std::string& token) {
    if (token.empty()) return std::nullopt;
    const auto middle = token.find('_');
    if (token.front() != 'c' || middle == token.npos) throw Refusal(Reason::invalid_param, "from is not a token of this endpoint");
    const std::string_view text = token;
    return std::pair(number(text.substr(1, middle - 1)), schema::EventNid{number(text.substr(middle + 1))});
}

}  // namespace

rooms::Follower::Reader topic_keeper() {
    return [](Tx& tx, std::span<const StoredEvent> events, rooms::Follower::From from) {
        const auto forums = storage::forum_rooms(tx);
        for (const auto& event : events)
            if (forums.contains(event.room)) (from == rooms::Follower::From::stream ? keep : keep_old)(tx, event);
    };
}

net::Task<TopicsPage> topics(rooms::Rooms& rooms, rooms::Follower& follower, const rooms::ReadableRoom& in, schema::UserNid reader,
                             TopicsRequest request) {
    if (!in.room->is_forum()) throw Refusal(Reason::invalid_param, "This room is no forum.");
    storage::TopicQuery query{.room = in.room->nid(), .reader = reader, .reader_id = in.viewer.user.str()};
    query.by_activity = request.by_activity;
    query.closed = request.closed;
    query.answered = request.answered;
    query.tag = request.tag;
    query.only_mine = request.only_mine;
    query.only_unread = request.only_unread;
    query.below = place(request.from);
    query.limit = request.limit + 1;
    const auto settings = forum::Settings::read(in.room->state_content(forum::settings_event));
    if (settings.close_after_ms) query.quiet_before = rooms.clock().now_ms() - *settings.close_after_ms;
    // Whoever may not read the time before they came sees topics from then on.
    if (in.viewer.visible.sees_nothing()) co_return TopicsPage{};
    query.first = in.viewer.visible.ranges().front().first;
    query.last = in.viewer.visible.newest();
    query.without_pinned = true;

    co_await follower.catch_up();
    TopicsPage page;
    if (request.from.empty()) {
        auto pinned = query;
        pinned.without_pinned = false;
        pinned.only_pinned = true;
        pinned.limit = 50;
        page.topics = co_await rooms.parts().db.read([&](Tx& tx) { return storage::find_topics(tx, pinned); });
    }
    auto found = co_await rooms.parts().db.read([&](Tx& tx) { return storage::find_topics(tx, query); });
    if (found.size() > static_cast<std::size_t>(request.limit)) {
        found.pop_back();
        page.next = fmt::format("c{}_{}", request.by_activity ? found.back().last_ord : found.back().root_ord,
                                schema::raw(found.back().root));
    }
    for (auto& topic : found) page.topics.push_back(std::move(topic));
    std::erase_if(page.topics, [&](const auto& topic) { return !in.viewer.visible.sees(topic.last_ord) && topic.replies == 0; });
    co_return page;
}

}  // namespace runde::selfhelp
