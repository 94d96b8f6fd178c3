#include "schema/event.hpp"

#include <fmt/format.h>

#include "schema/refusal.hpp"

namespace runde::schema {
namespace {

using Form = RoomRules::EventIdForm;

[[noreturn]] void refuse(std::string text) { throw Refusal(Reason::bad_json, std::move(text)); }

template <typename Id>
Id required_id(const Fields& event, std::string_view name) {
    auto id = Id::parse(event.required_string(name));
    if (!id) refuse(fmt::format("'{}' is not a valid identifier.", name));
    return std::move(*id);
}

std::string required_key(const Fields& event, std::string_view name) {
    const auto text = event.required_string(name);
    if (text.size() > max_event_key_bytes)
        throw Refusal(Reason::too_large, fmt::format("'{}' is longer than {} bytes.", name, max_event_key_bytes));
    return std::string(text);
}

/// One entry of prev_events or auth_events: an id, in room versions 1-2 [id, {hashes}]. Without rules either, and any number of
/// them: the version of a room that was known from hearsay may have turned out to be another, and history is as it is.
const Json& referenced_id(const Json& entry, const RoomRules* rules) {
    const auto pair = entry.if_array();
    if (!rules) return pair && !pair->empty() ? pair->front() : entry;
    if (rules->event_ids != Form::sender_chosen) return entry;
    if (!pair || pair->size() != 2) refuse("Room versions 1 and 2 refer to events by [id, hashes].");
    return pair->front();
}

std::vector<EventId> referenced_events(const Fields& event, std::string_view name, std::size_t limit, const RoomRules* rules) {
    const auto& entries = event.required_array(name);
    if (rules && entries.size() > limit) refuse(fmt::format("'{}' has more than {} entries.", name, limit));
    std::vector<EventId> ids;
    ids.reserve(entries.size());
    for (const auto& entry : entries) {
        const auto text = referenced_id(entry, rules).if_string();
        auto id = text ? EventId::parse(*text) : std::nullopt;
        if (!id) refuse(fmt::format("'{}' holds something that is no event id.", name));
        ids.push_back(std::move(*id));
    }
    return ids;
}

std::int64_t required_depth(const Fields& event) {
    const auto value = event.raw().if_contains("depth");
    const auto depth = value ? value->if_int64() : nullptr;
    if (!depth || *depth < 0) refuse("'depth' must be an integer that is not negative.");
    return *depth;
}

std::int64_t required_timestamp(const Fields& event) {
    const auto value = event.raw().if_contains("origin_server_ts");
    const auto ts = value ? value->if_int64() : nullptr;
    if (!ts) refuse("'origin_server_ts' must be an integer.");
    return *ts;
}

/// Which event a redaction names. Absent when the member has no such form: such a redaction redacts nothing.
std::optional<EventId> redacted_event(const JsonObject& event, std::string_view type, const RoomRules& rules) {
    if (type != "m.room.redaction") return std::nullopt;
    const auto holder = rules.redacts_in_content ? object_at(event, "content") : &event;
    const auto text = holder ? string_at(*holder, "redacts") : std::nullopt;
    return text ? EventId::parse(*text) : std::nullopt;
}

RoomId room_of(const Fields& event, const EventId& id, bool is_create, const RoomRules& rules) {
    if (!is_create || !rules.room_id_is_create_hash) return required_id<RoomId>(event, "room_id");
    // Authorisation rule 1.2 of room version 12, found out here because such an event has no room at all.
    if (event.has("room_id")) refuse("m.room.create of this room version has no room_id: it is its own id.");
    return RoomId::parse("!" + id.str().substr(1)).value();
}

/// An object whose values lie in an arena of about the right size.
struct Parsed {
    std::unique_ptr<boost::json::monotonic_resource> arena;
    JsonObject object;
};

Parsed parse_in_arena(std::string_view text, Numbers numbers) {
    // A value takes two to three times its text.
    auto arena = std::make_unique<boost::json::monotonic_resource>(text.size() * 3 + 256);
    Json value = parse_json(text, numbers, 64, arena.get());
    if (!value.is_object()) refuse("An event must be a JSON object.");
    JsonObject object(std::move(value.get_object()));
    return {std::move(arena), std::move(object)};
}

enum class Source { foreign, stored };

EventPtr make_event(Parsed parsed, std::string json, EventId id, const RoomRules& rules, Source source = Source::foreign) {
    const Fields event(parsed.object);
    auto type = required_key(event, "type");
    std::optional<std::string> state_key;
    if (event.has("state_key")) state_key = required_key(event, "state_key");
    const bool is_create = type == "m.room.create" && state_key && state_key->empty();
    auto room = room_of(event, id, is_create, rules);
    auto sender = required_id<UserId>(event, "sender");
    const auto ts = required_timestamp(event);
    const auto depth = required_depth(event);
    const auto* form = source == Source::foreign ? &rules : nullptr;
    auto prev_events = referenced_events(event, "prev_events", max_prev_events, form);
    auto auth_events = referenced_events(event, "auth_events", max_auth_events, form);
    event.required_object("content");
    auto redacts = redacted_event(parsed.object, type, rules);

    return std::make_shared<const Event>(Event{.arena = std::move(parsed.arena),
                                               .id = std::move(id),
                                               .room = std::move(room),
                                               .type = std::move(type),
                                               .sender = std::move(sender),
                                               .state_key = std::move(state_key),
                                               .origin_server_ts = ts,
                                               .depth = depth,
                                               .prev_events = std::move(prev_events),
                                               .auth_events = std::move(auth_events),
                                               .redacts = std::move(redacts),
                                               .object = std::move(parsed.object),
                                               .json = std::move(json)});
}

EventId id_of(const JsonObject& event, const RoomRules& rules) {
    if (rules.event_ids == Form::sender_chosen) return required_id<EventId>(Fields(event), "event_id");
    return hashed_event_id(event, rules);
}

std::string client_event(const Event& event, const JsonObject& content, const std::optional<EventId>& redacts) {
    std::string out;
    out.reserve(event.json.size() + 64);
    out += "{\"content\":";
    if (redacts && !content.contains("redacts")) {
        JsonObject with_redacts(content);
        with_redacts["redacts"] = redacts->str();
        append_canonical(out, with_redacts, Numbers::any);
    } else {
        append_canonical(out, content, Numbers::any);
    }
    const auto add = [&](std::string_view name, std::string_view text) {
        out += name;
        append_quoted(out, text);
    };
    add(",\"event_id\":", event.id.str());
    fmt::format_to(std::back_inserter(out), ",\"origin_server_ts\":{}", event.origin_server_ts);
    if (redacts) add(",\"redacts\":", redacts->str());
    add(",\"room_id\":", event.room.str());
    add(",\"sender\":", event.sender.str());
    if (event.state_key) add(",\"state_key\":", *event.state_key);
    add(",\"type\":", event.type);
    return out;
}

}  // namespace

EventPtr parse_event(std::string_view text, const RoomRules& rules) {
    auto parsed = parse_in_arena(text, rules.numbers());
    parsed.object.erase("unsigned");
    auto json = canonical_json(parsed.object, rules.numbers());
    if (json.size() > max_event_bytes)
        throw Refusal(Reason::too_large, fmt::format("An event may have at most {} bytes.", max_event_bytes));
    const Fields event(parsed.object);
    event.required_object("content");
    event.required_object("hashes");
    event.required_object("signatures");
    auto id = id_of(parsed.object, rules);
    return make_event(std::move(parsed), std::move(json), std::move(id), rules);
}

EventPtr parse_event(JsonObject object, const RoomRules& rules) {
    return parse_event(canonical_json_without(object, {"unsigned"}, rules.numbers()), rules);
}

EventPtr load_event(std::string text, EventId id, const RoomRules& rules) {
    auto parsed = parse_in_arena(text, Numbers::any);
    return make_event(std::move(parsed), std::move(text), std::move(id), rules, Source::stored);
}

std::string content_hash(const JsonObject& event, Numbers numbers) {
    return sha256(canonical_json_without(event, {"hashes", "signatures", "unsigned"}, numbers));
}

std::string reference_hash(const JsonObject& event, const RoomRules& rules) {
    return sha256(canonical_json_without(redact(event, rules), {"signatures", "unsigned"}, rules.numbers()));
}

EventId hashed_event_id(const JsonObject& event, const RoomRules& rules) {
    const auto hash = reference_hash(event, rules);
    return EventId::parse("$" + (rules.event_ids == Form::hash_base64 ? base64(hash) : base64_url(hash))).value();
}

bool content_hash_matches(const JsonObject& event) {
    const auto hashes = object_at(event, "hashes");
    const auto text = hashes ? string_at(*hashes, "sha256") : std::nullopt;
    const auto hash = text ? decode_base64(*text) : std::nullopt;
    return hash && *hash == content_hash(event);
}

namespace {
std::string signed_bytes(const JsonObject& event, const RoomRules& rules) {
    return canonical_json_without(redact(event, rules), {"signatures", "unsigned"}, rules.numbers());
}
}  // namespace

void sign_event(JsonObject& event, const RoomRules& rules, std::string_view server, const SigningKey& key) {
    add_signature(event, server, key.key_id(), key.sign(signed_bytes(event, rules)));
}

bool verify_event(const JsonObject& event, const RoomRules& rules, std::string_view signer, std::string_view key_id,
                  const VerifyKey& key) {
    const auto signature = find_signature(event, signer, key_id);
    if (!signature) return false;
    return key.verify(canonical_json_without(redact(event, rules), {"signatures", "unsigned"}, Numbers::any), *signature);
}

EventPtr seal_event(JsonObject object, const RoomRules& rules, std::string_view server, const SigningKey& key,
                    const SigningKey* second) {
    JsonObject hashes;
    hashes["sha256"] = base64(content_hash(object, rules.numbers()));
    object["hashes"] = std::move(hashes);
    const auto bytes = signed_bytes(object, rules);
    add_signature(object, server, key.key_id(), key.sign(bytes));
    if (second) add_signature(object, server, second->key_id(), second->sign(bytes));
    return parse_event(std::move(object), rules);
}

std::string render_client_event(const Event& event, const RoomRules&) {
    return client_event(event, event.content(), event.redacts);
}

std::string render_redacted_client_event(const Event& event, const RoomRules& rules) {
    const auto redacted = redact(event.object, rules);
    return client_event(event, redacted.at("content").get_object(), redacted_event(redacted, event.type, rules));
}

JsonObject stripped_state(const Event& event) {
    JsonObject stripped;
    stripped["content"] = event.content();
    stripped["sender"] = event.sender.str();
    if (event.state_key) stripped["state_key"] = *event.state_key;
    stripped["type"] = event.type;
    return stripped;
}

}  // namespace runde::schema
