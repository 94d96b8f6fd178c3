#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/selfhelp/door.hpp"
#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr std::string_view kiss =
    R"({"kind":"contact_office","name":"KISS Kassel","region":"Kassel","purpose":"Wir helfen, Gruppen zu finden.",
    "responsible":["Erika Muster, Leitung"],"funding":"Gesetzliche Krankenkassen","server_location":"Kassel","contact_phone":"0561 1234","answer_days":3})";
constexpr std::string_view evening =
    R"({"group_id":"abend","name":"Abendgruppe","topic":"krebs","about":"Für Angehörige","region":"Kassel",
    "forms":["place","online"],"admission":"with_interview","seats":2})";
constexpr std::string_view rules_text =
    R"({"texts":{"sie":"Was hier gesagt wird, bleibt hier.","du":"Was hier gesagt wird, bleibt hier!","en":"What is said here stays here."}})";

/// A node with an office: Root set it up, Erika runs the office, Mona is a member of nothing yet.
struct Office {
    explicit Office(TestServer::Adjust adjust = {})
        : server([adjust](server::WiringOptions& options) {
              options.door.public_url = "https://kiss.hearth.test";
              if (adjust) adjust(options);
          }) {
        server.wiring().db.transact_now([&](storage::Tx& tx) {
            storage::change_user_flags(tx, storage::find_user(tx, "root")->nid, storage::administrator, 0);
        });
        root.token = root.on_another_device().token;  // The session knows what it may from its sign-in on.
        REQUIRE(grant(root, erika, "board") == "200");
    }

