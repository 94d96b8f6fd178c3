#include <doctest/doctest.h>

#include "core/selfhelp/cards.hpp"
#include "core/selfhelp/organisation.hpp"
#include "core/selfhelp/roles.hpp"
#include "core/selfhelp/texts.hpp"
#include "schema/refusal.hpp"

using namespace runde;
using namespace runde::selfhelp;

namespace {

std::string refusal_of(auto&& work) {
    try {
        work();
    } catch (const schema::Refusal& refusal) {
        return refusal.text;
    }
    return "";
}

Card evening_group() {
    return {.name = "Abendgruppe",
            .topic = "krebs",
            .about = "Für Männer mit Prostatakrebs und ihre Angehörigen",
            .region = "Kassel",
            .place = "Gemeindehaus",
            .forms = {"place", "online"},
            .openness = "open",
            .languages = {"de"},
            .accessibility = {"wheelchair"},
            .contact_role = "office"};
}

storage::RoleGrant grant(std::string user, std::string_view role, std::optional<std::string> group = {},
                         std::optional<std::int64_t> until = {}) {
    return {.id = 1,
            .user_id = std::move(user),
            .role = std::string(role),
            .group = std::move(group),
            .granted_by = "@erika:hearth.test",
            .granted_at = 1,
            .until = until};
}

}  // namespace

TEST_CASE("what a card must say, and what it may not") {
    auto card = evening_group();
    REQUIRE(refusal_of([&] { check_card(card); }).empty());
    std::string why;
    SUBCASE("no name") { card.name = " ", why = "name must not be empty"; }
    SUBCASE("a name of two lines") { card.name = "Abend\ngruppe", why = "name holds characters that no text has"; }
    SUBCASE("a topic that is no code") { card.topic = "Prostata Krebs", why = "topic is a code of the list of topics"; }
    SUBCASE("nowhere") { card.forms.clear(), why = "forms has too few or too many entries"; }
    SUBCASE("by letter") { card.forms = {"letter"}, why = "forms holds an entry that is unknown or stands twice"; }
    SUBCASE("twice on site") { card.forms = {"place", "place"}, why = "forms holds an entry that is unknown or stands twice"; }
    SUBCASE("half open") { card.openness = "half", why = "openness is open, full or starting"; }
    SUBCASE("a person as contact") {
        card.contact_role = "Erika Muster", why = "contact_role is office, moderators or board: never a person";
    }
    SUBCASE("no language") { card.languages = {""}, why = "languages holds an entry that is unknown or stands twice"; }
    SUBCASE("a novel") { card.about.assign(2001, 'x'), why = "about is too long"; }
    CHECK(refusal_of([&] { check_card(card); }) == why);
}

TEST_CASE("another server's card is read as far as it makes sense") {
    const auto card = evening_group();
    auto json = to_json(card);
    CHECK(to_json(*read_card(json)) == json);
    json["forms"] = schema::JsonArray{"place", "telepathy", 7, "place"};
    json["openness"] = "half";
    json["about"] = std::string("bell \x07");
    const auto read = read_card(json);
    REQUIRE(read);
    CHECK(read->forms == std::vector<std::string>{"place"});
    CHECK(read->openness == "open");
    CHECK(read->about == "");
    json["name"] = " ";
    CHECK_FALSE(read_card(json));
}

TEST_CASE("a card in words") {
    CHECK(card_in_words(evening_group(), "Krebs") ==
          "Krebs · Kassel · Gemeindehaus · vor Ort, online · offen für Neue\nFür Männer mit Prostatakrebs und ihre Angehörigen");
}

TEST_CASE("searching cards") {
    const auto card = evening_group();
    const auto finds = [&](CardQuery query) { return matches(query, card, "Krebs"); };
    CHECK(finds({}));
    CHECK(finds({.words = "Angehörige"}));
    CHECK(finds({.words = "angehoeriger Mann"}));
    CHECK(finds({.words = "Prostata"}));
    CHECK(finds({.words = "krebs kassel"}));
    CHECK_FALSE(finds({.words = "krebs göttingen"}));
    CHECK(finds({.topic = "krebs", .form = "online", .region = "kass"}));
    CHECK_FALSE(finds({.topic = "sucht"}));
    CHECK_FALSE(finds({.form = "phone"}));
    CHECK_FALSE(finds({.openness = "full"}));
    CHECK_FALSE(finds({.region = "Göttingen"}));
}

