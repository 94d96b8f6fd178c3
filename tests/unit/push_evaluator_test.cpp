#include <doctest/doctest.h>

#include "core/rooms/push_evaluator.hpp"
#include "core/rooms/push_profiles.hpp"

using namespace runde;
using accounts::PushRule;
using accounts::PushRules;
using accounts::RuleKind;
using rooms::matches_words;
using rooms::PushClass;

namespace {

const auto anna = schema::UserId::parse("@anna:hearth.test").value();
constexpr auto room = "!evening:hearth.test";

schema::JsonObject message(std::string_view body) {
    return {{"type", "m.room.message"}, {"sender", "@ben:hearth.test"}, {"content", {{"msgtype", "m.text"}, {"body", body}}}};
}

struct Play {
    PushRules rules = PushRules::default_for(anna);
    schema::JsonObject event = message("Guten Abend");
    int joined = 20;
    bool may_notify = false;

    /// "notify", "highlight" or "silent".
    std::string outcome() const {
        const auto sender = schema::UserId::parse(*schema::string_at(event, "sender")).value();
        schema::Event pdu{.arena = nullptr,
                          .id = schema::EventId::parse("$event").value(),
                          .room = schema::RoomId::parse(room).value(),
                          .type = std::string(*schema::string_at(event, "type")),
                          .sender = sender,
                          .object = event};
        const schema::JsonObject content{{"users", {{sender.str(), may_notify ? 50 : 0}}}};
        const schema::PowerLevels levels(&content, *schema::find_room_rules("11"), {});
        const auto decided = rooms::evaluate(rules, pdu, {"Anna A.", joined, &levels});
        return decided.highlight ? "highlight" : decided.notify ? "notify" : "silent";
    }
    int class_in(std::string_view id = room) const {
        return rooms::PushProfile{rules, {}}.class_in(schema::RoomId::parse(id).value(), anna);
    }

    void put(RuleKind kind, PushRule rule) { rules.put(kind, std::move(rule), {}); }
    /// What it matches stands out.
    void put_override(schema::JsonObject condition,
                      schema::JsonArray actions = {"notify", schema::JsonObject{{"set_tweak", "highlight"}}}) {
        PushRule rule{.id = "mine", .actions = std::move(actions)};
        rule.conditions.emplace();
        rule.conditions->push_back(std::move(condition));
        put(RuleKind::override_, std::move(rule));
    }
};

}  // namespace

TEST_CASE("what the server's own rules say") {
    Play play;
    CHECK(play.outcome() == "notify");
    CHECK(play.class_in() == PushClass::all);
    auto& content = play.event["content"].get_object();
    SUBCASE("a notice") {
        content["msgtype"] = "m.notice";
        CHECK(play.outcome() == "silent");
    }
    SUBCASE("a mention") {
        content["m.mentions"] = {{"user_ids", {"@carl:hearth.test", anna.str()}}};
        CHECK(play.outcome() == "highlight");
        content["m.mentions"] = {{"user_ids", {"@carl:hearth.test"}}};
        CHECK(play.outcome() == "notify");
    }
    SUBCASE("all in the room") {
        content["m.mentions"] = {{"room", true}};
        CHECK(play.outcome() == "notify");  // The sender may not.
        play.may_notify = true;
        CHECK(play.outcome() == "highlight");
        content["m.mentions"] = {{"room", "true"}};  // No types are cast.
        CHECK(play.outcome() == "notify");
    }
    SUBCASE("an edit") {
        content["m.relates_to"] = {{"rel_type", "m.replace"}, {"event_id", "$x"}};
        CHECK(play.outcome() == "silent");
    }
    SUBCASE("two people") {
        play.joined = 2;
        CHECK(play.outcome() == "notify");
    }
    SUBCASE("an encrypted event") {
        play.event["type"] = "m.room.encrypted";
        CHECK(play.outcome() == "notify");
    }
    SUBCASE("a reaction") {
        play.event["type"] = "m.reaction";
        CHECK(play.outcome() == "silent");
    }
    SUBCASE("an invitation for her, and one for somebody else") {
        play.event = {{"type", "m.room.member"},
                      {"sender", "@ben:hearth.test"},
                      {"state_key", anna.str()},
                      {"content", {{"membership", "invite"}}}};
        CHECK(play.outcome() == "notify");
        play.event["state_key"] = "@carl:hearth.test";
        CHECK(play.outcome() == "silent");
    }
    SUBCASE("a tombstone must be state") {
        play.event = {{"type", "m.room.tombstone"}, {"sender", "@ben:hearth.test"}, {"content", schema::JsonObject()}};
        CHECK(play.outcome() == "silent");
        play.event["state_key"] = "";
        CHECK(play.outcome() == "highlight");
    }
    SUBCASE("something else") {
        play.event["type"] = "org.runde.weather";
        CHECK(play.outcome() == "silent");
    }
}

