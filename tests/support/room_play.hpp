#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/rooms/auth_events.hpp"
#include "core/rooms/auth_rules.hpp"
#include "core/rooms/state_resolution.hpp"
#include "schema/event.hpp"
#include "schema/json.hpp"

namespace runde::tests {

// Anna and Carl live on one server, Ben and Dora on another.
inline const std::string anna = "@anna:hearth.test", ben = "@ben:haven.test", carl = "@carl:hearth.test", dora = "@dora:haven.test";

inline schema::JsonObject json(std::string_view text) { return schema::parse_json(text).as_object(); }

/// An event before the room has added what it adds. What is left out follows from the room.
struct Line {
    std::string type, sender;
    std::optional<std::string> state_key;
    schema::JsonObject content;
    schema::JsonObject more = {};  ///< Further members of the event itself, or other values for those it has.
    std::string id = {};           ///< Without the sigil.
    std::optional<std::vector<schema::EventPtr>> after = {};
    std::optional<std::vector<schema::EventPtr>> citing = {};
    std::int64_t ts = 0;
};

inline Line membership(const std::string& sender, const std::string& target, std::string_view kind, schema::JsonObject more = {}) {
    more["membership"] = kind;
    return {"m.room.member", sender, target, std::move(more)};
}
inline Line state_event(const std::string& sender, std::string_view type, std::string_view content, std::string state_key = "") {
    return {std::string(type), sender, std::move(state_key), json(content)};
}
inline Line message(const std::string& sender, std::string_view type = "m.room.message") {
    return {std::string(type), sender, std::nullopt, json(R"({"body":"Hello"})")};
}

/// A room on a stage: its state, and what the rules say to the next line. No hashes, no signatures: event ids
/// are names, so a test can say which event it means.
class RoomPlay {
public:
    using State = std::map<std::pair<std::string, std::string>, schema::EventPtr>;

    explicit RoomPlay(std::string_view version) : rules(*schema::find_room_rules(version)) {}

    /// Anna has made a room that everybody may join, is in it, and has (or needs no) level 100.
    static RoomPlay begun(std::string_view version) {
        RoomPlay play(version);
        play.happens(play.creation());
        play.happens(membership(anna, anna, "join"));
        auto levels = json(R"({"users":{}})");
        if (!play.rules.creators_have_infinite_power) levels["users"].as_object()[anna] = 100;
        play.happens({"m.room.power_levels", anna, "", std::move(levels)});
        play.happens(state_event(anna, "m.room.join_rules", R"({"join_rule":"public"})"));
        return play;
    }

    Line creation() const {
        Line line{"m.room.create", anna, "", json("{}")};
        line.content["room_version"] = rules.version;
        if (!rules.implicit_room_creator) line.content["creator"] = anna;
        line.after.emplace();
        line.id = "room";
        return line;
    }

    /// The event that this line becomes in the room as it stands.
    schema::EventPtr write(const Line& line) {
        const auto name = line.id.empty() ? fmt::format("{}{}", branch_, ++written_) : line.id;
        const auto id = event_id(name, line.sender);
        schema::JsonObject object;
        object["type"] = line.type;
        object["sender"] = line.sender;
        if (line.state_key) object["state_key"] = *line.state_key;
        object["content"] = line.content;
        if (line.type != "m.room.create" || !rules.room_id_is_create_hash) object["room_id"] = room_id();
        object["origin_server_ts"] = line.ts ? line.ts : ++clock_;
        object["depth"] = ++depth_;
        object["prev_events"] = references(line.after ? *line.after : last_);
        object["auth_events"] = references(line.citing ? *line.citing : auth_events_for(line));
        object["signatures"] = {{line.sender.substr(line.sender.find(':') + 1), {{"ed25519:a", "c2lnbmVk"}}}};
        for (const auto& [key, value] : line.more) object[key] = value;
        auto event = schema::load_event(schema::to_text(object), *schema::EventId::parse(id), rules);
        library_->insert_or_assign(event->id, event);
        return event;
    }

