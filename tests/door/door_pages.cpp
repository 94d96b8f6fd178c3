// The way in, as a browser without a script walks it: forms, cookies, and what is refused. What the steps mean is played in
// admission.cpp; here it is the pages.
#include "tests/door/admission_play.hpp"
#include "tests/door/browser.hpp"

using namespace runde;
using tests::AdmissionPlay;
using tests::Answer;
using tests::Browser;
using tests::says;

namespace {

const Browser::Fields anna_fills_in{{"name", "anna"}, {"passwort", "vier ruhige blaue Boote"}, {"einverstanden", "ja"}};

}  // namespace

TEST_CASE("Anna asks, is received, comes back with name and password, and leaves") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server);
    CHECK(says(anna.get("/gruppen"), "Abendgruppe"));
    CHECK(says(anna.get("/gruppen/abend"), "Bei dieser Gruppe anfragen"));
    anna.get("/gruppen/abend/anfragen");
    const auto received = anna.post("/gruppen/abend/anfragen", anna_fills_in);
    CHECK(received.status == 200);
    CHECK(says(received, "Ihre Anfrage ist angekommen"));
    CHECK(says(received, "Name anna und Ihr Passwort"));
    const auto place = anna.where();
    CHECK(place.starts_with("/antrag/"));
    play.settle();

    // In the reception both write; she needs no app for it.
    anna.get(place);
    const auto once = anna.hidden("einmal");
    CHECK(says(anna.post(place + "/nachricht", {{"nachricht", "Guten Abend <b>"}, {"einmal", once}}), "Guten Abend &lt;b&gt;"));
    // Sent twice, said once.
    const auto again = anna.post(place + "/nachricht", {{"nachricht", "Guten Abend <b>"}, {"einmal", once}});
    CHECK(again.text.find("Guten Abend") == again.text.rfind("Guten Abend"));

    anna.post("/antrag/abmelden");
    CHECK(says(anna.get(place), "Zurück zu Ihrer Anfrage"));
    const auto wrong = anna.post("/antrag/anmelden", {{"name", "anna"}, {"passwort", "falsch geraten"}, {"weiter", place}});
    CHECK(wrong.status == 422);
    CHECK(says(wrong, "Name oder Passwort stimmen nicht"));
    CHECK(says(anna.post("/antrag/anmelden", {{"name", "anna"}, {"passwort", "vier ruhige blaue Boote"}, {"weiter", place}}),
               "Guten Abend"));

    CHECK(says(anna.post(place + "/zurueckziehen"), "Alles ist gelöscht"));
    CHECK_FALSE(anna.cookies.contains("runde_antrag"));
    play.settle();
    CHECK(says(anna.get(place), "Zurück zu Ihrer Anfrage"));
}

TEST_CASE("what is missing is said, what was written stays, and the password is not sent back") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server);
    anna.get("/gruppen/abend/anfragen");
    auto fields = anna_fills_in;
    const auto send = [&](std::string_view field, std::string value) {
        auto changed = fields;
        changed[std::string(field)] = std::move(value);
        return anna.post("/gruppen/abend/anfragen", changed);
    };
    CHECK(says(send("name", ""), "href=\"#name\""));
    CHECK(says(send("name", "Anna Müller"), "Der Name darf nur aus"));
    CHECK(says(send("name", "petra"), "Diesen Namen gibt es hier schon"));
    CHECK(says(send("passwort", "kurz"), "zu kurz oder zu leicht"));
    CHECK(says(send("einverstanden", ""), "Ohne Ihr Einverständnis"));
    CHECK(says(send("email", "keine Adresse"), "nicht wie eine E-Mail-Adresse"));
    const auto answer = send("einverstanden", "");
    CHECK(answer.status == 422);
    CHECK(says(answer, "value=\"anna\""));
    CHECK_FALSE(says(answer, "vier ruhige"));
    CHECK(play.server.ask("SELECT count(*) FROM applications") == "0");
}

TEST_CASE("no other website sends a form in somebody's name") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server);
    const auto refused = [&](std::string_view why, int status = 403) {
        const auto answer = anna.post("/gruppen/abend/anfragen", anna_fills_in);
        CHECK_MESSAGE(answer.status == status, why);
        CHECK(says(answer, "<h1>"));
        CHECK(play.server.ask("SELECT count(*) FROM applications") == "0");
    };
    refused("no page was asked for, so there is neither token nor cookie");
    anna.get("/gruppen/abend/anfragen");
    const auto kept = anna.cookies;
    anna.cookies["runde_formular"] = std::string(32, 'x');
    refused("the cookie is another one", 422);
    anna.get("/gruppen/abend/anfragen");
    anna.cookies.clear();
    refused("there is no cookie", 422);
    anna.cookies = kept;
    anna.fetch_site = "cross-site";
    refused("the browser says where it comes from");
    anna.fetch_site = "same-origin";
    anna.get("/gruppen/abend/anfragen");
    CHECK(anna.post("/gruppen/abend/anfragen", anna_fills_in).status == 200);
}

