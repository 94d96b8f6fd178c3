#include "tests/door/admission_play.hpp"
#include "tests/support/mail_server.hpp"

using namespace runde;
using namespace runde::tests;

TEST_CASE("whoever gave an address is told that there is news, and nothing else; a mail server that is away holds nothing up") {
    if (!MailServer::available()) {
        MESSAGE("skipped: python3-aiosmtpd is not installed");
        return;
    }
    MailServer mails({"--refuse", "gone@home.test"});
    AdmissionPlay play([&](server::WiringOptions& options) {
        options.mail = {
            .server = "127.0.0.1", .port = mails.port(), .tls = net::MailTls::none, .from = "Kontaktstelle <post@hearth.test>"};
        options.admission.page = "https://hearth.test/antrag";
    });
    play.group("on_request");
    auto anna = play.arrives("anna", R"("email":"anna@home.test")"),
         carl = play.arrives("carl", R"("email":"gone@home.test","register":"du")"), dora = play.arrives("dora");
    CHECK(mails.count() == 0);  // What they did themselves is no news.
    CHECK(play.vote(play.petra, anna, "admit", "Wir freuen uns auf Sie.") == "200");
    const auto mail = mails.mail(1);
    CHECK(contains(mail, "recipients: anna@home.test\n"));
    CHECK(contains(mail, "Subject: Neue Nachricht\n"));
    CHECK(contains(
        mail, "\n\nGuten Tag,\n\nes gibt eine neue Nachricht für Sie. Lesen können Sie sie hier:\nhttps://hearth.test/antrag\n"));
    for (const char* word : {"Abendgruppe", "freuen", "@anna", "aufgenommen"}) CHECK_MESSAGE(!contains(mail, word), word);

    // An address that does not exist: the decision stands all the same, and the mail is not tried for ever.
    CHECK(play.vote(play.petra, carl, "decline") == "200");
    CHECK(play.vote(play.petra, dora, "decline") == "200");
    CHECK(play.server.ask("SELECT count(*) FROM jobs WHERE kind = 'admission mail'") == "0");
    CHECK(play.file(carl).at("/state") == "declined");
    CHECK(mails.count() == 1);

    // A word of the team in the reception is news, told once for several.
    auto emil = play.arrives("emil", R"("email":"emil@home.test")");
    const auto reception = play.reception(emil);
    CHECK(play.desk(play.petra, emil) == "200");
    REQUIRE(play.petra.post("/join/" + segment(reception)) == "200");
    play.says(play.petra, reception, "Guten Abend");
    play.says(play.petra, reception, "Sind Sie da?");
    for (int look = 0; look < 500 && play.server.ask("SELECT count(*) FROM jobs WHERE kind = 'admission mail'") == "0"; ++look)
        play.settle();
    CHECK(mails.count() == 1);
    play.pass(hour_ms);
    CHECK(contains(mails.mail(2), "recipients: emil@home.test\n"));
    play.pass(hour_ms);
    CHECK(mails.count() == 2);
}

TEST_CASE("knocking at a group's card is asking to join, with any app and without a trace in the room") {
    AdmissionPlay play;
    play.group("on_request");
    const auto card = play.rooms["card"];
    CHECK(play.ben.post("/knock/" + segment(card), R"({"reason":"Ich suche Hilfe"})") == "200");
    CHECK(play.ben.post("/knock/" + segment(card), R"({"reason":"Ich suche Hilfe"})") == "200");
    play.settle();
    CHECK(play.membership(card, play.ben.id) == "never");
    CHECK(play.server.ask("SELECT count(*) FROM events WHERE json LIKE '%Ich suche Hilfe%'") == "0");
    play.applications["ben"] = play.ben.get("/_runde/v1/applications").at("/applications/0/application_id");
    const auto reception = play.reception(play.ben);
    CHECK(play.membership(reception, play.ben.id) == "join");
    CHECK(contains(play.read(play.ben, reception), "Das fragt die Gruppe alle, die neu kommen."));
    CHECK(play.desk(play.petra, play.ben).at("/came_by") == "knock");
    CHECK(contains(play.desk(play.petra, play.ben).text, "\"(knock)\":\"Ich suche Hilfe\""));
    CHECK(play.vote(play.petra, play.ben, "admit") == "200");
    CHECK(play.membership(play.rooms["forum"], play.ben.id) == "invite");
    CHECK(play.ben.post("/knock/" + segment(card), "{}") == "400 M_BAD_STATE");  // Is in it already.
    play.pass(14 * day_ms);
    CHECK_FALSE(contains(play.dump(), "Ich suche Hilfe"));
}
