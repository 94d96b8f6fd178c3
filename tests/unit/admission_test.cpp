#include "core/selfhelp/admission.hpp"

#include <doctest/doctest.h>

#include "core/selfhelp/admission_texts.hpp"
#include "core/selfhelp/attestation.hpp"
#include "schema/refusal.hpp"

using namespace runde;
using namespace runde::selfhelp::admission;
using selfhelp::Register;

namespace {

constexpr std::int64_t now = 1'700'000'000'000, day = 24 * 3'600'000;

/// The state after the event, or why not.
std::string after(const Rules& rules, const Application& application, const Event& event) {
    try {
        return std::string(name_of(step(rules, application, event, now).next.state));
    } catch (const schema::Refusal& refusal) {
        CHECK(refusal.reason == schema::Reason::bad_state);
        return refusal.text.substr(refusal.text.find(" / ") + 3);
    }
}

const Event petras_yes = Voted{{"@petra:a", true}}, petras_no = Voted{{"@petra:a", false}}, olafs_yes = Voted{{"@olaf:a", true}};

}  // namespace

TEST_CASE("who is let in, and when") {
    // Start from a vote that admits and change one thing.
    Rules rules;
    Application application{.reaction = now};
    REQUIRE(after(rules, application, petras_yes) == "admitted");

    SUBCASE("no seat: the waiting list") {
        rules.seat_free = false;
        CHECK(after(rules, application, petras_yes) == "waiting");
        rules.waiting_list = false;
        CHECK(after(rules, application, petras_yes) == "There is no seat, and the group keeps no waiting list.");
    }
    SUBCASE("two must agree") {
        rules.deciders = 2;
        CHECK(after(rules, application, petras_yes) == "received");
        application.votes = {{"@petra:a", true}};
        CHECK(after(rules, application, petras_yes) == "received");  // Twice the same voice.
        CHECK(after(rules, application, olafs_yes) == "admitted");
        CHECK(after(rules, application, petras_no) == "received");   // Changed her mind.
    }
    SUBCASE("the interview comes first") {
        rules.mode = Mode::with_interview;
        CHECK(after(rules, application, petras_yes).starts_with("This group talks with everybody"));
        CHECK(after(rules, application, petras_no) == "declined");
        application.interviewed = true;
        CHECK(after(rules, application, petras_yes) == "admitted");
    }
    SUBCASE("decided is decided") {
        for (const auto state : {State::admitted, State::declined, State::withdrawn, State::lapsed}) {
            application.state = state;
            application.decided = now;
            for (const auto& event :
                 {petras_yes, petras_no, Event(Withdrawn{}), Event(Corrected{}), Event(SlotPicked{}), Event(Stays{})})
                CHECK(after(rules, application, event) == "This application has been decided already.");
            CHECK(step(rules, application, Wrote{}, now).next.reaction == application.reaction);
        }
    }
    SUBCASE("a closed group admits nobody") {
        rules.closed = true;
        CHECK(after(rules, application, petras_yes) == "This group admits nobody any more.");
        CHECK(after(rules, application, Submitted{}) == "This group admits nobody any more.");
    }
    SUBCASE("who waits gets the seat that becomes free, or is declined after all") {
        application.state = State::waiting;
        CHECK(after(rules, application, SeatOffered{}) == "admitted");
        CHECK(after(rules, application, petras_yes).starts_with("That is decided"));
        CHECK(after(rules, application, petras_no) == "declined");
        CHECK(after(rules, application, SlotPicked{}) == "No interview is needed any more.");
    }
}

TEST_CASE("an open group asks nobody") {
    Rules rules{.mode = Mode::open};
    CHECK(after(rules, {}, Submitted{}) == "admitted");
    rules.seat_free = false;
    CHECK(after(rules, {}, Submitted{}) == "waiting");
    rules.waiting_list = false;
    CHECK(after(rules, {}, Submitted{}) == "This group admits nobody at the moment.");
}

TEST_CASE("when a file ends") {
    const Deadlines deadlines;
    Application application{.reaction = now};
    CHECK(ends_at(application, deadlines) == now + 60 * day);
    application.reaction = now + 5 * day;
    CHECK(ends_at(application, deadlines) == now + 65 * day);
    application.decided = now + 6 * day;
    application.state = State::declined;
    CHECK(ends_at(application, deadlines) == now + 20 * day);
    application.state = State::withdrawn;
    CHECK(ends_at(application, deadlines) == now + 6 * day);
}

