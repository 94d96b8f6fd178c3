#include "net/mail.hpp"

#include <doctest/doctest.h>

#include "tests/support/mail_server.hpp"
#include "tests/support/test_certificate.hpp"

using namespace runde;
using tests::MailServer;
using tests::TestCertificate;

namespace {

const net::Mail to_anna{"anna@home.test", "Neues für Sie",
                        "Guten Tag,\n\nes gibt Neues zu Ihrer Anfrage: https://hearth.test/anfrage\n"};

net::MailOptions plain(const MailServer& server) {
    return {.server = "127.0.0.1",
            .port = server.port(),
            .tls = net::MailTls::none,
            .from = "Kontaktstelle Köln <post@hearth.test>",
            .timeout = std::chrono::seconds(10)};
}

/// "sent", or which exception came.
std::string outcome(const net::MailOptions& options, const net::Mail& mail = to_anna) {
    net::Runtime runtime;
    net::Mailer mailer(runtime, options);
    try {
        runtime.wait(mailer.send(mail));
        return "sent";
    } catch (const net::MailRefused&) {
        return "refused";
    } catch (const net::MailFailed&) {
        return "failed";
    }
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// The tests need python3-aiosmtpd (deploy/packages).
bool no_mail_server() {
    if (MailServer::available()) return false;
    MESSAGE("skipped: python3-aiosmtpd is not installed");
    return true;
}

}  // namespace

TEST_CASE("a mail arrives as it was written") {
    if (no_mail_server()) return;
    MailServer server;
    REQUIRE(outcome(plain(server)) == "sent");
    const auto mail = server.mail(1);
    CHECK(contains(mail, "sender: post@hearth.test\nrecipients: anna@home.test\n"));
    CHECK(contains(mail, "From: Kontaktstelle Köln <post@hearth.test>\nTo: anna@home.test\nSubject: Neues für Sie\n"));
    CHECK(contains(mail, "Auto-Submitted: auto-generated"));
    CHECK(contains(mail, "hello: hearth.test\n"));  // Not the machine's own name.
    CHECK(contains(mail, "\n\nGuten Tag,\n\nes gibt Neues zu Ihrer Anfrage: https://hearth.test/anfrage\n"));
}

TEST_CASE("a long subject with umlauts is cut between characters") {
    if (no_mail_server()) return;
    MailServer server;
    auto mail = to_anna;
    mail.subject = "Neues zu Ihrer Anfrage: Gruppe für Angehörige, Größe und Öffnungszeiten äöüÄÖÜß und noch mehr äöü";
    mail.text = std::string(3000, 'x') + "\n.\n..\nEnde";
    REQUIRE(outcome(plain(server), mail) == "sent");
    const auto got = server.mail(1);
    CHECK(contains(got, "Subject: " + mail.subject + "\n"));
    CHECK(contains(got, "xxx\n.\n..\nEnde"));
    CHECK_FALSE(contains(got, "longest line: 9"));
}

TEST_CASE("nothing that stands in a mail becomes a header of it") {
    const auto mail = net::render_mail({"anna@home.test", "Hello\r\nBcc: everybody@home.test", "text"}, "Office <post@hearth.test>",
                                       "1@hearth.test", 1'700'000'000'000);
    CHECK(contains(mail, "Subject: Hello  Bcc: everybody@home.test\r\n"));
    CHECK(contains(mail, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    CHECK(contains(mail, "From: \"Office\" <post@hearth.test>\r\n"));
}

TEST_CASE("what is an address") {
    for (const char* good : {"anna@home.test", "a.b+c@x", "office@xn--kln-sna.test"})
        CHECK_MESSAGE(net::is_mail_address(good), good);
    for (const char* bad :
         {"", "anna", "@home.test", "anna@", "an na@home.test", "anna@home@test", "anna@home.test\r\nRCPT TO:<ben@b>",
          "<anna@home.test>", "änna@home.test", "anna@home..test", "-f@home.test"})
        CHECK_MESSAGE(!net::is_mail_address(bad), bad);
    CHECK(net::is_mail_sender("Office <office@hearth.test>"));
    CHECK_FALSE(net::is_mail_sender("Office <office>"));
    CHECK_FALSE(net::is_mail_sender("Office\r\nBcc: x@y <office@hearth.test>"));
}

TEST_CASE("mail goes out encrypted, to a server that proves its name, or not at all") {
    if (no_mail_server()) return;
    const TestCertificate good({"127.0.0.1"}), others({"mail.elsewhere.test"}), expired({"127.0.0.1"}, true);
    const auto sends = [](const TestCertificate& certificate, net::MailTls tls, const std::string& authority) {
        std::vector<std::string> options{"--certificate", certificate.certificate(), "--key", certificate.key()};
        if (tls == net::MailTls::implicit) options.emplace_back("--implicit");
        MailServer server(options);
        auto how = plain(server);
        how.tls = tls;
        how.trusted_ca_file = authority;
        const auto came = outcome(how);
        if (came == "sent") CHECK(contains(server.mail(1), "tls: True"));
        if (came != "sent") CHECK(server.count() == 0);
        return came;
    };
    CHECK(sends(good, net::MailTls::starttls, good.authority()) == "sent");
    CHECK(sends(good, net::MailTls::implicit, good.authority()) == "sent");
    CHECK(sends(good, net::MailTls::starttls, others.authority()) == "failed");
    CHECK(sends(good, net::MailTls::starttls, "") == "failed");
    CHECK(sends(others, net::MailTls::starttls, others.authority()) == "failed");
    CHECK(sends(others, net::MailTls::implicit, others.authority()) == "failed");
    CHECK(sends(expired, net::MailTls::starttls, expired.authority()) == "failed");

    MailServer without_tls;
    auto how = plain(without_tls);
    how.tls = net::MailTls::starttls;
    CHECK(outcome(how) == "failed");
    CHECK(without_tls.count() == 0);
}

TEST_CASE("the mail server knows us, or takes nothing") {
    if (no_mail_server()) return;
    MailServer server({"--sign-in", "office:horse"});
    auto how = plain(server);
    how.user = "office";
    how.password = "horse";
    CHECK(outcome(how) == "sent");
    CHECK(contains(server.mail(1), "signed in: True"));
    how.password = "donkey";
    CHECK(outcome(how) == "failed");  // Ours to mend: it is tried again.
}

TEST_CASE("who refuses for good and who only for now are told apart") {
    if (no_mail_server()) return;
    MailServer server({"--refuse", "gone@home.test", "--busy", "busy@home.test"});
    auto how = plain(server);
    auto mail = to_anna;
    mail.to = "gone@home.test";
    CHECK(outcome(how, mail) == "refused");
    mail.to = "busy@home.test";
    CHECK(outcome(how, mail) == "failed");
    mail.to = "anna@home.test\r\nRCPT TO:<ben@home.test>";
    CHECK(outcome(how, mail) == "refused");
    CHECK(outcome(how) == "sent");
    how.port = 1;  // Nobody listens there.
    CHECK(outcome(how) == "failed");
    CHECK(outcome({}) == "failed");
    CHECK(server.count() == 1);
}
