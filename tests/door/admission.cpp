#include "tests/door/admission_play.hpp"

using namespace runde;
using namespace runde::tests;

TEST_CASE("Anna asks with a pseudonym and a password, talks with the team, and is admitted") {
    AdmissionPlay play;
    play.group("with_interview");
    CHECK(play.server.http("GET", "/_runde/v1/groups/abend/admission").at("/mode") == "with_interview");
    const auto offered = play.slot(play.petra);

    auto anna = play.arrives("anna");
    CHECK(anna.id == "@anna:hearth.test");
    auto file = play.file(anna);
    CHECK(file.at("/state") == "received");
    CHECK(file.at("/answers/anliegen") == "Ich komme nicht zur Ruhe");
    CHECK(file.at("/free_slots/0/slot_id") == offered);
    CHECK_FALSE(file.has("/free_slots/0/place"));  // Told to whom the slot belongs.
    CHECK(file.at("/erased_ts") == std::to_string(play.server.now_ms() + 60 * day_ms));
    // No mail, no phone, no name was needed.
    CHECK(play.server.ask("SELECT email IS NULL AND phone IS NULL FROM applications") == "t");

    const auto reception = play.reception(anna);
    CHECK(play.membership(reception, anna.id) == "join");
    for (const auto* nobody : {&play.petra, &play.olaf, &play.ben}) CHECK(play.membership(reception, nobody->id) == "never");
    CHECK(contains(play.read(anna, reception), "Ihre Anfrage an „Abendgruppe“. Sie ist angekommen."));

    // A limited account: its application and its reception, nothing else.
    CHECK(play.says(anna, reception, "Guten Tag") == "200");
    CHECK(play.says(anna, play.rooms["chat"], "Guten Tag") == "403 M_USER_SUSPENDED");
    CHECK(anna.post("/createRoom") == "403 M_USER_SUSPENDED");
    CHECK(anna.post("/join/" + segment(play.rooms["forum"])) == "403 M_USER_SUSPENDED");
    CHECK(anna.put("/profile/" + segment(anna.id) + "/displayname", R"({"displayname":"A"})") == "403 M_USER_SUSPENDED");
    CHECK(anna.post("/rooms/" + segment(reception) + "/invite", R"({"user_id":"@ben:hearth.test"})") == "403 M_USER_SUSPENDED");
    CHECK(anna.post("/user_directory/search", R"({"search_term":"ben"})").status >= 400);
    // Apps work: settings and filters are her own.
    CHECK(anna.put("/user/" + segment(anna.id) + "/account_data/org.test", R"({"theme":"dark"})") == "200");
    // She comes back with her password.
    auto again = anna.on_another_device();
    CHECK(play.file(again).at("/state") == "received");

    // Before the talk nobody can admit her; she picks the slot and gets it as a calendar file.
    CHECK(play.vote(play.petra, anna, "admit") == "400 M_BAD_STATE");
    file = play.picks(anna, offered);
    CHECK(file.at("/state") == "interview");
    CHECK(file.at("/slot/place") == "0561 1234");
    const auto calendar = anna.get("/_runde/v1/applications/" + play.applications["anna"] + "/slot.ics");
    CHECK(calendar.headers.find("Content-Type") == "text/calendar; charset=utf-8");
    CHECK(contains(calendar.text,
                   "DTSTART:20231115T221320Z\r\nDTEND:20231115T231320Z\r\nSUMMARY:Gespräch\r\nLOCATION:0561 1234\r\n"));
    CHECK(contains(play.read(anna, reception), "Das Gespräch ist vereinbart: 15.11.2023, 23:13 Uhr."));

    REQUIRE(play.petra.post("/join/" + segment(reception)) == "200");
    CHECK(contains(play.read(play.petra, reception), "Guten Tag"));
    play.pass(day_ms);
    const auto desk = "/_runde/v1/desk/applications/" + play.applications["anna"];
    CHECK(play.petra.post(desk + "/notes", R"({"text":"freundlich, schläft schlecht"})").at("/notes/0/text") ==
          "freundlich, schläft schlecht");
    CHECK(play.petra.post(desk + "/interviewed").at("/interviewed") == "true");
    CHECK_FALSE(play.file(anna).has("/notes"));
    CHECK(play.vote(play.petra, anna, "admit", "Wir freuen uns.", "passt gut") == "200");

    file = play.file(anna);
    CHECK(file.at("/state") == "admitted");
    CHECK(file.at("/log/3/what") == "admitted");
    CHECK(file.at("/log/3/by") == play.petra.id);
    CHECK(file.at("/log/3/text") == "Wir freuen uns.");
    CHECK_FALSE(contains(file.text, "passt gut"));
    CHECK(contains(play.read(anna, reception), "Willkommen! Sie sind in „Abendgruppe“ aufgenommen."));
    for (const char* kind : {"space", "forum", "chat"}) CHECK(play.membership(play.rooms[kind], anna.id) == "invite");
    CHECK(anna.post("/join/" + segment(play.rooms["chat"])) == "200");
    CHECK(play.says(anna, play.rooms["chat"], "Da bin ich") == "200");
    CHECK(play.server.ask("SELECT granted_by FROM role_grants WHERE role = 'member' AND user_id = '@anna:hearth.test'") ==
          play.petra.id);

    // The file ends, the member stays.
    play.pass(14 * day_ms);
    CHECK(play.file(anna) == "404 M_NOT_FOUND");
    CHECK(play.counts() == "admitted 1");
    CHECK(play.says(anna, play.rooms["chat"], "Noch da") == "200");
    const auto dump = play.dump();
    for (const auto& word : {std::string("Ruhe"), std::string("Guten Tag"), std::string("schläft"), std::string("passt gut"),
                             play.applications["anna"], reception, std::string("Willkommen")})
        CHECK_MESSAGE(!contains(dump, word), word);
    CHECK(contains(dump, "Noch da"));  // The dump is one that would tell.
}

