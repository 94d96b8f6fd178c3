// A group is made in one step, which is several rooms: what an interruption leaves is brought to what the tables say.
#include "tests/door/admission_play.hpp"

using namespace runde;
using tests::AdmissionPlay;
using tests::contains;

TEST_CASE("a group whose making was interrupted is finished, and nobody sees the half of it") {
    AdmissionPlay play;
    play.group("on_request");
    std::string lost;
    SUBCASE("before its first room") { lost = "space,forum,chat,card"; }
    SUBCASE("after the space") { lost = "forum,chat,card"; }
    SUBCASE("before the card") { lost = "card"; }
    SUBCASE("nothing was lost") {}
    CAPTURE(lost);
    const auto rooms = [&] {
        return play.server.ask(
            "SELECT string_agg(kind || ' ' || room_id, ',' ORDER BY kind) FROM group_rooms WHERE group_id = 'abend'");
    };
    const auto before = rooms();
    play.server.ask("WITH gone AS (DELETE FROM group_rooms WHERE group_id = 'abend' AND kind = ANY (string_to_array('" + lost +
                    "', ',')) RETURNING 1) SELECT count(*) FROM gone");
    play.grant_now();
    const auto listed = [&] { return play.server.http("GET", "/_runde/v1/directory").at("/total"); };
    const auto tidy = [&] { play.server.runtime().wait(play.server.wiring().door.groups.tidy()); };
    CHECK(listed() == (lost.empty() ? "1" : "0"));
    CHECK(play.olaf.get("/_runde/v1/groups/abend") == (lost.empty() ? "200" : "404 M_NOT_FOUND"));

    // Within the first minute it is still in the hands of whoever makes it.
    play.server.ask(fmt::format("UPDATE groups SET created = {} WHERE group_id = 'abend' RETURNING 1", play.server.now_ms()));
    tidy();
    CHECK(listed() == (lost.empty() ? "1" : "0"));
    play.pass(61'000);
    tidy();
    CHECK(listed() == "1");
    CHECK(play.server.ask("SELECT count(*) FROM group_rooms WHERE group_id = 'abend'") == "4");
    // What was there stayed, and again changes nothing.
    if (lost == "card") CHECK(rooms().substr(rooms().find(",chat")) == before.substr(before.find(",chat")));
    const auto after = rooms();
    tidy();
    CHECK(rooms() == after);

    // It is a group like any other: the rooms hang together, and people come in.
    auto anna = play.arrives("anna", R"("answers":{})");
    CHECK(play.vote(play.petra, anna, "admit") == "200");
    const auto forum = play.server.ask("SELECT room_id FROM group_rooms WHERE group_id = 'abend' AND kind = 'forum'");
    CHECK(play.membership(forum, anna.id) == "invite");
    const auto space = play.server.ask("SELECT room_id FROM group_rooms WHERE group_id = 'abend' AND kind = 'space'");
    REQUIRE(anna.post("/join/" + tests::segment(space)) == "200");
    CHECK(contains(anna.get("/_matrix/client/v1/rooms/" + tests::segment(space) + "/hierarchy").text, forum));
}
