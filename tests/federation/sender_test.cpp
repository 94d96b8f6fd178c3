#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>

#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// Haven as somebody who only listens: what arrives there, and whether it answers.
struct Listener {
    explicit Listener(TwoServers& world) {
        world.link().tamper = [this](const std::string& to,
                                     federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (to != "haven.test" || !request.target.starts_with("/_matrix/federation/v1/send/")) return std::nullopt;
            ++transactions;
            if (!answers) throw federation::LinkFailed("timeout");
            const auto body = schema::parse_json(request.body).get_object();
            for (const auto& pdu : body.at("pdus").get_array()) {
                const auto& content = pdu.get_object().at("content").get_object();
                if (!heard.empty()) heard += ", ";
                heard += std::string(schema::string_at(content, "body").value_or(pdu.get_object().at("type").get_string()));
            }
            for (const auto& edu : body.at("edus").get_array()) edus.push_back(schema::to_text(edu));
            return federation::LinkAnswer{200, R"({"pdus":{}})"};
        };
    }
    std::string take() { return std::exchange(heard, {}); }

    bool answers = true;
    int transactions = 0;
    std::string heard;
    std::vector<std::string> edus;
};

/// Anna's room, in which haven has a member as far as hearth's database knows.
std::string shared_room(TwoServers& world, Neighbour& anna) {
    const auto room = anna.create_room();
    world.server("hearth.test")
        .ask(fmt::format("INSERT INTO room_servers (room_nid, server, joined) SELECT room_nid, 'haven.test', 1 FROM rooms WHERE "
                         "room_id = '{}' RETURNING 1",
                         room));
    world.server("hearth.test")
        .ask("INSERT INTO servers (server_nid, name, sent_pos) SELECT -1, 'haven.test', pos FROM stream_head RETURNING 1");
    world.restart();
    return room;
}

}  // namespace

TEST_CASE("what Anna says reaches the other server at once, and after an outage") {
    TwoServers world;
    Listener haven(world);
    auto anna = world.person("hearth.test", "anna");
    const auto room = shared_room(world, anna);

    anna.say(room, "Good evening");
    world.settle();
    CHECK(haven.take() == "Good evening");

    haven.answers = false;
    anna.say(room, "Are you there?");
    world.cut_link();
    world.settle();
    const auto before = haven.transactions;
    for (int i = 0; i < 20; ++i) anna.say(room, fmt::format("{}", i));
    world.settle();
    CHECK(haven.transactions == before);  // Nobody knocks at a closed door.
    CHECK(haven.take() == "");

    haven.answers = true;
    world.restore_link();
    world.settle();
    CHECK(haven.take().starts_with("Are you there?, 0, 1, 2"));
    anna.say(room, "Fine.");
    world.settle();
    CHECK(haven.take() == "Fine.");
}

TEST_CASE("a restart in the middle of an outage loses nothing and begins no storm") {
    TwoServers world;
    Listener haven(world);
    auto anna = world.person("hearth.test", "anna");
    const auto room = shared_room(world, anna);
    world.cut_link();
    anna.say(room, "one");
    anna.say(room, "two");
    world.settle();
    world.restart();
    anna.say(room, "three");
    world.settle();
    CHECK(haven.take() == "");
    world.restore_link();
    world.settle();
    CHECK(haven.take() == "one, two, three");
    const auto transactions = haven.transactions;
    world.restart();
    world.settle();
    CHECK(haven.transactions == transactions);
}

TEST_CASE("after a long silence only the newest event of each room is sent") {
    TwoServers world;
    Listener haven(world);
    auto anna = world.person("hearth.test", "anna");
    const auto room = shared_room(world, anna);
    world.cut_link();
    for (int i = 0; i <= 520; ++i) anna.say(room, fmt::format("{}", i));
    world.settle();
    world.restore_link();
    world.settle();
    CHECK(haven.take() == "520");
}