TEST_CASE("Carl is declined kindly, and two weeks later nothing of him is left") {
    AdmissionPlay play;
    play.group("on_request");
    auto carl = play.arrives(
        "carlchen", R"("answers":{"anliegen":"Spielsucht seit Jahren"},"email":"carl@heimlich.test","phone":"0171 998877")");
    const auto reception = play.reception(carl), application = play.applications["carlchen"];
    const auto nid = play.server.ask("SELECT user_nid FROM users WHERE localpart = 'carlchen'");
    REQUIRE(play.says(carl, reception, "Abrakadabra Nachtigall") == "200");
    CHECK(play.desk(play.petra, carl) == "200");
    REQUIRE(play.petra.post("/join/" + segment(reception)) == "200");
    REQUIRE(play.says(play.petra, reception, "Herzlich willkommen im Hexenhaus") == "200");
    carl.get("/sync");
    play.petra.get("/sync");
    const auto last = play.server.ask("SELECT event_id FROM events WHERE type = 'm.room.message' ORDER BY pos DESC LIMIT 1");
    CHECK(carl.post(fmt::format("/rooms/{}/receipt/m.read/{}", segment(reception), segment(last))) == "200");
    CHECK(play.petra.get("/_runde/v1/search?q=Nachtigall").at("/count") == "1");
    CHECK(play.petra.put(fmt::format("/user/{}/rooms/{}/account_data/org.test", segment(play.petra.id), segment(reception)),
                         R"({"merken":"Zauberwort"})") == "200");

    // A copy of everything while it exists.
    play.petra.post("/_runde/v1/desk/applications/" + application + "/notes", R"({"text":"Notiz mit Krimskrams"})");
    const auto copy = carl.get("/_runde/v1/applications/" + application + "/copy");
    CHECK(copy.at("/answers/anliegen") == "Spielsucht seit Jahren");
    CHECK(copy.at("/notes/0/text") == "Notiz mit Krimskrams");
    CHECK(contains(copy.text, "Abrakadabra Nachtigall"));

    CHECK(play.vote(play.petra, carl, "decline", "Bei uns sind Sie nicht richtig, aber die Gruppe in Kassel passt.",
                    "andere Sucht") == "200");
    const auto file = play.file(carl);
    CHECK(file.at("/state") == "declined");
    // Nothing about who is in the group, or how many.
    for (const auto& word : {play.ben.id, std::string("seats"), std::string("members"), std::string("andere Sucht")})
        CHECK_MESSAGE(!contains(file.text, word), word);
    const auto said = play.read(carl, reception);
    CHECK(contains(
        said,
        "Diese Gruppe kann Sie nicht aufnehmen. Das sagt nichts über Sie und Ihr Anliegen. Bei uns sind Sie nicht richtig, "
        "aber die Gruppe in Kassel passt."));
    CHECK(play.membership(play.rooms["chat"], carl.id) == "never");
    CHECK(contains(play.dump(), "Nachtigall"));

    play.pass(14 * day_ms - 1000);
    CHECK(play.file(carl) == "200");
    play.pass(1000);
    CHECK(play.file(carl) == "401 M_UNKNOWN_TOKEN");
    CHECK(play.membership(reception, carl.id) == "no room");
    CHECK(play.petra.get("/rooms/" + segment(reception) + "/messages?dir=b") == "403 M_FORBIDDEN");
    CHECK_FALSE(contains(play.petra.get("/sync").text, reception));
    CHECK(play.petra.get("/_runde/v1/search?q=Nachtigall").at("/count") == "0");
    CHECK(play.counts() == "declined 1");
    CHECK(play.server.ask("SELECT n || outcome || month FROM admission_counts") == "1declined2023-11");

    const auto dump = play.dump();
    for (const auto& word :
         {std::string("carlchen"), std::string("Spielsucht"), std::string("spielsucht"), std::string("heimlich"),
          std::string("998877"), std::string("Abrakadabra"), std::string("abrakadabra"), std::string("Nachtigall"),
          std::string("nachtigall"), std::string("Hexenhaus"), std::string("hexenhaus"), std::string("Krimskrams"),
          std::string("Kassel"), std::string("andere Sucht"), std::string("Zauberwort"), application, reception, last})
        CHECK_MESSAGE(!contains(dump, word), word);
    CHECK(play.server.ask("SELECT count(*) FROM user_rooms WHERE user_nid = " + nid) == "0");
    CHECK(play.server.ask("SELECT count(*) FROM jobs") == "0");
    // The name is free again, and nobody learns that it was used.
    play.arrives("carlchen");
}

