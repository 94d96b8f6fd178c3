#include <doctest/doctest.h>

#include "core/accounts/push_program.hpp"

using namespace runde;
using accounts::PushClass;
using accounts::PushFacts;
using accounts::PushProgram;
using accounts::PushRule;
using accounts::PushRules;
using accounts::RuleKind;

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

    /// "notify", "highlight" or "silent", and the rule that said so.
    std::string outcome() const {
        const PushProgram program(rules, anna);
        const PushFacts facts(event, room, joined, [this](std::string_view) { return may_notify; });
        const auto decided = program.evaluate(facts, "Anna A.");
        const std::string what = decided.highlight ? "highlight" : decided.notify ? "notify" : "silent";
        return what + " " + (decided.rule ? decided.rule->id : "-");
    }
    PushClass push_class() const { return PushProgram(rules, anna).class_in(room); }

    void put(RuleKind kind, PushRule rule) { rules.put(kind, std::move(rule), {}); }
    void put_override(schema::JsonObject condition, schema::JsonArray actions = {"notify", "x"}) {
        PushRule rule{.id = "mine", .actions = std::move(actions)};
        rule.conditions.emplace();
        rule.conditions->push_back(std::move(condition));
        put(RuleKind::override_, std::move(rule));
    }
};

}  // namespace

TEST_CASE("what the server's own rules say") {
    Play play;
    CHECK(play.outcome() == "notify .m.rule.message");
    CHECK(play.push_class() == PushClass::as_default);
    auto& content = play.event["content"].get_object();
    SUBCASE("a notice") {
        content["msgtype"] = "m.notice";
        CHECK(play.outcome() == "silent .m.rule.suppress_notices");
    }
    SUBCASE("a mention") {
        content["m.mentions"] = {{"user_ids", {"@carl:hearth.test", anna.str()}}};
        CHECK(play.outcome() == "highlight .m.rule.is_user_mention");
        content["m.mentions"] = {{"user_ids", {"@carl:hearth.test"}}};
        CHECK(play.outcome() == "notify .m.rule.message");
    }
    SUBCASE("all in the room") {
        content["m.mentions"] = {{"room", true}};
        CHECK(play.outcome() == "notify .m.rule.message");  // The sender may not.
        play.may_notify = true;
        CHECK(play.outcome() == "highlight .m.rule.is_room_mention");
        content["m.mentions"] = {{"room", "true"}};  // No types are cast.
        CHECK(play.outcome() == "notify .m.rule.message");
    }
    SUBCASE("an edit") {
        content["m.relates_to"] = {{"rel_type", "m.replace"}, {"event_id", "$x"}};
        CHECK(play.outcome() == "silent .m.rule.suppress_edits");
    }
    SUBCASE("two people") {
        play.joined = 2;
        CHECK(play.outcome() == "notify .m.rule.room_one_to_one");
    }
    SUBCASE("an encrypted event") {
        play.event["type"] = "m.room.encrypted";
        CHECK(play.outcome() == "notify .m.rule.encrypted");
    }
    SUBCASE("a reaction") {
        play.event["type"] = "m.reaction";
        CHECK(play.outcome() == "silent .m.rule.reaction");
    }
    SUBCASE("an invitation for her, and one for somebody else") {
        play.event = {{"type", "m.room.member"},
                      {"sender", "@ben:hearth.test"},
                      {"state_key", anna.str()},
                      {"content", {{"membership", "invite"}}}};
        CHECK(play.outcome() == "notify .m.rule.invite_for_me");
        play.event["state_key"] = "@carl:hearth.test";
        CHECK(play.outcome() == "silent .m.rule.member_event");
    }
    SUBCASE("a tombstone must be state") {
        play.event = {{"type", "m.room.tombstone"}, {"sender", "@ben:hearth.test"}, {"content", schema::JsonObject()}};
        CHECK(play.outcome() == "silent -");
        play.event["state_key"] = "";
        CHECK(play.outcome() == "highlight .m.rule.tombstone");
    }
    SUBCASE("something else") {
        play.event["type"] = "org.runde.weather";
        CHECK(play.outcome() == "silent -");
    }
}

