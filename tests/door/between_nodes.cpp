#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/selfhelp/admission_office.hpp"
#include "tests/door/browser.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// A group at haven.test with Petra as its moderator; Anna lives at hearth.test.
struct BetweenNodes {
    BetweenNodes()
        : world([](server::WiringOptions& options) {
              options.admission.page = "https://www." + options.accounts.server_name.str() + "/antrag";
          }),
          anna(world.person("hearth.test", "anna")),
          petra(world.person("haven.test", "petra")) {
        auto& haven = world.server("haven.test");
        storage::GroupRow wish;
        wish.id = "abend";
        wish.created_by = petra.id;
        wish.admission = "on_request";
        wish.card.name = "Abendgruppe";
        wish.card.topic = "sucht";
        wish.card.forms = {"online"};
        group = haven.runtime().wait(haven.wiring().door.groups.make(wish));
        haven.ask(
            fmt::format("INSERT INTO role_grants (user_id, role, group_id, granted_by, granted_at) VALUES ('{}', 'moderator', "
                        "'abend', 'x', 0) RETURNING 1",
                        petra.id));
    }
    /// Jobs of both and what goes between them, until nothing is left.
    void settle() {
        for (int round = 0; round < 4; ++round) {
            for (const char* name : {"hearth.test", "haven.test"}) {
                auto& server = world.server(name);
                server.runtime().wait(server.wiring().jobs.settle());
            }
            world.settle();
        }
    }
    /// The rooms that somebody is invited to, by name.
    std::string invitations(Person& person) {
        const auto answer = person.get("/sync");
        std::string names;
        if (!answer.has("/rooms/invite")) return names;
        for (const auto& [room, what] : answer["/rooms/invite"].as_object())
            for (const auto& event : what.at("invite_state").at("events").as_array())
                if (event.at("type") == "m.room.name") names += std::string(event.at("content").at("name").as_string()) + ";";
        return names;
    }
    std::string invitation_to(Person& person, std::string_view named) {
        const auto answer = person.get("/sync");
        if (!answer.has("/rooms/invite")) return {};
        for (const auto& [room, what] : answer["/rooms/invite"].as_object())
            for (const auto& event : what.at("invite_state").at("events").as_array())
                if (event.at("type") == "m.room.name" && event.at("content").at("name").as_string() == named)
                    return std::string(room);
        return {};
    }
    /// Anna's app accepts the invitation that the page has promised, and shows the link.
    std::string link_for_anna() {
        auto& haven = world.server("haven.test");
        const auto invited = "SELECT count(*) FROM events WHERE type = 'm.room.member' AND state_key = '" + anna.id + "'";
        for (int look = 0; look < 500 && (haven.ask(invited) == "0" || invitations(anna).empty()); ++look) settle();
        const auto room = invitation_to(anna, "Bestätigung");
        REQUIRE(anna.join(room, "haven.test") == "200");
        std::string read;
        for (int look = 0; look < 500 && read.find("/antrag/auswaerts/") == read.npos; ++look) {
            settle();
            read = anna.sees(room);
        }
        CHECK_FALSE(contains(read, "Abendgruppe"));
        const auto at = read.find("/antrag/auswaerts/");
        REQUIRE(at != read.npos);
        return read.substr(at, read.find_first_of(" ,\n", at) - at);
    }
    std::string application() { return world.server("haven.test").ask("SELECT application_id FROM applications"); }

    TwoServers world;
    Neighbour anna, petra;
    std::optional<storage::GroupRow> group;
};

}  // namespace

