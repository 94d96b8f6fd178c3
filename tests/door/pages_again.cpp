#include <regex>

#include "tests/door/admission_play.hpp"
#include "tests/door/browser.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

const Browser::Fields fills_in{
    {"f-anliegen", "Ich komme nicht zur Ruhe"}, {"name", "anna"}, {"passwort", "vier ruhige blaue Boote"}, {"einverstanden", "ja"}};

/// Where the page says that it is to be had in English.
std::string in_english(const Answer& page) {
    const std::regex link("href=\"([^\"]*lang=en)\"");
    std::smatch found;
    return std::regex_search(page.text, found, link) ? found[1].str() : "";
}

}  // namespace

TEST_CASE("a half-filled form that has grown stale is shown once more with what was typed, and goes through then") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server);
    anna.get("/gruppen/abend/anfragen");
    // She follows a link from elsewhere in another tab: the browser keeps the strict cookie back, and gets a new one.
    anna.cookies["runde_formular"] = std::string(32, 'n');
    const auto again = anna.post("/gruppen/abend/anfragen", fills_in);
    CHECK(again.status == 422);
    CHECK(says(again, "Das Formular war zu lange offen"));
    CHECK(says(again, "Ich komme nicht zur Ruhe"));
    CHECK(says(again, "value=\"anna\""));
    CHECK_FALSE(says(again, "vier ruhige"));
    CHECK(play.server.ask("SELECT count(*) FROM applications") == "0");
    CHECK(says(anna.post("/gruppen/abend/anfragen", fills_in), "Ihre Anfrage ist angekommen"));

    // A message, too; and what needs no filling in is asked for again.
    play.settle();
    const auto place = anna.where();
    anna.get(place);
    anna.cookies["runde_formular"] = std::string(32, 'm');
    const auto message = anna.post(place + "/nachricht", {{"nachricht", "Guten Abend allerseits"}, {"einmal", "1"}});
    CHECK(message.status == 422);
    CHECK(says(message, "Guten Abend allerseits</textarea>"));
    CHECK(says(anna.post(place + "/nachricht", {{"nachricht", "Guten Abend allerseits"}, {"einmal", "1"}}), "said mine"));
    anna.cookies["runde_formular"] = std::string(32, 'o');
    CHECK(anna.post(place + "/zurueckziehen").status == 403);
    CHECK(anna.get(place).status == 200);
}

TEST_CASE("the quick exit ends the visit from every page") {
    AdmissionPlay play;
    play.group("on_request");
    Browser anna(play.server);
    CHECK_FALSE(says(anna.get("/"), "data-end"));
    anna.get("/gruppen/abend/anfragen");
    anna.post("/gruppen/abend/anfragen", fills_in);
    for (const auto* path : {"/", "/gruppen", "/gruppen/abend", "/krise", "/datenschutz", "/antrag", "/nirgends"})
        CHECK_MESSAGE(says(anna.get(path), "data-end=\"/antrag/verlassen\""), path);
    anna.post("/antrag/verlassen", {{"formular", "x"}});
    CHECK_FALSE(says(anna.get("/krise"), "data-end"));
}

TEST_CASE("a page that answers a form can be had in other words as well") {
    AdmissionPlay play;
    play.group("with_interview");
    Browser anna(play.server);
    anna.get("/gruppen/abend/anfragen");
    const auto wrong = anna.post("/gruppen/abend/anfragen", {{"name", "anna"}});
    REQUIRE(wrong.status == 422);
    CHECK(anna.get(in_english(wrong)).status == 200);
    anna.get("/gruppen/abend/anfragen?lang=sie");
    anna.post("/gruppen/abend/anfragen", fills_in);
    const auto place = anna.where();
    const auto no_slot = anna.post(place + "/termin");
    REQUIRE(no_slot.status == 422);
    CHECK(in_english(no_slot) == place + "?lang=en");
    CHECK(says(anna.get(in_english(no_slot)), "Your request has arrived"));
    // In one language, what the domain refuses.
    const auto refused = anna.post(place + "/termin/zurueck");
    CHECK(says(refused, "There is no appointment."));
    CHECK_FALSE(says(refused, "Es ist kein Termin"));
    anna.get(place + "?lang=sie");
    const auto german = anna.post(place + "/termin", {{"termin-wahl", "4711"}});
    CHECK(says(german, "Dieser Termin ist nicht mehr frei."));
    CHECK_FALSE(says(german, "This slot"));
    const auto gone = anna.post(place + "/zurueckziehen");
    CHECK(anna.get(in_english(gone)).status == 200);
    anna.get("/antrag?lang=sie");
    const auto stranger = anna.post("/antrag/anmelden", {{"name", "anna"}, {"passwort", "falsch"}, {"weiter", "/antrag"}});
    CHECK(stranger.status == 422);
    CHECK(in_english(stranger) == "/antrag?lang=en");
}
