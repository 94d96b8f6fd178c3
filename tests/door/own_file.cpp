#include "tests/door/admission_play.hpp"
#include "tests/door/browser.hpp"

using namespace runde;
using namespace runde::tests;

static const Browser::Fields fills_in{
    {"f-anliegen", "Ich komme nicht zur Ruhe"}, {"name", "anna"}, {"passwort", "vier ruhige blaue Boote"}, {"einverstanden", "ja"}};

/// Fills in the form of the group and sends it; returns where the file is then.
static std::string asks_on_the_page(AdmissionPlay& play, Browser& browser) {
    browser.get("/gruppen/abend/anfragen");
    browser.post("/gruppen/abend/anfragen", fills_in);
    play.settle();
    return browser.where();
}

TEST_CASE("consent is taken back after the decision, too: the file goes at once, the decision stays") {
    AdmissionPlay play;
    play.group("on_request");
    auto anna = play.arrives("anna", R"("answers":{"anliegen":"Quittenbrot"})");
    auto carl = play.arrives("carl", R"("answers":{"anliegen":"Pflaumenmus"})");
    const auto reception = play.reception(anna);
    CHECK(play.act(anna, "erase") == "400 M_BAD_STATE");  // Nothing is decided: that would be withdrawing.
    CHECK(play.vote(play.petra, anna, "admit") == "200");
    CHECK(play.vote(play.petra, carl, "decline") == "200");
    CHECK(play.act(anna, "withdraw") == "400 M_BAD_STATE");
    CHECK(anna.post("/join/" + segment(play.rooms["chat"])) == "200");

    CHECK(play.act(anna, "erase") == "200");
    CHECK(play.file(anna) == "404 M_NOT_FOUND");
    CHECK(play.membership(reception, anna.id) == "no room");
    CHECK(play.says(anna, play.rooms["chat"], "Noch da") == "200");
    CHECK(play.act(carl, "erase") == "200");
    CHECK(play.file(carl) == "401 M_UNKNOWN_TOKEN");
    CHECK(play.counts() == "admitted 1, declined 1");
    const auto dump = play.dump();
    for (const auto* word : {"Quittenbrot", "Pflaumenmus", "carl"}) CHECK_MESSAGE(!contains(dump, word), word);
}

TEST_CASE("the button for it stands on the page") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server);
    const auto place = asks_on_the_page(play, anna);
    CHECK_FALSE(says(anna.get(place), "Jetzt schon löschen"));
    play.applications["anna"] = place.substr(place.rfind('/') + 1);
    CHECK(play.vote(play.petra, Person(play.server, "anna", ""), "decline") == "200");
    CHECK(says(anna.get(place), "Jetzt schon löschen"));
    CHECK(says(anna.post(place + "/loeschen"), "Alles ist gelöscht"));
    play.settle();
    CHECK(play.counts() == "declined 1");
    CHECK_FALSE(contains(play.dump(), "zur Ruhe"));
}

TEST_CASE("whoever leaves the reception in an app has withdrawn") {
    AdmissionPlay play;
    play.group("on_request");
    auto dora = play.server.person("dora");
    CHECK(dora.post("/knock/" + segment(play.rooms["card"]), R"({"reason":"Ich suche Hilfe"})") == "200");
    play.settle();
    const auto reception = dora.get("/_runde/v1/applications").at("/applications/0/room_id");
    REQUIRE(play.membership(reception, dora.id) == "join");
    CHECK(dora.post("/rooms/" + segment(reception) + "/leave") == "200");
    for (int look = 0; look < 500 && play.counts().empty(); ++look) play.settle();
    CHECK(play.counts() == "withdrawn 1");
    CHECK_FALSE(contains(play.dump(), "Ich suche Hilfe"));
    CHECK(dora.get("/account/whoami") == "200");
}