TEST_CASE("one's own rules, and the class that follows for the room") {
    Play play;
    SUBCASE("a keyword in the text, as a word of its own") {
        play.put(RuleKind::content,
                 {.id = "cake", .actions = {"notify", schema::JsonObject{{"set_tweak", "highlight"}}}, .pattern = "kuchen"});
        CHECK(play.class_in() == (PushClass::all | PushClass::individual));
        CHECK(play.outcome() == "notify");
        play.event = message("Es gibt KUCHEN!");
        CHECK(play.outcome() == "highlight");
        play.event = message("Kuchenblech");
        CHECK(play.outcome() == "notify");
        play.rules.enable(RuleKind::content, "cake", false);
        CHECK(play.class_in() == PushClass::all);
    }
    SUBCASE("a room silenced") {
        play.put(RuleKind::room, {.id = room});
        CHECK(play.outcome() == "silent");
        CHECK(play.class_in() == PushClass::mentions);
        CHECK(play.class_in("!other:hearth.test") == PushClass::all);
    }
    SUBCASE("everything silenced") {
        play.rules.enable(RuleKind::override_, ".m.rule.master", true);
        CHECK(play.outcome() == "silent");
        CHECK(play.class_in() == PushClass::muted);
    }
    SUBCASE("a sender silenced") {
        play.put(RuleKind::sender, {.id = "@ben:hearth.test"});
        CHECK(play.outcome() == "silent");
        CHECK(play.class_in() == (PushClass::all | PushClass::individual));
    }
    SUBCASE("plain messages silenced") {
        play.rules.set_actions(RuleKind::underride, ".m.rule.message", {});
        CHECK(play.outcome() == "silent");
        CHECK(play.class_in() == (PushClass::all | PushClass::individual));
    }
    SUBCASE("another sound makes no other class") {
        play.rules.set_actions(RuleKind::underride, ".m.rule.message",
                               {"notify", schema::JsonObject{{"set_tweak", "sound"}, {"value", "bing"}}});
        CHECK(play.class_in() == PushClass::all);
    }
}

TEST_CASE("conditions that never match, whatever the event") {
    Play play;
    REQUIRE(play.outcome() == "notify");
    play.put_override({{"kind", "event_match"}, {"key", "type"}, {"pattern", "m.room.*"}});
    REQUIRE(play.outcome() == "highlight");
    play.rules.remove(RuleKind::override_, "mine");
    SUBCASE("an unknown kind") { play.put_override({{"kind", "org.runde.moon_phase"}}); }
    SUBCASE("no kind") { play.put_override({}); }
    SUBCASE("no pattern") { play.put_override({{"kind", "event_match"}, {"key", "type"}}); }
    SUBCASE("no such property") { play.put_override({{"kind", "event_match"}, {"key", "content.none"}, {"pattern", "*"}}); }
    SUBCASE("no string") {
        play.event["content"].get_object()["n"] = 7;
        play.put_override({{"kind", "event_match"}, {"key", "content.n"}, {"pattern", "*"}});
    }
    SUBCASE("a path through a string") {
        play.put_override({{"kind", "event_match"}, {"key", "content.body.x"}, {"pattern", "*"}});
    }
    SUBCASE("a comparison nobody knows") { play.put_override({{"kind", "room_member_count"}, {"is", "~20"}}); }
    SUBCASE("a count that is none") { play.put_override({{"kind", "room_member_count"}, {"is", ">"}}); }
    SUBCASE("an object as value") {
        play.put_override({{"kind", "event_property_is"}, {"key", "content"}, {"value", schema::JsonObject()}});
    }
    CHECK(play.outcome() == "notify");
}

