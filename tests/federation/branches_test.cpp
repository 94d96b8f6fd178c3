// Branches of a room's history that meet: how often that is worked out, and what it comes to.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/rooms/room.hpp"
#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr auto text = R"({"msgtype":"m.text","body":"Hello"})";
constexpr auto ben_may_all =
    R"({"preset":"public_chat","room_version":"11","power_level_content_override":{"users":{"@anna:hearth.test":100,"@ben:haven.test":100}}})";

/// Both sides change what the other changes, too: levels, and the membership of many who have never been there.
struct Split : SharedRoom {
    Split() : SharedRoom(ben_may_all) {
        since = anna.get("/sync").at("/next_batch");
        world.cut_link();
        for (auto* person : {&anna, &ben}) {
            const bool is_anna = person == &anna;
            CHECK(person->set_state(room, "m.room.power_levels",
                                    fmt::format(R"({{"users":{{"{}":100,"{}":100}},"invite":{}}})", anna.id, ben.id,
                                                is_anna ? 10 : 20)) == "200");
            for (int i = 0; i < people; ++i)
                CHECK(person->post(fmt::format("/rooms/{}/ban", segment(room)),
                                   fmt::format(R"({{"user_id":"{}"}})", somebody(is_anna ? "a" : "b", i))) == "200");
            world.advance(std::chrono::seconds(1));
        }
    }
    void mend() {
        world.restore_link();
        world.settle();
    }
    static std::string somebody(std::string_view whose, int i) { return fmt::format("@{}{}:hearth.test", whose, i); }
    int resolutions() { return room_at("hearth.test")->resolutions() + room_at("haven.test")->resolutions(); }
    std::map<std::string, std::string> state_at(Neighbour& person) {
        std::map<std::string, std::string> state;
        const auto answer = person.get(fmt::format("/rooms/{}/state", segment(room)));
        for (const auto& event : answer.json.as_array())
            state.emplace(std::string(event.at("type").as_string()) + "/" + std::string(event.at("state_key").as_string()),
                          event.at("event_id").as_string());
        return state;
    }
    static constexpr int people = 12;
    std::string since;
};

}  // namespace

TEST_CASE("Two long branches meet: what they come to is worked out a few times, not for each event") {
    Split play;
    play.mend();
    // Each side takes in the other's branch, then perhaps the event that ties them.
    CHECK(play.resolutions() >= 2);
    CHECK(play.resolutions() <= 4);
    play.anna.say(play.room, "Together again");
    play.world.settle();
    play.ben.say(play.room, "At last");
    play.world.settle();
    CHECK(play.resolutions() <= 4);
    CHECK(play.room_at("hearth.test")->extremities() == play.room_at("haven.test")->extremities());

    const auto state = play.state_at(play.anna);
    CHECK(state == play.state_at(play.ben));
    for (int i = 0; i < Split::people; ++i) {
        CHECK(state.contains("m.room.member/" + Split::somebody("a", i)));
        CHECK(state.contains("m.room.member/" + Split::somebody("b", i)));
    }

    SUBCASE("whoever syncs across it learns of all that changed") {
        const auto sync = play.anna.get("/sync?since=" + play.since);
        const auto told = schema::to_text(sync[fmt::format("/rooms/join/{}", play.room)]);
        for (int i = 0; i < Split::people; ++i) CHECK(told.find(Split::somebody("b", i)) != std::string::npos);
    }
    SUBCASE("and after a restart it is the same") {
        play.world.restart();
        CHECK(play.state_at(play.anna) == state);
        CHECK(play.state_at(play.ben) == state);
        play.ben.say(play.room, "Still here");
        play.world.settle();
        CHECK(play.anna.sees(play.room).ends_with("ben: Still here"));
        CHECK(play.resolutions() == 0);
    }
}