TEST_CASE("a server that speaks to us is not waited for") {
    TwoServers world;
    Listener haven(world);
    auto anna = world.person("hearth.test", "anna");
    const auto room = shared_room(world, anna);
    haven.answers = false;
    anna.say(room, "Are you there?");
    while (haven.transactions == 0) std::this_thread::yield();
    haven.answers = true;
    CHECK(haven.take() == "");
    world.ask("haven.test", "hearth.test", net::Method::get, "/_matrix/federation/v1/query/profile?user_id=%40anna%3Ahearth.test");
    const auto asked_at = world.server("hearth.test").now_ms();
    world.settle();
    CHECK(haven.take() == "Are you there?");
    CHECK(world.server("hearth.test").now_ms() == asked_at);  // Nobody had to wait for a clock.
}

TEST_CASE("a server that refuses what we send and asks us without end is not stormed") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna");
    const auto room = shared_room(world, anna);
    int transactions = 0, status = 0;
    std::string says;
    SUBCASE("with 403") {
        status = 403;
        says = R"({"errcode":"M_FORBIDDEN"})";
    }
    SUBCASE("with 429") {
        status = 429;
        says = R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1})";
    }
    SUBCASE("with a redirection") {
        status = 302;
        says = "<html>Please sign in</html>";
    }
    world.link().tamper = [&](const std::string& to, federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (to != "haven.test" || !request.target.starts_with("/_matrix/federation/v1/send/")) return std::nullopt;
        ++transactions;
        if (status == 200) return std::nullopt;
        return federation::LinkAnswer{status, says};
    };
    const auto count = [&] {
        int n = 0;
        world.server("hearth.test").on_io([&] { n = transactions; });
        return n;
    };
    anna.say(room, "Are you there?");
    while (count() == 0) std::this_thread::yield();
    for (int i = 0; i < 40; ++i) {
        world.ask("haven.test", "hearth.test", net::Method::get,
                  "/_matrix/federation/v1/query/profile?user_id=%40anna%3Ahearth.test");
        world.advance(std::chrono::seconds(1));
    }
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (count() < 2 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    CHECK(count() >= 2);
    CHECK(count() <= 8);  // As the pauses grow, and once when it first spoke.
    // Nothing was taken for delivered.
    world.server("hearth.test").on_io([&] { status = 200; });
    std::string heard;
    world.link().answered = [&](const federation::LinkRequest& request, federation::LinkAnswer&) {
        if (request.target.starts_with("/_matrix/federation/v1/send/")) heard += request.body;
    };
    world.settle();
    CHECK(heard.find("Are you there?") != std::string::npos);
}

TEST_CASE("nobody is told who is online, and nobody here listens to that") {
    TwoServers world;
    Listener haven(world);
    auto anna = world.person("hearth.test", "anna");
    shared_room(world, anna);
    CHECK(anna.get("/sync?set_presence=online") == "200");
    CHECK(anna.get("/sync?set_presence=unavailable") == "200");
    world.settle();
    CHECK(haven.transactions == 0);
    const auto answer = world.ask(
        "haven.test", "hearth.test", net::Method::put, "/_matrix/federation/v1/send/presence",
        R"({"edus":[{"content":{"push":[{"last_active_ago":5000,"presence":"online","user_id":"@ben:haven.test"}]},"edu_type":"m.presence"}],"pdus":[]})");
    CHECK(answer.status == 200);
    CHECK(anna.get("/sync").text.find("m.presence") == std::string::npos);
}

TEST_CASE("other servers hear who types and who has read what, but not in private") {
    TwoServers world;
    Listener haven(world);
    auto anna = world.person("hearth.test", "anna");
    const auto room = shared_room(world, anna);
    const auto said = anna.say(room, "Good evening");
    const auto path = fmt::format("/rooms/{}", segment(room));
    CHECK(anna.put(fmt::format("{}/typing/{}", path, segment(anna.id)), R"({"typing":true,"timeout":10000})") == "200");
    world.settle();
    CHECK(anna.post(fmt::format("{}/receipt/m.read/{}", path, segment(said)), R"({"thread_id":"main"})") == "200");
    world.settle();
    REQUIRE(haven.edus.size() == 2);
    CHECK(haven.edus[0].find(R"("typing":true)") != std::string::npos);
    CHECK(haven.edus[1].find(R"("thread_id":"main")") != std::string::npos);

    const auto again = anna.say(room, "Well?");
    world.settle();
    haven.edus.clear();
    CHECK(anna.post(fmt::format("{}/receipt/m.read.private/{}", path, segment(again))) == "200");
    world.settle();
    CHECK(haven.edus.empty());
}
