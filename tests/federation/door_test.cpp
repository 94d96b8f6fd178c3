#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "storage/organisation.hpp"
#include "storage/roles.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr std::int64_t hour_ms = 3'600'000;

// clang-format off
constexpr std::string_view nonsense = R"json({"chunk":[
    {"room_id":"!a","num_joined_members":1,"world_readable":false,"guest_can_join":false,"room_type":"org.runde.card",
     "org.runde.card":{"name":"Gut","topic":"<b>","forms":["online",{}],"openness":7,"url":"javascript:alert(1)","admission":"bribe"}},
    {"room_id":"!b","num_joined_members":1,"room_type":"org.runde.card","org.runde.card":"none"},
    {"room_id":"!c","num_joined_members":1,"room_type":"org.runde.card","org.runde.card":{"name":7}},
    {"room_id":"!d","num_joined_members":1,"room_type":"m.space","org.runde.card":{"name":"Kein Kärtchen"}}, 7]})json";
// clang-format on

/// Hearth runs a group; Haven, a partner, shows its card.
struct TwoOffices {
    TwoOffices()
        : world([](server::WiringOptions& options) {
              const bool hearth = options.accounts.server_name.str() == "hearth.test";
              options.door.public_url = hearth ? "https://www.hearth.test" : "https://www.haven.test";
              options.door.partners = {hearth ? "haven.test" : "hearth.test"};
          }) {
        const auto now = world.server("hearth.test").now_ms();
        world.server("hearth.test").wiring().db.transact_now([&](storage::Tx& tx) {
            storage::insert_role(tx, {.user_id = erika.id, .role = "office", .granted_by = "command line", .granted_at = now});
            storage::set_organisation(tx, {.kind = "association", .name = "Selbsthilfe am Herd", .changed_by = "command line"});
        });
    }
    Answer make(std::string_view group) { return erika.post("/_runde/v1/groups", group); }
    Answer search(std::string_view query = "") {
        return world.server("haven.test").http("GET", fmt::format("/_runde/v1/directory{}", query));
    }

    TwoServers world;
    Neighbour erika = world.person("hearth.test", "erika"), ben = world.person("haven.test", "ben");
};

}  // namespace

TEST_CASE("a partner's groups stand in the directory, also while the partner is away for a while") {
    TwoOffices offices;
    REQUIRE(offices.make(
                R"({"group_id":"abend","name":"Abendgruppe","topic":"krebs","region":"Kassel","forms":["online"],"seats":7})") ==
            "200");
    const auto found = offices.search("?q=krebs");
    CHECK(found.at("/total") == "1");
    CHECK(found.at("/groups/0/name") == "Abendgruppe");
    CHECK(found.at("/groups/0/server") == "hearth.test");
    CHECK(found.at("/groups/0/own") == "false");
    CHECK(found.at("/groups/0/organisation") == "Selbsthilfe am Herd");
    CHECK(found.at("/groups/0/topic_label") == "Krebs");
    CHECK(found.at("/groups/0/admission") == "on_request");
    CHECK(found.at("/groups/0/url") == "https://www.hearth.test/gruppen/abend");
    CHECK(found.text.find("seats") == std::string::npos);
    CHECK(offices.search("?region=fulda").at("/total") == "0");

    // Asked again only after ten minutes; silence is told, and forgiven for a day.
    const auto asked = [&] {
        return std::count(offices.world.link().log.begin(), offices.world.link().log.end(),
                          "POST hearth.test /_matrix/federation/v1/publicRooms");
    };
    CHECK(asked() == 1);
    offices.search();
    CHECK(asked() == 1);
    offices.world.cut_link();
    offices.world.advance(net::Milliseconds(hour_ms));
    offices.search();
    offices.world.settle();
    const auto silent = offices.search();
    CHECK(asked() == 2);
    CHECK(silent.at("/total") == "1");
    CHECK(silent.at("/silent_partners/0") == "hearth.test");
    offices.world.advance(net::Milliseconds(24 * hour_ms));
    CHECK(offices.search().at("/total") == "0");
    offices.world.settle();
    offices.world.restore_link();
    offices.world.advance(net::Milliseconds(hour_ms));
    offices.search();
    offices.world.settle();
    CHECK(offices.search().at("/total") == "1");
}