TEST_CASE_FIXTURE(BetweenNodes, "Anna of a partner node knocks at the card, goes the same way, and is invited to the rooms") {
    REQUIRE(anna.post(fmt::format("/knock/{}?via=haven.test", segment(*group->card_id)), R"({"reason":"Ich suche Hilfe"})") ==
            "200");
    settle();
    CHECK(world.server("haven.test").ask("SELECT user_id || ' ' || came_by FROM applications") == "@anna:hearth.test knock");
    CHECK(world.server("haven.test").ask("SELECT count(*) FROM events WHERE json LIKE '%Ich suche Hilfe%'") == "0");
    const auto reception = invitation_to(anna, "Empfang: Abendgruppe");
    REQUIRE_FALSE(reception.empty());
    REQUIRE(anna.join(reception, "haven.test") == "200");
    settle();
    anna.say(reception, "Guten Tag aus der Ferne");
    settle();
    CHECK(petra.get("/_runde/v1/desk/applications/" + application()) == "200");
    REQUIRE(petra.join(reception) == "200");
    CHECK(contains(petra.sees(reception), "anna: Guten Tag aus der Ferne"));

    CHECK(petra.post("/_runde/v1/desk/applications/" + application() + "/vote", R"({"verdict":"admit"})") == "200");
    settle();
    const auto names = invitations(anna);
    CHECK_MESSAGE(contains(names, "Abendgruppe;"), names);
    CHECK(world.server("haven.test")
              .ask("SELECT count(*) FROM role_grants WHERE role = 'member' AND user_id = '@anna:hearth.test'") == "1");

    // Two weeks later haven has nothing of the talk any more.
    world.advance(std::chrono::hours(24 * 14));
    settle();
    CHECK(world.server("haven.test").ask("SELECT count(*) FROM applications") == "0");
    CHECK(world.server("haven.test").ask("SELECT count(*) FROM events WHERE json LIKE '%aus der Ferne%'") == "0");
    CHECK(world.server("haven.test").ask("SELECT count(*) FROM role_grants WHERE role = 'member'") == "1");
}

TEST_CASE_FIXTURE(BetweenNodes, "an admission of one office counts at another that recognises it, and only there") {
    auto& haven = world.server("haven.test");
    CHECK(anna.post("/_runde/v1/attestations", R"({"audience":"haven.test"})") == "403 M_FORBIDDEN");  // Admitted nowhere yet.
    auto& hearth = world.server("hearth.test");
    storage::GroupRow other;
    other.id = "mittag";
    other.created_by = "x";
    other.card.name = "Mittagsgruppe";
    other.card.topic = "sucht";
    other.card.forms = {"online"};
    hearth.runtime().wait(hearth.wiring().door.groups.make(other));
    hearth.ask(
        "INSERT INTO role_grants (user_id, role, group_id, granted_by, granted_at) VALUES ('@anna:hearth.test', 'member', "
        "'mittag', 'x', 0) RETURNING 1");
    const auto given = anna.post("/_runde/v1/attestations", R"({"audience":"haven.test"})");
    REQUIRE(given == "200");
    CHECK_FALSE(contains(given.text, "mittag"));
    const auto asks = [&](const std::string& attestation) {
        return haven.http("POST", "/_runde/v1/groups/abend/applications", {}, fmt::format(R"({{"attestation":{}}})", attestation));
    };
    CHECK(asks(given.at("/attestation")) == "403 M_SERVER_NOT_TRUSTED");  // Not recognised by this group.
    REQUIRE(petra.put("/_runde/v1/groups/abend/admission", R"({"fields":[],"recognises":["hearth.test"]})") == "200");
    auto changed = given["/attestation"].as_object();
    changed["expires_ts"] = changed["expires_ts"].as_int64() + 1;
    CHECK(asks(schema::to_text(changed)) == "400 M_INVALID_PARAM");
    auto forged = given["/attestation"].as_object();
    forged["expires_ts"] = forged["expires_ts"].as_int64() - 1;
    CHECK(asks(schema::to_text(forged)) == "400 M_INVALID_PARAM");
    CHECK(haven.ask("SELECT count(*) FROM applications") == "0");

    CHECK(asks(given.at("/attestation")).status == 201);
    settle();
    CHECK(haven.ask("SELECT state || ' ' || attested_by FROM applications") == "admitted hearth.test");
    CHECK(contains(invitations(anna), "Abendgruppe;"));
    CHECK(asks(given.at("/attestation")) == "400 M_BAD_STATE");  // Is in it already.

    world.advance(std::chrono::hours(24 * 8));
    CHECK(asks(given.at("/attestation")) == "400 M_INVALID_PARAM");  // Has run out.
}

