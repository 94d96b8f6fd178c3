// What /sync says about rooms.
#include <set>

#include "tests/api/sync_support.hpp"

using namespace runde;
using namespace runde::tests;

TEST_CASE("Anna and Ben talk; a message costs nothing to deliver") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    App phone(ben);
    phone.sync();
    const auto room = create_room(anna, R"({"name":"Dienstagsrunde"})");
    CHECK_FALSE(phone.sync().has("/rooms/join"));

    REQUIRE(anna.post(room_path(room, "/invite"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    const auto invited = phone.sync();
    CHECK(told(invited[at("invite", room, "/invite_state/events")]).find("(m.room.name)") != std::string::npos);
    REQUIRE(ben.post(room_path(room, "/join")) == "200");

    const auto joined = phone.sync();
    CHECK_FALSE(joined.has("/rooms/invite"));
    REQUIRE(joined.has(at("join", room, "/timeline")));
    CHECK(joined.at(at("join", room, "/summary/m.joined_member_count")) == "2");
    CHECK(joined.at(at("join", room, "/summary/m.heroes/0")) == anna.id);

    say(anna, room, "Guten Abend");
    const auto one = phone.sync();
    CHECK(timeline(one, room) == "Guten Abend");
    CHECK(one.at(at("join", room, "/timeline/limited")) == "false");
    CHECK(one.at(at("join", room, "/timeline/events/0/unsigned/membership")) == "join");
    CHECK(one.cost.reads == 0);

    const auto idle = phone.sync();
    CHECK_FALSE(idle.has("/rooms/join"));
    CHECK(idle.cost.reads == 0);

    SUBCASE("while Ben waits") {
        auto waiting = phone.begin();
        say(anna, room, "Bist du da?");
        const auto news = waiting.get();
        CHECK(timeline(news, room) == "Bist du da?");
    }
    SUBCASE("the sender's device knows its own message again") {
        App laptop(anna);
        laptop.sync();
        REQUIRE(anna.put(room_path(room, "/send/m.room.message/mine"), R"({"msgtype":"m.text","body":"Ich"})") == "200");
        CHECK(laptop.sync().at(at("join", room, "/timeline/events/0/unsigned/transaction_id")) == "mine");
        CHECK_FALSE(phone.sync().has(at("join", room, "/timeline/events/0/unsigned/transaction_id")));
    }
    SUBCASE("and goes on from the same token after a restart") {
        say(anna, room, "Bis morgen");
        server.restart();
        const auto later = phone.sync();
        CHECK(timeline(later, room) == "Bis morgen");
        CHECK(later.at(at("join", room, "/timeline/limited")) == "false");
    }
}

TEST_CASE("a first sync tells state and the newest messages once") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna, R"({"name":"Dienstagsrunde","topic":"Jeden Dienstag"})");
    bring(anna, ben, room);
    for (int i = 1; i <= 3; ++i) say(anna, room, fmt::format("Nachricht {}", i));

    App phone(ben, R"({"room":{"timeline":{"limit":2}}})");
    const auto first = phone.sync();
    CHECK(timeline(first, room) == "Nachricht 2, Nachricht 3");
    CHECK(first.at(at("join", room, "/timeline/limited")) == "true");
    CHECK(state(first, room) ==
          fmt::format("m.room.create, m.room.guest_access, m.room.history_visibility, m.room.join_rules, m.room.member/{}, "
                      "m.room.member/{}, m.room.name, m.room.power_levels, m.room.topic",
                      anna.id, ben.id));
    // The token leads back to what was left out.
    const auto page =
        ben.get(room_path(room, "/messages?dir=b&limit=1&from=" + first.at(at("join", room, "/timeline/prev_batch"))));
    CHECK(told(page["/chunk"]) == "Nachricht 1");

    SUBCASE("state that the timeline shows is told as it was before") {
        REQUIRE(anna.put(room_path(room, "/state/m.room.name"), R"({"name":"Mittwochsrunde"})") == "200");
        App tablet(ben, R"({"room":{"timeline":{"limit":1}}})");
        const auto again = tablet.sync();
        CHECK(timeline(again, room) == "(m.room.name)");
        const auto& events = again[at("join", room, "/state/events")].as_array();
        int names = 0;
        for (const auto& event : events)
            if (*schema::string_at(event.as_object(), "type") == "m.room.name") {
                ++names;
                CHECK(*schema::string_at(*schema::object_at(event.as_object(), "content"), "name") == "Dienstagsrunde");
            }
        CHECK(names == 1);
    }
    SUBCASE("or as it is now, for those who ask so") {
        REQUIRE(anna.put(room_path(room, "/state/m.room.name"), R"({"name":"Mittwochsrunde"})") == "200");
        const auto after = ben.get("/sync?use_state_after=true&filter=" +
                                   segment(R"({"room":{"timeline":{"limit":1},"state":{"types":["m.room.name"]}}})"));
        CHECK_FALSE(after.has(at("join", room, "/state")));
        CHECK(after.at(at("join", room, "/state_after/events/0/content/name")) == "Mittwochsrunde");
        // Also when nothing of it changed.
        App tablet(ben);
        tablet.sync();
        say(anna, room, "Hallo");
        CHECK(tablet.sync("&use_state_after=true")[at("join", room, "/state_after/events")].is_array());
    }
}