TEST_CASE("who may grant which role") {
    const auto of = [](std::string_view role, std::optional<std::string> group = {}) {
        return Rights{"@x:hearth.test", false, {grant("@x:hearth.test", role, std::move(group))}};
    };
    const std::optional<std::string> evening{"abend"}, node;
    CHECK(of(role::board).may_grant(role::board, node));
    CHECK(of(role::board).may_grant(role::moderator, evening));
    CHECK(of(role::office).may_grant(role::moderator, evening));
    CHECK_FALSE(of(role::office).may_grant(role::office, node));
    CHECK(of(role::moderator, "abend").may_grant(role::member, evening));
    CHECK_FALSE(of(role::moderator, "abend").may_grant(role::moderator, evening));
    CHECK_FALSE(of(role::moderator, "morgen").may_grant(role::member, evening));
    CHECK_FALSE(of(role::operator_).may_grant(role::member, evening));
    // The administrator sets up, and that is all.
    const Rights administrator{"@root:hearth.test", true};
    CHECK(administrator.may_grant(role::board, node));
    CHECK_FALSE(administrator.may_grant(role::member, evening));
    CHECK_FALSE(administrator.may_admit("abend"));
    CHECK_FALSE(administrator.may_run_group("abend"));
}

TEST_CASE("roles: where they are held, until when, and their power") {
    CHECK(refusal_of([] { check_grant(grant("@ben:haven.test", role::member, "abend"), 5); }) == "");
    CHECK(refusal_of([] { check_grant(grant("@ben:haven.test", role::member), 5); }) ==
          "That role is held in a group: say which (group_id).");
    CHECK(refusal_of([] { check_grant(grant("@ben:haven.test", role::board, "abend"), 5); }) ==
          "That role is held on the whole node, not in a group.");
    CHECK(refusal_of([] { check_grant(grant("@ben:haven.test", "king"), 5); }).starts_with("role is"));
    CHECK(refusal_of([] { check_grant(grant("ben", role::board), 5); }) == "user_id is no user id");
    CHECK(refusal_of([] { check_grant(grant("@ben:haven.test", role::board, {}, 5), 5); }) == "until lies in the past");
    CHECK(grant("@ben:haven.test", role::board, {}, 6).holds(5));
    CHECK_FALSE(grant("@ben:haven.test", role::board, {}, 6).holds(6));

    const std::vector grants{grant("@ben:haven.test", role::member, "abend"), grant("@carl:hearth.test", role::moderator, "abend"),
                             grant("@dora:hearth.test", role::moderator), grant("@erika:hearth.test", role::board)};
    CHECK(power_in(grants, "@ben:haven.test", "abend") == 0);
    CHECK(power_in(grants, "@carl:hearth.test", "abend") == 50);
    CHECK(power_in(grants, "@carl:hearth.test", "morgen") == 0);
    CHECK(power_in(grants, "@dora:hearth.test", "morgen") == 50);
    CHECK(power_in(grants, "@erika:hearth.test", "abend") == 0);
}

TEST_CASE("registers stand in for each other") {
    const std::map<std::string, std::string> both{{"sie", "Sie"}, {"en", "You"}};
    CHECK(in_register(both, Register::du)->body == "Sie");
    CHECK(in_register(both, Register::en)->body == "You");
    CHECK(in_register({{"leicht", "Leicht"}}, Register::en)->way == Register::leicht);
    CHECK_FALSE(in_register({}, Register::sie));
    CHECK(refusal_of([&] { check_text(both); }) == "");
    CHECK(refusal_of([] { check_text({{"en", "You"}}); }).starts_with("A text needs at least one German"));
    CHECK(refusal_of([] { check_text({{"sie", "Sie"}, {"platt", "Moin"}}); }).starts_with("A text is written in"));
    CHECK(refusal_of([] { check_text({{"sie", " \n"}}); }).starts_with("A text must not be empty"));
}

TEST_CASE("what an organisation must say of itself") {
    storage::OrganisationRow office{.kind = "contact_office",
                                    .name = "KISS Kassel",
                                    .region = "Kassel",
                                    .purpose = "Selbsthilfe",
                                    .responsible = {"Erika Muster, Leitung"},
                                    .funding = "GKV",
                                    .server_location = "Kassel",
                                    .contact_phone = "0561 1234"};
    REQUIRE(refusal_of([&] { check_organisation(office); }) == "");
    std::string why;
    SUBCASE("a club") { office.kind = "club", why = "kind is association, contact_office or working_group"; }
    SUBCASE("no name") { office.name.clear(), why = "name must not be empty"; }
    SUBCASE("nobody responsible") { office.responsible.clear(), why = "responsible names one to twenty persons"; }
    SUBCASE("no contact") {
        office.contact_phone.clear(), why = "People must be able to reach you: contact_email or contact_phone";
    }
    SUBCASE("an answer some day") { office.answer_days = 61, why = "answer_days is 1 to 60"; }
    SUBCASE("a link that runs code") { office.website = "javascript:alert(1)", why = "website is no web address"; }
    CHECK(refusal_of([&] { check_organisation(office); }) == why);
}