TEST_CASE("Whoever goes on talking on a branch of their own costs nobody a resolution") {
    SharedRoom play(ben_may_all);
    // Ben's server hears nothing of Anna's; what it says arrives.
    play.world.link().tamper = [](const std::string& to,
                                  federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (to != "haven.test" || !request.target.starts_with("/_matrix/federation/v1/send/")) return std::nullopt;
        return federation::LinkAnswer{200, R"({"pdus":{}})"};
    };
    CHECK(play.anna.set_state(play.room, "m.room.topic", R"({"topic":"Anna's"})") == "200");
    CHECK(play.ben.set_state(play.room, "m.room.name", R"({"name":"Ben's"})") == "200");
    play.world.settle();
    const auto room = play.room_at("hearth.test");
    CHECK(room->extremities().size() == 2);
    CHECK(room->resolutions() == 1);
    for (int i = 0; i < 5; ++i) {
        play.ben.say(play.room, fmt::format("Message {}", i));
        play.world.settle();
    }
    CHECK(room->extremities().size() == 2);
    CHECK(room->resolutions() == 1);
    CHECK(room->state_content("m.room.topic").at("topic") == "Anna's");
    CHECK(room->state_content("m.room.name").at("name") == "Ben's");
    CHECK(play.anna.sees(play.room).ends_with("ben: Message 3, ben: Message 4"));
    play.anna.say(play.room, "I tie this together");
    CHECK(room->extremities().size() == 1);
    play.ben.say(play.room, "Not heard of it");
    play.world.settle();
    CHECK(room->state_content("m.room.name").at("name") == "Ben's");
    play.world.link().tamper = nullptr;
}

TEST_CASE("What fails softly is decided by the room as it is, also within one transaction") {
    SharedRoom play(ben_may_all);
    auto carl = play.world.person("haven.test", "carl");
    bring_in(play.world, play.anna, carl, play.room);
    const auto ban = play.pdu(play.ben, "m.room.member", R"({"membership":"ban"})", carl.id);
    const auto spoken = play.pdu(carl, "m.room.message", text);
    const auto room = play.room_at("hearth.test");

    SUBCASE("on another branch than the ban that came before it: kept, not shown, not built upon") {
        CHECK(play.deliver("hearth.test", {ban, spoken}) == std::vector<std::string>{"", ""});
        CHECK(play.anna.sees(play.room).ends_with("+carl, !carl"));
        CHECK(room->extremities() == std::vector{ban->id});
        CHECK(play.hearth().ask("SELECT count(*) FROM events WHERE flags & 4 <> 0 AND ord IS NULL") == "1");
    }
    SUBCASE("before the ban: shown") {
        CHECK(play.deliver("hearth.test", {spoken, ban}) == std::vector<std::string>{"", ""});
        CHECK(play.anna.sees(play.room).ends_with("carl: Hello, !carl"));
        CHECK_FALSE(room->is_joined(carl.id));
    }
    SUBCASE("beside Anna's changes: the ban holds there, too") {
        play.deliver("hearth.test", {});                 // Whoever is not known yet is asked for a key.
        play.world.link().tamper = [](const std::string& to, federation::LinkRequest&) -> std::optional<federation::LinkAnswer> {
            if (to == "haven.test") throw federation::LinkFailed("timeout");
            return std::nullopt;
        };
        CHECK(play.anna.set_state(play.room, "m.room.topic", R"({"topic":"Anna's"})") == "200");
        const auto answer = play.world.ask("haven.test", "hearth.test", net::Method::put, "/_matrix/federation/v1/send/1",
                                           fmt::format(R"({{"edus":[],"pdus":[{},{}]}})", ban->json, spoken->json));
        CHECK(answer.status == 200);
        play.world.link().tamper = nullptr;
        play.world.settle();
        CHECK(play.anna.sees(play.room).ends_with("+carl, !carl"));
        CHECK(room->state_content("m.room.topic").at("topic") == "Anna's");
        CHECK_FALSE(room->is_joined(carl.id));
    }
}

TEST_CASE("Who was given the right on the other branch may use it there") {
    SharedRoom play(ben_may_all);
    auto carl = play.world.person("haven.test", "carl");
    bring_in(play.world, play.anna, carl, play.room);
    play.world.cut_link();
    CHECK(play.anna.set_state(play.room, "m.room.name", R"({"name":"Anna's"})") == "200");
    CHECK(play.ben.set_state(play.room, "m.room.power_levels",
                             fmt::format(R"({{"users":{{"{}":100,"{}":100,"{}":50}}}})", play.anna.id, play.ben.id, carl.id)) ==
          "200");
    CHECK(carl.set_state(play.room, "m.room.topic", R"({"topic":"Carl's"})") == "200");
    play.world.restore_link();
    play.world.settle();
    const auto room = play.room_at("hearth.test");
    CHECK(room->state_content("m.room.topic").at("topic") == "Carl's");
    CHECK(room->state_content("m.room.name").at("name") == "Anna's");
    CHECK(play.hearth().ask("SELECT count(*) FROM events WHERE flags & 6 <> 0") == "0");
}
