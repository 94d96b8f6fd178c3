#include "core/rooms/state_resolution.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/plain_resolution.hpp"
#include "tests/support/room_play.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

const std::vector<std::string> v2_and_later{"2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"};

/// The resolution of several branches, which must not depend on their order, on how often one is named,
/// or on how the auth events are fetched; and which must be what the spec says word for word.
rooms::StateMap resolved(const RoomPlay& play, std::vector<rooms::StateMap> sets) {
    const auto source = play.source();
    const auto result = rooms::resolve(play.rules, sets, source);

    std::vector<std::size_t> order(sets.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    do {
        std::vector<rooms::StateMap> shuffled;
        for (const auto i : order) shuffled.push_back(sets[i]);
        CHECK(rooms::resolve(play.rules, shuffled, source) == result);
    } while (sets.size() < 4 && std::ranges::next_permutation(order).found);

    auto repeated = sets;
    repeated.push_back(sets.front());
    CHECK(rooms::resolve(play.rules, repeated, source) == result);

    auto with_edges = source;
    with_edges.auth_events = [&](const schema::EventId& id) {
        const auto event = source.event(id);
        return event ? event->auth_events : std::vector<schema::EventId>();
    };
    CHECK(rooms::resolve(play.rules, sets, with_edges) == result);

    if (play.rules.resolution != schema::RoomRules::Resolution::v1)
        CHECK(PlainResolution(play.rules, source).resolve(sets) == result);
    return result;
}

rooms::StateMap resolved(std::initializer_list<RoomPlay> branches) {
    std::vector<rooms::StateMap> sets;
    for (const auto& branch : branches) sets.push_back(branch.state_map());
    return resolved(*branches.begin(), std::move(sets));
}

/// The name of the event that holds a key: "e7"; "" for none.
std::string holder(const rooms::StateMap& state, std::string_view type, std::string_view state_key = "") {
    const auto* id = state.find(type, state_key);
    return id ? id->str().substr(1, id->str().find(':') - 1) : "";
}

Line named(std::string id, Line line) {
    line.id = std::move(id);
    return line;
}
Line topic(std::string id, const std::string& sender) {
    return named(id, state_event(sender, "m.room.topic", fmt::format(R"({{"topic":"{}"}})", id)));
}
/// Power levels that give these people these levels, and Anna hers.
Line levels(const RoomPlay& play, std::string id, const std::string& sender,
            std::initializer_list<std::pair<std::string, int>> people) {
    schema::JsonObject users;
    if (!play.rules.creators_have_infinite_power) users[anna] = 100;
    for (const auto& [person, level] : people) users[person] = level;
    return {"m.room.power_levels", sender, "", {{"users", users}}, {}, std::move(id)};
}

/// Anna's public room with Ben in it, who has level 50.
RoomPlay with_moderator(std::string_view version) {
    auto play = RoomPlay::begun(version);
    play.happens(named("ben-joins", membership(ben, ben, "join")));
    play.happens(levels(play, "ben-moderates", anna, {{ben, 50}}));
    return play;
}

}  // namespace

TEST_CASE("a state map holds one event for each key, the last one given") {
    const auto id = [](std::string_view text) { return *schema::EventId::parse(text); };
    rooms::StateMap map{{{"b", ""}, id("$1")}, {{"a", "x"}, id("$2")}, {{"b", ""}, id("$3")}, {{"a", ""}, id("$4")}};
    CHECK(map.size() == 3);
    CHECK(*map.find("b", "") == id("$3"));
    CHECK(map.find("a", "y") == nullptr);
    CHECK(map.begin()->id == id("$4"));
    map.set({"a", "x"}, id("$5"));
    map.set({"c", ""}, id("$6"));
    CHECK(*map.find("a", "x") == id("$5"));
    map.erase("a", "");
    map.erase("nothing", "");
    CHECK(map == rooms::StateMap{{{"c", ""}, id("$6")}, {{"b", ""}, id("$3")}, {{"a", "x"}, id("$5")}});
}

