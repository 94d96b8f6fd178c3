// What was written before somebody came stands in her server's archive, too, once she has read back: search, topics, threads.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;
using namespace std::chrono_literals;

namespace {

std::string thread_of(const std::string& root) { return fmt::format(R"({{"rel_type":"m.thread","event_id":"{}"}})", root); }

Answer write(Neighbour& who, const std::string& room, std::string_view body, std::string_view relation = "") {
    return who.send(room, "m.room.message",
                    fmt::format(R"({{"msgtype":"m.text","body":{}{}}})", schema::quoted(body),
                                relation.empty() ? "" : fmt::format(R"(,"m.relates_to":{})", relation)));
}

Answer edit(Neighbour& who, const std::string& room, const std::string& event, std::string_view body) {
    const auto text = schema::quoted(body);
    return who.send(room, "m.room.message",
                    fmt::format(R"({{"msgtype":"m.text","body":"* x","m.new_content":{{"msgtype":"m.text","body":{}}},
                                    "m.relates_to":{{"rel_type":"m.replace","event_id":"{}"}}}})",
                                text, event));
}

Answer redact(Neighbour& who, const std::string& room, const std::string& event) {
    return who.put(fmt::format("/rooms/{}/redact/{}/x", segment(room), segment(event)), "{}");
}

/// One page back of at most `limit` events.
void read_back(Neighbour& who, const std::string& room, int limit = 100) {
    REQUIRE(who.get(fmt::format("/rooms/{}/messages?dir=b&limit={}", segment(room), limit)) == "200");
}

/// The texts that a search finds.
std::string found(Neighbour& who, std::string_view words) {
    const auto result = who.get(fmt::format("/_runde/v1/search?q={}", segment(words)));
    REQUIRE(result == "200");
    std::string out;
    for (const auto& hit : result["/results"].as_array()) {
        if (!out.empty()) out += " | ";
        for (const auto& part : hit.as_object().at("snippet").as_array()) out += *schema::string_at(part.as_object(), "text");
    }
    return out;
}

/// Titles of a forum's topics with the number of answers, and whose the last one was.
std::string topics(Neighbour& who, const std::string& room, std::string_view query = "") {
    const auto page = who.get(fmt::format("/_runde/v1/rooms/{}/topics{}", segment(room), query));
    REQUIRE(page == "200");
    std::string out;
    for (const auto& entry : page["/topics"].as_array()) {
        const auto& topic = entry.as_object();
        out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", *schema::string_at(topic, "title"),
                           *schema::integer_at(topic, "replies"));
        if (schema::string_at(topic, "state") == "closed") out += " closed";
    }
    return out;
}

/// The newest post of each of them.
std::string last_posts(Neighbour& who, const std::string& room) {
    const auto page = who.get(fmt::format("/_runde/v1/rooms/{}/topics", segment(room)));
    std::string out;
    for (const auto& entry : page["/topics"].as_array()) out += *schema::string_at(entry.as_object(), "last_event_id");
    return out;
}

std::string threads(Neighbour& who, const std::string& room, std::string_view query = "") {
    const auto page = who.get(fmt::format("/_matrix/client/v1/rooms/{}/threads{}", segment(room), query));
    REQUIRE(page == "200");
    std::string out;
    for (const auto& entry : page["/chunk"].as_array()) {
        const auto& content = entry.at("content").as_object();
        const auto& thread = entry.at("unsigned").at("m.relations").at("m.thread").as_object();
        out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", schema::string_at(content, "body").value_or("-"),
                           *schema::integer_at(thread, "count"));
    }
    return out;
}

/// Backfill brings that many events at a time.
void in_small_steps(TwoServers& world, std::size_t events) {
    world.link().answered = [events](const federation::LinkRequest& request, federation::LinkAnswer& answer) {
        if (request.target.find("/backfill/") == std::string::npos || answer.status != 200) return;
        auto body = schema::parse_json(answer.body).get_object();
        auto& pdus = body["pdus"].get_array();
        if (pdus.size() > events) pdus.erase(pdus.begin() + static_cast<std::ptrdiff_t>(events), pdus.end());
        answer.body = schema::to_text(body);
    };
}

}  // namespace