    /// "yes, <why>" or "no, <why>".
    std::string judge(const Line& line) { return judge(*write(line)); }
    std::string judge(const schema::Event& event) { return text(rooms::authorise(event, rules, lookup())); }
    static std::string text(const rooms::Verdict& verdict) {
        return fmt::format("{}, {}", verdict.allowed ? "yes" : "no", verdict.why);
    }

    /// The line is allowed and becomes part of the room.
    schema::EventPtr happens(const Line& line) {
        auto event = write(line);
        REQUIRE_MESSAGE(judge(*event).starts_with("yes"), judge(*event));
        return enters(std::move(event));
    }
    /// The same without asking the rules.
    schema::EventPtr given(const Line& line) { return enters(write(line)); }
    /// An event that was written before becomes part of the room.
    schema::EventPtr enters(schema::EventPtr event) {
        if (event->state_key) state[{event->type, *event->state_key}] = event;
        last_ = {event};
        return event;
    }
    void forget(const std::string& type, const std::string& state_key = "") { state.erase({type, state_key}); }

    schema::EventPtr now(const std::string& type, const std::string& state_key = "") const {
        const auto found = state.find({type, state_key});
        return found == state.end() ? nullptr : found->second;
    }
    rooms::StateLookup lookup() const {
        return [this](std::string_view type, std::string_view state_key) {
            return now(std::string(type), std::string(state_key)).get();
        };
    }
    std::string room_id() const { return rules.room_id_is_create_hash ? "!room" : "!room:hearth.test"; }
    std::string event_id(std::string_view name, std::string_view sender) const {
        const bool with_server = rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen;
        return fmt::format("${}{}", name, with_server ? sender.substr(sender.find(':')) : "");
    }

    /// The same room, going on by itself: what happens in the one is not part of the other. Events that are
    /// not named are named after the branch.
    RoomPlay fork(std::string branch) const {
        auto other = *this;
        other.branch_ = std::move(branch);
        return other;
    }
    rooms::StateMap state_map() const {
        std::vector<rooms::StateEntry> entries;
        for (const auto& [key, event] : state) entries.push_back({{key.first, key.second}, event->id});
        return rooms::StateMap(std::move(entries));
    }
    /// Everything that was ever written in any branch.
    rooms::EventSource source() const {
        const auto find = [library = library_](const schema::EventId& id) {
            const auto found = library->find(id);
            return found == library->end() ? nullptr : found->second;
        };
        return {.event = find, .is_rejected = {}, .auth_events = {}};
    }
    schema::EventPtr event(const schema::EventId& id) const { return source().event(id); }
    /// A line that is written after several branches met in this state.
    void meet(const rooms::StateMap& resolved, std::vector<schema::EventPtr> last) {
        state.clear();
        for (const auto& entry : resolved) state[{entry.key.type, entry.key.state_key}] = event(entry.id);
        last_ = std::move(last);
    }
    const std::vector<schema::EventPtr>& last() const { return last_; }

    const schema::RoomRules& rules;
    State state;

private:
    std::vector<schema::EventPtr> auth_events_for(const Line& line) const {
        std::vector<schema::EventPtr> events;
        for (const auto& key : rooms::auth_types_for(line.type, line.sender, line.state_key.value_or(""), line.content, rules))
            if (auto event = now(key.type, key.state_key)) events.push_back(std::move(event));
        return events;
    }
    schema::JsonArray references(const std::vector<schema::EventPtr>& events) const {
        schema::JsonArray array;
        for (const auto& event : events) {
            if (rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen)
                array.push_back(schema::JsonArray{event->id.str(), schema::JsonObject()});
            else
                array.emplace_back(event->id.str());
        }
        return array;
    }

    std::shared_ptr<std::map<schema::EventId, schema::EventPtr>> library_ =
        std::make_shared<std::map<schema::EventId, schema::EventPtr>>();
    std::string branch_ = "e";
    std::vector<schema::EventPtr> last_;
    std::int64_t clock_ = 1000, depth_ = 0;
    int written_ = 0;
};

}  // namespace runde::tests