TEST_CASE("where nobody disagrees nothing is loaded") {
    const auto play = with_moderator("12");
    const rooms::EventSource nothing{.event = [](const auto&) -> schema::EventPtr {
                                         FAIL("loaded");
                                         return nullptr;
                                     },
                                     .is_rejected = {},
                                     .auth_events = {}};
    const std::vector<rooms::StateMap> same(3, play.state_map());
    CHECK(rooms::resolve(play.rules, same, nothing) == play.state_map());
    CHECK(rooms::resolve(play.rules, std::span(same).first(1), nothing) == play.state_map());
    CHECK(rooms::resolve(play.rules, {}, nothing).empty());
}

TEST_CASE("a ban wins over what the banned moderator changes at the same time") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto left = with_moderator(version).fork("left"), right = left.fork("right");
        left.happens(named("ban", membership(anna, ben, "ban")));
        right.happens(levels(right, "levels", ben, {{ben, 50}, {carl, 50}}));
        right.happens(topic("topic", ben));

        const auto state = resolved({left, right});
        CHECK(holder(state, "m.room.member", ben) == "ban");
        CHECK(holder(state, "m.room.power_levels") == "ben-moderates");
        CHECK(holder(state, "m.room.topic") == "");
    }
}

TEST_CASE("nobody evades a join rule by joining beside it") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto left = with_moderator(version).fork("left"), right = left.fork("right");
        left.happens(named("closed", state_event(anna, "m.room.join_rules", R"({"join_rule":"invite"})")));
        right.happens(named("dora-joins", membership(dora, dora, "join")));

        const auto state = resolved({left, right});
        CHECK(holder(state, "m.room.join_rules") == "closed");
        CHECK(holder(state, "m.room.member", dora) == "");
    }
}

TEST_CASE("of two topics, that under the newer power levels stays, whatever the clocks say") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto left = with_moderator(version).fork("left"), right = left.fork("right");
        auto early = topic("early", anna);
        early.ts = 900'000;  // A clock that is far ahead.
        left.happens(early);
        right.happens(levels(right, "newer", anna, {{ben, 60}}));
        auto late = topic("late", ben);
        late.ts = 2'000;
        right.happens(late);

        const auto state = resolved({left, right});
        CHECK(holder(state, "m.room.power_levels") == "newer");
        CHECK(holder(state, "m.room.topic") == "late");
    }
}

TEST_CASE("under the same power levels the later topic stays, at the same time that with the greater id") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto left = with_moderator(version).fork("left"), right = left.fork("right");
        auto first = topic("a-topic", ben), second = topic("b-topic", anna);
        second.ts = 5'000;
        SUBCASE("later") { first.ts = 5'001; }
        SUBCASE("at the same time") { first.ts = 5'000; }
        left.happens(first);
        right.happens(second);
        CHECK(holder(resolved({left, right}), "m.room.topic") == (first.ts == 5'001 ? "a-topic" : "b-topic"));
    }
}

TEST_CASE("who was demoted cannot promote others beside it") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto left = with_moderator(version).fork("left"), right = left.fork("right");
        left.happens(levels(left, "demoted", anna, {{ben, 0}}));
        left.happens(topic("annas", anna));
        right.happens(levels(right, "promoted", ben, {{ben, 50}, {dora, 50}}));
        right.happens(topic("bens", ben));

        const auto state = resolved({left, right});
        CHECK(holder(state, "m.room.power_levels") == "demoted");
        CHECK(holder(state, "m.room.topic") == "annas");
    }
}

TEST_CASE("a chain of power levels on one side stays as a whole") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto left = with_moderator(version).fork("left"), right = left.fork("right");
        left.happens(named("dora-joins", membership(dora, dora, "join")));
        left.happens(levels(left, "dora-too", ben, {{ben, 50}, {dora, 50}}));
        left.happens(levels(left, "dora-resigns", dora, {{ben, 50}, {dora, 0}}));
        right.happens(topic("topic", anna));

        const auto state = resolved({left, right});
        CHECK(holder(state, "m.room.power_levels") == "dora-resigns");
        CHECK(holder(state, "m.room.topic") == "topic");
        CHECK(holder(state, "m.room.member", dora) == "dora-joins");
    }
}

