#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string create(Person& person, std::string_view body = "{}") {
    const auto made = person.post("/createRoom", body);
    REQUIRE(made == "200");
    return made.at("/room_id");
}

std::string room_path(const std::string& room, std::string_view rest) { return fmt::format("/rooms/{}{}", segment(room), rest); }

std::string say(Person& person, const std::string& room, std::string_view text, std::string_view txn) {
    const auto sent = person.put(room_path(room, fmt::format("/send/m.room.message/{}", txn)),
                                 fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", text));
    REQUIRE(sent == "200");
    return sent.at("/event_id");
}

std::string bodies(const Answer& page) {
    std::string out;
    for (const auto& event : page["/chunk"].as_array()) {
        const auto* content = schema::object_at(event.as_object(), "content");
        const auto body = content ? schema::string_at(*content, "body") : std::nullopt;
        if (!out.empty()) out += ", ";
        out += body ? std::string(*body) : "(" + std::string(*schema::string_at(event.as_object(), "type")) + ")";
    }
    return out;
}

}  // namespace

TEST_CASE("Anna opens a room, Ben is invited, both talk") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto room = create(anna, R"({"name":"Dienstagsrunde","topic":"Jeden Dienstag"})");

    CHECK(ben.post(room_path(room, "/join")) == "403 M_FORBIDDEN");
    CHECK(anna.post(room_path(room, "/invite"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    CHECK(ben.post(room_path(room, "/join")) == "200");
    CHECK(ben.get("/joined_rooms").at("/joined_rooms/0") == room);

    say(anna, room, "Guten Abend", "1");
    say(ben, room, "Hallo Anna", "1");
    CHECK(bodies(ben.get(room_path(room, "/messages?dir=b&limit=2"))) == "Hallo Anna, Guten Abend");

    // A stranger hears the same whether or not the room exists.
    CHECK(carl.get(room_path(room, "/messages?dir=b")) == "403 M_FORBIDDEN");
    CHECK(carl.get(room_path("!nothing:hearth.test", "/messages?dir=b")) == "403 M_FORBIDDEN");
    CHECK(carl.put(room_path(room, "/send/m.room.message/1"), R"({"msgtype":"m.text","body":"x"})") == "403 M_FORBIDDEN");

    const auto state = ben.get(room_path(room, "/state"));
    CHECK(state == "200");
    CHECK(ben.get(room_path(room, "/state/m.room.name")).at("/name") == "Dienstagsrunde");
    CHECK(ben.get(room_path(room, "/state/m.room.nothing")) == "404 M_NOT_FOUND");
    CHECK(anna.get(room_path(room, "/joined_members")).has("/joined/" + ben.id));
    CHECK(anna.get(room_path(room, "/members?membership=join")) == "200");
    CHECK(anna.get(room_path(room, "/members?membership=sitting")) == "400 M_INVALID_PARAM");
}

TEST_CASE("a message with the same transaction id is sent once, also after a restart") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    const auto first = say(anna, room, "once", "t1");
    CHECK(say(anna, room, "once", "t1") == first);
    CHECK(say(anna, room, "once", "t2") != first);
    server.restart();
    CHECK(say(anna, room, "once", "t1") == first);
    say(anna, room, "after", "t3");
    CHECK(bodies(anna.get(room_path(room, "/messages?dir=b&limit=3"))) == "after, once, once");
}

TEST_CASE("whoever repeats an old transaction id disturbs nobody") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna, R"({"preset":"public_chat"})");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    const auto send = [&](Person& who, std::string_view txn) {
        return who.put(room_path(room, fmt::format("/send/m.room.message/{}", txn)), R"({"msgtype":"m.text","body":"x"})");
    };
    const auto first = say(anna, room, "old", "t1");
    // Far more than the room keeps answers for.
    for (int i = 0; i < 520; ++i) REQUIRE(send(anna, fmt::format("more{}", i)) == "200");
    const auto untroubled = [&](std::string_view txn) {
        const auto sent = send(ben, txn);
        CHECK(sent == "200");
        return sent.cost.reads == 0;  // Nobody has had to load the room again.
    };
    CHECK(say(anna, room, "old", "t1") == first);
    CHECK(untroubled("b1"));

    server.restart();
    CHECK(send(ben, "b2") == "200");
    CHECK(say(anna, room, "old", "t1") == first);
    CHECK(untroubled("b3"));
    // What is new costs nothing once the room knows what the device has sent.
    CHECK(send(anna, "new").cost.reads == 0);
    CHECK(say(anna, room, "old", "t1") == first);
}

