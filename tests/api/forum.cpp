#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// A forum with a moderator and members, in the words of the plays.
struct Forum {
    explicit Forum(TestServer& server, std::string_view settings = R"({"tags":["Reha","Alltag"]})") : anna(server.person("anna")) {
        const auto made = anna.post("/createRoom", fmt::format(R"({{"name":"Forum","preset":"public_chat",
            "creation_content":{{"type":"org.runde.forum"}},
            "initial_state":[{{"type":"org.runde.forum","content":{}}}]}})",
                                                               settings));
        REQUIRE(made == "200");
        room = made.at("/room_id");
    }

    std::string path(std::string_view rest) const { return fmt::format("/rooms/{}{}", segment(room), rest); }

    Answer post(Person& who, std::string_view body, std::string_view relates = "") {
        const auto relation = relates.empty() ? std::string() : fmt::format(R"(,"m.relates_to":{})", relates);
        return who.put(path(fmt::format("/send/m.room.message/{}", ++txn)),
                       fmt::format(R"({{"msgtype":"m.text","body":{}{}}})", schema::quoted(body), relation));
    }
    std::string topic(Person& who, std::string_view body) {
        const auto sent = post(who, body);
        REQUIRE(sent == "200");
        return sent.at("/event_id");
    }
    Answer answer(Person& who, const std::string& root, std::string_view body) {
        return post(who, body, fmt::format(R"({{"rel_type":"m.thread","event_id":"{}"}})", root));
    }
    Answer set(Person& who, const std::string& root, std::string_view content) {
        return who.put(path("/state/org.runde.topic/" + segment(root)), content);
    }
    Answer list(Person& who, std::string_view query = "") {
        return who.get(fmt::format("/_runde/v1/rooms/{}/topics{}", segment(room), query));
    }
    static std::string titles(const Answer& page) {
        std::string out;
        for (const auto& topic : page["/topics"].as_array())
            out += (out.empty() ? "" : ", ") + std::string(*schema::string_at(topic.as_object(), "title"));
        return out;
    }

    Person anna;
    std::string room;
    int txn = 0;
};

std::string found(const Answer& result) {
    std::string out;
    for (const auto& hit : result["/results"].as_array()) {
        if (!out.empty()) out += " | ";
        for (const auto& part : hit.as_object().at("snippet").as_array()) {
            const bool is_hit = part.as_object().at("hit").as_bool();
            const auto text = *schema::string_at(part.as_object(), "text");
            out += is_hit ? "[" + std::string(text) + "]" : std::string(text);
        }
    }
    return out;
}

Answer search(Person& who, std::string_view words, std::string_view more = "") {
    return who.get(fmt::format("/_runde/v1/search?q={}{}", segment(words), more));
}

}  // namespace