TEST_CASE("Dora withdraws, and everything goes at once") {
    AdmissionPlay play;
    play.group("on_request");
    auto dora = play.arrives("dora", R"("answers":{"anliegen":"Quittenbrot"})");
    const auto reception = play.reception(dora), application = play.applications["dora"];
    CHECK(dora.put("/_runde/v1/applications/" + application, R"({"answers":{"anliegen":"Pflaumenmus"},"register":"du"})")
              .at("/answers/anliegen") == "Pflaumenmus");
    play.settle();
    CHECK(contains(play.read(dora, reception), "Deine Angaben sind geändert."));
    CHECK(play.act(dora, "withdraw") == "200");
    CHECK(play.file(dora) == "401 M_UNKNOWN_TOKEN");
    CHECK(play.desk(play.petra, dora) == "404 M_NOT_FOUND");
    CHECK(play.counts() == "withdrawn 1");
    const auto dump = play.dump();
    for (const auto& word : {std::string("dora"), std::string("Quittenbrot"), std::string("Pflaumenmus"), application, reception})
        CHECK_MESSAGE(!contains(dump, word), word);
}

TEST_CASE("whoever closes the account instead has withdrawn, too") {
    AdmissionPlay play;
    play.group("on_request");
    auto dora = play.arrives("dora");
    const auto auth = dora.password_auth();
    REQUIRE(dora.post("/account/deactivate", R"({"auth":)" + auth + "}") == "200");
    // The withdrawal follows by itself, after the answer.
    for (int look = 0; look < 500 && play.counts().empty(); ++look) play.settle();
    CHECK(play.counts() == "withdrawn 1");
    CHECK_FALSE(contains(play.dump(), "dora"));
}