TEST_CASE("a room lets go of its old events, and a thread counts on rightly after it was forgotten") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    const auto root = say(anna, room, "Frage", "root");
    const auto send = [&](std::string_view txn, std::string_view more) {
        REQUIRE(anna.put(room_path(room, fmt::format("/send/m.room.message/{}", txn)),
                         fmt::format(R"({{"msgtype":"m.text","body":"x"{}}})", more)) == "200");
    };
    const auto in_thread = fmt::format(R"(,"m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}})", root);
    const auto nid = schema::RoomNid{std::stoll(server.ask("SELECT room_nid FROM rooms"))};
    const auto actor = [&] {
        rooms::RoomPtr room_actor;
        server.on_io([&] { room_actor = server.wiring().rooms.warm(nid); });
        REQUIRE(room_actor);
        return room_actor;
    };
    const auto knows_root = [&] {
        bool knows = false;
        server.on_io([&] { knows = server.wiring().rooms.warm(nid)->known(root) != nullptr; });
        return knows;
    };
    send("a1", in_thread);
    CHECK(knows_root());
    for (int pack = 0; pack < 9; ++pack) {
        std::vector<rooms::DraftAndOptions> drafts;
        for (int i = 0; i < 500; ++i)
            drafts.emplace_back(schema::EventDraft{.type = "m.room.message",
                                                   .sender = *schema::UserId::parse(anna.id),
                                                   .state_key = {},
                                                   .content = {{"msgtype", "m.text"}, {"body", "x"}},
                                                   .redacts = {}},
                                rooms::AppendOptions{});
        server.runtime().wait(actor()->append_all(std::move(drafts)));
    }
    send("plain", "");
    CHECK_FALSE(knows_root());
    send("a2", in_thread);
    send("a3", in_thread);
    CHECK(server.ask("SELECT replies FROM threads") == "3");
}

TEST_CASE("sending in a warm room reads nothing and costs one batch") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    say(anna, room, "warm", "0");
    const auto sent = anna.put(room_path(room, "/send/m.room.message/1"), R"({"msgtype":"m.text","body":"x"})");
    CHECK(sent.cost.reads == 0);
    CHECK(sent.cost.batches == 1);
}

