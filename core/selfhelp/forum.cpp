#include "core/selfhelp/forum.hpp"

#include <algorithm>

#include "schema/refusal.hpp"

namespace runde::selfhelp::forum {
namespace {

using rooms::Room;
using schema::EventDraft;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;

[[noreturn]] void refuse_outside() {
    throw Refusal(Reason::outside_topic,
                  "In diesem Forum gehört jede Antwort in ein Thema: Öffnen Sie das Thema und antworten Sie dort "
                  "(„Im Thread antworten“). / In this forum every answer belongs to a topic: open the topic and answer "
                  "there (“Reply in thread”).");
}

void refuse_if_closed(const Room& room, const std::string& root_id, std::int64_t now_ms) {
    const auto state = room.state(topic_event, root_id);
    const auto said = state ? TopicState::read(state->event()->content()) : TopicState{};
    if (said.closed)
        throw Refusal(Reason::topic_closed,
                      "Dieses Thema ist geschlossen. Es bleibt lesbar; die Moderation kann es wieder öffnen. / This topic "
                      "is closed. It stays readable; the moderators can open it again.");
    const auto* root = room.known(root_id);
    if (!root) return;
    const auto* thread = room.thread(root->nid);
    const auto last = std::max(root->ts, thread ? thread->last_ts : 0);
    const auto settings = Settings::read(room.state_content(settings_event));
    if (is_quiet(settings, last, state ? state->event()->origin_server_ts : 0, now_ms))
        throw Refusal(Reason::topic_closed,
                      "Dieses Thema war lange ruhig und ist deshalb geschlossen. Beginnen Sie ein neues Thema, oder bitten "
                      "Sie die Moderation, es wieder zu öffnen. / This topic was quiet for long and has closed. Start a new "
                      "one, or ask the moderators to open it again.");
}

/// The topic that an event stands in, by what it relates to. Whatever cannot be placed stands outside.
const Room::Known& topic_post(const Room& room, const std::string& event_id) {
    const auto* post = room.known(event_id);
    if (!post || post->state_key) refuse_outside();
    return *post;
}

void guard_message(const Room& room, const EventDraft& draft, std::int64_t now_ms) {
    const auto relation = rooms::relation_of(draft.content);
    if (!relation) {
        // A reply without thread (m.in_reply_to) is an answer next to the topics.
        if (draft.type != "m.room.message" || draft.content.contains("m.relates_to")) refuse_outside();
        const auto body = schema::string_at(draft.content, "body");
        if (!body || title_of(*body).empty())
            throw Refusal(Reason::invalid_param,
                          "Ein Thema braucht einen Titel: die erste Zeile. / A topic needs a title: "
                          "its first line.");
        return;
    }
    const auto& post = topic_post(room, relation->parent_id);
    if (relation->rel_type == "m.thread") {
        if (post.thread_root || post.has_relation || post.type != "m.room.message") refuse_outside();
        return refuse_if_closed(room, relation->parent_id, now_ms);
    }
    if (relation->rel_type != "m.replace" && relation->rel_type != "m.annotation" && relation->rel_type != "m.reference")
        refuse_outside();
    // A poll's answer or the like must stand in the thread; edits and reactions belong to their post.
    if (relation->rel_type == "m.reference" && draft.type == "m.room.message") refuse_outside();
    refuse_if_closed(room, post.root_id, now_ms);
}

void guard_topic_state(const Room& room, const EventDraft& draft) {
    if (draft.content.empty()) return;
    const auto* state = draft.content.if_contains("state");
    if (state && !(state->is_string() && (state->get_string() == "open" || state->get_string() == "closed")))
        throw Refusal(Reason::invalid_param, "state is open or closed");
    for (const auto* name : {"pinned", "answered"})
        if (const auto* flag = draft.content.if_contains(name); flag && !flag->is_bool())
            throw Refusal(Reason::invalid_param, std::string(name) + " is true or false");
    const auto* tags = draft.content.if_contains("tags");
    if (!tags) return;
    if (!tags->is_array() || tags->get_array().size() > most_tags)
        throw Refusal(Reason::invalid_param, "tags is a list of at most ten tags");
    const auto settings = Settings::read(room.state_content(settings_event));
    for (const auto& tag : tags->get_array()) {
        if (!tag.is_string() || tag.get_string().empty() || tag.get_string().size() > longest_tag)
            throw Refusal(Reason::invalid_param, "a tag is a short text");
        const std::string_view text = tag.get_string();
        if (!settings.tags.empty() && std::find(settings.tags.begin(), settings.tags.end(), text) == settings.tags.end())
            throw Refusal(Reason::invalid_param, "that tag is not among those of this forum");
    }
}

}  // namespace

TopicState TopicState::read(const JsonObject& content) {
    TopicState state;
    state.closed = schema::string_at(content, "state") == "closed";
    state.pinned = schema::boolean_at(content, "pinned").value_or(false);
    state.answered = schema::boolean_at(content, "answered").value_or(false);
    if (const auto* tags = schema::array_at(content, "tags"))
        for (const auto& tag : *tags)
            if (tag.is_string() && tag.get_string().size() <= longest_tag && state.tags.size() < most_tags)
                state.tags.emplace_back(tag.get_string());
    return state;
}

Settings Settings::read(const JsonObject& content) {
    Settings settings;
    if (const auto* tags = schema::array_at(content, "tags"))
        for (const auto& tag : *tags)
            if (tag.is_string() && settings.tags.size() < most_room_tags) settings.tags.emplace_back(tag.get_string());
    const auto days = schema::integer_at(content, "close_after_days");
    if (days && *days > 0 && *days < 36'500) settings.close_after_ms = *days * day_ms;
    return settings;
}

bool is_quiet(const Settings& settings, std::int64_t last_ts, std::int64_t state_ts, std::int64_t now_ms) {
    return settings.close_after_ms && now_ms - std::max(last_ts, state_ts) > *settings.close_after_ms;
}

std::string title_of(std::string_view body) {
    const auto begin = body.find_first_not_of(" \t\r\n");
    if (begin == body.npos) return {};
    body.remove_prefix(begin);
    body = body.substr(0, body.find_first_of("\r\n"));
    std::size_t characters = 0, end = 0;
    while (end < body.size() && characters <= longest_title)
        if ((static_cast<unsigned char>(body[end++]) & 0xc0) != 0x80) ++characters;
    if (characters > longest_title) {
        do --end;
        while ((static_cast<unsigned char>(body[end]) & 0xc0) == 0x80);
        return std::string(body.substr(0, end)) + "…";
    }
    std::string title(body.substr(0, end));
    title.erase(title.find_last_not_of(" \t") + 1);
    return title;
}

void guard(const Room& room, const EventDraft& draft, std::int64_t now_ms) {
    if (!room.is_forum()) return;
    if (draft.state_key) {
        if (draft.type == topic_event) guard_topic_state(room, draft);
        if (draft.type == "m.room.encryption")
            throw Refusal(Reason::forbidden,
                          "Ein Forum ist durchsuchbar und deshalb nicht Ende-zu-Ende-verschlüsselt. / A "
                          "forum can be searched and is therefore not end-to-end encrypted.");
        return;
    }
    if (draft.redacts || draft.type == "m.room.redaction") return;
    guard_message(room, draft, now_ms);
}

}  // namespace runde::selfhelp::forum