TEST_CASE("the visit's cookie is for our pages only, and opens nothing but one's own request") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server), dora(play.server);
    anna.get("/gruppen/abend/anfragen");
    net::Request post;
    anna.post("/gruppen/abend/anfragen", anna_fills_in);
    const auto annas = anna.where();
    dora.get("/gruppen/abend/anfragen");
    auto fields = anna_fills_in;
    fields["name"] = "dora";
    dora.post("/gruppen/abend/anfragen", fields);

    CHECK(dora.get(annas).status == 404);
    CHECK(dora.post(annas + "/zurueckziehen", {{"formular", dora.cookies["runde_formular"]}}).status == 404);
    CHECK(says(anna.get(annas), "Ihre Anfrage ist angekommen"));
    // The API looks at no cookie.
    net::Request api;
    api.path = api.target = "/_runde/v1/applications";
    api.headers.add("Cookie", "runde_antrag=" + anna.cookies["runde_antrag"]);
    api.client_address = "192.0.2.1";
    CHECK(play.server.http(api) == "401 M_MISSING_TOKEN");
    // Where somebody goes after signing in is a page of ours.
    for (const auto* elsewhere : {"//evil.example", "https://evil.example", "/antrag\\evil", "javascript:alert(1)"}) {
        anna.get("/antrag");
        anna.post("/antrag/abmelden", {{"formular", anna.cookies["runde_formular"]}});
        anna.get("/antrag");
        anna.post("/antrag/anmelden", {{"name", "anna"}, {"passwort", "vier ruhige blaue Boote"}, {"weiter", elsewhere}});
        CHECK(anna.where() == annas);
    }
}

TEST_CASE("a time is chosen from those offered, kept as a calendar file that names no group, and given back") {
    AdmissionPlay play;
    play.group("with_interview");
    const auto slot = play.slot(play.petra);
    Browser anna(play.server);
    anna.get("/gruppen/abend/anfragen");
    anna.post("/gruppen/abend/anfragen", anna_fills_in);
    const auto place = anna.where();
    CHECK(says(anna.post(place + "/termin"), "Bitte wählen Sie einen Termin"));
    CHECK(says(anna.post(place + "/termin", {{"termin-wahl", slot}}), "Ihr Gespräch ist verabredet"));
    const auto file = anna.get(place + "/termin.ics");
    CHECK(*file.headers.find("Content-Type") == "text/calendar; charset=utf-8");
    CHECK(says(file, "BEGIN:VEVENT"));
    CHECK_FALSE(says(file, "Abendgruppe"));
    anna.get(place);
    CHECK(says(anna.post(place + "/termin/zurueck"), "Suchen Sie sich einen Termin aus"));
}

TEST_CASE("the rules are accepted with two taps, by whoever holds the address") {
    AdmissionPlay play;
    play.group("open");
    play.server.ask("INSERT INTO text_versions VALUES ('abend', 'rules', 1, 'x', 0) RETURNING 1");
    play.server.ask("INSERT INTO texts VALUES ('abend', 'rules', 1, 'sie', 'Was hier steht, bleibt hier.') RETURNING 1");
    play.member(play.ben);  // What was written beside the server is noticed.
    Browser anna(play.server);
    anna.get("/gruppen/abend/anfragen");
    const auto admitted = anna.post("/gruppen/abend/anfragen", anna_fills_in);
    play.settle();
    CHECK(says(admitted, "Willkommen! Sie sind aufgenommen"));
    const auto from = admitted.text.find("/regeln/");
    REQUIRE(from != std::string::npos);
    const auto rules = admitted.text.substr(from, admitted.text.find('"', from) - from);
    CHECK(says(anna.get(rules), "Was hier steht, bleibt hier."));
    const auto version = anna.hidden("fassung");
    CHECK(says(anna.post(rules, {{"fassung", version}}), "Bitte bestätigen Sie"));
    CHECK(says(anna.post(rules, {{"fassung", "7"}, {"gelesen", "ja"}}), "haben sich gerade geändert"));
    CHECK(says(anna.post(rules, {{"fassung", version}, {"gelesen", "ja"}}), "Danke! Alles ist offen"));
    auto altered = rules;
    altered.back() = altered.back() == 'A' ? 'B' : 'A';
    CHECK(anna.get(altered).status == 404);
}