TEST_CASE("one's own rules, and the class that follows for the room") {
    Play play;
    SUBCASE("a keyword in the text, as a word of its own") {
        play.put(RuleKind::content,
                 {.id = "cake", .actions = {"notify", schema::JsonObject{{"set_tweak", "highlight"}}}, .pattern = "kuchen"});
        CHECK(play.push_class() == PushClass::own_rules);
        CHECK(play.outcome() == "notify .m.rule.message");
        play.event = message("Es gibt KUCHEN!");
        CHECK(play.outcome() == "highlight cake");
        play.event = message("Kuchenblech");
        CHECK(play.outcome() == "notify .m.rule.message");
        play.rules.enable(RuleKind::content, "cake", false);
        CHECK(play.push_class() == PushClass::as_default);
    }
    SUBCASE("a room silenced") {
        play.put(RuleKind::room, {.id = room});
        CHECK(play.outcome() == std::string("silent ") + room);
        CHECK(play.push_class() == PushClass::mentions_only);
        CHECK(PushProgram(play.rules, anna).class_in("!other:hearth.test") == PushClass::as_default);
    }
    SUBCASE("everything silenced") {
        play.rules.enable(RuleKind::override_, ".m.rule.master", true);
        CHECK(play.outcome() == "silent .m.rule.master");
        CHECK(play.push_class() == PushClass::muted);
    }
    SUBCASE("a sender silenced") {
        play.put(RuleKind::sender, {.id = "@ben:hearth.test"});
        CHECK(play.outcome() == "silent @ben:hearth.test");
        CHECK(play.push_class() == PushClass::own_rules);
    }
    SUBCASE("plain messages silenced") {
        play.rules.set_actions(RuleKind::underride, ".m.rule.message", {});
        CHECK(play.outcome() == "silent .m.rule.message");
        CHECK(play.push_class() == PushClass::own_rules);
    }
    SUBCASE("another sound makes no other class") {
        play.rules.set_actions(RuleKind::underride, ".m.rule.message",
                               {"notify", schema::JsonObject{{"set_tweak", "sound"}, {"value", "bing"}}});
        CHECK(play.push_class() == PushClass::as_default);
    }
}

TEST_CASE("conditions that never match, whatever the event") {
    Play play;
    REQUIRE(play.outcome() == "notify .m.rule.message");
    play.put_override({{"kind", "event_match"}, {"key", "type"}, {"pattern", "m.room.*"}});
    REQUIRE(play.outcome() == "notify mine");
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
    CHECK(play.outcome() == "notify .m.rule.message");
}

TEST_CASE("counting members") {
    Play play;
    const auto matches = [&](std::string_view is) {
        Play with = play;
        with.put_override({{"kind", "room_member_count"}, {"is", is}});
        return with.outcome() == "notify mine";
    };
    for (const auto* yes : {"20", "==20", "<21", "<=20", ">19", ">=20"}) CHECK_MESSAGE(matches(yes), yes);
    for (const auto* no : {"19", "==19", "<20", "<=19", ">20", ">=21"}) CHECK_MESSAGE(!matches(no), no);
}

TEST_CASE("the display name in the text (deprecated, but stored rules have it)") {
    Play play;
    play.put_override({{"kind", "contains_display_name"}});
    CHECK(play.outcome() == "notify .m.rule.message");
    play.event = message("Frag anna a., die weiß es");
    CHECK(play.outcome() == "notify mine");
    play.event = message("Susanna A.");
    CHECK(play.outcome() == "notify .m.rule.message");
}

TEST_CASE("globs") {
    using accounts::glob_matches, accounts::glob_matches_words;
    CHECK(glob_matches("lunc?*", "lunch plans"));
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("a*b*c", "axxbyybzzc"));
    CHECK(glob_matches("?", "ä"));
    CHECK(glob_matches("x?y", "x🌻y"));
    CHECK_FALSE(glob_matches("lunc?*", " lunch"));
    CHECK_FALSE(glob_matches("lunc?*", "lunc"));
    CHECK_FALSE(glob_matches("??", "ä"));
    CHECK_FALSE(glob_matches("", "x"));

    CHECK(glob_matches_words("ex*ple", "an example event."));
    CHECK(glob_matches_words("ex*ple", "exple"));
    CHECK(glob_matches_words("ex*ple", "an exciting triple-whammy"));
    CHECK_FALSE(glob_matches_words("ex*ple", "examples"));
    CHECK_FALSE(glob_matches_words("ex*ple", "annexample"));
    CHECK(glob_matches_words("kuchen", "streusel-kuchen"));
    CHECK_FALSE(glob_matches_words("kuchen", "streusel_kuchen"));
    CHECK_FALSE(glob_matches_words("", "x"));
    CHECK_FALSE(glob_matches_words(std::string(1000, '*') + "b", std::string(60'000, 'a')));  // And soon.
}

TEST_CASE("property paths") {
    using Names = std::vector<std::string>;
    CHECK(accounts::split_property_path("content.body") == Names{"content", "body"});
    CHECK(accounts::split_property_path(R"(content.m\.relates_to)") == Names{"content", "m.relates_to"});
    CHECK(accounts::split_property_path(R"(content.m\\foo)") == Names{"content", R"(m\foo)"});
    CHECK(accounts::split_property_path(R"(a\x)") == Names{R"(a\x)"});
    CHECK(accounts::split_property_path(R"(a\)") == Names{R"(a\)"});
}