TEST_CASE("threads, reactions, edits and redactions") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna, R"({"preset":"public_chat"})");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    const auto root = say(anna, room, "Wer war schon in der Reha?", "1");
    const auto reply = [&](Person& who, std::string_view text, std::string_view txn) {
        const auto sent =
            who.put(room_path(room, fmt::format("/send/m.room.message/{}", txn)),
                    fmt::format(R"({{"msgtype":"m.text","body":"{}","m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}}}})",
                                text, root));
        REQUIRE(sent == "200");
        return sent.at("/event_id");
    };
    const auto first = reply(ben, "Ich, im Mai", "2");
    reply(anna, "Und?", "3");

    const auto threads = ben.get(fmt::format("/_matrix/client/v1/rooms/{}/threads", segment(room)));
    REQUIRE(threads == "200");
    CHECK(threads.at("/chunk/0/event_id") == root);
    CHECK(threads.at("/chunk/0/unsigned/m.relations/m.thread/count") == "2");
    CHECK(threads.at("/chunk/0/unsigned/m.relations/m.thread/current_user_participated") == "true");
    const auto relations = anna.get(fmt::format("/_matrix/client/v1/rooms/{}/relations/{}/m.thread", segment(room), segment(root)));
    CHECK(bodies(relations) == "Und?, Ich, im Mai");

    const auto react = [&](Person& who, std::string_view txn) {
        return who.put(room_path(room, fmt::format("/send/m.reaction/{}", txn)),
                       fmt::format(R"({{"m.relates_to":{{"rel_type":"m.annotation","event_id":"{}","key":"👍"}}}})", root));
    };
    CHECK(react(ben, "4") == "200");
    CHECK(react(ben, "5") == "400 M_DUPLICATE_ANNOTATION");
    CHECK(react(anna, "6") == "200");

    const auto edit = anna.put(
        room_path(room, "/send/m.room.message/7"),
        fmt::format(
            R"({{"msgtype":"m.text","body":"* neu","m.new_content":{{"msgtype":"m.text","body":"neu"}},"m.relates_to":{{"rel_type":"m.replace","event_id":"{}"}}}})",
            root));
    CHECK(edit == "200");
    const auto edited = ben.get(room_path(room, "/event/" + segment(root)));
    CHECK(edited.at("/unsigned/m.relations/m.replace/event_id") == edit.at("/event_id"));

    // Ben removes his own reply; Anna's thread has one less. He may not remove what Anna wrote.
    CHECK(ben.put(room_path(room, "/redact/" + segment(root) + "/8"), "{}") == "403 M_FORBIDDEN");
    CHECK(ben.put(room_path(room, "/redact/" + segment(first) + "/9"), R"({"reason":"vertippt"})") == "200");
    const auto gone = anna.get(room_path(room, "/event/" + segment(first)));
    CHECK(gone.at("/content") == "{}");
    CHECK(gone.at("/unsigned/redacted_because/content/reason") == "vertippt");
    CHECK(anna.get(fmt::format("/_matrix/client/v1/rooms/{}/threads", segment(room)))
              .at("/chunk/0/unsigned/m.relations/m.thread/count") == "1");
    server.restart();
    CHECK(anna.get(room_path(room, "/event/" + segment(first))).at("/content") == "{}");
}

TEST_CASE("pages through the history meet without gap or repetition") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    for (int i = 0; i < 150; ++i) say(anna, room, std::to_string(i), std::to_string(i));
    std::string from;
    std::vector<std::string> seen;
    for (int pages = 0; pages < 40; ++pages) {
        const auto page = anna.get(room_path(room, "/messages?dir=b&limit=13" + (from.empty() ? "" : "&from=" + from)));
        REQUIRE(page == "200");
        for (const auto& event : page["/chunk"].as_array())
            if (const auto body = schema::string_at(*schema::object_at(event.as_object(), "content"), "body"))
                seen.emplace_back(*body);
        if (!page.has("/end")) break;
        from = page.at("/end");
    }
    REQUIRE(seen.size() == 150);
    for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == std::to_string(149 - i));
    CHECK(anna.get(room_path(room, "/messages?dir=sideways")) == "400 M_INVALID_PARAM");
    CHECK(anna.get(room_path(room, "/messages?dir=b&from=nonsense")) == "400 M_INVALID_PARAM");
    CHECK(anna.get(room_path(room, "/messages")) == "400 M_MISSING_PARAM");
}

TEST_CASE("every room version can be created and talked in") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    for (int version = 1; version <= 12; ++version) {
        CAPTURE(version);
        const auto room = create(anna, fmt::format(R"({{"room_version":"{}","preset":"public_chat"}})", version));
        CHECK(ben.post(room_path(room, "/join")) == "200");
        const auto said = say(ben, room, "hier", fmt::format("v{}", version));
        CHECK(ben.put(room_path(room, fmt::format("/redact/{}/r{}", segment(said), version)), "{}") == "200");
        CHECK(anna.get(room_path(room, "/event/" + segment(said))).at("/content") == "{}");
        CHECK(anna.post(room_path(room, "/kick"), fmt::format(R"({{"user_id":"{}","reason":"Probe"}})", ben.id)) == "200");
    }
    CHECK(anna.post("/createRoom", R"({"room_version":"13"})") == "400 M_UNSUPPORTED_ROOM_VERSION");
}