    Answer grant(Person& by, Person& to, std::string_view role, std::string_view more = "") {
        return by.post("/_runde/v1/roles", fmt::format(R"({{"user_id":"{}","role":"{}"{}}})", to.id, role, more));
    }
    Answer in_group(Person& by, Person& to, std::string_view role) { return grant(by, to, role, R"(,"group_id":"abend")"); }
    void make_group() {
        const auto made = erika.post("/_runde/v1/groups", evening);
        REQUIRE(made == "200");
        space = made.at("/rooms/space_id");
        forum = made.at("/rooms/forum_id");
        chat = made.at("/rooms/chat_id");
        card = made.at("/card_id");
    }
    /// Ben is a member and has come in.
    void enter(Person& who) {
        REQUIRE(in_group(erika, who, "member") == "200");
        for (const auto& room : {space, forum, chat}) REQUIRE(who.post(fmt::format("/rooms/{}/join", segment(room))) == "200");
    }
    Answer say(Person& who, const std::string& room, std::string_view text) {
        return who.put(fmt::format("/rooms/{}/send/m.room.message/{}", segment(room), ++txn),
                       fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", text));
    }
    Answer accept(Person& who, int version) {
        return who.post("/_runde/v1/groups/abend/rules/accept", fmt::format(R"({{"version":{}}})", version));
    }

    TestServer server;
    Person root = server.person("root"), erika = server.person("erika"), mona = server.person("mona"), ben = server.person("ben"),
           carl = server.person("carl");
    std::string space, forum, chat, card;
    int txn = 0;
};

std::string names(const Answer& directory) {
    std::string out;
    for (const auto& group : directory["/groups"].as_array())
        out += (out.empty() ? "" : ", ") + std::string(*schema::string_at(group.as_object(), "name"));
    return out;
}

bool tells(const Answer& sync, std::string_view text) { return sync.text.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("an organisation introduces itself") {
    Office office;
    auto& server = office.server;
    CHECK(server.http("GET", "/_runde/v1/organisation") == "404 M_NOT_FOUND");
    CHECK(server.http("GET", "/_runde/v1/node").at("/organisation_set") == "false");
    CHECK(office.mona.put("/_runde/v1/organisation", kiss) == "403 M_FORBIDDEN");
    CHECK(server.http("PUT", "/_runde/v1/organisation", "", kiss) == "401 M_MISSING_TOKEN");
    CHECK(office.root.put("/_runde/v1/organisation", R"({"kind":"club","name":"x","purpose":"y"})") == "400 M_INVALID_PARAM");
    CHECK(office.root.put("/_runde/v1/organisation", R"({"kind":"association"})") == "400 M_MISSING_PARAM");
    REQUIRE(office.root.put("/_runde/v1/organisation", kiss) == "200");

    const auto told = server.http("GET", "/_runde/v1/organisation");
    CHECK(told.at("/name") == "KISS Kassel");
    CHECK(told.at("/answer_days") == "3");
    CHECK(server.http("GET", "/_runde/v1/node").at("/name") == "KISS Kassel");

    // On Matrix it is a public space, which the board's next word changes.
    const auto rooms = office.mona.get("/publicRooms");
    CHECK(rooms.at("/chunk/0/room_type") == "m.space");
    CHECK(rooms.at("/chunk/0/name") == "KISS Kassel");
    CHECK(rooms.at("/chunk/0/room_id") == told.at("/space_id"));
    auto other = std::string(kiss);
    other.replace(other.find("KISS Kassel"), 11, "KISS Nordhessen");
    REQUIRE(office.erika.put("/_runde/v1/organisation", other) == "200");
    CHECK(office.mona.get("/publicRooms").at("/chunk/0/name") == "KISS Nordhessen");
}

TEST_CASE("the organisation's texts have versions and registers") {
    Office office;
    const std::string path = "/_runde/v1/texts/privacy";
    CHECK(office.server.http("GET", path) == "404 M_NOT_FOUND");
    CHECK(office.mona.put(path, rules_text) == "403 M_FORBIDDEN");
    CHECK(office.erika.put("/_runde/v1/texts/poems", rules_text) == "404 M_NOT_FOUND");
    CHECK(office.erika.put(path, R"({"texts":{"en":"Only English"}})") == "400 M_INVALID_PARAM");
    CHECK(office.erika.put(path, R"({"texts":{"sie":7}})") == "400 M_BAD_JSON");
    CHECK(office.erika.put(path, R"({"texts":{"sie":"Erste Fassung"}})").at("/version") == "1");
    CHECK(office.erika.put(path, rules_text).at("/version") == "2");
    CHECK(office.server.http("GET", path).at("/texts/en") == "What is said here stays here.");
    CHECK(office.server.http("GET", path + "?version=1").at("/texts/sie") == "Erste Fassung");
    CHECK(office.server.http("GET", path + "?version=3") == "404 M_NOT_FOUND");
}

TEST_CASE("roles are given by named people, looked up, laid down and run out") {
    Office office;
    CHECK(office.grant(office.mona, office.mona, "board") == "403 M_FORBIDDEN");
    CHECK(office.grant(office.erika, office.mona, "king") == "400 M_INVALID_PARAM");
    CHECK(office.grant(office.erika, office.mona, "member") == "400 M_INVALID_PARAM");
    CHECK(office.erika.post("/_runde/v1/roles", R"({"user_id":"@nobody:hearth.test","role":"office"})") == "404 M_NOT_FOUND");
    const auto in_an_hour = office.server.now_ms() + 3'600'000;
    REQUIRE(office.grant(office.erika, office.mona, "office", fmt::format(R"(,"until":{})", in_an_hour)) == "200");

    auto me = office.mona.get("/_runde/v1/me");
    CHECK(me.at("/roles/0/role") == "office");
    CHECK(me.at("/roles/0/granted_by") == office.erika.id);
    CHECK(me.at("/association_member") == "false");
    CHECK(office.mona.post("/_runde/v1/groups", evening) == "200");

    office.server.advance(net::Milliseconds(3'600'001));
    CHECK(office.mona.get("/_runde/v1/me").at("/roles/0/role") == "");
    CHECK(office.mona.put("/_runde/v1/groups/abend", R"({"region":"Fulda"})") == "403 M_FORBIDDEN");
    CHECK(office.mona.get("/_runde/v1/roles") == "403 M_FORBIDDEN");
    // The log still has it.
    CHECK(office.erika.get("/_runde/v1/roles?former=true")["/roles"].as_array().size() == 2);
    const auto now = office.erika.get("/_runde/v1/roles");
    REQUIRE(now["/roles"].as_array().size() == 1);

    const auto own = now.at("/roles/0/grant_id");
    CHECK(office.mona.del("/_runde/v1/roles/" + own) == "403 M_FORBIDDEN");
    CHECK(office.erika.del("/_runde/v1/roles/abc") == "400 M_INVALID_PARAM");
    CHECK(office.erika.del("/_runde/v1/roles/999") == "404 M_NOT_FOUND");
    CHECK(office.erika.del("/_runde/v1/roles/" + own) == "200");
    CHECK(office.erika.get("/_runde/v1/roles") == "403 M_FORBIDDEN");
}

TEST_CASE("taking part makes nobody a member of the association") {
    Office office;
    const auto path = "/_runde/v1/association_members/" + segment(office.ben.id);
    CHECK(office.ben.put(path, "{}") == "403 M_FORBIDDEN");
    CHECK(office.erika.put("/_runde/v1/association_members/ben", "{}") == "400 M_INVALID_PARAM");
    CHECK(office.erika.put(path, "{}") == "200");
    CHECK(office.ben.get("/_runde/v1/me").at("/association_member") == "true");
    CHECK(office.erika.get("/_runde/v1/association_members").at("/user_ids/0") == office.ben.id);
    CHECK(office.ben.get("/_runde/v1/association_members") == "403 M_FORBIDDEN");
    CHECK(office.erika.del(path) == "200");
    CHECK(office.ben.get("/_runde/v1/me").at("/association_member") == "false");
}

TEST_CASE("a group is made with its rooms in one step, and outsiders see the card") {
    Office office;
    REQUIRE(office.root.put("/_runde/v1/organisation", kiss) == "200");
    CHECK(office.root.post("/_runde/v1/groups", evening) == "403 M_FORBIDDEN");
    CHECK(office.mona.post("/_runde/v1/groups", evening) == "403 M_FORBIDDEN");
    CHECK(office.erika.post("/_runde/v1/groups", R"({"name":"x","topic":"krebs"})") == "400 M_MISSING_PARAM");
    CHECK(office.erika.post("/_runde/v1/groups", R"({"name":"x","topic":"poems","forms":["online"]})") == "400 M_INVALID_PARAM");
    office.make_group();
    CHECK(office.erika.post("/_runde/v1/groups", evening) == "400 M_ROOM_IN_USE");

    // What a stranger is told: the card, and neither seats nor members nor rooms.
    const auto card = office.server.http("GET", "/_runde/v1/groups/abend");
    CHECK(card.at("/name") == "Abendgruppe");
    CHECK(card.at("/admission") == "with_interview");
    CHECK_FALSE(card.has("/team"));
    CHECK_FALSE(card.has("/rooms"));
    CHECK_FALSE(office.mona.get("/_runde/v1/groups/abend").has("/team"));
    CHECK(office.erika.get("/_runde/v1/groups/abend").at("/team/seats") == "2");
    CHECK(office.server.http("GET", "/_runde/v1/groups/morgen") == "404 M_NOT_FOUND");

    // Any Matrix app sees a public room that can be knocked at, and in the organisation's space it stands, too.
    const auto found = office.mona.post("/publicRooms", R"({"filter":{"room_types":["org.runde.card"]}})");
    REQUIRE(found["/chunk"].as_array().size() == 1);
    CHECK(found.at("/chunk/0/room_id") == office.card);
    CHECK(found.at("/chunk/0/join_rule") == "knock");
    CHECK(found.at("/chunk/0/topic").starts_with("Krebs · Kassel · vor Ort, online · offen für Neue"));
    CHECK(found.at("/chunk/0/org.runde.card/forms") == R"(["place","online"])");
    CHECK(found.at("/chunk/0/org.runde.card/url") == "https://kiss.hearth.test/gruppen/abend");
    const auto space = office.server.http("GET", "/_runde/v1/organisation").at("/space_id");
    CHECK(tells(office.mona.get(fmt::format("/_matrix/client/v1/rooms/{}/hierarchy", segment(space))), office.card));
    CHECK(office.mona.post(fmt::format("/knock/{}", segment(office.card)), "{}") == "200");
    CHECK(office.mona.post(fmt::format("/join/{}", segment(office.card)), "{}") == "403 M_FORBIDDEN");
    // Who knocks is seen by nobody else.
    CHECK(office.ben.get(fmt::format("/rooms/{}/messages?dir=b", segment(office.card))) == "403 M_FORBIDDEN");

    // The group's own rooms are not to be found or entered.
    CHECK_FALSE(tells(office.mona.get("/publicRooms"), office.forum));
    CHECK(office.mona.post(fmt::format("/join/{}", segment(office.forum)), "{}") == "403 M_FORBIDDEN");
    CHECK(office.mona.post(fmt::format("/join/{}", segment(office.space)), "{}") == "403 M_FORBIDDEN");

    // Changes reach the card; closing takes it away.
    CHECK(office.erika.put("/_runde/v1/groups/abend", R"({"openness":"half"})") == "400 M_INVALID_PARAM");
    CHECK(office.erika.put("/_runde/v1/groups/abend", R"({"openness":"full","name":"Nachtgruppe","seats":null})") == "200");
    CHECK_FALSE(office.erika.get("/_runde/v1/groups/abend").has("/team/seats"));
    CHECK(office.mona.get("/publicRooms?limit=5").text.find("Nachtgruppe") != std::string::npos);
    CHECK(office.mona.post("/_runde/v1/groups/abend/close") == "403 M_FORBIDDEN");
    CHECK(office.erika.post("/_runde/v1/groups/abend/close") == "200");
    CHECK(office.server.http("GET", "/_runde/v1/groups/abend") == "404 M_NOT_FOUND");
    CHECK(office.mona.post("/publicRooms", R"({"filter":{"room_types":["org.runde.card"]}})")["/chunk"].as_array().empty());
    CHECK(office.server.http("GET", "/_runde/v1/directory").at("/total") == "0");
}

TEST_CASE("members come in by their role, as long as there are seats, and go with it") {
    Office office;
    office.make_group();
    office.enter(office.ben);
    CHECK(office.in_group(office.ben, office.carl, "member") == "403 M_FORBIDDEN");
    CHECK(office.in_group(office.erika, office.carl, "moderator") == "200");
    CHECK(office.in_group(office.carl, office.mona, "member") == "200");
    CHECK(office.in_group(office.carl, office.root, "member") == "400 M_BAD_STATE");
    CHECK(office.ben.get("/_runde/v1/groups").at("/groups/0/rooms/forum_id") == office.forum);
    CHECK(office.say(office.ben, office.forum, "Guten Abend") == "200");
    // Nobody lets others in past the admission.
    CHECK(office.ben.post(fmt::format("/rooms/{}/invite", segment(office.chat)),
                          fmt::format(R"({{"user_id":"{}"}})", office.root.id)) == "403 M_FORBIDDEN");

    const auto roles = office.erika.get("/_runde/v1/roles?group_id=abend");
    std::string grant;
    for (const auto& role : roles["/roles"].as_array())
        if (schema::string_at(role.as_object(), "user_id") == office.ben.id)
            grant = std::to_string(role.as_object().at("grant_id").as_int64());
    REQUIRE(office.carl.del("/_runde/v1/roles/" + grant) == "200");
    CHECK(office.say(office.ben, office.forum, "Noch jemand da?") == "403 M_FORBIDDEN");
    CHECK(office.in_group(office.carl, office.root, "member") == "200");
}

TEST_CASE("who leaves the group's space is no member any more") {
    Office office;
    office.make_group();
    office.enter(office.ben);
    REQUIRE(office.ben.post(fmt::format("/rooms/{}/leave", segment(office.space))) == "200");
    for (int i = 0;
         i < 200 && office.server.ask("SELECT count(*) FROM role_grants WHERE role = 'member' AND withdrawn_at IS NULL") != "0";
         ++i)
        office.server.on_io([] {});
    CHECK(office.ben.get("/_runde/v1/me").at("/roles/0/role") == "");
}

TEST_CASE("moderators have power in the group's rooms, and lose it with the role, also by date") {
    Office office;
    office.make_group();
    office.enter(office.ben);
    const auto until = office.server.now_ms() + 1000;
    REQUIRE(office.grant(office.erika, office.carl, "moderator", fmt::format(R"(,"group_id":"abend","until":{})", until)) == "200");
    for (const auto& room : {office.space, office.forum})
        REQUIRE(office.carl.post(fmt::format("/rooms/{}/join", segment(room))) == "200");
    const auto topic = office.say(office.ben, office.forum, "Ein Thema").at("/event_id");
    const auto pin = fmt::format("/rooms/{}/state/org.runde.topic/{}", segment(office.forum), segment(topic));
    CHECK(office.ben.put(pin, R"({"pinned":true})") == "403 M_FORBIDDEN");
    CHECK(office.carl.put(pin, R"({"pinned":true})") == "200");
    // The date alone ends it; the rooms follow by a job, because he is no member of the group.
    office.server.advance(net::Milliseconds(1001));
    CHECK(office.carl.put(pin, R"({"pinned":false})") == "403 M_FORBIDDEN");
    office.server.runtime().wait(office.server.wiring().jobs.settle());
    CHECK(office.say(office.carl, office.forum, "Schreiben darf ich nicht mehr") == "403 M_FORBIDDEN");
}

TEST_CASE("the rules come before reading and writing") {
    Office office;
    office.make_group();
    CHECK(office.mona.put("/_runde/v1/groups/abend/rules", rules_text) == "403 M_FORBIDDEN");
    CHECK(office.server.http("GET", "/_runde/v1/groups/abend/rules").at("/version") == "0");
    REQUIRE(office.erika.put("/_runde/v1/groups/abend/rules", rules_text).at("/version") == "1");
    REQUIRE(office.in_group(office.erika, office.ben, "member") == "200");

    // Any app: coming in is refused, with the page where two taps accept.
    const auto refused = office.ben.post(fmt::format("/rooms/{}/join", segment(office.forum)));
    REQUIRE(refused == "403 M_CONSENT_NOT_GIVEN");
    const auto uri = refused.at("/consent_uri");
    REQUIRE(uri.starts_with("https://kiss.hearth.test/regeln/"));
    const auto token = uri.substr(uri.rfind('/') + 1);
    const auto page = office.server.http("GET", "/_runde/v1/consent/" + token);
    CHECK(page.at("/texts/du") == "Was hier gesagt wird, bleibt hier!");
    CHECK(page.at("/user_id") == office.ben.id);
    CHECK(page.at("/accepted") == "false");
    CHECK(office.server.http("GET", "/_runde/v1/consent/" + token.substr(0, token.size() - 3) + "AAA") == "404 M_NOT_FOUND");
    CHECK(office.server.http("POST", "/_runde/v1/consent/" + token, "", R"({"version":2})") == "400 M_BAD_STATE");
    CHECK(office.server.http("POST", "/_runde/v1/consent/" + token, "", R"({"version":"1"})") == "400 M_BAD_JSON");
    REQUIRE(office.server.http("POST", "/_runde/v1/consent/" + token, "", R"({"version":1})") == "200");
    // Accepted, and in: the invitations were waiting.
    CHECK(office.say(office.ben, office.forum, "Ich bin Ben") == "200");
    CHECK(office.accept(office.ben, 1) == "200");
}

TEST_CASE("who accepts before being invited is told everything once, by joining") {
    Office office;
    office.make_group();
    REQUIRE(office.erika.put("/_runde/v1/groups/abend/rules", rules_text) == "200");
    REQUIRE(office.accept(office.ben, 1) == "200");
    office.enter(office.ben);
    REQUIRE(office.say(office.ben, office.chat, "Ein Wort") == "200");
    const auto whole = office.ben.get("/sync?timeout=0");
    CHECK(tells(whole, "Ein Wort"));
    REQUIRE(office.say(office.ben, office.chat, "Noch eines") == "200");
    const auto next = office.ben.get("/sync?timeout=0&since=" + whole.at("/next_batch"));
    CHECK(tells(next, "Noch eines"));
    CHECK_FALSE(tells(next, "Ein Wort"));
}

TEST_CASE("new rules withhold what is said until they are accepted, and nobody sees who has not") {
    Office office;
    office.make_group();
    office.enter(office.ben);
    office.enter(office.carl);
    REQUIRE(office.say(office.ben, office.chat, "Vorher") == "200");
    const auto before = office.ben.get("/sync?timeout=0");
    CHECK(tells(before, "Vorher"));
    REQUIRE(office.erika.put("/_runde/v1/groups/abend/rules", rules_text) == "200");

    CHECK(office.say(office.ben, office.chat, "Darf ich?") == "403 M_CONSENT_NOT_GIVEN");
    CHECK(office.ben.get("/_runde/v1/me").at("/groups/0/rules_accepted") == "false");
    CHECK(office.accept(office.ben, 2) == "400 M_BAD_STATE");
    REQUIRE(office.accept(office.carl, 1) == "200");
    CHECK(office.ben.get("/_runde/v1/groups/abend/rules/acceptance").text == R"({"accepted":1,"members":2})");
    CHECK(office.mona.get("/_runde/v1/groups/abend/rules/acceptance") == "403 M_FORBIDDEN");
    const auto said = office.say(office.carl, office.chat, "Geheimes Wort");
    REQUIRE(said == "200");

    // Reading, by whichever way an app tries.
    const auto room = segment(office.chat);
    for (const auto& path :
         {fmt::format("/rooms/{}/messages?dir=b", room), fmt::format("/rooms/{}/context/{}", room, segment(said.at("/event_id"))),
          fmt::format("/rooms/{}/event/{}", room, segment(said.at("/event_id"))),
          fmt::format("/_matrix/client/v1/rooms/{}/threads", room),
          fmt::format("/_matrix/client/v1/rooms/{}/relations/{}", room, segment(said.at("/event_id")))})
        CHECK(office.ben.get(path) == "403 M_CONSENT_NOT_GIVEN");
    CHECK_FALSE(tells(office.ben.get("/_runde/v1/search?q=Geheimes"), "Geheimes"));
    const auto since = before.at("/next_batch");
    const auto silent = office.ben.get("/sync?timeout=0&since=" + since);
    CHECK_FALSE(tells(silent, "Geheimes Wort"));
    const auto anew = office.ben.get("/sync?timeout=0");
    CHECK(tells(anew, office.chat));  // The room is there, and can be opened: that is how apps come to ask.
    CHECK_FALSE(tells(anew, "Geheimes Wort"));
    CHECK_FALSE(tells(anew, "Vorher"));

    // One may always take back one's own, and go; and once accepted, everything is there.
    auto waiting = office.ben.begin("GET", "/sync?timeout=20000&since=" + silent.at("/next_batch"));
    REQUIRE(office.accept(office.ben, 1) == "200");
    // The rooms open one after the other, so one answer may not have them all yet.
    auto told = waiting.get();
    std::string heard = told.text;
    for (int i = 0; i < 3; ++i) {
        told = office.ben.get("/sync?timeout=0&since=" + told.at("/next_batch"));
        heard += told.text;
    }
    CHECK(heard.find("Geheimes Wort") != std::string::npos);
    CHECK_FALSE(tells(told, "Geheimes Wort"));
    CHECK(tells(office.ben.get("/sync?timeout=0&since=" + since), "Geheimes Wort"));
    CHECK(office.say(office.ben, office.chat, "Jetzt ja") == "200");
    CHECK(office.ben.get("/_runde/v1/groups/abend/rules/acceptance").at("/accepted") == "2");

    // A restart forgets nothing.
    office.server.restart();
    CHECK(office.say(office.ben, office.chat, "Noch immer") == "200");
    REQUIRE(office.erika.put("/_runde/v1/groups/abend/rules", rules_text).at("/version") == "2");
    CHECK(office.say(office.ben, office.chat, "Wieder?") == "403 M_CONSENT_NOT_GIVEN");
    CHECK(office.ben.post(fmt::format("/rooms/{}/leave", room)) == "200");
}

TEST_CASE("the directory is searched by words, topic, region and form") {
    Office office;
    office.make_group();
    REQUIRE(office.erika.post(
                "/_runde/v1/groups",
                R"({"name":"Trauercafé","topic":"trauer","region":"Fulda","forms":["phone"],"openness":"starting"})") == "200");
    const auto search = [&](std::string_view query) {
        return names(office.server.http("GET", fmt::format("/_runde/v1/directory{}", query)));
    };
    CHECK(search("") == "Abendgruppe, Trauercafé");
    CHECK(search("?q=Angeh%C3%B6rige") == "Abendgruppe");
    CHECK(search("?q=krebs") == "Abendgruppe");
    CHECK(search("?topic=trauer") == "Trauercafé");
    CHECK(search("?region=fulda") == "Trauercafé");
    CHECK(search("?form=online") == "Abendgruppe");
    CHECK(search("?openness=starting") == "Trauercafé");
    CHECK(search("?q=segeln") == "");
    const auto first = office.server.http("GET", "/_runde/v1/directory?limit=1");
    CHECK(names(first) == "Abendgruppe");
    CHECK(search("?limit=1&from=" + first.at("/next")) == "Trauercafé");
    CHECK(office.server.http("GET", "/_runde/v1/directory?from=x") == "400 M_INVALID_PARAM");
    CHECK_FALSE(tells(office.server.http("GET", "/_runde/v1/directory"), "seats"));
}

TEST_CASE("the list of topics is the office's to edit") {
    Office office;
    office.make_group();
    const std::string path = "/_runde/v1/topic_codes";
    CHECK(office.server.http("GET", path)["/topic_codes"].as_array().size() > 10);
    CHECK(office.mona.put(path, R"({"topic_codes":[]})") == "403 M_FORBIDDEN");
    CHECK(office.erika.put(path, R"({"topic_codes":[]})") == "400 M_INVALID_PARAM");
    CHECK(office.erika.put(path, R"({"topic_codes":[{"code":"neu","label":"Neues"}]})") == "400 M_BAD_STATE");
    CHECK(office.erika.put(
              path, R"({"topic_codes":[{"code":"krebs","label":"Krebs"},{"code":"neu","label":"Neues","label_en":"New"}]})") ==
          "200");
    CHECK(office.server.http("GET", path).at("/topic_codes/1/code") == "neu");
    CHECK(office.server.http("GET", path)["/topic_codes"].as_array().size() == 2);
}

TEST_CASE("an account that is closed leaves no role behind") {
    Office office;
    office.make_group();
    office.enter(office.ben);
    const auto auth = office.ben.password_auth();
    REQUIRE(office.ben.post("/account/deactivate", fmt::format(R"({{"auth":{}}})", auth)) == "200");
    const auto rows = [&] { return office.server.ask("SELECT count(*) FROM role_grants WHERE user_id = '@ben:hearth.test'"); };
    for (int i = 0; i < 500 && rows() != "0"; ++i) office.server.on_io([] {});
    CHECK(rows() == "0");
}
