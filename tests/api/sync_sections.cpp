// Members loaded lazily, rooms left, people ignored, history hidden, typing, receipts.
#include "tests/api/sync_support.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr auto lazy = R"({"room":{"state":{"lazy_load_members":true},"timeline":{"limit":1}}})";

}  // namespace

TEST_CASE("members are told when they speak, and once") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto room = create_room(anna, R"({"name":"Dienstagsrunde","preset":"public_chat"})");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    REQUIRE(carl.post(room_path(room, "/join")) == "200");
    for (int i = 0; i < 7; ++i) {
        auto quiet = server.person(fmt::format("quiet{}", i));
        REQUIRE(quiet.post(room_path(room, "/join")) == "200");
    }
    say(ben, room, "Hallo");

    App phone(carl, lazy);
    const auto first = phone.sync();
    const auto told_at_first = state(first, room);
    CHECK(told_at_first.find("m.room.member/@ben:") != std::string::npos);    // Who speaks,
    CHECK(told_at_first.find("m.room.member/@carl:") != std::string::npos);   // oneself,
    CHECK(told_at_first.find("m.room.member/@quiet1:") != std::string::npos); // the heroes,
    CHECK(told_at_first.find("m.room.member/@quiet6:") == std::string::npos); // nobody else.

    say(ben, room, "Noch etwas");
    CHECK(state(phone.sync(), room) == "");
    auto loud = server.person("loud");
    REQUIRE(loud.post(room_path(room, "/join")) == "200");
    phone.sync();
    say(loud, room, "Da bin ich");
    CHECK(state(phone.sync(), room) == "");                                   // The timeline has shown it.

    SUBCASE("a late speaker") {
        auto quiet = server.person("late");
        REQUIRE(quiet.post(room_path(room, "/join")) == "200");
        say(quiet, room, "eins");
        say(quiet, room, "zwei");
        const auto news = phone.sync();
        CHECK(timeline(news, room) == "zwei");
        CHECK(state(news, room) == "m.room.member/" + quiet.id);
    }
    SUBCASE("redundantly, for who wants it") {
        say(ben, room, "Wieder ich");
        App other(carl, R"({"room":{"state":{"lazy_load_members":true,"include_redundant_members":true}}})");
        other.sync();
        say(ben, room, "Und wieder");
        CHECK(state(other.sync(), room) == "m.room.member/" + ben.id);
    }
}

TEST_CASE("whoever leaves hears of nothing after that") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    bring(anna, ben, room);
    App phone(ben);
    phone.sync();
    say(anna, room, "Tschüss");
    REQUIRE(ben.post(room_path(room, "/leave")) == "200");
    say(anna, room, "Jetzt reden wir über Ben");

    const auto left = phone.sync();
    CHECK_FALSE(left.has("/rooms/join"));
    CHECK(timeline(left, room, "leave") == "Tschüss, (m.room.member)");
    CHECK_FALSE(phone.sync().has("/rooms/leave"));
    say(anna, room, "Noch mehr");
    CHECK_FALSE(phone.sync().has("/rooms/leave"));

    App fresh(ben);
    CHECK_FALSE(fresh.sync().has("/rooms/leave"));
    App archive(ben, R"({"room":{"include_leave":true}})");
    const auto archived = archive.sync();
    CHECK(timeline(archived, room, "leave").ends_with("Tschüss, (m.room.member)"));

    SUBCASE("and comes back to all of it, where history is shared") {
        bring(anna, ben, room);
        const auto back = phone.sync();
        CHECK(timeline(back, room).find("Noch mehr") != std::string::npos);
        CHECK(state(back, room).empty() == false);
    }
    SUBCASE("and forgets") {
        REQUIRE(ben.post(room_path(room, "/forget")) == "200");
        App clean(ben, R"({"room":{"include_leave":true}})");
        CHECK_FALSE(clean.sync().has("/rooms/leave"));
    }
}