TEST_CASE("who was banned loses what she changed beside the ban, others keep theirs") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto play = with_moderator(version);
        play.happens(topic("before", anna));
        auto left = play.fork("left"), right = play.fork("right");
        left.happens(topic("bens", ben));
        left.happens(named("ban", membership(anna, ben, "ban")));
        right.happens(named("name", state_event(anna, "m.room.name", "{}")));

        const auto state = resolved({left, right});
        CHECK(holder(state, "m.room.member", ben) == "ban");
        CHECK(holder(state, "m.room.topic") == "before");
        CHECK(holder(state, "m.room.name") == "name");
    }
}

TEST_CASE("three branches with conflicts about everything") {
    for (const auto& version : v2_and_later) {
        CAPTURE(version);
        auto play = with_moderator(version);
        auto one = play.fork("one"), two = play.fork("two"), three = play.fork("three");
        one.happens(membership(dora, dora, "join"));
        one.happens(topic("t1", ben));
        two.happens(named("kick", membership(anna, ben, "leave")));
        two.happens(topic("t2", anna));
        three.happens(levels(three, "levels", ben, {{ben, 40}}));
        three.happens(named("carl-joins", membership(carl, carl, "join")));

        const auto state = resolved({one, two, three});
        CHECK(holder(state, "m.room.member", ben) == "kick");
        CHECK(holder(state, "m.room.power_levels") == "ben-moderates");
        CHECK(holder(state, "m.room.topic") == "t2");
        CHECK(holder(state, "m.room.member", dora) != "");
        CHECK(holder(state, "m.room.member", carl) == "carl-joins");
    }
}

// The state resets that algorithm v2.1 was made against (MSC4297, summed up in the spec's notes on version
// 12).

TEST_CASE("v2 judges old memberships by today's rules and loses them, v2.1 by the rules they were made under") {
    for (const auto& version : {"11", "12"}) {
        CAPTURE(version);
        auto play = with_moderator(version);
        play.happens(named("dora-joins", membership(dora, dora, "join")));
        play.happens(named("closed", state_event(anna, "m.room.join_rules", R"({"join_rule":"invite"})")));
        auto with_dora = play.fork("with"), without = play.fork("without");
        without.forget("m.room.member", dora);  // A server that was told a wrong state, say.

        const auto state = resolved({with_dora, without});
        CHECK(holder(state, "m.room.join_rules") == "closed");
        CHECK(holder(state, "m.room.member", dora) == (play.rules.room_id_is_create_hash ? "dora-joins" : ""));
    }
}

TEST_CASE("v2 forgets what led from the one power levels to the other, v2.1 replays it") {
    for (const auto& version : {"11", "12"}) {
        CAPTURE(version);
        auto play = with_moderator(version);  // Power levels "ben-moderates", here of Anna.
        auto before = play.now("m.room.power_levels");
        play.happens(levels(play, "ben-decides", anna, {{ben, 100}}));
        play.happens(levels(play, "bens-own", ben, {{ben, 100}, {carl, 30}}));
        play.happens(named("name", state_event(ben, "m.room.name", "{}")));  // Keeps the chain in both sets.
        auto reset = play.fork("reset");
        reset.state[{"m.room.power_levels", ""}] = before;

        const auto state = resolved({play, reset});
        CHECK(holder(state, "m.room.power_levels") == (play.rules.room_id_is_create_hash ? "bens-own" : "ben-moderates"));
    }
}