TEST_CASE("a calendar file folds long lines between characters and escapes what would break it") {
    const auto file = calendar_file("1@hearth.test", now, now + 3'600'000, "Gespräch; Kaffee, Kuchen\nund mehr",
                                    "Königstraße 5, 34117 Kassel, im Hinterhof über die Außentreppe, bitte läuten", now);
    CHECK(file.find("SUMMARY:Gespräch\\; Kaffee\\, Kuchen\\nund mehr\r\n") != file.npos);
    for (std::size_t at = 0; at < file.size();) {
        const auto end = file.find("\r\n", at);
        REQUIRE(end != file.npos);
        CHECK(end - at <= 75);
        CHECK(schema::is_utf8(file.substr(at, end - at)));
        at = end + 2;
    }
}

TEST_CASE("times are told as the clocks in Berlin show them") {
    CHECK(local_time(1'774'745'999'000, Register::sie) == "29.03.2026, 01:59 Uhr");
    CHECK(local_time(1'774'746'000'000, Register::sie) == "29.03.2026, 03:00 Uhr");
    CHECK(local_time(1'792'889'999'000, Register::en) == "2026-10-25, 02:59 (Berlin)");
    CHECK(local_time(1'792'890'000'000, Register::en) == "2026-10-25, 02:00 (Berlin)");
}

TEST_CASE("texts exist in every register, and a mail says nothing") {
    for (const auto way : selfhelp::every_register) {
        for (const char* what : {"received", "corrected", "slot_picked", "slot_given_back", "interviewed", "waiting", "admitted",
                                 "declined", "reminder"}) {
            const auto text = notice(what, way, {.group = "Abendgruppe", .link = "", .said = "Alles Gute.", .when = "morgen"});
            CHECK_MESSAGE(!text.plain.empty(), what);
            CHECK_MESSAGE(text.plain.find('{') == std::string::npos, text.plain);
        }
        const auto news = mail("anna@home.test", way, {.group = "Abendgruppe", .link = "https://hearth.test/application"});
        CHECK(news.text.find("https://hearth.test/application\n") != std::string::npos);
        CHECK((news.subject + news.text).find("Abendgruppe") == std::string::npos);
    }
    CHECK(notice("withdrawn", Register::sie, {}).plain.empty());
}

TEST_CASE("an attestation is good for one person, one office and a short time") {
    const auto hearth = *schema::ServerName::parse("hearth.test"), haven = *schema::ServerName::parse("haven.test");
    const auto anna = *schema::UserId::parse("@anna:hearth.test"), ben = *schema::UserId::parse("@ben:hearth.test");
    const schema::SigningKey key("test", std::string(32, 'k'));
    namespace attestation = selfhelp::attestation;
    auto given = attestation::make(hearth, key, anna, haven, now);
    const auto verify = *schema::VerifyKey::parse(key.public_key());
    CHECK(schema::verify_json(given, "hearth.test", "ed25519:test", verify));
    CHECK(attestation::read(given, haven, anna, now + day).issuer == hearth);

    const auto why = [&](const schema::JsonObject& object, const schema::ServerName& us, const schema::UserId& who,
                         std::int64_t at) {
        try {
            attestation::read(object, us, who, at);
            return std::string("good");
        } catch (const schema::Refusal& refusal) {
            return refusal.text.substr(refusal.text.rfind(": ") + 2);
        }
    };
    CHECK(why(given, hearth, anna, now) == "for somebody else");
    CHECK(why(given, haven, ben, now) == "about somebody else");
    CHECK(why(given, haven, anna, now + 7 * day) == "it has run out");
    CHECK(why(given, haven, anna, now - day) == "its dates");
    auto longer = given;
    longer["expires_ts"] = now + 400 * day;
    CHECK(why(longer, haven, anna, now) == "its dates");
    CHECK_FALSE(schema::verify_json(longer, "hearth.test", "ed25519:test", verify));
    auto other = given;
    other["issuer"] = "haven.test";
    CHECK(why(other, haven, anna, now) == "about somebody else");
    CHECK(why({}, haven, anna, now) == "another kind");
}
