// What another server asks of us, and what it hears: the reading operations of the server-server API.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr auto get = net::Method::get;

schema::JsonObject ask(TwoServers& world, const std::string& path, int status = 200) {
    const auto answer = world.ask("haven.test", "hearth.test", get, "/_matrix/federation/v1/" + path);
    CHECK_MESSAGE(answer.status == status, answer.body);
    return schema::parse_json(answer.body).get_object();
}

std::vector<std::string> texts(const schema::JsonObject& in, std::string_view list) {
    std::vector<std::string> found;
    for (const auto& entry : in.at(list).as_array()) found.emplace_back(entry.as_string());
    return found;
}

/// The words of messages in a list of PDUs.
std::string words(const schema::JsonObject& in, std::string_view list = "pdus") {
    std::string story;
    for (const auto& pdu : in.at(list).as_array())
        if (schema::string_at(pdu.as_object(), "type") == "m.room.message")
            story += (story.empty() ? "" : ", ") + std::string(schema::string_at(pdu.at("content").as_object(), "body").value_or("-"));
    return story;
}

}  // namespace

TEST_CASE("the state of a room comes whole, also when it takes several pieces") {
    SharedRoom play;
    constexpr int notes = 450;
    for (int i = 0; i < notes; ++i)
        REQUIRE(play.anna.set_state(play.room, "org.example.note", fmt::format(R"({{"n":{}}})", i), fmt::format("k{}", i)) == "200");
    const auto last = play.anna.say(play.room, "Now");
    play.world.settle();
    const auto query = fmt::format("{}?event_id={}", segment(play.room), segment(last));

    const auto state = ask(play.world, "state/" + query);
    const auto ids = ask(play.world, "state_ids/" + query);
    const auto pdu_ids = texts(ids, "pdu_ids"), chain_ids = texts(ids, "auth_chain_ids");
    CHECK(state.at("pdus").as_array().size() == pdu_ids.size());
    CHECK(state.at("auth_chain").as_array().size() == chain_ids.size());
    CHECK(pdu_ids.size() > notes + 5);
    CHECK(std::set(pdu_ids.begin(), pdu_ids.end()).size() == pdu_ids.size());
    const auto has = [&](std::string_view list, std::string_view type) {
        return std::ranges::count_if(state.at(list).as_array(), [&](const schema::Json& pdu) {
            return schema::string_at(pdu.as_object(), "type") == type;
        });
    };
    CHECK(has("pdus", "org.example.note") == notes);
    CHECK(has("pdus", "m.room.create") == 1);
    CHECK(has("auth_chain", "m.room.power_levels") == 1);
    CHECK(has("auth_chain", "org.example.note") == 0);
    CHECK(has("pdus", "m.room.message") == 0);

    SUBCASE("as often as it is asked for, one after the other") {
        for (int i = 0; i < 5; ++i) ask(play.world, "state_ids/" + query);
    }
    SUBCASE("what does not exist, or belongs elsewhere, is not found; strangers hear nothing") {
        const auto elsewhere = play.anna.say(play.anna.create_room(), "Elsewhere");
        ask(play.world, fmt::format("state/{}?event_id=%24nothing", segment(play.room)), 404);
        ask(play.world, fmt::format("state/{}?event_id={}", segment(play.room), segment(elsewhere)), 404);
        ask(play.world, fmt::format("state/{}", segment(play.room)), 400);
        ask(play.world, fmt::format("state_ids/{}?event_id={}", segment("!no:hearth.test"), segment(last)), 403);
    }
}

TEST_CASE("what a rejected event rests on is told, the event itself is not") {
    SharedRoom play;
    const auto bad = play.pdu(play.ben, "m.room.power_levels", R"({"users":{}})", "");
    CHECK(play.deliver("hearth.test", {bad}).at(0) != "");
    REQUIRE(play.hearth().ask(fmt::format("SELECT flags & 2 FROM events WHERE event_id = '{}'", bad->id.str())) == "2");
    const auto chain = ask(play.world, fmt::format("event_auth/{}/{}", segment(play.room), segment(bad->id.str())));
    std::set<std::string> types;
    for (const auto& pdu : chain.at("auth_chain").as_array()) types.emplace(*schema::string_at(pdu.as_object(), "type"));
    CHECK(types.contains("m.room.power_levels"));
    CHECK(types.contains("m.room.member"));
    ask(play.world, "event/" + segment(bad->id.str()), 404);
    ask(play.world, fmt::format("event_auth/{}/%24nothing", segment(play.room)), 404);
}