TEST_CASE("rejected events authorise nothing") {
    for (const auto& version : {"11", "12"}) {
        CAPTURE(version);
        auto play = with_moderator(version);
        auto left = play.fork("left"), right = play.fork("right");
        const auto joined = left.happens(named("dora-joins", membership(dora, dora, "join")));
        left.happens(named("dora-renamed", membership(dora, dora, "join", json(R"({"displayname":"D."})"))));
        right.happens(named("closed", state_event(anna, "m.room.join_rules", R"({"join_rule":"invite"})")));

        const std::vector sets{left.state_map(), right.state_map()};
        auto source = play.source();
        // Her first join is refused beside "closed". Her second stands on what it cites, and that is the
        // first.
        REQUIRE(holder(rooms::resolve(play.rules, sets, source), "m.room.member", dora) == "dora-renamed");
        source.is_rejected = [&](const schema::EventId& id) { return id == joined->id; };
        const auto state = rooms::resolve(play.rules, sets, source);
        CHECK(holder(state, "m.room.member", dora) == "");
        CHECK(PlainResolution(play.rules, source).resolve(sets) == state);
    }
}

TEST_CASE("a rejected event can win its key and still authorises nothing") {
    for (const auto& version : {"11", "12"}) {
        CAPTURE(version);
        auto play = RoomPlay::begun(version);
        play.happens(levels(play, "dora-may", anna, {{dora, 50}}));
        auto left = play.fork("left"), right = play.fork("right");
        const auto joined = left.happens(named("dora-joins", membership(dora, dora, "join")));
        left.happens(named("name", state_event(dora, "m.room.name", "{}")));

        const std::vector sets{left.state_map(), right.state_map()};
        auto source = play.source();
        REQUIRE(holder(rooms::resolve(play.rules, sets, source), "m.room.name") == "name");
        source.is_rejected = [&](const schema::EventId& id) { return id == joined->id; };
        const auto state = rooms::resolve(play.rules, sets, source);
        CHECK(holder(state, "m.room.member", dora) == "dora-joins");
        CHECK(holder(state, "m.room.name") == "");
    }
}

TEST_CASE("v1: the deeper topic stays, and of equally deep ones that with the smaller hash") {
    auto play = with_moderator("1");
    auto left = play.fork("left"), right = play.fork("right");
    left.happens(topic("low", ben));
    right.happens(named("name", state_event(anna, "m.room.name", "{}")));
    right.happens(topic("deep", ben));
    auto state = resolved({left, right});
    CHECK(holder(state, "m.room.topic") == "deep");
    CHECK(holder(state, "m.room.name") == "name");  // Only one has it: v1 sees no conflict.

    auto one = play.fork("one"), two = play.fork("two");
    one.happens(topic("x1", ben));
    two.happens(topic("x2", ben));
    const auto smaller = schema::sha1("$x1:haven.test") < schema::sha1("$x2:haven.test") ? "x1" : "x2";
    CHECK(holder(resolved({one, two}), "m.room.topic") == smaller);
}

TEST_CASE("v1: power levels, join rules and members are resolved in this order, each from the oldest on") {
    auto play = with_moderator("1");
    play.happens(named("dora-joins", membership(dora, dora, "join")));
    auto left = play.fork("left"), right = play.fork("right");
    left.happens(levels(left, "first", ben, {{ben, 50}, {carl, 20}}));
    right.happens(topic("aside", ben));
    right.happens(levels(right, "second", anna, {{ben, 0}}));
    right.happens(named("kick", membership(anna, dora, "leave")));
    left.happens(topic("bens", ben));
    left.happens(named("bens-kick", membership(ben, dora, "leave")));

    const auto state = resolved({left, right});
    CHECK(holder(state, "m.room.power_levels") == "second");
    // Ben may not set a topic under "second": neither is allowed, so the oldest stays.
    CHECK(holder(state, "m.room.topic") == "aside");
    CHECK(holder(state, "m.room.member", dora) == "kick");
}