TEST_CASE("a member from a partner node accepts the rules on the group's page, and then comes in") {
    TwoOffices offices;
    REQUIRE(offices.make(R"({"group_id":"abend","name":"Abendgruppe","topic":"krebs","forms":["online"]})") == "200");
    const auto rooms = offices.erika.get("/_runde/v1/groups/abend");
    REQUIRE(offices.erika.put("/_runde/v1/groups/abend/rules", R"({"texts":{"sie":"Es bleibt hier."}})") == "200");
    REQUIRE(offices.erika.post("/_runde/v1/roles",
                               fmt::format(R"({{"user_id":"{}","role":"member","group_id":"abend"}})", offices.ben.id)) == "200");
    offices.world.settle();
    const auto forum = rooms.at("/rooms/forum_id");
    const auto refused = offices.ben.join(forum, "hearth.test");
    REQUIRE(refused == "403 M_CONSENT_NOT_GIVEN");
    const auto uri = refused.at("/consent_uri");
    REQUIRE(uri.starts_with("https://www.hearth.test/regeln/"));
    const auto consent = "/_runde/v1/consent/" + uri.substr(uri.rfind('/') + 1);
    auto& hearth = offices.world.server("hearth.test");
    CHECK(hearth.http("GET", consent).at("/user_id") == offices.ben.id);
    REQUIRE(hearth.http("POST", consent, "", R"({"version":1})") == "200");
    CHECK(offices.ben.join(forum, "hearth.test") == "200");
    offices.world.settle();
    offices.ben.say(forum, "Guten Abend aus der Nachbarschaft");
    offices.world.settle();
    CHECK(hearth.ask("SELECT count(*) FROM events WHERE type = 'm.room.message' AND sender = '@ben:haven.test'") == "1");
    // New rules: his own server lets nothing of his pass before he accepts them, and says where.
    REQUIRE(offices.erika.put("/_runde/v1/groups/abend/rules", R"({"texts":{"sie":"Es bleibt hier. Immer."}})") == "200");
    const auto silent = offices.ben.send(forum, "m.room.message", R"({"msgtype":"m.text","body":"Darf ich?"})");
    CHECK(silent == "403 M_FORBIDDEN");
    CHECK(silent.at("/error").find("https://www.hearth.test/regeln/") != std::string::npos);
    REQUIRE(hearth.http("POST", consent, "", R"({"version":2})") == "200");
    CHECK(offices.ben.send(forum, "m.room.message", R"({"msgtype":"m.text","body":"Jetzt darf ich."})") == "200");
    // Another server's page cannot be forged for him here.
    CHECK(offices.world.server("haven.test").http("GET", consent) == "404 M_NOT_FOUND");
}

TEST_CASE("a partner that tells nonsense spoils nothing") {
    TwoOffices offices;
    REQUIRE(offices.make(R"({"name":"Abendgruppe","topic":"krebs","forms":["online"]})") == "200");
    offices.world.link().tamper = [](const std::string&,
                                     federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (!request.target.ends_with("/publicRooms")) return std::nullopt;
        return federation::LinkAnswer{200, std::string(nonsense)};
    };
    const auto found = offices.search();
    REQUIRE(found.at("/total") == "1");
    CHECK(found.at("/groups/0/name") == "Gut");
    CHECK(found.at("/groups/0/topic") == "");
    CHECK(found.at("/groups/0/forms") == R"(["online"])");
    CHECK_FALSE(found.has("/groups/0/url"));
    CHECK_FALSE(found.has("/groups/0/admission"));
}