TEST_CASE("backfill: these events and what they build on, newest first, and nothing beside") {
    SharedRoom play;
    const auto before = play.anna.say(play.room, "Before");
    play.world.settle();
    play.world.cut_link();
    const auto annas = play.anna.say(play.room, "Anna alone");
    const auto bens = play.ben.say(play.room, "Ben alone");
    play.world.settle();
    play.world.restore_link();
    play.world.settle();
    const auto together = play.anna.say(play.room, "Together");
    play.world.settle();
    const auto backfill = [&](const std::string& from, int limit) {
        return ask(play.world, fmt::format("backfill/{}?v={}&limit={}", segment(play.room), segment(from), limit));
    };
    CHECK(words(backfill(bens, 50)) == "Ben alone, Before");
    CHECK(words(backfill(annas, 50)) == "Anna alone, Before");
    const auto all = words(backfill(together, 50));
    CHECK((all == "Together, Ben alone, Anna alone, Before" || all == "Together, Anna alone, Ben alone, Before"));
    CHECK(backfill(together, 2).at("pdus").as_array().size() == 2);
    CHECK(backfill(before, 1).at("pdus").as_array().size() == 1);
    CHECK(backfill(together, 100000).at("pdus").as_array().size() > 6);
    CHECK(backfill("$nothing", 10).at("pdus").as_array().empty());
    ask(play.world, fmt::format("backfill/{}?limit=5", segment(play.room)), 400);
}

TEST_CASE("get_missing_events: between what one has and what one has heard of") {
    SharedRoom play;
    std::vector<std::string> said;
    for (int i = 0; i < 6; ++i) said.push_back(play.anna.say(play.room, fmt::format("{}", i)));
    play.world.settle();
    const auto between = [&](std::size_t earliest, std::size_t latest, std::string_view more) {
        const auto answer = play.world.ask("haven.test", "hearth.test", net::Method::post,
                                           "/_matrix/federation/v1/get_missing_events/" + segment(play.room),
                                           fmt::format(R"({{"earliest_events":["{}"],"latest_events":["{}"]{}}})", said[earliest],
                                                       said[latest], more));
        CHECK(answer.status == 200);
        return words(schema::parse_json(answer.body).get_object(), "events");
    };
    CHECK(between(0, 5, "") == "1, 2, 3, 4");
    CHECK(between(0, 5, R"(,"limit":2)") == "3, 4");
    CHECK(between(4, 5, "") == "");
    const auto depth = play.hearth().ask(fmt::format("SELECT depth FROM events WHERE event_id = '{}'", said[3]));
    CHECK(between(0, 5, fmt::format(R"(,"min_depth":{})", depth)) == "3, 4");
}