TEST_CASE("v1: power levels stop at the first that are not allowed") {
    auto play = with_moderator("1");
    auto one = play.fork("one"), two = play.fork("two"), three = play.fork("three");
    one.happens(levels(one, "demoted", anna, {{ben, 0}}));
    two.happens(message(anna));
    two.happens(levels(two, "bens", ben, {{ben, 50}, {carl, 20}}));
    three.happens(message(anna));
    three.happens(message(anna));
    three.happens(levels(three, "annas", anna, {{ben, 50}}));
    CHECK(holder(resolved({one, two}), "m.room.power_levels") == "demoted");
    CHECK(holder(resolved({one, three}), "m.room.power_levels") == "annas");
    CHECK(holder(resolved({one, two, three}), "m.room.power_levels") == "demoted");
}

TEST_CASE("a fork in a room of 5,000 loads what is disputed, not what is agreed") {
    auto play = with_moderator("11");
    const auto member = [](int number) { return fmt::format("@member{}:hearth.test", number); };
    for (int i = 0; i < 5000; ++i) play.given(membership(member(i), member(i), "join"));
    auto left = play.fork("left"), right = play.fork("right");
    for (int i = 0; i < 50; ++i) left.given(named(fmt::format("leave{}", i), membership(member(i), member(i), "leave")));
    for (int i = 25; i < 75; ++i) right.given(named(fmt::format("rename{}", i), membership(member(i), member(i), "join")));

    const std::vector sets{left.state_map(), right.state_map()};
    std::size_t loaded = 0;
    auto source = play.source();
    const auto find = source.event;
    source.event = [&](const schema::EventId& id) { return ++loaded, find(id); };
    source.auth_events = [&](const schema::EventId& id) { return find(id)->auth_events; };
    const auto state = rooms::resolve(play.rules, sets, source);
    CHECK(state.size() == play.state_map().size());
    CHECK(holder(state, "m.room.member", member(0)) == "leave0");
    CHECK(holder(state, "m.room.member", member(60)) == "rename60");
    CHECK(loaded < 300);
}

namespace {

/// People who do at random what the rules let them do, in branches that fork and meet.
class RandomRoom {
public:
    RandomRoom(std::string_view version, unsigned seed) : random_(seed), play_(with_moderator(version)) {}

    void live(int rounds) {
        for (int round = 0; round < rounds; ++round) {
            std::vector<RoomPlay> branches;
            const auto count = 2 + pick(2);
            for (std::size_t i = 0; i < count; ++i) {
                branches.push_back(play_.fork(fmt::format("r{}b{}-", round, i)));
                const auto lines = 1 + pick(8);
                for (std::size_t n = 0; n < lines; ++n) act(branches.back());
            }
            std::vector<rooms::StateMap> sets;
            std::vector<schema::EventPtr> last;
            for (const auto& branch : branches) {
                sets.push_back(branch.state_map());
                last.push_back(branch.last().front());
            }
            // Sometimes somebody else's idea of the state comes in.
            if (!older_.empty() && pick(4) == 0) sets.push_back(older_[pick(older_.size())]);
            const auto state = resolved(play_, sets);
            for (const auto& entry : sets.front()) {
                const auto is_same = [&](const rooms::StateMap& set) {
                    const auto* id = set.find(entry.key.type, entry.key.state_key);
                    return id && *id == entry.id;
                };
                if (std::ranges::all_of(sets, is_same)) CHECK(*state.find(entry.key.type, entry.key.state_key) == entry.id);
            }
            play_.meet(state, std::move(last));
            older_.push_back(state);
        }
    }

private:
    std::size_t pick(std::size_t below) { return random_() % below; }
    const std::string& somebody() {
        static const std::vector people{anna, ben, carl, dora};
        return people[pick(people.size())];
    }
    void act(RoomPlay& play) {
        static const std::vector<std::string_view> kinds{"join", "join", "invite", "leave", "ban", "knock"};
        static const std::vector<std::string_view> rules{"public", "invite", "knock", "public"};
        const auto sender = somebody();
        Line line;
        switch (pick(5)) {
            case 0: {
                schema::JsonObject users;
                if (!play.rules.creators_have_infinite_power) users[anna] = 100;
                for (const auto& person : {ben, carl, dora})
                    if (pick(2)) users[person] = 50 * pick(3);
                line = {"m.room.power_levels", sender, "", {{"users", users}}};
                break;
            }
            case 1:
                line = state_event(sender, "m.room.join_rules", fmt::format(R"({{"join_rule":"{}"}})", rules[pick(rules.size())]));
                break;
            case 2: line = state_event(sender, pick(2) ? "m.room.topic" : "m.room.name", "{}"); break;
            default: line = membership(sender, pick(2) ? sender : somebody(), kinds[pick(kinds.size())]);
        }
        line.ts = 1'000 + static_cast<std::int64_t>(pick(40));  // Clocks are wrong and often agree.
        const auto event = play.write(line);
        if (rooms::authorise(*event, play.rules, play.lookup()).allowed) play.enters(event);
    }