TEST_CASE("a first sync from memory tells what one from the disk tells, and reads little") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl"), dora = server.person("dora");
    const auto quiet = create_room(anna, R"({"name":"Neu"})"), room = create_room(anna, R"({"name":"Dienstagsrunde"})");
    for (const auto* place : {&quiet, &room}) bring(anna, ben, *place);
    bring(anna, carl, room);
    bring(anna, dora, room);
    const auto said = say(carl, room, "Bin nur kurz da");
    REQUIRE(carl.post(room_path(room, "/leave")) == "200");
    for (int i = 0; i < 70; ++i) say(i % 3 == 0 ? dora : anna, room, fmt::format("Nachricht {}", i));
    reply_in_thread(anna, room, said, "Schade");
    const auto topic = anna.put(room_path(room, "/state/m.room.topic"), R"({"topic":"Jeden Dienstag"})").at("/event_id");
    REQUIRE(anna.put(room_path(room, "/state/m.room.name"), R"({"name":"Mittwochsrunde"})") == "200");
    REQUIRE(anna.put(room_path(room, fmt::format("/redact/{}/1", segment(topic))), "{}") == "200");
    bring(anna, carl, room);

    const std::vector<std::string> filters{
        "{}",
        R"({"room":{"state":{"lazy_load_members":true}}})",
        R"({"room":{"timeline":{"limit":2},"state":{"lazy_load_members":true}}})",
        R"({"room":{"timeline":{"limit":63}}})",
        R"({"room":{"timeline":{"limit":100}}})",
        R"({"room":{"timeline":{"limit":1,"types":["m.room.message"]},"state":{"types":["m.room.name","m.room.member"]}}})",
        R"({"room":{"state":{"not_senders":[")" + carl.id + R"("]}}})"};
    const auto ask = [&](const std::string& filter, std::string_view more) {
        const auto answer = ben.get(fmt::format("/sync?filter={}{}", segment(filter), more));
        REQUIRE(answer == "200");
        return answer;
    };
    for (const auto* more : {"", "&use_state_after=true"})
        for (const auto& filter : filters) {
            CAPTURE(filter);
            const auto warm = ask(filter, more);
            // What relates to the events (3), receipts, what the timeline's state events replaced.
            if (filter == filters[1]) CHECK(warm.cost.reads <= 5);
            server.restart();
            const auto cold = ask(filter, more);
            CHECK(schema::to_text(warm["/rooms"]) == schema::to_text(cold["/rooms"]));
            // Into memory with them again.
            for (const auto* place : {&quiet, &room}) REQUIRE(ben.get(room_path(*place, "/state/m.room.name")) == "200");
        }
}

TEST_CASE("a gap: the newest messages, what changed in between, and a way back") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    bring(anna, ben, room);
    App phone(ben);
    phone.sync();
    const auto before = phone.since();
    REQUIRE(anna.put(room_path(room, "/state/m.room.topic"), R"({"topic":"Umzug"})") == "200");
    int count = 15;                                      // What a room holds in memory,
    SUBCASE("") {}
    SUBCASE("longer than memory") { count = 100; }       // and what it does not.
    for (int i = 1; i <= count; ++i) say(anna, room, fmt::format("{}", i));

    const auto news = phone.sync();
    CHECK(news.at(at("join", room, "/timeline/limited")) == "true");
    CHECK(timeline(news, room).ends_with(fmt::format(", {}", count)));
    CHECK(news[at("join", room, "/timeline/events")].as_array().size() == 10);
    CHECK(state(news, room) == "m.room.topic");
    CHECK(news.cost.reads <= 5);

    phone.go_back_to(before);
    const auto all = phone.sync("&full_state=true");
    CHECK(state(all, room).find("m.room.create") != std::string::npos);
}
