// What /sync says of edits and threads to somebody who has missed some.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

TEST_CASE("where events were missed, edits and threads come with what is left") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben");
    const auto room = anna.post("/createRoom", R"({"preset":"public_chat"})").at("/room_id");
    REQUIRE(ben.post("/rooms/" + segment(room) + "/join") == "200");
    int txn = 0;
    const auto say = [&](std::string_view text, std::string_view more = "") {
        const auto sent = anna.put(fmt::format("/rooms/{}/send/m.room.message/{}", segment(room), ++txn),
                                   fmt::format(R"({{"msgtype":"m.text","body":"{}"{}}})", text, more));
        REQUIRE(sent == "200");
        return sent.at("/event_id");
    };
    const auto relates = [](std::string_view type, const std::string& to) {
        return fmt::format(
            R"(,"m.relates_to":{{"rel_type":"{}","event_id":"{}"}},"m.new_content":{{"msgtype":"m.text","body":"neu"}})", type, to);
    };
    const auto root = say("Frage");
    const auto filter = [](int limit) { return segment(fmt::format(R"({{"room":{{"timeline":{{"limit":{}}}}}}})", limit)); };
    const auto since = ben.get("/sync?filter=" + filter(20)).at("/next_batch");
    const auto edit = say("* neu", relates("m.replace", root));
    const auto reply = say("Antwort", relates("m.thread", root));

    const auto relations = [&](const Answer& answer) -> const schema::Json& {
        static const schema::Json none;
        for (const auto& event : answer["/rooms/join/" + room + "/timeline/events"].as_array())
            if (schema::string_at(event.as_object(), "event_id") == root)
                if (const auto* more = schema::object_at(event.as_object(), "unsigned"))
                    if (const auto* found = more->if_contains("m.relations")) return *found;
        return none;
    };
    // From the beginning.
    const auto first = ben.get("/sync?filter=" + filter(20));
    REQUIRE(first == "200");
    REQUIRE(relations(first).is_object());
    const auto& found = relations(first).as_object();
    CHECK(schema::string_at(found.at("m.replace").as_object(), "event_id") == edit);
    CHECK(schema::string_at(found.at("m.thread").at("latest_event").as_object(), "event_id") == reply);
    // Without a gap the client has seen all of it itself, and it costs nothing.
    const auto news = ben.get("/sync?since=" + since + "&filter=" + filter(20));
    CHECK(relations(news).is_null());
    CHECK(news.cost.reads == 0);
}