TEST_CASE("a space as another server may see it") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto space = anna.create_room(R"({"preset":"public_chat","creation_content":{"type":"m.space"}})");
    const auto open = anna.create_room(R"({"preset":"public_chat","name":"Open"})");
    const auto closed = anna.create_room(R"({"preset":"private_chat","name":"Closed"})");
    const auto inner = anna.create_room(fmt::format(
        R"({{"preset":"private_chat","name":"Inner","initial_state":[{{"type":"m.room.join_rules","content":
            {{"join_rule":"restricted","allow":[{{"type":"m.room_membership","room_id":"{}"}}]}}}}]}})",
        open));
    for (const auto& child : {open, closed, inner})
        REQUIRE(anna.set_state(space, "m.space.child", fmt::format(R"({{"via":["hearth.test"],"suggested":{}}})", child == open),
                               child) == "200");
    REQUIRE(anna.set_state(space, "m.space.child", R"({"via":["hearth.test"]})", "!nowhere:hearth.test") == "200");
    const auto path = "hierarchy/" + segment(space);
    const auto names = [](const schema::JsonObject& told) {
        std::set<std::string> found;
        for (const auto& child : told.at("children").as_array()) found.emplace(*schema::string_at(child.as_object(), "name"));
        return found;
    };
    const auto closed_to = [&](const schema::JsonObject& told) {
        auto list = texts(told, "inaccessible_children");
        return std::set<std::string>(list.begin(), list.end());
    };

    const auto first = ask(world, path);
    CHECK(names(first) == std::set<std::string>{"Open"});
    CHECK(closed_to(first) == std::set<std::string>{closed, inner});
    CHECK(first.at("room").at("children_state").as_array().size() == 4);
    CHECK(names(ask(world, path + "?suggested_only=true")) == std::set<std::string>{"Open"});
    CHECK(closed_to(ask(world, path + "?suggested_only=true")).empty());

    SUBCASE("a restricted room opens to a server whose member is in the room that opens it") {
        REQUIRE(ben.join(open, "hearth.test") == "200");
        world.settle();
        const auto told = ask(world, path);
        CHECK(names(told) == std::set<std::string>{"Inner", "Open"});
        for (const auto& child : told.at("children").as_array())
            if (schema::string_at(child.as_object(), "name") == "Inner")
                CHECK(texts(child.as_object(), "allowed_room_ids") == std::vector<std::string>{open});
    }
    SUBCASE("what its server says is closed nobody asks for again") {
        const auto own = ben.create_room(R"({"creation_content":{"type":"m.space"}})");
        REQUIRE(ben.set_state(own, "m.space.child", R"({"via":["hearth.test"]})", space) == "200");
        world.link().log.clear();
        const auto tree = ben.get(fmt::format("/_matrix/client/v1/rooms/{}/hierarchy", segment(own)));
        CHECK(tree["/rooms"].as_array().size() == 3);    // His own space, Anna's, and the open room.
        const auto asked = std::ranges::count_if(
            world.link().log, [](const std::string& line) { return line.find("/hierarchy/") != std::string::npos; });
        CHECK(asked == 2);                               // For Anna's space, and for the room of which her server knows nothing.
    }
    SUBCASE("a room that none of ours is in any more is for others to describe") {
        REQUIRE(ben.join(open, "hearth.test") == "200");
        world.settle();
        REQUIRE(anna.leave(open) == "200");
        world.settle();
        ask(world, "hierarchy/" + segment(open), 404);
        CHECK(names(ask(world, path)).empty());
        CHECK(!closed_to(ask(world, path)).contains(open));
    }
}

TEST_CASE("the public rooms, as another server asks for them") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    for (const auto* name : {"Eins", "Zwei", "Drei"})
        anna.create_room(fmt::format(R"({{"preset":"public_chat","visibility":"public","name":"{}"}})", name));
    const auto count = [&](const std::string& query) { return ask(world, "publicRooms" + query).at("chunk").as_array().size(); };
    CHECK(count("") == 3);
    CHECK(count("?limit=2") == 2);
    CHECK(count("?limit=0") == 3);                       // "0 (no limit)"
    CHECK(count("?include_all_networks=true") == 3);
    CHECK(count("?third_party_instance_id=irc") == 0);
    ask(world, "publicRooms?third_party_instance_id=irc&include_all_networks=true", 400);
    const auto first = ask(world, "publicRooms?limit=2");
    const auto second = ask(world, "publicRooms?limit=2&since=" + std::string(*schema::string_at(first, "next_batch")));
    CHECK(second.at("chunk").as_array().size() == 1);
    CHECK_FALSE(second.contains("next_batch"));

    const auto asked = [&](std::string_view body) {
        const auto answer = ben.post("/publicRooms?server=hearth.test", body);
        return answer.status == 200 ? std::to_string(answer["/chunk"].as_array().size()) : answer.summary();
    };
    CHECK(asked("{}") == "3");
    CHECK(asked(R"({"filter":{"generic_search_term":"zwei"}})") == "1");
    CHECK(asked(R"({"third_party_instance_id":"irc"})") == "0");
    CHECK(asked(R"({"limit":1})") == "1");
    CHECK(ben.get("/publicRooms?server=hearth.test&third_party_instance_id=irc")["/chunk"].as_array().empty());
}

TEST_CASE("of another server's rooms our people are told what the specification promises them") {
    TwoServers world;
    auto ben = world.person("haven.test", "ben");
    world.link().tamper = [](const std::string&, federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (!request.target.ends_with("/publicRooms")) return std::nullopt;
        return federation::LinkAnswer{200, R"({"chunk":[{"room_id":"!a:hearth.test","num_joined_members":3}]})"};
    };
    const auto told = ben.post("/publicRooms?server=hearth.test", "{}");
    CHECK(told["/chunk/0/world_readable"].as_bool() == false);
    CHECK(told["/chunk/0/guest_can_join"].as_bool() == false);
}
