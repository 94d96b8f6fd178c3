// Policy servers: a forum's order for members of other servers, and what happens when one is away.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "federation/federation.hpp"
#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string choice(TestServer& server) {
    const auto& name = server.wiring().identity.server.str();
    return fmt::format(R"({{"via":"{}","public_keys":{{"ed25519":"{}"}}}})", name,
                       schema::base64(server.wiring().federation->policy.public_key()));
}

std::string message(std::string_view body, const std::string& root = "", std::string_view rel_type = "m.thread") {
    if (root.empty()) return fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", body);
    return fmt::format(R"({{"msgtype":"m.text","body":"{}","m.relates_to":{{"rel_type":"{}","event_id":"{}"}}}})", body, rel_type,
                       root);
}

constexpr auto forum = R"({"preset":"public_chat","creation_content":{"type":"org.runde.forum"}})";

}  // namespace

TEST_CASE("A forum whose server is its policy server: its order holds for members of other servers") {
    SharedRoom play(forum);
    CHECK(play.anna.set_state(play.room, "m.room.policy", choice(play.hearth())) == "200");
    const auto root = play.anna.say(play.room, "A topic");
    play.world.settle();
    const auto fits = play.pdu(play.ben, "m.room.message", message("I answer", root));
    const auto disturbs = play.pdu(play.ben, "m.room.message", message("I talk beside it", "$unknown"));

    SUBCASE("what fits comes in, whoever sends it") {
        CHECK(play.ben.send(play.room, "m.room.message", message("I ask first", root)) == "200");
        play.world.settle();
        CHECK(play.deliver("hearth.test", {fits}) == std::vector<std::string>{""});
        CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: A topic, ben: I ask first, ben: I answer");
        // Haven has asked hearth and hands the signature on.
        CHECK(play.hearth().ask(
                  "SELECT count(*) FROM events WHERE json LIKE '%I ask first%' AND json LIKE '%ed25519:policy_server%'") == "1");
        CHECK(play.haven().ask(
                  "SELECT count(*) FROM events WHERE json LIKE '%I ask first%' AND json LIKE '%ed25519:policy_server%'") == "1");
    }
    SUBCASE("what does not fit is not shown, although the rules of Matrix allow it") {
        play.deliver("hearth.test", {disturbs});
        CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: A topic");
        CHECK(play.hearth().ask("SELECT count(*) FROM events WHERE flags & 4 <> 0") == "1");
    }
    SUBCASE("without the policy server it is shown") {
        CHECK(play.anna.set_state(play.room, "m.room.policy", "{}") == "200");
        play.world.settle();
        play.deliver("hearth.test", {disturbs});
        CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: A topic, ben: I talk beside it");
    }
    SUBCASE("asked directly, it signs the one and not the other") {
        const auto ask = [&](const schema::EventPtr& event) {
            return play.world.ask("haven.test", "hearth.test", net::Method::post, "/_matrix/policy/v1/sign", event->json);
        };
        const auto signature = ask(fits);
        CHECK(signature.status == 200);
        CHECK(signature.body.starts_with(R"({"hearth.test":{"ed25519:policy_server":")"));
        CHECK(ask(disturbs).status == 403);
        CHECK(ask(play.pdu(play.ben, "m.room.policy", "{}", "")).status == 403);
    }
    SUBCASE("a closed topic is closed for Ben, too") {
        CHECK(play.anna.set_state(play.room, "org.runde.topic", R"({"state":"closed"})", root) == "200");
        play.deliver("hearth.test", {fits});
        CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: A topic");
    }
}

TEST_CASE("A policy server that is away") {
    SharedRoom play;
    CHECK(play.anna.set_state(play.room, "m.room.policy", choice(play.haven())) == "200");
    play.world.settle();
    CHECK(play.anna.send(play.room, "m.room.message", message("With haven's consent")) == "200");
    play.world.settle();
    CHECK(play.ben.sees(play.room) == "+ben, anna: With haven's consent");

    play.world.cut_link();
    const auto refused = play.anna.send(play.room, "m.room.message", message("Without"));
    CHECK(refused == "403 M_FORBIDDEN");
    CHECK(refused.at("/error").find("haven.test does not answer") != std::string::npos);
    CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: With haven's consent");

    SUBCASE("whoever may can remove it, and the room goes on") {
        CHECK(play.anna.set_state(play.room, "m.room.policy", "{}") == "200");
        CHECK(play.anna.send(play.room, "m.room.message", message("Free again")) == "200");
        play.world.restore_link();
        play.world.settle();
        CHECK(play.ben.sees(play.room) == "+ben, anna: With haven's consent, anna: Free again");
    }
    SUBCASE("once it is back it is asked again") {
        play.world.restore_link();
        play.world.advance(std::chrono::minutes(1));
        CHECK(play.anna.send(play.room, "m.room.message", message("Back")) == "200");
    }
    SUBCASE("nobody of it in the room: it has no say") {
        play.world.restore_link();
        CHECK(play.ben.leave(play.room) == "200");
        play.world.settle();
        CHECK(play.anna.send(play.room, "m.room.message", message("Among ourselves")) == "200");
    }
}

TEST_CASE("Who the policy server is can be looked up") {
    SharedRoom play;
    const auto found = play.anna.get("/.well-known/matrix/policy_server");
    CHECK(found == "200");
    CHECK(found.at("/public_keys/ed25519").size() == 43);
}