TEST_CASE("an invitation declined shows nothing of the room") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    App phone(ben);
    phone.sync();
    const auto room = create_room(anna, R"({"name":"Geheim"})");
    REQUIRE(anna.post(room_path(room, "/invite"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    CHECK(phone.sync().has(at("invite", room, "")));
    say(anna, room, "Kommt er?");
    CHECK_FALSE(phone.sync().has("/rooms/invite"));
    REQUIRE(ben.post(room_path(room, "/leave")) == "200");
    const auto declined = phone.sync();
    CHECK(timeline(declined, room, "leave") == "(m.room.member)");
    CHECK(state(declined, room, "leave") == "");
}

TEST_CASE("history from before one's time stays hidden where the room says so") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(
        anna,
        R"({"initial_state":[{"type":"m.room.history_visibility","state_key":"","content":{"history_visibility":"joined"}}]})");
    say(anna, room, "Unter uns");
    REQUIRE(anna.post(room_path(room, "/invite"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    say(anna, room, "Er ist noch nicht da");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    say(anna, room, "Willkommen");
    App phone(ben);
    const auto first = timeline(phone.sync(), room);
    CHECK(first.find("Unter uns") == std::string::npos);
    CHECK(first.find("noch nicht") == std::string::npos);
    CHECK(first.ends_with("(m.room.member), Willkommen"));
}

TEST_CASE("people one ignores are not heard") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    bring(anna, ben, room);
    App phone(ben);
    phone.sync();
    REQUIRE(ben.put("/user/" + ben.id + "/account_data/m.ignored_user_list",
                    fmt::format(R"({{"ignored_users":{{"{}":{{}}}}}})", anna.id)) == "200");
    phone.sync();
    say(anna, room, "Hört mich jemand?");
    CHECK(timeline(phone.sync(), room) == "");  // That the counts changed by ignoring may still be told.
    const auto other = create_room(anna);
    REQUIRE(anna.post(room_path(other, "/invite"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    CHECK_FALSE(phone.sync().has("/rooms/invite"));
    // State is told whoever made it.
    REQUIRE(anna.put(room_path(room, "/state/m.room.topic"), R"({"topic":"Neu"})") == "200");
    CHECK(timeline(phone.sync(), room) == "(m.room.topic)");
}

TEST_CASE("a gap in which somebody ignored has spoken says that it is one") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto room = create_room(anna);
    bring(anna, ben, room);
    bring(anna, carl, room);
    REQUIRE(ben.put("/user/" + ben.id + "/account_data/m.ignored_user_list",
                    fmt::format(R"({{"ignored_users":{{"{}":{{}}}}}})", carl.id)) == "200");
    App phone(ben, R"({"room":{"timeline":{"limit":3}}})");
    phone.sync();
    for (int i = 1; i <= 4; ++i) say(anna, room, fmt::format("Anna {}", i));
    say(carl, room, "Carl");

    SUBCASE("read from the disk") {
        server.restart();
        const auto news = phone.sync();
        CHECK(news.at(at("join", room, "/timeline/limited")) == "true");
        CHECK(timeline(news, room) == "Anna 2, Anna 3, Anna 4");
    }
    SUBCASE("read from memory") {
        const auto news = phone.sync();
        CHECK(news.at(at("join", room, "/timeline/limited")) == "true");
        CHECK(timeline(news, room) == "Anna 2, Anna 3, Anna 4");
    }
    SUBCASE("and nobody else") {
        for (int i = 2; i <= 4; ++i) say(carl, room, fmt::format("Carl {}", i));
        server.restart();
        const auto news = phone.sync();
        CHECK(news.at(at("join", room, "/timeline/limited")) == "true");
        const auto before = ben.get(room_path(room, "/messages?dir=b&from=" + news.at(at("join", room, "/timeline/prev_batch"))));
        CHECK(before.text.find("Anna 4") != std::string::npos);
    }
}

TEST_CASE("filters on timelines") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    const auto other = create_room(anna);
    bring(anna, ben, room);
    App all(anna);
    all.sync();
    const auto from = all.since();
    say(anna, room, "Von Anna");
    say(ben, room, "Von Ben");
    send(ben, room, "m.reaction", R"({})");
    send(ben, room, "m.room.message", R"({"msgtype":"m.image","body":"Bild","url":"mxc://hearth.test/1"})");
    say(anna, other, "Woanders");

    const auto with = [&](std::string_view filter, bool cold = false) {
        App app(anna, std::string(filter));
        if (!cold) app.go_back_to(from);
        return app.sync();
    };
    for (const bool cold : {false, true}) {
        const auto limit = cold ? std::string(R"("limit":3,)") : std::string();
        CAPTURE(cold);
        CHECK(timeline(
                  with(fmt::format(R"({{"room":{{"timeline":{{{}"types":["m.room.message"],"senders":["{}"]}}}}}})", limit, ben.id),
                       cold),
                  room) == "Von Ben, Bild");
        CHECK(timeline(
                  with(fmt::format(R"({{"room":{{"timeline":{{{}"not_types":["m.rea*","m.room.m*ber"],"not_senders":["{}"]}}}}}})",
                                   limit, anna.id),
                       cold),
                  room) == "Von Ben, Bild");
        CHECK(timeline(with(fmt::format(R"({{"room":{{"timeline":{{{}"contains_url":true}}}}}})", limit), cold), room) == "Bild");
    }
    CHECK_FALSE(with(fmt::format(R"({{"room":{{"not_rooms":["{}"]}}}})", room)).has(at("join", room, "")));
    CHECK_FALSE(with(fmt::format(R"({{"room":{{"rooms":["{}"]}}}})", room)).has(at("join", other, "")));
    CHECK(timeline(with(fmt::format(R"({{"room":{{"timeline":{{"rooms":["{}"]}}}}}})", other)), room) == "");
    // By id, as apps do.
    const auto id = anna.post("/user/" + anna.id + "/filter", R"({"room":{"timeline":{"types":["m.reaction"]}}})").at("/filter_id");
    const auto named = anna.get("/sync?since=" + from + "&filter=" + id);
    CHECK(timeline(named, room) == "(m.reaction)");
    // Whoever asks again with it costs no more than without.
    const auto again = anna.get("/sync?since=" + named.at("/next_batch") + "&filter=" + id);
    CHECK(again.cost.reads == 0);
    // It is hers alone.
    CHECK(ben.get("/sync?filter=" + id) == "400 M_INVALID_PARAM");
}

TEST_CASE("typing is seen while it lasts") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    bring(anna, ben, room);
    App phone(ben);
    phone.sync();
    const auto types = [&](std::string_view body) { return anna.put(room_path(room, "/typing/" + segment(anna.id)), body); };
    auto waiting = phone.begin();
    REQUIRE(types(R"({"typing":true,"timeout":60000})") == "200");
    auto news = waiting.get();
    CHECK(news.at(at("join", room, "/ephemeral/events/0/content/user_ids/0")) == anna.id);
    phone.take(news);
    CHECK_FALSE(phone.sync().has("/rooms/join"));
    App fresh(ben);
    CHECK(fresh.sync().at(at("join", room, "/ephemeral/events/0/type")) == "m.typing");

    waiting = phone.begin();
    SUBCASE("until it ends") { REQUIRE(types(R"({"typing":false})") == "200"); }
    SUBCASE("until its time is over") { REQUIRE(types(R"({"typing":true,"timeout":5})") == "200"); }
    SUBCASE("until the message is there") { say(anna, room, "Fertig"); }
    news = waiting.get();
    phone.take(news);
    if (!news.has(at("join", room, "/ephemeral/events"))) news = phone.begin().get();
    CHECK(news[at("join", room, "/ephemeral/events/0/content/user_ids")].as_array().empty());
    CHECK(news.cost.reads == 0);
}

TEST_CASE("typing is one's own") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    CHECK(ben.put(room_path(room, "/typing/" + segment(ben.id)), R"({"typing":true})") == "403 M_FORBIDDEN");
    CHECK(ben.put(room_path(room, "/typing/" + segment(anna.id)), R"({"typing":true})") == "403 M_FORBIDDEN");
    CHECK(anna.put(room_path(room, "/typing/" + segment(anna.id)), R"({})") == "400 M_MISSING_PARAM");
    CHECK(anna.put(room_path(room, "/typing/" + segment(anna.id)), R"({"typing":"yes"})") == "400 M_BAD_JSON");
    CHECK(anna.put(room_path(room, "/typing/" + segment(anna.id)), R"({"typing":true,"timeout":-1})") == "400 M_INVALID_PARAM");
}

TEST_CASE("receipts reach the others, private ones only oneself") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create_room(anna);
    bring(anna, ben, room);
    const auto first = say(anna, room, "Eins"), second = say(anna, room, "Zwei");
    App annas(anna), bens(ben);
    annas.sync();
    bens.sync();
    const auto receipt = [&](std::string_view type, const std::string& event, std::string_view body = "{}") {
        return ben.post(room_path(room, fmt::format("/receipt/{}/{}", type, segment(event))), body);
    };
    const auto receipts = [&](const Answer& answer) -> std::string {
        const auto& events = answer[at("join", room, "/ephemeral/events")];
        return events.is_array() && !events.get_array().empty()
                   ? schema::to_text(events.get_array()[0].as_object().at("content").as_object())
                   : "";
    };
    REQUIRE(receipt("m.read", second) == "200");
    CHECK(receipts(annas.sync()).find(ben.id) != std::string::npos);
    CHECK(receipts(bens.sync()).find(second) != std::string::npos);
    // It does not move back.
    REQUIRE(receipt("m.read", first) == "200");
    CHECK(receipts(annas.sync()) == "");

    REQUIRE(receipt("m.read.private", second) == "200");
    CHECK(receipts(annas.sync()) == "");
    CHECK(receipts(bens.sync()).find("m.read.private") != std::string::npos);
    App fresh(anna);
    CHECK(receipts(fresh.sync()).find("m.read.private") == std::string::npos);
    CHECK(receipts(fresh.sync("&full_state=true")) == "");

    REQUIRE(receipt("m.fully_read", first) == "200");
    const auto marker = bens.sync();
    CHECK(marker.at(at("join", room, "/account_data/events/0/content/event_id")) == first);
    REQUIRE(ben.post(room_path(room, "/read_markers"), fmt::format(R"({{"m.fully_read":"{}","m.read":"{}"}})", second, second)) ==
            "200");
    CHECK(bens.sync().at(at("join", room, "/account_data/events/0/content/event_id")) == second);

    CHECK(receipt("m.seen", first) == "400 M_INVALID_PARAM");
    CHECK(receipt("m.read", first, R"({"thread_id":""})") == "400 M_INVALID_PARAM");
    CHECK(receipt("m.read", first, R"({"thread_id":7})") == "400 M_INVALID_PARAM");
    CHECK(receipt("m.fully_read", first, R"({"thread_id":"main"})") == "400 M_INVALID_PARAM");
    CHECK(receipt("m.read", "$nothing") == "404 M_NOT_FOUND");
    auto carl = server.person("carl");
    CHECK(carl.post(room_path(room, "/receipt/m.read/" + segment(first))) == "403 M_FORBIDDEN");

    SUBCASE("threaded ones must fit their thread") {
        const auto reply = reply_in_thread(anna, room, first, "Antwort");
        CHECK(receipt("m.read", reply, R"({"thread_id":"main"})") == "400 M_INVALID_PARAM");
        CHECK(receipt("m.read", reply, fmt::format(R"({{"thread_id":"{}"}})", second)) == "400 M_INVALID_PARAM");
        CHECK(receipt("m.read", second, fmt::format(R"({{"thread_id":"{}"}})", first)) == "400 M_INVALID_PARAM");
        CHECK(receipt("m.read", reply, fmt::format(R"({{"thread_id":"{}"}})", first)) == "200");
        annas.sync();
    }
}