TEST_CASE("Emil never answers: he is reminded, and after sixty days the file goes") {
    AdmissionPlay play;
    play.group("on_request");
    auto emil = play.arrives("emil");
    const auto reception = play.reception(emil), application = play.applications["emil"];
    play.pass(20 * day_ms);
    REQUIRE(play.says(emil, reception, "Ich bin noch da") == "200");  // A word is a sign, noticed after the answer.
    const auto now = std::to_string(play.server.now_ms());
    for (int look = 0; look < 500 && play.server.ask("SELECT reaction FROM applications") != now; ++look) play.settle();
    play.pass(49 * day_ms);
    CHECK_FALSE(contains(play.read(emil, reception), "länger nichts"));
    play.pass(day_ms);
    CHECK(contains(play.read(emil, reception), "Wir haben länger nichts von Ihnen gehört."));
    CHECK(play.act(emil, "stay").at("/state") == "received");
    play.pass(59 * day_ms);
    CHECK(play.file(emil) == "200");
    play.pass(day_ms + 1000);
    CHECK(play.file(emil) == "401 M_UNKNOWN_TOKEN");
    CHECK(play.counts() == "lapsed 1");
    const auto dump = play.dump();
    for (const auto& word : {std::string("emil"), std::string("Ruhe"), application, reception})
        CHECK_MESSAGE(!contains(dump, word), word);
}

TEST_CASE("the last seat goes to one of two, the other waits without learning anything") {
    AdmissionPlay play;
    play.group("on_request", 2);
    play.member(play.ben);
    auto gerd = play.arrives("gerd"), hanna = play.arrives("hanna");
    const auto vote = [&](Person& by, Person& about) {
        return by.begin("POST", "/_runde/v1/desk/applications/" + play.applications[about.name] + "/vote",
                        R"({"verdict":"admit"})");
    };
    // At the same moment, by two people.
    auto first = vote(play.petra, gerd), second = vote(play.olaf, hanna);
    CHECK(first.get() == "200");
    CHECK(second.get() == "200");
    play.settle();
    const auto of_gerd = play.file(gerd).at("/state"), of_hanna = play.file(hanna).at("/state");
    CHECK((of_gerd == "admitted") != (of_hanna == "admitted"));
    CHECK((of_gerd == "waiting") != (of_hanna == "waiting"));
    CHECK(play.server.ask("SELECT count(*) FROM role_grants WHERE role = 'member'") == "2");
    auto& waits = of_gerd == "waiting" ? gerd : hanna;
    CHECK(play.membership(play.rooms["chat"], waits.id) == "never");
    CHECK_FALSE(contains(play.file(waits).text, play.ben.id));
    CHECK_FALSE(contains(play.file(waits).text, "\"seats\""));

    // Ben lays his seat down: whoever waits is in at once.
    const auto grant = play.server.ask("SELECT grant_id FROM role_grants WHERE user_id = '@ben:hearth.test'");
    CHECK(play.ben.del("/_runde/v1/roles/" + grant) == "200");
    play.settle();
    CHECK(play.file(waits).at("/state") == "admitted");
    CHECK(play.membership(play.rooms["chat"], waits.id) == "invite");
}

