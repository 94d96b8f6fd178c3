#include "federation/event_checks.hpp"

#include <doctest/doctest.h>

#include "federation/federation.hpp"
#include "schema/refusal.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;
using federation::CheckedEvent;
using schema::JsonObject;

namespace {

const schema::RoomRules& version(std::string_view name) { return *schema::find_room_rules(name); }

JsonObject message(std::string_view sender) {
    return {{"type", "m.room.message"},
            {"room_id", "!evening:haven.test"},
            {"sender", sender},
            {"content", {{"msgtype", "m.text"}, {"body", "Good evening"}}},
            {"origin_server_ts", 1'700'000'000'000},
            {"depth", 7},
            {"prev_events", schema::JsonArray{}},
            {"auth_events", schema::JsonArray{}}};
}

/// What hearth thinks of events, with haven's keys fetched over the link.
std::vector<CheckedEvent> check(TwoServers& world, std::vector<std::string> pdus, const schema::RoomRules& rules) {
    auto& hearth = world.server("hearth.test");
    return hearth.runtime().wait(
        hearth.wiring().federation->event_checks.check(std::move(pdus), rules, schema::RoomId::parse("!evening:haven.test")));
}

}  // namespace

TEST_CASE("what makes an event of another server acceptable") {
    TwoServers world;
    const auto& rules = version("11");
    const schema::SigningKey theirs("of_n", std::string(32, 'n')), forged("of_n", std::string(32, 'x')),
        other("other", std::string(32, 'n'));
    auto event = message("@ben:haven.test");
    event["origin_server_ts"] = world.server("hearth.test").now_ms();
    const auto pdu = [&](const schema::SigningKey& key, std::string_view server = "haven.test") {
        return schema::seal_event(event, rules, server, key)->json;
    };
    REQUIRE(check(world, {pdu(theirs)}, rules).front());

    SUBCASE("who else signed it does not matter") {
        auto parsed = schema::parse_json(pdu(theirs)).as_object();
        schema::sign_event(parsed, rules, "harbour.test", forged);
        CHECK(check(world, {schema::canonical_json(parsed)}, rules).front());
        CHECK(std::ranges::count(world.link().log, "GET harbour.test /_matrix/key/v2/server") == 0);
    }
    SUBCASE("changed content leaves what the signature covers") {
        auto parsed = schema::parse_json(pdu(theirs)).as_object();
        parsed["content"].as_object()["body"] = "Give me your password";
        const auto checked = check(world, {schema::canonical_json(parsed)}, rules);
        REQUIRE(checked.front());
        CHECK(checked.front().pruned);
        CHECK(checked.front().event->content().empty());
        CHECK(checked.front().event->id == schema::parse_event(pdu(theirs), rules)->id);
    }
    SUBCASE("an invitation by a third party is not signed by the inviter") {
        event = message("@ben:harbour.test");
        event["type"] = "m.room.member";
        event["state_key"] = "@anna:hearth.test";
        event["content"] = {{"membership", "invite"}, {"third_party_invite", JsonObject{}}};
        CHECK(check(world, {pdu(theirs)}, rules).front());
    }

    std::string bad, why;
    SUBCASE("a wrong key") { bad = pdu(forged), why = "the signature is wrong: haven.test"; }
    SUBCASE("a key nobody knows") { bad = pdu(other), why = "the signing key is not known: haven.test"; }
    SUBCASE("signed by somebody else") { bad = pdu(theirs, "harbour.test"), why = "it is not signed by haven.test"; }
    SUBCASE("a key that was not valid then") {
        event["origin_server_ts"] = world.server("hearth.test").now_ms() + 30LL * 24 * 3600 * 1000;
        bad = pdu(theirs), why = "the signing key is not known: haven.test";
    }
    SUBCASE("of another room") {
        event["room_id"] = "!morning:haven.test";
        bad = pdu(theirs), why = "it belongs to another room";
    }
    SUBCASE("a restricted join without its voucher's signature") {
        event["type"] = "m.room.member";
        event["state_key"] = "@ben:haven.test";
        event["content"] = {{"membership", "join"}, {"join_authorised_via_users_server", "@carl:harbour.test"}};
        bad = pdu(theirs), why = "it is not signed by harbour.test";
    }
    SUBCASE("no event at all") { bad = "[]", why = "An event must be a JSON object."; }
    if (bad.empty()) return;
    // One rotten apple leaves the others as they are.
    event = message("@ben:haven.test");
    event["origin_server_ts"] = world.server("hearth.test").now_ms();
    const auto checked = check(world, {pdu(theirs), bad, pdu(theirs)}, rules);
    CHECK(checked[0]);
    CHECK_FALSE(checked[1]);
    CHECK(checked[1].why == why);
    CHECK(checked[2]);
}

