#include "tests/door/admission_play.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// Petra has opened Anna's file and gone into the reception.
struct Reception : AdmissionPlay {
    Reception() {
        group("on_request");
        anna.emplace(arrives("anna"));
        room = reception(*anna);
        CHECK(desk(petra, *anna) == "200");
        REQUIRE(petra.post("/join/" + segment(room)) == "200");
    }
    std::string grant_of(const Person& person, std::string_view role = "moderator") {
        return server.ask(
            fmt::format("SELECT grant_id FROM role_grants WHERE user_id = '{}' AND role = '{}' AND NOT followed", person.id, role));
    }
    bool still_reads(Person& person) {
        const std::string word = "Wort" + std::to_string(++words);
        CHECK(says(*anna, room, word) == "200");
        const auto answer = person.get("/rooms/" + segment(room) + "/messages?dir=b&limit=5");
        return answer.status == 200 && contains(answer.text, word);
    }
    std::string level_of(const Person& person) {
        return petra.get(fmt::format("/rooms/{}/state/m.room.power_levels", segment(rooms["chat"]))).at("/users/" + person.id);
    }

    std::optional<Person> anna;
    std::string room;
    int words = 0;
};

}  // namespace

TEST_CASE("nobody of the team is in a reception before they open the file, and the applicant sees no other names") {
    AdmissionPlay play;
    play.group("with_interview");
    auto anna = play.arrives("anna");
    const auto reception = play.reception(anna);
    const auto state = [&] { return anna.get("/rooms/" + segment(reception) + "/state").text; };
    CHECK_FALSE(contains(state(), play.petra.id));
    CHECK_FALSE(contains(state(), play.olaf.id));
    CHECK(play.olaf.get("/_runde/v1/groups/abend/applications") == "200");  // A list is no file.
    CHECK_FALSE(contains(state(), play.olaf.id));
    CHECK(play.desk(play.ben, anna) == "404 M_NOT_FOUND");
    CHECK(play.membership(reception, play.ben.id) == "never");

    // Whose appointment it is comes too.
    CHECK(play.picks(anna, play.slot(play.petra, day_ms, "chat")) == "200");
    CHECK(play.membership(reception, play.petra.id) == "invite");
    CHECK_FALSE(contains(state(), play.olaf.id));
    CHECK(play.desk(play.olaf, anna) == "200");
    CHECK(play.membership(reception, play.olaf.id) == "invite");
}

TEST_CASE_FIXTURE(Reception, "whoever lays down or loses a role goes from the receptions") {
    CHECK(desk(olaf, *anna) == "200");
    REQUIRE(olaf.post("/join/" + segment(room)) == "200");
    CHECK(still_reads(petra));
    CHECK(petra.del("/_runde/v1/roles/" + grant_of(petra)) == "200");
    CHECK(membership(room, petra.id) == "leave");
    CHECK_FALSE(still_reads(petra));
    CHECK(desk(petra, *anna) == "404 M_NOT_FOUND");
    CHECK(still_reads(olaf));

    // Beside the server, too: what the command line writes is noticed within the half minute.
    server.ask("UPDATE role_grants SET withdrawn_by = 'command line', withdrawn_at = 1 WHERE user_id = '" + olaf.id +
               "' RETURNING 1");
    server.runtime().wait(server.wiring().door.standing.refresh());
    CHECK(membership(room, olaf.id) == "leave");
    CHECK(membership(room, anna->id) == "join");
}

TEST_CASE_FIXTURE(Reception, "whoever has another role that admits stays") {
    server.ask(fmt::format(
        "INSERT INTO role_grants (user_id, role, granted_by, granted_at) VALUES ('{}', 'board', 'x', 0) RETURNING 1", petra.id));
    CHECK(petra.del("/_runde/v1/roles/" + grant_of(petra)) == "200");
    CHECK(still_reads(petra));
    CHECK(petra.del("/_runde/v1/roles/" + grant_of(petra, "board")) == "200");
    CHECK_FALSE(still_reads(petra));
}

TEST_CASE_FIXTURE(Reception, "a role with a date ends on it: rooms, powers and receptions, without anybody doing something") {
    const auto until = server.now_ms() + day_ms;
    for (const char* role : {"member", "moderator"}) {
        const auto answer =
            olaf.post("/_runde/v1/roles",
                      fmt::format(R"({{"user_id":"{}","role":"{}","group_id":"abend","until":{}}})", ben.id, role, until));
        CHECK(answer == "200");
    }
    server.runtime().wait(server.wiring().door.groups.assign_rooms("abend", *schema::UserId::parse(petra.id)));
    for (auto* person : {&ben, &petra})
        for (const char* kind : {"space", "chat"}) REQUIRE(person->post("/join/" + segment(rooms[kind])) == "200");
    CHECK(level_of(ben) == "50");
    CHECK(desk(ben, *anna) == "200");
    REQUIRE(ben.post("/join/" + segment(room)) == "200");
    pass(day_ms - 1000);
    CHECK(still_reads(ben));
    CHECK(says(ben, rooms["chat"], "Noch da") == "200");

    pass(1000);
    CHECK(membership(rooms["chat"], ben.id) == "leave");
    CHECK(membership(rooms["space"], ben.id) == "leave");
    CHECK(membership(rooms["forum"], ben.id) == "leave");  // An invitation goes, too.
    CHECK(level_of(ben) == "");
    CHECK_FALSE(still_reads(ben));
    CHECK(still_reads(petra));
    CHECK(membership(rooms["chat"], petra.id) == "join");
}

TEST_CASE_FIXTURE(Reception, "what ended while the server stood still is made up for at its start") {
    server.ask(fmt::format("UPDATE role_grants SET until = {} WHERE user_id = '{}' RETURNING 1", server.now_ms() - 1, petra.id));
    CHECK(membership(room, petra.id) == "join");
    server.restart();
    settle();
    CHECK(membership(room, petra.id) == "leave");
    CHECK(server.ask("SELECT count(*) FROM role_grants WHERE until IS NOT NULL AND NOT followed") == "0");
}