TEST_CASE("Ben finds by searching what was written before he came, once he has read back to it") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();
    anna.say(room, "Der erste Kuchen");
    const auto second = anna.say(room, "Der zweite Kuchen");
    const auto third = anna.say(room, "Der dritte Kuchen");
    REQUIRE(edit(anna, room, second, "Der zweite Strudel") == "200");
    REQUIRE(redact(anna, room, third) == "200");
    bring_in(world, anna, ben, room);
    CHECK(found(ben, "Kuchen") == "");

    SUBCASE("in one go") { read_back(ben, room); }
    SUBCASE("piece by piece, the edit before what it edits") {
        in_small_steps(world, 1);
        for (int i = 0; i < 5; ++i) read_back(ben, room);
    }
    SUBCASE("also what was fetched before the archive could look") {
        read_back(ben, room);
        world.server("haven.test").ask("DELETE FROM event_search RETURNING 1");
        world.server("haven.test")
            .ask("INSERT INTO archive_queue SELECT room_nid, event_nid FROM events WHERE flags & 8 = 8 AND ord IS NOT NULL "
                 "ON CONFLICT DO NOTHING RETURNING 1");
        world.restart();
    }
    CHECK(found(ben, "Kuchen") == "Der erste Kuchen");
    CHECK(found(ben, "Strudel") == "Der zweite Strudel");
    CHECK(world.server("haven.test").ask("SELECT count(*) FROM archive_queue") == "0");
}

TEST_CASE("An event of the past that the archive cannot take is left out, and only that") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();
    anna.say(room, "Der erste Kuchen");
    anna.say(room, "Der giftige Kuchen");
    anna.say(room, "Der dritte Kuchen");
    bring_in(world, anna, ben, room);
    auto& haven = world.server("haven.test");
    haven.on_io([&] {
        haven.wiring().follower.add([](storage::Tx&, std::span<const storage::StoredEvent> events, rooms::Follower::From) {
            for (const auto& event : events)
                if (event.json.find("giftig") != std::string::npos) throw std::runtime_error("indigestible");
        });
    });
    read_back(ben, room);
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (found(ben, "Kuchen") != "Der dritte Kuchen | Der erste Kuchen" && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(20ms);
    CHECK(found(ben, "Kuchen") == "Der dritte Kuchen | Der erste Kuchen");
    haven.on_io([&] { CHECK(haven.wiring().follower.left_out() == 1); });
    CHECK(haven.ask("SELECT count(*) FROM archive_queue") == "0");
}

TEST_CASE("Searching what was fetched shows everybody what they may read, and no more") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         bea = world.person("haven.test", "bea");
    const auto room = anna.create_room();
    anna.say(room, "Kuchen");
    bring_in(world, anna, ben, room);
    read_back(ben, room);
    CHECK(found(ben, "Kuchen") == "Kuchen");
    REQUIRE(anna.set_state(room, "m.room.history_visibility", R"({"history_visibility":"joined"})") == "200");
    world.settle();
    REQUIRE(bea.join(room, "hearth.test") == "200");
    world.settle();
    anna.say(room, "Strudel");
    world.settle();
    CHECK(found(bea, "Strudel") == "Strudel");
    CHECK(found(bea, "Kuchen") == "Kuchen");             // "shared" held when it was said.
    auto cleo = world.person("haven.test", "cleo");
    REQUIRE(cleo.join(room, "hearth.test") == "200");
    world.settle();
    CHECK(found(cleo, "Strudel") == "");
}

