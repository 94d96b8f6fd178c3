// What the rules make of other servers' events: rejection, soft failure, forks, redactions.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr auto text = R"({"msgtype":"m.text","body":"Hello"})";

bool hears(Neighbour& who, const std::string& room, const std::string& line) {
    return who.sees(room).find(line) != std::string::npos;
}

/// A room in which Ben may moderate.
constexpr auto ben_moderates =
    R"({"preset":"public_chat","power_level_content_override":{"users":{"@anna:hearth.test":100,"@ben:haven.test":50}},
                                   "room_version":"11"})";

}  // namespace

TEST_CASE("An event that the rules do not allow stays out, and what follows it comes in") {
    SharedRoom play;
    const auto topic = play.pdu(play.ben, "m.room.topic", R"({"topic":"Mine now"})", "");
    CHECK(play.deliver("hearth.test", {topic}).at(0) == "may not send this type");
    CHECK(play.anna.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))) == "404 M_NOT_FOUND");

    SUBCASE("a message that builds on it is none the worse") {
        const auto message = play.pdu(play.ben, "m.room.message", text, std::nullopt, [&](schema::JsonObject& event) {
            event["prev_events"] = schema::JsonArray{topic->id.str()};
        });
        CHECK(play.deliver("hearth.test", {message}) == std::vector<std::string>{""});
        CHECK(hears(play.anna, play.room, "ben: Hello"));
        CHECK(play.room_at("hearth.test")->extremities() == std::vector{message->id});
    }
    SUBCASE("one that rests on it is refused, too") {
        const auto message = play.pdu(play.ben, "m.room.message", text, std::nullopt, [&](schema::JsonObject& event) {
            event["auth_events"].as_array().push_back(schema::Json(topic->id.str()));
        });
        CHECK(play.deliver("hearth.test", {message}).at(0) == "an auth event that this event must not cite");
    }
    SUBCASE("so is one that rests on an event of another room, and what follows that comes in") {
        const auto elsewhere = play.anna.create_room();
        const auto levels = play.anna.get(fmt::format("/rooms/{}/state", segment(elsewhere)));
        std::string id;
        for (const auto& event : levels.json.as_array())
            if (event.at("type") == "m.room.power_levels") id = event.at("event_id").as_string();
        const auto thief = play.pdu(play.ben, "m.room.message", text, std::nullopt, [&](schema::JsonObject& event) {
            event["auth_events"].as_array().push_back(schema::Json(id));
        });
        const auto next = play.pdu(play.ben, "m.room.message", text, std::nullopt,
                                   [&](schema::JsonObject& event) { event["prev_events"] = schema::JsonArray{thief->id.str()}; });
        CHECK(play.deliver("hearth.test", {thief, next}) == std::vector<std::string>{"an auth event of another room", ""});
        CHECK(play.room_at("hearth.test")->extremities() == std::vector{next->id});
    }
    SUBCASE("repeating it changes nothing") {
        CHECK(play.deliver("hearth.test", {topic}) == std::vector<std::string>{"rejected before"});
        CHECK(play.anna.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))) == "404 M_NOT_FOUND");
    }
}

TEST_CASE("Ben is banned while he is out of reach: what he wrote meanwhile fails softly at Anna's") {
    SharedRoom play;
    play.ben.say(play.room, "Before");
    play.world.settle();
    play.world.cut_link();
    play.ben.say(play.room, "Meanwhile");
    const auto banned = play.anna.post(fmt::format("/rooms/{}/ban", segment(play.room)), R"({"user_id":"@ben:haven.test"})");
    CHECK(banned == "200");
    play.world.restore_link();
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Before, !ben");
    CHECK_FALSE(play.room_at("haven.test")->is_joined(play.ben.id));
    // It is kept, so that what others build on it can be judged, but our next event does not build on it.
    CHECK(play.hearth().ask("SELECT count(*) FROM events WHERE flags & 4 <> 0 AND ord IS NULL") == "1");
    CHECK(play.room_at("hearth.test")->extremities().size() == 1);

    SUBCASE("nothing of it when he is not banned") {
        SharedRoom other;
        other.world.cut_link();
        other.ben.say(other.room, "Meanwhile");
        other.anna.say(other.room, "Where is Ben?");
        other.world.restore_link();
        other.world.settle();
        CHECK(hears(other.anna, other.room, "ben: Meanwhile"));
    }
}