TEST_CASE("aliases, the directory and spaces") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna, R"({"room_alias_name":"dienstag","visibility":"public","name":"Dienstag"})");
    CHECK(ben.get("/directory/room/" + segment("#dienstag:hearth.test")).at("/room_id") == room);
    CHECK(anna.post("/createRoom", R"({"room_alias_name":"dienstag"})") == "400 M_ROOM_IN_USE");
    CHECK(ben.get("/publicRooms").at("/chunk/0/name") == "Dienstag");
    CHECK(ben.post("/publicRooms", R"({"filter":{"generic_search_term":"DIENS"}})").at("/chunk/0/room_id") == room);
    CHECK(ben.post("/publicRooms", R"({"filter":{"generic_search_term":"Montag"}})").at("/chunk") == "[]");
    CHECK(ben.post("/join/" + segment("#dienstag:hearth.test")) == "200");
    CHECK(ben.del("/directory/room/" + segment("#dienstag:hearth.test")) == "403 M_FORBIDDEN");

    const auto space = create(anna, R"({"creation_content":{"type":"m.space"},"preset":"public_chat"})");
    CHECK(anna.put(room_path(space, "/state/m.space.child/" + segment(room)), R"({"via":["hearth.test"]})") == "200");
    const auto tree = ben.get(fmt::format("/_matrix/client/v1/rooms/{}/hierarchy", segment(space)));
    CHECK(tree == "200");
    CHECK(tree.at("/rooms/1/room_id") == room);

    const auto upgraded = anna.post(room_path(room, "/upgrade"), R"({"new_version":"11"})");
    REQUIRE(upgraded == "200");
    CHECK(ben.get("/directory/room/" + segment("#dienstag:hearth.test")).at("/room_id") == upgraded.at("/replacement_room"));
    CHECK(ben.get(room_path(room, "/state/m.room.tombstone")).at("/replacement_room") == upgraded.at("/replacement_room"));
}

TEST_CASE("a new member reads only what the history's visibility allows") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(
        anna,
        R"({"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"joined"}}]})");
    const auto secret = say(anna, room, "vor Ben", "1");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    say(anna, room, "mit Ben", "2");
    CHECK(bodies(ben.get(room_path(room, "/messages?dir=b&limit=50"))) == "mit Ben, (m.room.member)");
    CHECK(ben.get(room_path(room, "/event/" + segment(secret))) == "404 M_NOT_FOUND");
    REQUIRE(ben.post(room_path(room, "/leave")) == "200");
    say(anna, room, "nach Ben", "3");
    CHECK(bodies(ben.get(room_path(room, "/messages?dir=b&limit=50"))) == "(m.room.member), mit Ben, (m.room.member)");
}

TEST_CASE("an upgrade keeps the power that people had, and no more") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna, R"({"room_version":"10","preset":"public_chat"})");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    auto levels = anna.get(room_path(room, "/state/m.room.power_levels")).json.as_object();
    levels["users"] = schema::JsonObject{{anna.id, 100}, {ben.id, 60}};
    levels["events"].as_object()["m.room.tombstone"] = 60;
    REQUIRE(anna.put(room_path(room, "/state/m.room.power_levels"), schema::to_text(levels)) == "200");

    // Version 11 knows one creator: others named in the request are nothing there.
    const auto upgraded =
        ben.post(room_path(room, "/upgrade"), fmt::format(R"({{"new_version":"11","additional_creators":["@carl:hearth.test"]}})"));
    REQUIRE(upgraded == "200");
    const auto next = upgraded.at("/replacement_room");
    REQUIRE(anna.post(room_path(next, "/join")) == "200");
    const auto now = anna.get(room_path(next, "/state/m.room.power_levels"));
    CHECK(now.json.as_object() == levels);
    CHECK(ben.put(room_path(next, "/state/m.room.power_levels"), "{}") == "403 M_FORBIDDEN");
    CHECK_FALSE(anna.get(room_path(next, "/state/m.room.create")).has("/additional_creators"));

    // From 12 on whoever upgrades is its creator.
    const auto newest =
        anna.post(room_path(next, "/upgrade"), R"({"new_version":"12","additional_creators":["@carl:hearth.test"]})");
    REQUIRE(newest == "200");
    const auto last = newest.at("/replacement_room");
    CHECK(anna.get(room_path(last, "/state/m.room.create")).at("/additional_creators/0") == "@carl:hearth.test");
    CHECK_FALSE(anna.get(room_path(last, "/state/m.room.power_levels")).has("/users/" + anna.id));
    CHECK(anna.get(room_path(last, "/state/m.room.power_levels")).at("/users/" + ben.id) == "60");
}

