#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

constexpr int posts = 40;

/// Anna and Ben talk about cake in one of Anna's rooms. What they say lies far apart in the reading order, as if years
/// of other people's talk lay in between.
struct Bakery {
    explicit Bakery(TestServer& s, int rooms) : server(s), anna(s.person("anna")), ben(s.person("ben")) {
        for (int i = 0; i < rooms; ++i) room = anna.post("/createRoom", R"({"preset":"public_chat"})").at("/room_id");
        REQUIRE(ben.post(fmt::format("/rooms/{}/join", segment(room))) == "200");
        for (int i = 0; i < posts; ++i) {
            const auto sent = (i % 4 == 0 ? ben : anna)
                                  .put(fmt::format("/rooms/{}/send/m.room.message/{}", segment(room), i),
                                       fmt::format(R"({{"msgtype":"m.text","body":"Kuchen {}"}})", i));
            REQUIRE(sent == "200");
            expected.insert(expected.begin(), sent.at("/event_id"));
        }
        // The archive has read everything, so that nothing comes behind and finds what is changed now.
        REQUIRE(search("/_runde/v1/search?q=Kuchen").at("/count") == std::to_string(posts));
        server.ask(
            "UPDATE event_search s SET ord = s.ord + (d.k * d.k << 25) FROM (SELECT event_nid, row_number() OVER (ORDER BY ord) "
            "AS k FROM event_search) d WHERE d.event_nid = s.event_nid RETURNING 1");
        server.ask("UPDATE events e SET ord = s.ord FROM event_search s WHERE s.event_nid = e.event_nid RETURNING 1");
        server.ask("UPDATE rooms SET head_pos = (SELECT max(ord) >> 16 FROM event_search) RETURNING 1");
    }

    Answer search(const std::string& target) {
        auto answer = anna.get(target);
        REQUIRE(answer == "200");
        return answer;
    }

    /// The event ids of all pages, as they came; each page says how many there are.
    std::vector<std::string> all(const std::string& conditions, int count) {
        std::vector<std::string> ids;
        for (std::string from; ids.size() < 2 * posts;) {
            const auto page = search("/_runde/v1/search?q=Kuchen&limit=7" + conditions + (from.empty() ? "" : "&from=") + from);
            CHECK(page.at("/count") == std::to_string(count));
            CHECK(page.at("/count_is_exact") == "true");
            for (const auto& hit : page["/results"].as_array()) ids.emplace_back(*schema::string_at(hit.as_object(), "event_id"));
            if (!page.has("/next")) break;
            from = page.at("/next");
        }
        return ids;
    }

    void read_through() {
        CHECK(all("", posts) == expected);
        CHECK(all("&author=" + segment(anna.id), posts / 4 * 3).size() == posts / 4 * 3);
        const auto ranked = all("&order=rank", posts);
        CHECK(ranked.size() == expected.size());
        CHECK(std::set(ranked.begin(), ranked.end()) == std::set(expected.begin(), expected.end()));
    }

    TestServer& server;
    Person anna, ben;
    std::string room;
    std::vector<std::string> expected;                   ///< Newest first.
};

}  // namespace

TEST_CASE("search pages through all that is found, newest first, in every way it looks") {
    TestServer server;
    SUBCASE("few posts are looked through") {
        Bakery bakery(server, 1);
        bakery.read_through();
    }
    SUBCASE("many posts of few rooms") {
        Bakery bakery(server, 1);
        server.ask("UPDATE rooms SET n_all = 100000 RETURNING 1");
        bakery.read_through();
    }
    SUBCASE("many posts of many rooms") {
        Bakery bakery(server, 5);
        server.ask("UPDATE rooms SET n_all = 100000 RETURNING 1");
        bakery.read_through();
    }
}

TEST_CASE("a search costs as many round trips as it has steps, whatever it finds") {
    TestServer server;
    Bakery bakery(server, 5);
    const auto reads = [&](const std::string& target) { return bakery.search(target).cost.reads; };
    // The rooms, the compounds of all words, the posts, their topics.
    CHECK(reads("/_runde/v1/search?q=Kuchen") == 4);
    CHECK(reads("/_runde/v1/search?q=Kuchen%20Torte%20Geb%C3%A4ck") == 3);
    CHECK(reads("/_runde/v1/search?q=Kuchen&limit=40") == 4);
    CHECK(reads("/_runde/v1/search?q=und") == 1);
}

TEST_CASE("a search's token is a place and what was counted, and nothing else") {
    TestServer server;
    Bakery bakery(server, 1);
    for (const auto* token : {"x", "f", "f1_", "f1_x", "fx_1", "f_1", "f1_2_3"})
        CHECK(bakery.anna.get(fmt::format("/_runde/v1/search?q=Kuchen&from={}", token)) == "400 M_INVALID_PARAM");
    CHECK(bakery.search("/_runde/v1/search?q=Kuchen&from=f1_12").at("/count") == "12");
    CHECK(bakery.search("/_runde/v1/search?q=Kuchen&from=f1_999999").at("/count") == "1000");
    CHECK(bakery.search("/_runde/v1/search?q=Kuchen&order=rank&from=f9223372036854775807_5").at("/results") == "[]");
}