TEST_CASE("Both sides change the room while the link is cut: they agree afterwards") {
    SharedRoom play(ben_moderates);
    const auto topic_at = [&](Neighbour& who) {
        return who.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))).at("/topic");
    };
    const auto set_topic = [&](Neighbour& who, std::string_view topic) {
        CHECK(who.set_state(play.room, "m.room.topic", fmt::format(R"({{"topic":"{}"}})", topic)) == "200");
        play.world.advance(std::chrono::seconds(1));
    };
    const auto settle = [&](bool ties = true) {
        play.world.restore_link();
        play.world.settle();
        // Whoever speaks next ties the branches together.
        play.anna.say(play.room, "Together again");
        play.world.settle();
        // What failed softly at Anna's stays an end of its own at Ben's.
        CHECK((play.room_at("haven.test")->extremities() == play.room_at("hearth.test")->extremities()) == ties);
        CHECK(play.room_at("haven.test")->memberships() == play.room_at("hearth.test")->memberships());
    };
    play.world.cut_link();

    SUBCASE("two topics: the later one holds") {
        set_topic(play.anna, "Anna's");
        set_topic(play.ben, "Ben's");
        settle();
        CHECK(topic_at(play.anna) == "Ben's");
        CHECK(topic_at(play.ben) == "Ben's");
    }
    SUBCASE("Ben was no moderator any more: his topic does not hold") {
        CHECK(play.anna.set_state(play.room, "m.room.power_levels", R"({"users":{"@anna:hearth.test":100},"state_default":50})") ==
              "200");
        play.world.advance(std::chrono::seconds(1));
        set_topic(play.ben, "Ben's");
        settle(false);
        CHECK(topic_at(play.anna) == "");
        CHECK(topic_at(play.ben) == "");
    }
    SUBCASE("Dora is banned on one side and speaks on the other: the ban holds") {
        play.world.restore_link();
        auto dora = play.world.person("hearth.test", "dora");
        CHECK(dora.join(play.room) == "200");
        play.world.settle();
        const auto since = dora.get("/sync").at("/next_batch");
        play.world.cut_link();
        CHECK(play.ben.post(fmt::format("/rooms/{}/ban", segment(play.room)), R"({"user_id":"@dora:hearth.test"})") == "200");
        dora.say(play.room, "I am still here");
        settle();
        CHECK_FALSE(play.room_at("hearth.test")->is_joined(dora.id));
        CHECK(dora.send(play.room, "m.room.message", text) == "403 M_FORBIDDEN");
        CHECK(dora.get("/sync?since=" + since).has(fmt::format("/rooms/leave/{}", play.room)));
    }
}

TEST_CASE("Redactions of other servers") {
    SharedRoom play;
    const auto message = play.pdu(play.ben, "m.room.message", text);
    const auto redaction = play.pdu(play.ben, "m.room.redaction", fmt::format(R"({{"redacts":"{}"}})", message->id.str()));
    SUBCASE("after the event") {
        play.deliver("hearth.test", {message, redaction});
        CHECK(hears(play.anna, play.room, "ben: (removed)"));
    }
    SUBCASE("before the event") {
        CHECK(play.deliver("hearth.test", {redaction}) == std::vector<std::string>{""});
        CHECK(play.deliver("hearth.test", {message}) == std::vector<std::string>{""});
        CHECK(hears(play.anna, play.room, "ben: (removed)"));
        CHECK(play.hearth().ask("SELECT count(*) FROM pending_redactions") == "0");
        CHECK(play.hearth().ask(fmt::format("SELECT json FROM events WHERE event_id = '{}'", message->id.str())).find("Hello") ==
              std::string::npos);
    }
    SUBCASE("before the event, in one transaction") {
        CHECK(play.deliver("hearth.test", {redaction, message}) == std::vector<std::string>{"", ""});
        CHECK(hears(play.anna, play.room, "ben: (removed)"));
        CHECK(play.hearth().ask("SELECT count(*) FROM pending_redactions") == "0");
    }
    SUBCASE("by somebody who may not: it is part of the room and does nothing") {
        const auto said = play.anna.say(play.room, "Anna's words");
        play.world.settle();
        const auto other = play.pdu(play.ben, "m.room.redaction", fmt::format(R"({{"redacts":"{}"}})", said));
        CHECK(play.deliver("hearth.test", {other}) == std::vector<std::string>{""});
        CHECK(hears(play.anna, play.room, "anna: Anna's words"));
    }
}

TEST_CASE("A thread and a reaction from the other server") {
    SharedRoom play;
    const auto root = play.anna.say(play.room, "A topic");
    play.world.settle();
    CHECK(play.ben.send(
              play.room, "m.room.message",
              fmt::format(R"({{"msgtype":"m.text","body":"An answer","m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}}}})",
                          root)) == "200");
    CHECK(play.ben.send(play.room, "m.reaction",
                        fmt::format(R"({{"m.relates_to":{{"rel_type":"m.annotation","event_id":"{}","key":"+"}}}})", root)) ==
          "200");
    play.world.settle();
    const auto threads = play.anna.get(fmt::format("/_matrix/client/v1/rooms/{}/threads", segment(play.room)));
    CHECK(threads.at("/chunk/0/event_id") == root);
    CHECK(threads.at("/chunk/0/unsigned/m.relations/m.thread/count") == "1");
    CHECK(threads.at("/chunk/0/unsigned/m.relations/m.thread/latest_event/content/body") == "An answer");
}

TEST_CASE("Somebody of the other server invites: Carl hears of it") {
    SharedRoom play(R"({"preset":"public_chat"})");
    auto carl = play.world.person("hearth.test", "carl");
    const auto invitation = play.pdu(play.ben, "m.room.member", R"({"membership":"invite"})", carl.id);
    CHECK(play.deliver("hearth.test", {invitation}) == std::vector<std::string>{""});
    CHECK(carl.get("/sync").has(fmt::format("/rooms/invite/{}", play.room)));
    CHECK(carl.join(play.room) == "200");
    play.world.settle();
    CHECK(play.room_at("haven.test")->is_joined(carl.id));
}