TEST_CASE("the team reads what was said at the knock, and answers with the questions they answered") {
    AdmissionPlay play;
    play.group("on_request");
    auto dora = play.server.person("dora");
    CHECK(dora.post("/knock/" + segment(play.rooms["card"]), R"({"reason":"Ich suche Hilfe"})") == "200");
    play.settle();
    play.applications["dora"] = dora.get("/_runde/v1/applications").at("/applications/0/application_id");
    CHECK(play.desk(play.petra, dora).at("/answers/(knock)") == "Ich suche Hilfe");
    CHECK(dora.put("/_runde/v1/applications/" + play.applications["dora"], R"({"answers":{"anliegen":"Schlaf"}})") == "200");
    CHECK(play.desk(play.petra, dora).at("/answers/(knock)") == "Ich suche Hilfe");

    auto anna = play.arrives("anna", R"("answers":{"anliegen":"Quittenbrot"})");
    CHECK(play.petra.put("/_runde/v1/groups/abend/admission",
                         R"({"fields":[{"id":"wann","kind":"line","label":"Wann passt es?","reason":"Für den Termin"}]})") ==
          "200");
    const auto desk = play.desk(play.petra, anna);
    CHECK(desk.at("/fields/0/label") == "Was führt Sie zu uns?");
    CHECK(desk.at("/answers/anliegen") == "Quittenbrot");
    // Answered anew, it is the new question.
    CHECK(anna.put("/_runde/v1/applications/" + play.applications["anna"], R"({"answers":{"wann":"abends"}})") == "200");
    CHECK(play.desk(play.petra, anna).at("/fields/0/label") == "Wann passt es?");
}

TEST_CASE("of one's own application one reads no votes and notes, whatever one's role") {
    AdmissionPlay play;
    play.group("on_request");
    CHECK(play.petra.put("/_runde/v1/groups/abend/admission", R"({"fields":[],"deciders":2})") == "200");
    const auto own = play.olaf.post("/_runde/v1/groups/abend/applications", R"({"answers":{}})");
    REQUIRE(own.status == 201);
    play.applications["olaf"] = own.at("/application_id");
    play.settle();
    CHECK(play.vote(play.petra, play.olaf, "decline", "", "er ist zu still") == "200");
    const auto desk = "/_runde/v1/desk/applications/" + play.applications["olaf"];
    CHECK(play.petra.post(desk + "/notes", R"({"text":"redet wenig"})") == "200");
    CHECK(contains(play.desk(play.petra, play.olaf).text, "er ist zu still"));
    for (const auto& path : {desk, std::string("/_runde/v1/groups/abend/applications")}) {
        const auto seen = play.olaf.get(path);
        CHECK(seen == "200");
        CHECK_FALSE(contains(seen.text, "zu still"));
        CHECK_FALSE(contains(seen.text, "redet wenig"));
    }
    CHECK(play.olaf.post(desk + "/notes", R"({"text":"x"})") == "403 M_FORBIDDEN");
    CHECK(play.petra.get("/_runde/v1/groups/abend/applications/count").at("/open") == "1");
    CHECK(play.ben.get("/_runde/v1/groups/abend/applications/count") == "403 M_FORBIDDEN");
}

TEST_CASE("after the talk the page says so, and offers no further time") {
    AdmissionPlay play;
    play.group("with_interview");
    const auto slot = play.slot(play.petra);
    Browser anna(play.server);
    const auto place = asks_on_the_page(play, anna);
    CHECK(says(anna.post(place + "/termin", {{"termin-wahl", slot}}), "Ihr Gespräch ist verabredet"));
    CHECK(play.petra.post("/_runde/v1/desk/applications/" + place.substr(place.rfind('/') + 1) + "/interviewed") == "200");
    const auto page = anna.get(place);
    CHECK(says(page, "Ihr Gespräch war"));
    CHECK_FALSE(says(page, "Ihr Gespräch ist verabredet"));
    CHECK_FALSE(says(page, "Termin zurückgeben"));
}

TEST_CASE("a message that is too long is kept in the form, with the complaint at the field") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server);
    const auto place = asks_on_the_page(play, anna);
    std::string umlauts;
    for (int i = 0; i < 4000; ++i) umlauts += "ä";
    anna.get(place);
    CHECK(anna.post(place + "/nachricht", {{"nachricht", umlauts}, {"einmal", "1"}}).status == 200);
    const auto refused = anna.post(place + "/nachricht", {{"nachricht", umlauts + "ä"}, {"einmal", "2"}});
    CHECK(refused.status == 422);
    CHECK(says(refused, "Das ist zu lang. Höchstens 4000 Zeichen"));
    CHECK(says(refused, "id=\"nachricht-fehler\""));
    CHECK(says(refused, umlauts + "ä</textarea>"));
}
