#include "tests/door/admission_play.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string flag_set(AdmissionPlay& play, std::string_view name, int flag) {
    return play.server.ask(fmt::format("SELECT flags & {} <> 0 FROM users WHERE localpart = '{}'", flag, name));
}

}  // namespace

TEST_CASE("an account made for an application is limited, not suspended, and admission lifts only that") {
    AdmissionPlay play;
    play.group("on_request");
    auto anna = play.arrives("anna"), carl = play.arrives("carl");
    CHECK(flag_set(play, "anna", storage::limited_account) == "t");
    CHECK(flag_set(play, "anna", storage::suspended) == "f");
    CHECK(anna.post("/createRoom") == "403 M_USER_SUSPENDED");
    // Carl misbehaves in the reception and is suspended; being admitted all the same does not undo that.
    play.server.ask("UPDATE users SET flags = flags | 4 WHERE localpart = 'carl' RETURNING 1");
    for (auto* person : {&anna, &carl}) CHECK(play.vote(play.petra, *person, "admit") == "200");
    CHECK(flag_set(play, "anna", storage::limited_account) == "f");
    CHECK(anna.post("/join/" + segment(play.rooms["chat"])) == "200");
    CHECK(flag_set(play, "carl", storage::limited_account) == "f");
    CHECK(flag_set(play, "carl", storage::suspended) == "t");
}

TEST_CASE("a suspended member who asks elsewhere is neither set free by an admission nor erased by a refusal") {
    AdmissionPlay play;
    play.group("on_request");
    for (const char* verdict : {"admit", "decline"}) {
        auto ida = play.server.person(std::string("ida") + verdict);
        const auto asked = ida.post("/_runde/v1/groups/abend/applications", R"({"answers":{}})");
        REQUIRE(asked.status == 201);
        play.applications[ida.name] = asked.at("/application_id");
        play.settle();
        play.server.ask(fmt::format("UPDATE users SET flags = flags | 4 WHERE localpart = '{}' RETURNING 1", ida.name));
        CHECK(play.vote(play.petra, ida, verdict) == "200");
        play.pass(14 * day_ms);
        CHECK(play.server.ask("SELECT count(*) FROM applications") == "0");
        CHECK(flag_set(play, ida.name, storage::suspended) == "t");
    }
}

TEST_CASE("an account that has become somebody's place outlives its file") {
    AdmissionPlay play;
    play.group("on_request");
    auto anna = play.arrives("anna");
    // The office gives her a role while her application is still open, and she withdraws it then.
    CHECK(play.olaf.post("/_runde/v1/roles", fmt::format(R"({{"user_id":"{}","role":"member","group_id":"abend"}})", anna.id)) ==
          "200");
    CHECK(play.act(anna, "withdraw") == "200");
    CHECK(play.server.ask("SELECT count(*) FROM applications") == "0");
    CHECK(flag_set(play, "anna", storage::limited_account) == "f");
    auto again = anna.on_another_device();
    CHECK(again.post("/join/" + segment(play.rooms["chat"])) == "200");
}

TEST_CASE("two files of one limited account that end at the same moment take it with them, once") {
    AdmissionPlay play;
    play.group("on_request");
    storage::GroupRow second;
    second.id = "morgen";
    second.created_by = play.olaf.id;
    second.admission = "on_request";
    second.card.name = "Morgengruppe";
    second.card.topic = "sucht";
    second.card.forms = {"online"};
    play.server.runtime().wait(play.server.wiring().door.groups.make(second));
    for (int round = 0; round < 3; ++round) {
        auto anna = play.arrives("anna" + std::to_string(round));
        const auto other = anna.post("/_runde/v1/groups/morgen/applications", R"({"answers":{}})");
        REQUIRE(other.status == 201);
        play.settle();
        const auto one = "/_runde/v1/applications/" + play.applications[anna.name] + "/withdraw";
        const auto two = "/_runde/v1/applications/" + other.at("/application_id") + "/withdraw";
        auto first = anna.begin("POST", one, "{}"), last = anna.begin("POST", two, "{}");
        CHECK(first.get() == "200");
        CHECK(last.get() == "200");
        play.settle();
        CHECK(play.server.ask("SELECT count(*) FROM users WHERE localpart = '" + anna.name + "'") == "0");
    }
}

TEST_CASE("a limited account without an application is swept up within the hour, others never") {
    AdmissionPlay play;
    play.group("on_request");
    auto anna = play.arrives("anna"), carl = play.arrives("carl");
    // As a server of before left them behind.
    play.server.ask("DELETE FROM applications WHERE user_id = '@carl:hearth.test' RETURNING 1");
    for (int hour = 0; hour < 3; ++hour) play.pass(hour_ms);
    for (int look = 0; look < 500 && play.server.ask("SELECT count(*) FROM users WHERE localpart = 'carl'") != "0"; ++look)
        play.settle();
    CHECK(play.server.ask("SELECT count(*) FROM users WHERE localpart = 'carl'") == "0");
    CHECK(carl.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
    CHECK(play.file(anna) == "200");
    CHECK(play.ben.get("/account/whoami") == "200");
}

TEST_CASE("what people write is counted in characters, as their keyboards count it") {
    AdmissionPlay play;
    play.group("on_request");
    std::string umlauts;
    for (int i = 0; i < 2000; ++i) umlauts += "ü";
    auto anna = play.arrives("anna", R"("answers":{"anliegen":")" + umlauts + R"("})");
    CHECK(play.file(anna).at("/answers/anliegen") == umlauts);
    const auto longer =
        anna.put("/_runde/v1/applications/" + play.applications["anna"], R"({"answers":{"anliegen":")" + umlauts + R"(ü"}})");
    CHECK(longer == "413 M_TOO_LARGE");
    CHECK(longer.at("/error") ==
          "Die Antwort auf „Was führt Sie zu uns?“ ist zu lang. / The answer to “What brings you to us?” is too long.");

    // Of what is said at a knock, as much is kept as fits, whole letters only.
    auto dora = play.server.person("dora");
    CHECK(dora.post("/knock/" + segment(play.rooms["card"]), R"({"reason":"x)" + umlauts + R"("})") == "200");
    play.settle();
    CHECK(play.server.ask("SELECT char_length(answers::json->>'(knock)') FROM applications WHERE came_by = 'knock'") == "2000");
}
