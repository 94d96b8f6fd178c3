// Who may read what of a room, and when.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string create(Person& person, std::string_view body = R"({"preset":"public_chat"})") {
    const auto made = person.post("/createRoom", body);
    REQUIRE(made == "200");
    return made.at("/room_id");
}

std::string in(const std::string& room, std::string_view rest) { return fmt::format("/rooms/{}{}", segment(room), rest); }
std::string in_v1(const std::string& room, std::string_view rest) { return "/_matrix/client/v1" + in(room, rest); }

std::string say(Person& person, const std::string& room, std::string_view text, std::string_view txn, std::string_view more = "") {
    const auto sent = person.put(in(room, fmt::format("/send/m.room.message/{}", txn)),
                                 fmt::format(R"({{"msgtype":"m.text","body":"{}"{}}})", text, more));
    REQUIRE(sent == "200");
    return sent.at("/event_id");
}

std::string relates(std::string_view rel_type, const std::string& to) {
    return fmt::format(R"(,"m.relates_to":{{"rel_type":"{}","event_id":"{}"}},"m.new_content":{{"msgtype":"m.text","body":"neu"}})",
                       rel_type, to);
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

TEST_CASE("whoever left learns nothing of what came later") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    const auto root = say(anna, room, "mit Ben", "1");
    REQUIRE(ben.post(in(room, "/leave")) == "200");
    REQUIRE(carl.post(in(room, "/join")) == "200");
    for (int i = 0; i < 120; ++i) say(carl, room, "ohne Ben", std::to_string(i));
    const auto later = anna.get(in(room, "/messages?dir=b&limit=1")).at("/start");

    const auto members = [&](Person& who, const std::string& more) { return who.get(in(room, "/members" + more)).text; };
    CHECK(members(anna, "?at=" + later).find(carl.id) != std::string::npos);
    CHECK(members(ben, "?at=" + later).find(carl.id) == std::string::npos);
    CHECK(members(ben, "").find(carl.id) == std::string::npos);
    // The first page is not lost among all that may not be read.
    CHECK(bodies(ben.get(in(room, "/messages?dir=b&limit=2"))) == "(m.room.member), mit Ben");
    CHECK(ben.get(in(room, "/event/" + segment(root))) == "200");
}

TEST_CASE("a stranger hears of an event what everybody hears of one that does not exist") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna);
    const auto said = say(anna, room, "unter uns", "1");
    for (const auto& id : {said, std::string("$nothing")}) {
        CHECK(ben.get(in(room, "/event/" + segment(id))) == "404 M_NOT_FOUND");
        CHECK(ben.get(in_v1(room, "/relations/" + segment(id))) == "404 M_NOT_FOUND");
    }
    CHECK(anna.get(in(room, "/event/" + segment(said))) == "200");
}

TEST_CASE("a transaction id counts per path") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    const auto said = say(anna, room, "vertippt", "1");
    const auto redaction = anna.put(in(room, "/redact/" + segment(said) + "/1"), "{}");
    REQUIRE(redaction == "200");
    CHECK(redaction.at("/event_id") != said);
    CHECK(anna.get(in(room, "/event/" + segment(said))).at("/content") == "{}");
    CHECK(anna.put(in(room, "/redact/" + segment(said) + "/1"), "{}").at("/event_id") == redaction.at("/event_id"));
    CHECK(anna.put(in(room, "/send/org.runde.test/1"), "{}").at("/event_id") != said);
    server.restart();
    CHECK(anna.put(in(room, "/redact/" + segment(said) + "/1"), "{}").at("/event_id") == redaction.at("/event_id"));
}

TEST_CASE("what is bundled with an event is only what the reader may see") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = create(anna);
    REQUIRE(ben.post(in(room, "/join")) == "200");
    const auto root = say(anna, room, "alt", "1");
    const auto early = say(anna, room, "frühe Antwort", "2", relates("m.thread", root));
    REQUIRE(ben.post(in(room, "/leave")) == "200");
    say(anna, room, "* neu", "3", relates("m.replace", root));
    say(anna, room, "späte Antwort", "4", relates("m.thread", root));

    const auto path = in(room, "/event/" + segment(root));
    CHECK(anna.get(path).has("/unsigned/m.relations/m.replace"));
    CHECK(anna.get(path).at("/unsigned/m.relations/m.thread/count") == "2");
    CHECK_FALSE(ben.get(path).has("/unsigned/m.relations/m.replace"));
    CHECK(ben.get(path).text.find("späte") == std::string::npos);
    CHECK(bodies(ben.get(in_v1(room, "/relations/" + segment(root) + "/m.thread"))) == "frühe Antwort");
}

TEST_CASE("relations come page by page, in both directions, of one type or all") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = create(anna);
    const auto root = say(anna, room, "Frage", "root");
    for (int i = 0; i < 5; ++i) say(anna, room, std::to_string(i), fmt::format("r{}", i), relates("m.thread", root));
    say(anna, room, "Verweis", "ref", relates("m.reference", root));
    const auto gone = say(anna, room, "weg", "gone", relates("m.thread", root));
    REQUIRE(anna.put(in(room, "/redact/" + segment(gone) + "/x"), "{}") == "200");

    const auto pages = [&](std::string_view type, std::string_view query) {
        std::string all, from;
        for (int page = 0; page < 10; ++page) {
            const auto answer = anna.get(in_v1(
                room, fmt::format("/relations/{}{}?limit=2{}{}", segment(root), type, query, from.empty() ? "" : "&from=" + from)));
            REQUIRE(answer == "200");
            all += (all.empty() ? "" : "| ") + bodies(answer) + " ";
            if (!answer.has("/next_batch")) break;
            from = answer.at("/next_batch");
        }
        return all;
    };
    CHECK(pages("/m.thread", "") == "4, 3 | 2, 1 | 0 ");
    CHECK(pages("/m.thread", "&dir=f") == "0, 1 | 2, 3 | 4 ");
    CHECK(pages("", "") == "Verweis, 4 | 3, 2 | 1, 0 ");
    CHECK(pages("/m.thread/m.room.message", "&dir=f") == "0, 1 | 2, 3 | 4 ");
    CHECK(pages("/m.thread/m.room.other", "") == " ");
    CHECK(pages("/m.thread", "&recurse=true") == "4, 3 | 2, 1 | 0 ");
}