TEST_CASE("old room versions: the event id's server signs, too, and any key that ever was will do") {
    TwoServers world;
    const schema::SigningKey theirs("of_n", std::string(32, 'n'));
    auto event = message("@ben:haven.test");
    event["origin_server_ts"] = world.server("hearth.test").now_ms() + 30LL * 24 * 3600 * 1000;
    event["event_id"] = "$one:haven.test";
    CHECK(check(world, {schema::seal_event(event, version("1"), "haven.test", theirs)->json}, version("1")).front());
    event["event_id"] = "$one:harbour.test";
    const auto foreign = check(world, {schema::seal_event(event, version("1"), "haven.test", theirs)->json}, version("1"));
    CHECK(foreign.front().why == "it is not signed by harbour.test");
}

TEST_CASE("what happened long ago may cite more than an event of today") {
    TwoServers world;
    const auto& rules = version("10");
    auto object = message("@ben:haven.test");
    object["prev_events"] = schema::JsonArray(21, schema::Json("$before"));
    object["origin_server_ts"] = world.server("hearth.test").now_ms();
    object["hashes"] = JsonObject{{"sha256", schema::base64(schema::content_hash(object, rules.numbers()))}};
    schema::sign_event(object, rules, "haven.test", schema::SigningKey("of_n", std::string(32, 'n')));
    const auto judge = [&](federation::EventChecks::Age age) {
        auto& hearth = world.server("hearth.test");
        return hearth.runtime().wait(hearth.wiring().federation->event_checks.check(
            {schema::canonical_json(object)}, rules, schema::RoomId::parse("!evening:haven.test"), age));
    };
    using enum federation::EventChecks::Age;
    const auto old = judge(history).front();
    REQUIRE(old);
    CHECK(old.event->prev_events.size() == 21);
    CHECK(old.event->id == schema::hashed_event_id(object, rules));
    CHECK(judge(today).front().why == "'prev_events' has more than 20 entries.");
    // Everything else holds for both.
    object["depth"] = -1;
    CHECK_FALSE(judge(history).front());
    object["depth"] = 7;
    object["signatures"] = JsonObject();
    CHECK_FALSE(judge(history).front());
}

TEST_CASE("a batch asks a server for its keys once") {
    TwoServers world;
    const schema::SigningKey theirs("of_n", std::string(32, 'n'));
    std::vector<std::string> pdus;
    for (int i = 0; i < 300; ++i) {
        auto event = message("@ben:haven.test");
        event["origin_server_ts"] = world.server("hearth.test").now_ms() - i;
        pdus.push_back(schema::seal_event(event, version("11"), "haven.test", theirs)->json);
    }
    const auto checked = check(world, std::move(pdus), version("11"));
    CHECK(std::ranges::all_of(checked, [](const auto& one) { return one.event && !one.pruned; }));
    CHECK(std::ranges::count(world.link().log, "GET haven.test /_matrix/key/v2/server") == 1);
}

TEST_CASE("events are found in an answer without reading all of it") {
    constexpr std::string_view names[] = {"auth_chain", "state"};
    const auto slice = [&](std::string_view text) { return federation::slice_answer(text, names, 3); };
    const auto found = slice(R"({"origin":"a", "state" : [ {"a":"]}\"\\"},{"b":[1,{"c":null}]}], "auth_chain":[] ,"n":[1,2]})");
    REQUIRE(found.arrays[1].size() == 2);
    CHECK(found.arrays[1][0] == R"({"a":"]}\"\\"})");
    CHECK(found.arrays[1][1] == R"({"b":[1,{"c":null}]})");
    CHECK(found.arrays[0].empty());
    CHECK(schema::to_text(found.rest) == R"({"origin":"a","state":null,"auth_chain":null,"n":[1,2]})");
    // Depth is counted, not followed: it cannot exhaust the stack.
    const auto deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
    CHECK(slice(R"({"state":[)" + deep + "]}").arrays[1].front().size() == deep.size());
    CHECK_THROWS_AS(slice(R"({"state":[)" + std::string(1'000'000, '[')), schema::Refusal);
    CHECK_THROWS_AS(slice(R"({"other":)" + deep + "}"), schema::Refusal);  // What is read in full has a limit.
    CHECK(slice("{}").arrays[1].empty());
    CHECK(slice(R"({"state":7})").arrays[1].empty());

    for (const auto* bad :
         {"", "[]", "{", R"({"state":[1,2)", R"({"state":[1 2]})", R"({"state":[1],"state":[2]})", R"({"state":["a})",
          R"({"state":[}]})", R"({"state":[1,2,3,4]})", R"({"a":1}})", R"({"a" 1})", R"({"state":[,]})"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(slice(bad), schema::Refusal);
    }
}