TEST_CASE_FIXTURE(BetweenNodes, "Anna shows that her account at a partner node is hers, and asks on the page without another one") {
    auto& haven = world.server("haven.test");
    Browser page(haven);
    CHECK(says(page.get("/gruppen/abend/anfragen"), "auf einem anderen Matrix-Server"));
    const std::string ask = "/gruppen/abend/anfragen", elsewhere = "/antrag/auswaerts";
    const auto sends = [&](const std::string& address) {
        page.get(elsewhere + "?weiter=" + ask);
        return page.post(elsewhere, {{"adresse", address}, {"weiter", page.hidden("weiter")}});
    };
    CHECK(says(sends("anna"), "Das ist keine Matrix-Adresse"));
    CHECK(says(sends(petra.id), "Dieses Konto ist hier bei uns"));
    // Whether there is such an account, nobody learns; asking twice writes once.
    const auto told = [](Answer answer, const std::string& about) { return answer.text.substr(answer.text.find(about)).size(); };
    CHECK(told(sends("@nobody:hearth.test"), "Sehen Sie in Ihrer App nach") ==
          told(sends(anna.id), "Sehen Sie in Ihrer App nach") + std::string("nobody").size() - std::string("anna").size());
    CHECK(says(sends(anna.id), "Sehen Sie in Ihrer App nach"));
    const auto link = link_for_anna();

    // An app that looks behind the link uses nothing up; a changed one opens nothing.
    Browser preview(haven);
    CHECK(says(preview.get(link), "Hier geht es weiter für @anna:hearth.test"));
    auto changed = link;
    changed[link.find('.') - 3] = changed[link.find('.') - 3] == 'A' ? 'B' : 'A';
    CHECK(page.get(changed).status == 404);
    page.get(link);
    CHECK(says(page.post(link), "Sie fragen an als @anna:hearth.test."));
    CHECK(page.where() == ask);
    CHECK(preview.post(link).status == 404);
    settle();
    CHECK(haven.ask("SELECT count(*) FROM events WHERE json LIKE '%/antrag/auswaerts/%'") == "0");

    CHECK(says(page.get(ask), "Sie fragen an als @anna:hearth.test."));
    const auto received = page.post(ask, {{"anliegen", "Ich suche Hilfe"}, {"einverstanden", "ja"}});
    CHECK(says(received, "Ihre Anfrage ist angekommen"));
    const auto place = page.where();
    CHECK(haven.ask("SELECT user_id || ' ' || came_by FROM applications") == "@anna:hearth.test page");
    settle();
    CHECK(says(page.get(place), "Das Gespräch führen Sie in Ihrer Matrix-App, mit dem Konto @anna:hearth.test"));
    CHECK(page.post(place + "/nachricht", {{"nachricht", "Hallo"}}).status == 422);
    REQUIRE(anna.join(invitation_to(anna, "Empfang: Abendgruppe"), "haven.test") == "200");

    const auto begins = haven.now_ms() + 3'600'000;
    CHECK(petra
              .post("/_runde/v1/groups/abend/slots",
                    fmt::format(R"({{"begins_ts":{},"ends_ts":{},"way":"chat","place":""}})", begins, begins + 600'000))
              .status == 201);
    page.get(place);
    CHECK(says(page.post(place + "/termin", {{"termin-wahl", haven.ask("SELECT slot_id FROM interview_slots")}}),
               "Ihr Gespräch ist verabredet"));
    CHECK(petra.post("/_runde/v1/desk/applications/" + application() + "/vote", R"({"verdict":"admit"})") == "200");
    settle();
    const auto admitted = page.get(place);
    CHECK(says(admitted, "Willkommen! Sie sind aufgenommen"));
    CHECK(says(admitted, "Die Räume der Gruppe finden Sie in Ihrer App."));
    CHECK(contains(invitations(anna), "Abendgruppe;"));

    // Half a day later she would come back with a new link.
    world.advance(std::chrono::hours(12));
    CHECK(says(page.get(place), "Zurück zu Ihrer Anfrage"));
}

TEST_CASE_FIXTURE(BetweenNodes, "a link that nobody opens goes with its room, and a guest ends the visit like anybody") {
    auto& haven = world.server("haven.test");
    Browser page(haven);
    page.get("/antrag/auswaerts");
    page.post("/antrag/auswaerts", {{"adresse", anna.id}});
    const auto link = link_for_anna();
    const auto written = [&] { return haven.ask("SELECT count(*) FROM events WHERE json LIKE '%/antrag/auswaerts/%'"); };
    REQUIRE(written() == "1");
    SUBCASE("half an hour") {
        world.advance(std::chrono::minutes(30));
        CHECK(page.get(link).status == 404);
        settle();
        CHECK(written() == "0");
    }
    SUBCASE("the restart of a server") {
        world.restart();
        page.get(link);
        CHECK(says(page.post(link), "@anna:hearth.test"));
        CHECK(page.cookies.contains("runde_antrag"));
        page.post("/antrag/abmelden");
        CHECK_FALSE(page.cookies.contains("runde_antrag"));
    }
}