TEST_CASE("whoever waits comes in when a seat becomes free by itself, or when the group makes room") {
    AdmissionPlay play;
    play.group("on_request", 1);
    play.member(play.ben);
    play.server.ask(fmt::format("UPDATE role_grants SET until = {} WHERE user_id = '@ben:hearth.test' RETURNING 1",
                                play.server.now_ms() + 10 * 60'000));
    auto ida = play.arrives("ida");
    play.pass(1000);
    auto jana = play.arrives("jana");
    CHECK(play.vote(play.petra, ida, "admit").at("/state") == "waiting");
    CHECK(play.vote(play.petra, jana, "admit").at("/state") == "waiting");
    play.pass(9 * 60'000 - 1000);
    CHECK(play.file(ida).at("/state") == "waiting");
    play.pass(60'000);
    CHECK(play.file(ida).at("/state") == "admitted");
    CHECK(play.file(jana).at("/state") == "waiting");
    CHECK(play.olaf.put("/_runde/v1/groups/abend",
                        R"({"name":"Abendgruppe","topic":"sucht","forms":["online"],"admission":"on_request","seats":2})") ==
          "200");
    play.settle();
    CHECK(play.file(jana).at("/state") == "admitted");
}

TEST_CASE("two must agree where the group wants that, and each has one voice") {
    AdmissionPlay play;
    play.group("on_request");
    CHECK(play.petra.put("/_runde/v1/groups/abend/admission", R"({"fields":[],"deciders":2})") == "200");
    auto ida = play.arrives("ida", R"("answers":{})");
    CHECK(play.vote(play.petra, ida, "admit").at("/state") == "received");
    CHECK(play.vote(play.petra, ida, "admit").at("/state") == "received");
    CHECK(play.vote(play.olaf, ida, "decline").at("/state") == "received");
    CHECK(play.vote(play.olaf, ida, "admit").at("/state") == "admitted");
    CHECK(play.vote(play.petra, ida, "decline") == "400 M_BAD_STATE");
    CHECK(play.desk(play.petra, ida).at("/votes/1/admit") == "true");
}

TEST_CASE("whatever meets has one outcome: deciding twice, withdrawing while being admitted, one slot for two") {
    AdmissionPlay play;
    play.group("on_request");
    for (int round = 0; round < 4; ++round) {
        auto ida = play.arrives("ida" + std::to_string(round));
        const auto id = play.applications[ida.name];
        auto yes = play.petra.begin("POST", "/_runde/v1/desk/applications/" + id + "/vote", R"({"verdict":"admit"})");
        auto no = play.olaf.begin("POST", "/_runde/v1/desk/applications/" + id + "/vote", R"({"verdict":"decline"})");
        const auto a = yes.get(), b = no.get();
        CHECK((a.status == 200) != (b.status == 200));
        CHECK((a.status == 200 ? b : a) == "400 M_BAD_STATE");
        play.settle();
        CHECK(play.file(ida).at("/state") == (a.status == 200 ? "admitted" : "declined"));
        CHECK(play.membership(play.rooms["chat"], ida.id) == (a.status == 200 ? "invite" : "never"));
    }
    for (int round = 0; round < 4; ++round) {
        auto kurt = play.arrives("kurt" + std::to_string(round));
        const auto id = play.applications[kurt.name];
        auto out = kurt.begin("POST", "/_runde/v1/applications/" + id + "/withdraw", "{}");
        auto in = play.petra.begin("POST", "/_runde/v1/desk/applications/" + id + "/vote", R"({"verdict":"admit"})");
        const auto a = out.get(), b = in.get();
        play.settle();
        CHECK((a.status == 200) != (b.status == 200));
        CHECK(play.membership(play.rooms["chat"], kurt.id) == (b.status == 200 ? "invite" : "never"));
        CHECK(play.server.ask("SELECT count(*) FROM role_grants WHERE role = 'member' AND user_id = '" + kurt.id + "'") ==
              (b.status == 200 ? "1" : "0"));
    }
    const auto slot = play.slot(play.petra);
    auto lea = play.arrives("lea"), max = play.arrives("max");
    auto one = lea.begin("PUT", "/_runde/v1/applications/" + play.applications["lea"] + "/slot", R"({"slot_id":)" + slot + "}");
    auto two = max.begin("PUT", "/_runde/v1/applications/" + play.applications["max"] + "/slot", R"({"slot_id":)" + slot + "}");
    const auto a = one.get(), b = two.get();
    CHECK((a.status == 200) != (b.status == 200));
    CHECK((a.status == 200 ? b : a) == "400 M_BAD_STATE");
}

TEST_CASE("an open group lets in at once; a full one without waiting list says so kindly and makes no account") {
    AdmissionPlay play;
    play.group("open", 1, false);
    auto nora = play.arrives("nora", R"("answers":{})");
    CHECK(play.file(nora).at("/state") == "admitted");
    CHECK(nora.post("/join/" + segment(play.rooms["forum"])) == "200");
    const auto full = play.server.http("POST", "/_runde/v1/groups/abend/applications", {},
                                       R"({"account":{"name":"otto","password":"correct horse otto"}})");
    CHECK(full == "400 M_BAD_STATE");
    CHECK(full.at("/error") == "Diese Gruppe nimmt zurzeit niemanden auf. / This group admits nobody at the moment.");
    CHECK(play.server.ask("SELECT count(*) FROM users WHERE localpart = 'otto'") == "0");
    CHECK(play.server.ask("SELECT count(*) FROM applications") == "1");
}

TEST_CASE("who has an account asks with it and keeps it") {
    AdmissionPlay play;
    play.group("on_request");
    const auto asked = play.ben.post("/_runde/v1/groups/abend/applications", R"({"answers":{}})");
    CHECK(asked.status == 201);
    play.applications["ben"] = asked.at("/application_id");
    play.settle();
    CHECK(play.ben.post("/_runde/v1/groups/abend/applications", R"({"answers":{}})") == "400 M_BAD_STATE");
    CHECK(play.ben.get("/_runde/v1/applications").at("/applications/0/state") == "received");
    CHECK(play.vote(play.petra, play.ben, "decline") == "200");
    play.pass(14 * day_ms);
    CHECK(play.file(play.ben) == "404 M_NOT_FOUND");
    CHECK(play.ben.get("/account/whoami") == "200");
    // The team does not decide on itself.
    const auto own = play.olaf.post("/_runde/v1/groups/abend/applications", R"({"answers":{}})");
    play.applications["olaf"] = own.at("/application_id");
    CHECK(play.vote(play.olaf, play.olaf, "admit") == "403 M_FORBIDDEN");
    CHECK(play.vote(play.petra, play.olaf, "admit") == "200");
}

TEST_CASE("who wants no invitations, but asks to come in, is let in") {
    AdmissionPlay play;
    play.group("on_request");
    CHECK(play.ben.put(fmt::format("/user/{}/account_data/m.invite_permission_config", segment(play.ben.id)),
                       R"({"default_action":"block"})") == "200");
    const auto rooms = [&] { return play.ben.get("/joined_rooms")["/joined_rooms"].as_array().size(); };
    const auto before = rooms();
    play.applications["ben"] = play.ben.post("/_runde/v1/groups/abend/applications", R"({"answers":{}})").at("/application_id");
    play.settle();
    CHECK(rooms() == before + 1);  // Where he and the team talk.
    CHECK(play.vote(play.petra, play.ben, "admit").at("/state") == "admitted");
}

TEST_CASE("who may not see an application does not learn that there is one") {
    AdmissionPlay play;
    play.group("on_request");
    auto anna = play.arrives("anna"), carl = play.arrives("carl");
    const auto id = play.applications["anna"];
    const auto slot = play.slot(play.petra);
    const std::string mine = "/_runde/v1/applications/" + id, desk = "/_runde/v1/desk/applications/" + id;
    for (auto* stranger : {&carl, &play.ben}) {
        for (const auto& path : {mine, mine + "/copy", mine + "/slot.ics", desk}) CHECK(stranger->get(path) == "404 M_NOT_FOUND");
        for (const auto& path : {mine + "/withdraw", mine + "/stay"}) CHECK(stranger->post(path) == "404 M_NOT_FOUND");
        CHECK(stranger->put(mine, R"({"answers":{}})") == "404 M_NOT_FOUND");
        CHECK(stranger->put(mine + "/slot", R"({"slot_id":)" + slot + "}") == "404 M_NOT_FOUND");
        CHECK(stranger->get("/rooms/" + segment(play.reception(anna)) + "/messages?dir=b") == "403 M_FORBIDDEN");
    }
    for (const auto& path : {desk + "/interviewed"}) CHECK(play.ben.post(path) == "404 M_NOT_FOUND");
    CHECK(play.ben.post(desk + "/vote", R"({"verdict":"admit"})") == "404 M_NOT_FOUND");
    CHECK(play.ben.post(desk + "/notes", R"({"text":"x"})") == "404 M_NOT_FOUND");
    for (const char* path :
         {"/_runde/v1/groups/abend/applications", "/_runde/v1/groups/abend/slots", "/_runde/v1/groups/abend/admission/counts"})
        CHECK(play.ben.get(path) == "403 M_FORBIDDEN");
    CHECK(play.ben.put("/_runde/v1/groups/abend/admission", R"({"fields":[]})") == "403 M_FORBIDDEN");
    CHECK(play.ben.post("/_runde/v1/groups/abend/slots", R"({"begins_ts":1,"ends_ts":2,"way":"chat"})").status == 400);
    CHECK(play.ben.del("/_runde/v1/groups/abend/slots/" + slot) == "403 M_FORBIDDEN");
    // The applicant is no team.
    CHECK(anna.get(desk) == "404 M_NOT_FOUND");
    CHECK(anna.post(desk + "/vote", R"({"verdict":"admit"})") == "403 M_USER_SUSPENDED");
    CHECK(play.server.http("GET", mine) == "401 M_MISSING_TOKEN");
    CHECK(play.petra.get("/_runde/v1/groups/abend/applications?state=received").json.at("applications").as_array().size() == 2);
}

TEST_CASE("what is wrong is refused in words, and leaves nothing behind") {
    AdmissionPlay play;
    play.group("on_request");
    const auto asks = [&](const std::string& body) {
        return play.server.http("POST", "/_runde/v1/groups/abend/applications", {}, body);
    };
    const std::string account = R"("account":{"name":"anna","password":"correct horse anna"})";
    CHECK(asks("{}") == "400 M_MISSING_PARAM");
    CHECK(asks("nonsense").status == 400);
    CHECK(asks("[]") == "400 M_BAD_JSON");
    CHECK(asks("{" + account + R"(,"answers":{"unknown":"x"}})") == "400 M_INVALID_PARAM");
    CHECK(asks("{" + account + R"(,"answers":{"anliegen":7}})") == "400 M_INVALID_PARAM");
    CHECK(asks("{" + account + R"(,"answers":{"anliegen":")" + std::string(3000, 'x') + "\"}}") == "413 M_TOO_LARGE");
    CHECK(asks("{" + account + R"(,"answers":[]})") == "400 M_BAD_JSON");
    CHECK(asks("{" + account + R"(,"email":"no address"})") == "400 M_INVALID_PARAM");
    CHECK(asks("{" + account + R"(,"phone":"call me"})") == "400 M_INVALID_PARAM");
    CHECK(asks("{" + account + R"(,"register":"ihr"})") == "400 M_INVALID_PARAM");
    CHECK(asks(R"({"account":{"name":"anna","password":"short"}})") == "400 M_WEAK_PASSWORD");
    CHECK(asks(R"({"account":{"name":"an na","password":"correct horse anna"}})") == "400 M_INVALID_USERNAME");
    CHECK(asks(R"({"account":{"name":"petra","password":"correct horse anna"}})") == "400 M_USER_IN_USE");
    CHECK(play.server.http("POST", "/_runde/v1/groups/nowhere/applications", {}, "{" + account + "}") == "404 M_NOT_FOUND");
    CHECK(play.server.ask("SELECT count(*) FROM users WHERE localpart = 'anna'") == "0");

    const auto form = [&](const std::string& fields) {
        return play.petra.put("/_runde/v1/groups/abend/admission", R"({"fields":)" + fields + "}");
    };
    CHECK(form(R"([{"id":"warum","kind":"text","label":"Warum?","reason":"Damit wir helfen können","required":true}])") == "200");
    CHECK(form(R"([{"id":"warum","kind":"text","label":"Warum?"}])") == "400 M_INVALID_PARAM");  // No reason, no question.
    CHECK(form(R"([{"id":"email","kind":"line","label":"E-Mail","reason":"x","required":true}])") == "400 M_INVALID_PARAM");
    CHECK(form(R"([{"id":"a","label":"x","reason":"x"},{"id":"a","label":"x","reason":"x"}])") == "400 M_INVALID_PARAM");
    CHECK(form(R"([{"id":"a","kind":"choice","label":"x","reason":"x"}])") == "400 M_INVALID_PARAM");
    CHECK(form("[7]") == "400 M_INVALID_PARAM");
    CHECK(play.petra.put("/_runde/v1/groups/abend/admission", R"({"fields":[],"deciders":3})") == "400 M_INVALID_PARAM");
    CHECK(asks("{" + account + "}") == "400 M_MISSING_PARAM");
    CHECK(asks("{" + account + R"(,"answers":{"warum":"darum"}})").status == 201);

    const auto now = play.server.now_ms();
    const auto offers = [&](std::int64_t begins, std::int64_t ends, std::string_view way) {
        return play.petra.post("/_runde/v1/groups/abend/slots",
                               fmt::format(R"({{"begins_ts":{},"ends_ts":{},"way":"{}"}})", begins, ends, way));
    };
    CHECK(offers(now - 1, now + hour_ms, "chat") == "400 M_INVALID_PARAM");
    CHECK(offers(now + day_ms, now + day_ms, "chat") == "400 M_INVALID_PARAM");
    CHECK(offers(now + day_ms, now + 2 * day_ms, "chat") == "400 M_INVALID_PARAM");
    CHECK(offers(now + day_ms, now + day_ms + hour_ms, "letter") == "400 M_INVALID_PARAM");
    CHECK(play.petra.del("/_runde/v1/groups/abend/slots/x") == "404 M_NOT_FOUND");
}

TEST_CASE("an appointment can be given back and another picked; one that has begun cannot") {
    AdmissionPlay play;
    play.group("with_interview");
    const auto first = play.slot(play.petra, hour_ms), second = play.slot(play.petra, 2 * day_ms, "in_person");
    auto anna = play.arrives("anna");
    CHECK(play.picks(anna, first).at("/slot/way") == "phone");
    CHECK(play.petra.del("/_runde/v1/groups/abend/slots/" + first) == "404 M_NOT_FOUND");  // Taken.
    CHECK(play.picks(anna, second).at("/slot/way") == "in_person");
    CHECK(play.file(anna).at("/free_slots/0/slot_id") == first);
    CHECK(anna.del("/_runde/v1/applications/" + play.applications["anna"] + "/slot").at("/state") == "received");
    CHECK(anna.del("/_runde/v1/applications/" + play.applications["anna"] + "/slot") == "400 M_BAD_STATE");
    CHECK(anna.get("/_runde/v1/applications/" + play.applications["anna"] + "/slot.ics") == "404 M_NOT_FOUND");
    play.pass(hour_ms);
    CHECK(play.picks(anna, first) == "400 M_BAD_STATE");
    CHECK(play.petra.del("/_runde/v1/groups/abend/slots/" + second) == "200");
}

TEST_CASE("a file outlives restarts, and what was due meanwhile is made up for") {
    AdmissionPlay play;
    play.group("on_request");
    auto anna = play.arrives("anna");
    const auto reception = play.reception(anna);
    play.server.restart();
    CHECK(play.says(anna, reception, "Nach dem Neustart") == "200");  // Still the one room where she may write.
    CHECK(play.vote(play.petra, anna, "decline") == "200");
    play.server.restart();
    play.pass(14 * day_ms);
    CHECK(play.counts() == "declined 1");
    CHECK_FALSE(contains(play.dump(), "Nach dem Neustart"));
}