TEST_CASE("a forum: topics and answers, and nothing beside them") {
    TestServer server;
    Forum forum(server);
    auto ben = server.person("ben");
    REQUIRE(ben.post(forum.path("/join")) == "200");
    const auto root = forum.topic(ben, "Wer war schon in der Reha?\nIch bin unsicher.");
    CHECK(forum.answer(forum.anna, root, "Ich, im Mai") == "200");

    const auto page = forum.list(ben);
    REQUIRE(page == "200");
    CHECK(page.at("/topics/0/title") == "Wer war schon in der Reha?");
    CHECK(page.at("/topics/0/replies") == "1");
    CHECK(page.at("/topics/0/author/user_id") == ben.id);
    CHECK(page.at("/topics/0/last_sender/user_id") == forum.anna.id);

    // Whatever is neither a topic nor in one.
    const auto reply = forum.post(ben, "ja", fmt::format(R"({{"m.in_reply_to":{{"event_id":"{}"}}}})", root));
    CHECK(reply == "403 ORG.RUNDE.OUTSIDE_TOPIC");
    CHECK(reply.at("/error").find("Thema") != std::string::npos);
    CHECK(forum.post(ben, "ja", R"({"rel_type":"m.thread","event_id":"$nothing"})") == "403 ORG.RUNDE.OUTSIDE_TOPIC");
    CHECK(ben.put(forum.path("/send/m.sticker/s1"), R"({"body":"x","url":"mxc://a/b","info":{}})") ==
          "403 ORG.RUNDE.OUTSIDE_TOPIC");
    CHECK(forum.post(ben, "  \n ") == "400 M_INVALID_PARAM");
    // Reactions and edits belong to their post.
    CHECK(ben.put(forum.path("/send/m.reaction/r1"),
                  fmt::format(R"({{"m.relates_to":{{"rel_type":"m.annotation","event_id":"{}","key":"👍"}}}})", root)) == "200");
    CHECK(forum.anna.put(forum.path("/state/m.room.encryption"), R"({"algorithm":"m.megolm.v1.aes-sha2"})") == "403 M_FORBIDDEN");
    // An ordinary room has no such order.
    const auto chat = ben.post("/createRoom").at("/room_id");
    CHECK(ben.put(fmt::format("/rooms/{}/send/m.sticker/1", segment(chat)), R"({"body":"x","url":"mxc://a/b","info":{}})") ==
          "200");
}

TEST_CASE("moderators close, open, pin and tag; a closed topic stays readable") {
    TestServer server;
    Forum forum(server);
    auto ben = server.person("ben");
    REQUIRE(ben.post(forum.path("/join")) == "200");
    const auto first = forum.topic(ben, "Erstes"), second = forum.topic(ben, "Zweites");

    CHECK(forum.set(ben, first, R"({"state":"closed"})") == "403 M_FORBIDDEN");
    CHECK(forum.set(forum.anna, first, R"({"state":"halb"})") == "400 M_INVALID_PARAM");
    CHECK(forum.set(forum.anna, first, R"({"state":"closed","pinned":true,"tags":["Unbekannt"]})") == "400 M_INVALID_PARAM");
    CHECK(forum.set(forum.anna, first, R"({"state":"closed","pinned":true,"answered":true,"tags":["Reha"]})") == "200");
    CHECK(forum.answer(ben, first, "noch etwas") == "403 ORG.RUNDE.TOPIC_CLOSED");
    CHECK(forum.answer(ben, second, "hier geht es") == "200");

    CHECK(Forum::titles(forum.list(ben)) == "Erstes, Zweites");  // Pinned first.
    CHECK(Forum::titles(forum.list(ben, "?state=open")) == "Zweites");
    CHECK(Forum::titles(forum.list(ben, "?state=closed")) == "Erstes");
    CHECK(Forum::titles(forum.list(ben, "?tag=Reha")) == "Erstes");
    CHECK(Forum::titles(forum.list(ben, "?answered=true")) == "Erstes");
    CHECK(forum.list(ben, "?state=sonst") == "400 M_INVALID_PARAM");
    CHECK(forum.list(ben, "?from=x") == "400 M_INVALID_PARAM");

    CHECK(forum.set(forum.anna, first, R"({"state":"open"})") == "200");
    CHECK(forum.answer(ben, first, "danke") == "200");
}

TEST_CASE("a quiet topic closes by itself, and a moderator opens it again") {
    TestServer server;
    Forum forum(server, R"({"close_after_days":30})");
    const auto root = forum.topic(forum.anna, "Sommerfest");
    server.advance(std::chrono::hours(24 * 29));
    CHECK(forum.answer(forum.anna, root, "bald") == "200");
    server.advance(std::chrono::hours(24 * 31));
    CHECK(forum.answer(forum.anna, root, "zu spät") == "403 ORG.RUNDE.TOPIC_CLOSED");
    CHECK(forum.list(forum.anna).at("/topics/0/state") == "closed");
    CHECK(forum.list(forum.anna).at("/topics/0/closed_reason") == "quiet");
    CHECK(forum.set(forum.anna, root, R"({"state":"open"})") == "200");
    CHECK(forum.answer(forum.anna, root, "wieder da") == "200");
    CHECK(forum.list(forum.anna).at("/topics/0/state") == "open");
}

TEST_CASE("mine and unread") {
    TestServer server;
    Forum forum(server);
    auto ben = server.person("ben"), carl = server.person("carl");
    REQUIRE(ben.post(forum.path("/join")) == "200");
    REQUIRE(carl.post(forum.path("/join")) == "200");
    const auto of_ben = forum.topic(ben, "Bens Thema"), of_anna = forum.topic(forum.anna, "Annas Thema");
    CHECK(Forum::titles(forum.list(ben, "?mine=true")) == "Bens Thema");
    CHECK(forum.answer(ben, of_anna, "auch ich") == "200");
    CHECK(Forum::titles(forum.list(ben, "?mine=true")) == "Annas Thema, Bens Thema");
    CHECK(Forum::titles(forum.list(carl, "?mine=true")) == "");
    CHECK(forum.answer(forum.anna, of_ben, "hallo Ben") == "200");
    CHECK(Forum::titles(forum.list(ben, "?unread=true")) == "Bens Thema");
}

TEST_CASE("search knows German") {
    TestServer server;
    Forum forum(server);
    forum.topic(forum.anna, "Viele Grüße aus den Häusern am See");
    forum.topic(forum.anna, "Meine Schmerztherapie beginnt im Krankenhaus");
    forum.topic(forum.anna, "Der Angehörigenabend fällt aus");

    CHECK(found(search(forum.anna, "Gruß")) == "Viele [Grüße] aus den Häusern am See");
    CHECK(found(search(forum.anna, "gruesse")) == "Viele [Grüße] aus den Häusern am See");
    CHECK(found(search(forum.anna, "Haus haeuser")).find("[Häusern]") != std::string::npos);
    CHECK(found(search(forum.anna, "Therapie")) == "Meine [Schmerztherapie] beginnt im Krankenhaus");
    CHECK(found(search(forum.anna, "Angehörige")) == "Der [Angehörigenabend] fällt aus");
    CHECK(found(search(forum.anna, "\"Grüße aus\"")).empty() == false);
    CHECK(found(search(forum.anna, "\"See Grüße\"")) == "");
    CHECK(found(search(forum.anna, "Fahrrad")) == "");
    CHECK(search(forum.anna, "x&y | !(z' \\ :*") == "200");
    CHECK(forum.anna.get("/_runde/v1/search") == "400 M_MISSING_PARAM");
}

TEST_CASE("search finds only what the searcher may read, as it reads now") {
    TestServer server;
    auto anna = server.person("anna"), ben = server.person("ben"), carl = server.person("carl");
    const auto made = anna.post(
        "/createRoom",
        R"({"preset":"public_chat","initial_state":[{"type":"m.room.history_visibility","content":{"history_visibility":"joined"}}]})");
    const auto room = made.at("/room_id");
    const auto say = [&](Person& who, std::string_view text, std::string_view txn) {
        return who
            .put(fmt::format("/rooms/{}/send/m.room.message/{}", segment(room), txn),
                 fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", text))
            .at("/event_id");
    };
    say(anna, "Geheimnis vor Ben", "1");
    REQUIRE(ben.post(fmt::format("/rooms/{}/join", segment(room))) == "200");
    const auto both = say(anna, "Geheimnis mit Ben", "2");
    CHECK(search(anna, "Geheimnis").at("/count") == "2");
    CHECK(search(ben, "Geheimnis").at("/count") == "1");
    CHECK(search(carl, "Geheimnis").at("/count") == "0");
    CHECK(search(anna, "Geheimnis", "&author=" + segment(ben.id)).at("/count") == "0");

    const auto edited = anna.put(
        fmt::format("/rooms/{}/send/m.room.message/3", segment(room)),
        fmt::format(
            R"({{"msgtype":"m.text","body":"* neu","m.new_content":{{"msgtype":"m.text","body":"Verschwunden"}},"m.relates_to":{{"rel_type":"m.replace","event_id":"{}"}}}})",
            both));
    REQUIRE(edited == "200");
    CHECK(search(ben, "Geheimnis").at("/count") == "0");
    CHECK(search(ben, "verschwunden").at("/count") == "1");
    REQUIRE(anna.put(fmt::format("/rooms/{}/redact/{}/4", segment(room), segment(both)), "{}") == "200");
    CHECK(search(ben, "verschwunden").at("/count") == "0");
    CHECK(server.ask("SELECT count(*) FROM search_words WHERE word LIKE '%schwund%'") == "0");

    // The Matrix endpoint asks the same engine.
    const auto matrix = anna.post(
        "/search",
        R"({"search_categories":{"room_events":{"search_term":"geheimnisse","order_by":"recent","event_context":{"before_limit":1,"after_limit":1,"include_profile":true},"groupings":{"group_by":[{"key":"room_id"}]}}}})");
    CHECK(matrix == "200");
    CHECK(matrix.at("/search_categories/room_events/count") == "1");
    CHECK(matrix.at("/search_categories/room_events/highlights/0") == "Geheimnis");
    CHECK(anna.post("/search", R"({"search_categories":{"room_events":{}}})") == "400 M_MISSING_PARAM");
}

namespace {

/// Asks until the archive finds so many, or for 20 s.
Answer search_until(Person& who, std::string_view words, std::size_t hits) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
        auto result = search(who, words);
        if (result != "200" || result["/results"].as_array().size() == hits || std::chrono::steady_clock::now() > until)
            return result;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

/// Adds a reader to the archive that fails at posts with the word "giftig".
void add_weak_stomach(TestServer& server, std::function<void()> fail) {
    server.on_io([&] {
        server.wiring().follower.add([fail](storage::Tx&, std::span<const storage::StoredEvent> events, rooms::Follower::From) {
            for (const auto& event : events)
                if (event.json.find("giftig") != std::string::npos) fail();
        });
    });
}

}  // namespace

TEST_CASE("a post that the archive cannot take is left out, and only that") {
    TestServer server;
    Forum forum(server);
    add_weak_stomach(server, [] { throw std::runtime_error("indigestible"); });
    forum.topic(forum.anna, "Schmetterlinge im Frühling");
    forum.topic(forum.anna, "giftige Schmetterlinge");
    forum.topic(forum.anna, "Schmetterlinge im Sommer");
    CHECK(found(search_until(forum.anna, "Schmetterlinge", 2)) == "[Schmetterlinge] im Sommer | [Schmetterlinge] im Frühling");
    server.on_io([&] {
        CHECK(server.wiring().follower.left_out() == 1);
        CHECK(server.wiring().follower.behind() == 0);
    });
}

TEST_CASE("a full disk makes the archive wait and leaves nothing out") {
    TestServer server;
    Forum forum(server);
    int full = 5;
    add_weak_stomach(server, [&] {
        if (full-- > 0) throw storage::DatabaseError("53100", "no space left");
    });
    forum.topic(forum.anna, "giftige Schmetterlinge");
    CHECK(found(search_until(forum.anna, "Schmetterlinge", 1)) == "giftige [Schmetterlinge]");
    server.on_io([&] { CHECK(server.wiring().follower.left_out() == 0); });
}