TEST_CASE("what is so already is not said again, but not everybody may say it") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl"), dora = server.person("dora");
    const auto room = create(anna, R"({"preset":"public_chat","power_level_content_override":{"invite":50}})");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    const auto about = [](const Person& person) { return fmt::format(R"({{"user_id":"{}"}})", person.id); };
    CHECK(anna.post(room_path(room, "/ban"), about(carl)) == "200");
    CHECK(anna.post(room_path(room, "/ban"), about(carl)) == "200");
    CHECK(ben.post(room_path(room, "/ban"), about(carl)) == "403 M_FORBIDDEN");
    CHECK(anna.post(room_path(room, "/invite"), about(dora)) == "200");
    CHECK(anna.post(room_path(room, "/invite"), about(dora)) == "200");
    CHECK(ben.post(room_path(room, "/invite"), about(dora)) == "403 M_FORBIDDEN");
    CHECK(ben.post(room_path(room, "/invite"), about(anna)) == "403 M_FORBIDDEN");
}

TEST_CASE("a room that was forgotten stays forgotten when one is banned from it") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna, R"({"preset":"public_chat"})");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    REQUIRE(ben.post(room_path(room, "/leave")) == "200");
    REQUIRE(ben.post(room_path(room, "/forget")) == "200");
    REQUIRE(anna.post(room_path(room, "/ban"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    const auto seen = ben.get("/sync?filter=" + segment(R"({"room":{"include_leave":true}})"));
    REQUIRE(seen == "200");
    CHECK(seen.text.find(room) == std::string::npos);
    REQUIRE(anna.post(room_path(room, "/unban"), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    REQUIRE(ben.post(room_path(room, "/join")) == "200");
    CHECK(ben.get("/sync").text.find(room) != std::string::npos);
}

TEST_CASE("state needs a type, and a new room no alias but its own") {
    TestServer server;
    server.check_against_spec = false;
    auto anna = server.person("anna");
    const auto room = create(anna, R"({"room_alias_name":"dienstag"})");
    CHECK(anna.put(room_path(room, "/state/"), "{}") == "404 M_UNRECOGNIZED");
    CHECK(anna.put(room_path(room, "/state//"), "{}") == "404 M_UNRECOGNIZED");
    CHECK(anna.put(room_path(room, "/state//x"), "{}") == "404 M_UNRECOGNIZED");
    CHECK(anna.put(room_path(room, "/send//1"), "{}") == "404 M_UNRECOGNIZED");
    const auto with = [&](std::string_view content, std::string_view more = "") {
        return anna.post("/createRoom",
                         fmt::format(R"({{"initial_state":[{{"type":"m.room.canonical_alias","content":{}}}]{}}})", content, more));
    };
    CHECK(with(R"({"alias":"#dienstag:hearth.test"})") == "400 M_BAD_ALIAS");
    CHECK(with(R"({"alias":"#nirgends:hearth.test"})") == "400 M_BAD_ALIAS");
    CHECK(with(R"({"alt_aliases":["#dienstag:hearth.test"]})") == "400 M_BAD_ALIAS");
    CHECK(with(R"({"alias":"Dienstag"})") == "400 M_INVALID_PARAM");
    CHECK(with(R"({"alias":"#montag:hearth.test"})", R"(,"room_alias_name":"montag")") == "200");
    CHECK(with("{}") == "200");
    // null is how some languages write "absent".
    CHECK(anna.post("/createRoom", R"({"name":null,"topic":null,"invite":null,"initial_state":null,"is_direct":null})") == "200");
    CHECK(anna.post(room_path(room, "/leave"), R"({"reason":null})") == "200");
}