    std::mt19937 random_;
    RoomPlay play_;
    std::vector<rooms::StateMap> older_;
};

}  // namespace

TEST_CASE("random rooms resolve as the spec says, in whatever order the branches come") {
    for (const auto& version : {"1", "2", "6", "11", "12"}) {
        for (unsigned seed = 0; seed < 25; ++seed) {
            CAPTURE(version);
            CAPTURE(seed);
            RandomRoom(version, seed).live(4);
        }
    }
}

TEST_CASE("nonsense resolves to something: cycles, holes, wrong types, several rooms") {
    for (const auto& version : {"1", "2", "11", "12"}) {
        for (unsigned seed = 0; seed < 60; ++seed) {
            CAPTURE(version);
            CAPTURE(seed);
            std::mt19937 random(seed);
            const auto pick = [&](std::size_t below) { return random() % below; };
            auto play = with_moderator(version);
            const std::vector<std::string> types{"m.room.create",     "m.room.member", "m.room.power_levels",
                                                 "m.room.join_rules", "m.room.topic",  "m.room.third_party_invite"};
            const std::vector<std::string> contents{
                R"({})",          R"({"membership":"join"})", R"({"membership":"ban"})",    R"({"users":{"@ben:haven.test":100}})",
                R"({"users":7})", R"({"join_rule":1})",       R"({"membership":["join"]})", R"({"users_default":"x"})"};
            const std::vector<std::string> people{anna, ben, carl, dora};
            const auto id = [&] { return *schema::EventId::parse(play.event_id(fmt::format("n{}", pick(30)), anna)); };
            for (int i = 0; i < 25; ++i) {
                Line line{types[pick(types.size())], people[pick(4)], pick(2) ? people[pick(4)] : "",
                          json(contents[pick(contents.size())])};
                if (line.type == "m.room.create")
                    line.state_key = "";
                else if (pick(8) == 0)
                    line.state_key.reset();
                schema::JsonArray cited;
                for (auto n = pick(5); n > 0; --n) {
                    if (play.rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen)
                        cited.push_back(schema::JsonArray{id().str(), schema::JsonObject()});
                    else
                        cited.emplace_back(id().str());
                }
                line.more["auth_events"] = cited;
                if (pick(10) == 0 && line.type != "m.room.create") line.more["room_id"] = "!elsewhere:haven.test";
                line.id = fmt::format("n{}", i);
                play.write(line);
            }
            std::vector<rooms::StateMap> sets(2 + pick(3));
            for (auto& set : sets)
                for (int i = 0; i < 12; ++i) set.set({types[pick(6)], pick(2) ? people[pick(4)] : ""}, id());
            if (pick(2)) sets.front() = play.state_map();

            const auto source = play.source();
            const auto state = rooms::resolve(play.rules, sets, source);
            std::ranges::shuffle(sets, random);
            CHECK(rooms::resolve(play.rules, sets, source) == state);
        }
    }
}
