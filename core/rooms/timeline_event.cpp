#include "core/rooms/timeline_event.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "storage/lane.hpp"

namespace runde::rooms {
namespace {

using schema::Event;
using schema::RoomRules;

/// content.url of a media message, for filters with contains_url.
bool has_url(const schema::JsonObject& content) { return schema::string_at(content, "url").has_value(); }

std::string replaced_members(std::string_view replaced_id, const schema::JsonObject& content, std::string_view sender) {
    return fmt::format(R"(,"replaces_state":{},"prev_content":{},"prev_sender":{})", schema::quoted(replaced_id),
                       schema::to_text(content), schema::quoted(sender));
}

std::string redacted_because(const Event& redaction, const RoomRules& rules) {
    return fmt::format(R"(,"redacted_because":{}}})", schema::render_client_event(redaction, rules));
}

}  // namespace

std::optional<RelationOf> relation_of(const schema::JsonObject& content) {
    const auto* relates = schema::object_at(content, "m.relates_to");
    if (!relates) return std::nullopt;
    const auto rel_type = schema::string_at(*relates, "rel_type");
    const auto parent = schema::string_at(*relates, "event_id");
    if (!rel_type || !parent || rel_type->empty() || rel_type->size() > 255 || parent->size() > 255) return std::nullopt;
    RelationOf relation{std::string(*rel_type), std::string(*parent), std::nullopt};
    if (const auto key = schema::string_at(*relates, "key")) relation.key = std::string(*key);
    // An annotation without a key says nothing that could be counted.
    if (relation.rel_type == "m.annotation" && !relation.key) return std::nullopt;
    return relation;
}

std::shared_ptr<TimelineEvent> make_line(const Event& event, EventNid nid, const RoomRules& rules, const Event* replaced) {
    auto line = std::make_shared<TimelineEvent>(
        TimelineEvent{.nid = nid, .id = event.id, .type = event.type, .sender = event.sender.str()});
    line->state_key = event.state_key;
    line->origin_ts = event.origin_server_ts;
    line->relation = relation_of(event.content());
    line->client = net::bytes(schema::render_client_event(event, rules));
    if (has_url(event.content())) line->flags |= storage::rows::has_url;
    if (event.is_state()) line->flags |= storage::rows::is_state;
    if (event.type == "m.room.encrypted") line->flags |= storage::rows::encrypted;
    if (replaced) line->unsigned_more = replaced_members(replaced->id.str(), replaced->content(), replaced->sender.str());
    return line;
}

TimelineEventPtr make_line(const storage::StoredEvent& stored, const RoomRules& rules) {
    const auto load = [&](const std::string& json, const std::string& id) {
        return schema::load_event(json, *schema::EventId::parse(id), rules);
    };
    const auto event = load(stored.json, stored.event_id);
    const auto fill = [&](TimelineEvent& line) {
        line.pos = stored.pos.value_or(0);
        line.ord = stored.ord.value_or(0);
        line.key_no = stored.key_no;
        line.replaces = stored.replaces;
        line.thread_root = stored.thread_root;
        line.flags = stored.flags;
        line.n_main = stored.n_main;
        line.n_all = stored.n_all;
        line.n_thread = stored.n_thread;
    };
    if (stored.redaction_json && stored.redaction_id) {
        auto line = std::make_shared<TimelineEvent>(
            TimelineEvent{.nid = stored.nid, .id = event->id, .type = event->type, .sender = event->sender.str()});
        line->state_key = event->state_key;
        line->origin_ts = event->origin_server_ts;
        fill(*line);
        return redacted_line(*line, *event, *load(*stored.redaction_json, *stored.redaction_id), rules);
    }
    schema::EventPtr replaced;
    if (stored.replaces_json && stored.replaces_id) {
        replaced = load(*stored.replaces_json, *stored.replaces_id);
        if (stored.replaces_redacted)
            replaced = schema::load_event(schema::to_text(schema::redact(replaced->object, rules)), replaced->id, rules);
    }
    auto line = make_line(*event, stored.nid, rules, replaced.get());
    fill(*line);
    return line;
}

TimelineEventPtr redacted_line(const TimelineEvent& line, const Event& event, const Event& redaction, const RoomRules& rules) {
    auto redacted = std::make_shared<TimelineEvent>(line);
    redacted->redacted = true;
    redacted->relation.reset();
    redacted->client = net::bytes(schema::render_redacted_client_event(event, rules));
    redacted->unsigned_more = redacted_because(redaction, rules);
    return redacted;
}

void render(std::string& out, const TimelineEvent& event, const Reader& reader, std::string_view relations) {
    out += *event.client;
    fmt::format_to(std::back_inserter(out), R"(,"unsigned":{{"age":{})",
                   std::max<std::int64_t>(0, reader.now_ms - event.origin_ts));
    if (event.txn_device && reader.device == event.txn_device && !event.txn.empty())
        fmt::format_to(std::back_inserter(out), R"(,"transaction_id":{})", schema::quoted(event.txn));
    if (!reader.membership.empty()) fmt::format_to(std::back_inserter(out), R"(,"membership":"{}")", reader.membership);
    out += event.unsigned_more;
    if (!relations.empty()) fmt::format_to(std::back_inserter(out), R"(,"m.relations":{})", relations);
    out += "}}";
}

}  // namespace runde::rooms