TEST_CASE("counting members") {
    Play play;
    const auto matches = [&](std::string_view is) {
        Play with = play;
        with.put_override({{"kind", "room_member_count"}, {"is", is}});
        return with.outcome() == "highlight";
    };
    for (const auto* yes : {"20", "==20", "<21", "<=20", ">19", ">=20"}) CHECK_MESSAGE(matches(yes), yes);
    for (const auto* no : {"19", "==19", "<20", "<=19", ">20", ">=21"}) CHECK_MESSAGE(!matches(no), no);
}

TEST_CASE("the display name in the text (deprecated, but stored rules have it)") {
    Play play;
    play.put_override({{"kind", "contains_display_name"}});
    CHECK(play.outcome() == "notify");
    play.event = message("Frag anna a., die weiß es");
    CHECK(play.outcome() == "highlight");
    play.event = message("Susanna A.");
    CHECK(play.outcome() == "notify");
}

TEST_CASE("patterns of whole values") {
    const auto matches = [](std::string_view pattern, std::string_view topic) {
        Play play;
        play.event["type"] = "org.runde.weather";  // Which the server's own rules pass over.
        play.event["content"].get_object()["topic"] = topic;
        REQUIRE(play.outcome() == "silent");
        play.put_override({{"kind", "event_match"}, {"key", "content.topic"}, {"pattern", pattern}});
        return play.outcome() == "highlight";
    };
    CHECK(matches("lunc?*", "lunch plans"));
    CHECK(matches("*", ""));
    CHECK(matches("a*b*c", "axxbyybzzc"));
    CHECK(matches("?", "ä"));
    CHECK(matches("x?y", "x🌻y"));
    CHECK(matches("ÄPFEL", "äpfel"));
    CHECK_FALSE(matches("lunc?*", " lunch"));
    CHECK_FALSE(matches("lunc?*", "lunc"));
    CHECK_FALSE(matches("??", "ä"));
    CHECK_FALSE(matches("", "x"));
}

TEST_CASE("patterns of words") {
    CHECK(matches_words("ex*ple", "an example event."));
    CHECK(matches_words("ex*ple", "exple"));
    CHECK(matches_words("ex*ple", "an exciting triple-whammy"));
    CHECK_FALSE(matches_words("ex*ple", "examples"));
    CHECK_FALSE(matches_words("ex*ple", "annexample"));
    CHECK(matches_words("kuchen", "streusel-kuchen"));
    CHECK_FALSE(matches_words("kuchen", "streusel_kuchen"));
    CHECK(matches_words("kuchen", "„Kuchen“"));
    CHECK(matches_words("k?chen", "Eine Küche, zwei KÜCHEN"));
    // The specification's words are those of ASCII.
    CHECK(matches_words("pfel", "Äpfel"));
    CHECK_FALSE(matches_words("", "x"));
    CHECK_FALSE(matches_words(std::string(1000, '*') + "b", std::string(60'000, 'a')));  // And soon.
}

TEST_CASE("property paths") {
    const auto finds = [](std::string_view path) {
        Play play;
        play.event["type"] = "org.runde.weather";
        auto& content = play.event["content"].get_object();
        content["m.relates_to"] = "x";
        content[R"(m\foo)"] = "x";
        content["deep"] = {{"er", "x"}};
        play.put_override({{"kind", "event_property_is"}, {"key", path}, {"value", "x"}});
        return play.outcome() == "highlight";
    };
    CHECK(finds("content.deep.er"));
    CHECK(finds(R"(content.m\.relates_to)"));
    CHECK(finds(R"(content.m\\foo)"));
    CHECK_FALSE(finds("content.m.relates_to"));
    CHECK_FALSE(finds("content.deep"));
    CHECK_FALSE(finds(R"(content.deep\)"));
}
