#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/selfhelp/admission_office.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// A group at haven.test with Petra as its moderator; Anna lives at hearth.test.
struct BetweenNodes {
    BetweenNodes() : anna(world.person("hearth.test", "anna")), petra(world.person("haven.test", "petra")) {
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