TEST_CASE("A forum of another server: its topics from before one's time") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(R"({"preset":"public_chat","creation_content":{"type":"org.runde.forum"},
        "initial_state":[{"type":"org.runde.forum","content":{}}]})");
    const auto topic = [&](std::string_view title) {
        world.advance(1min);
        const auto made = write(anna, room, title);
        REQUIRE(made == "200");
        return made.at("/event_id");
    };
    const auto reha = topic("Reha"), alltag = topic("Alltag"), amt = topic("Amt"), gone = topic("Weg");
    REQUIRE(write(anna, room, "Erste Antwort", thread_of(reha)) == "200");
    REQUIRE(write(anna, room, "Zweite Antwort", thread_of(reha)) == "200");
    REQUIRE(edit(anna, room, alltag, "Alltag und Arbeit") == "200");
    REQUIRE(anna.set_state(room, "org.runde.topic", R"({"state":"closed"})", amt) == "200");
    REQUIRE(redact(anna, room, gone) == "200");
    bring_in(world, anna, ben, room);
    CHECK(topics(ben, room) == "");

    SUBCASE("in one go") { read_back(ben, room); }
    SUBCASE("piece by piece, answers before what they answer") {
        in_small_steps(world, 1);
        for (int i = 0; i < 12; ++i) read_back(ben, room);
    }
    CHECK(topics(ben, room) == topics(anna, room));
    CHECK(topics(ben, room) == "Reha (2), Amt (0) closed, Alltag und Arbeit (0)");
    CHECK(topics(ben, room, "?order=created") == topics(anna, room, "?order=created"));
    CHECK(topics(ben, room, "?order=created") == "Amt (0) closed, Alltag und Arbeit (0), Reha (2)");
    CHECK(last_posts(ben, room) == last_posts(anna, room));

    // And life goes on.
    REQUIRE(write(anna, room, "Noch eine", thread_of(alltag)) == "200");
    topic("Neu");
    world.settle();
    CHECK(topics(ben, room) == topics(anna, room));
    CHECK(topics(ben, room, "?order=created") == topics(anna, room, "?order=created"));
}

TEST_CASE("Threads whose beginning comes last are whole") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         carl = world.person("hearth.test", "carl");
    const auto room = anna.create_room();
    REQUIRE(carl.join(room) == "200");
    const auto root = anna.say(room, "Wer kommt?"), other = anna.say(room, "Etwas anderes");
    REQUIRE(write(anna, room, "Ich", thread_of(root)) == "200");
    REQUIRE(write(carl, room, "Ich auch", thread_of(root)) == "200");
    REQUIRE(write(carl, room, "Ja", thread_of(other)) == "200");
    bring_in(world, anna, ben, room);
    // Ben's server lacks the beginning of what is answered now.
    REQUIRE(write(anna, room, "Und ich", thread_of(root)) == "200");
    world.settle();
    CHECK(threads(ben, room) == "");
    in_small_steps(world, 1);
    for (int i = 0; i < 8; ++i) read_back(ben, room);
    CHECK(threads(ben, room) == "Wer kommt? (3), Etwas anderes (1)");
    CHECK(threads(ben, room) == threads(anna, room));
    CHECK(world.server("haven.test").ask("SELECT count(*) FROM thread_users") == "3");
    REQUIRE(write(ben, room, "Und Ben", thread_of(root)) == "200");
    world.settle();
    CHECK(threads(ben, room) == "Wer kommt? (4), Etwas anderes (1)");
    CHECK(threads(anna, room) == "Wer kommt? (4), Etwas anderes (1)");
}

TEST_CASE("What was taken back in a gap is gone also where the words were here before") {
    SharedRoom play;
    const auto said = play.ben.say(play.room, "Etwas Privates");
    play.world.settle();
    play.world.link().tamper = [](const std::string& to,
                                  federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (to == "hearth.test" && request.target.find("/send/") != std::string::npos)
            return federation::LinkAnswer{200, R"({"pdus":{}})"};
        return std::nullopt;
    };
    REQUIRE(redact(play.ben, play.room, said) == "200");
    play.world.settle();
    hide_missing_events(play.world);
    play.ben.say(play.room, "Weiter");
    play.world.settle();
    play.world.link().tamper = nullptr;
    CHECK(found(play.anna, "Privates") == "Etwas Privates");
    read_back(play.anna, play.room);
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: (removed), ben: Weiter");
    CHECK(found(play.anna, "Privates") == "");
    play.world.restart();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: (removed), ben: Weiter");
}
