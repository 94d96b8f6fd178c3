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
    return fmt::format(R"({{"public_keys":{{"ed25519":"{}"}},"via":"{}"}})",
                       schema::base64(server.wiring().federation->policy.public_key()), name);
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
    // It names its server by itself.
    const auto says = play.anna.get(fmt::format("/rooms/{}/state/m.room.policy", segment(play.room)));
    CHECK(schema::canonical_json(says.json) == choice(play.hearth()));
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
    SUBCASE("what came before a refused event is still found by those who have it") {
        play.deliver("hearth.test", {disturbs});
        const auto later =
            play.pdu(play.ben, "m.room.message", message("I answer", root), std::nullopt,
                     [&](schema::JsonObject& event) { event["prev_events"] = schema::JsonArray{disturbs->id.str()}; });
        CHECK(play.deliver("hearth.test", {later}) == std::vector<std::string>{""});
        const auto answer = play.world.ask(
            "haven.test", "hearth.test", net::Method::post, "/_matrix/federation/v1/get_missing_events/" + segment(play.room),
            fmt::format(R"({{"earliest_events":[],"latest_events":["{}"],"limit":5}})", later->id.str()));
        CHECK(answer.status == 200);
        CHECK(answer.body.find("A topic") != std::string::npos);
        CHECK(answer.body.find("I talk beside it") == std::string::npos);
    }
    SUBCASE("Ben is told why, by his own server, which knows forums, too") {
        const auto beside = play.ben.send(play.room, "m.room.message", message("I talk beside it", root, "m.reference"));
        CHECK(beside == "403 ORG.RUNDE.OUTSIDE_TOPIC");
        CHECK(beside.at("/error").find("gehört jede Antwort in ein Thema") != std::string::npos);
        CHECK(play.anna.set_state(play.room, "org.runde.topic", R"({"state":"closed"})", root) == "200");
        play.world.settle();
        const auto closed = play.ben.send(play.room, "m.room.message", message("I answer late", root));
        CHECK(closed == "403 ORG.RUNDE.TOPIC_CLOSED");
        CHECK(closed.at("/error").find("Dieses Thema ist geschlossen") != std::string::npos);
        CHECK(play.ben.sees(play.room) == "+ben, anna: A topic");
        // What he says in place goes on.
        CHECK(play.ben.send(play.room, "m.room.message", message("Another topic")) == "200");
    }
    SUBCASE("our own events need no other server, and nobody need ask for them") {
        play.world.link().log.clear();
        play.anna.say(play.room, "Another topic");
        play.world.settle();
        CHECK(play.ben.sees(play.room) == "+ben, anna: A topic, anna: Another topic");
        for (const auto& request : play.world.link().log) CHECK(request.find("/policy/") == std::string::npos);
        play.world.cut_link();
        play.anna.say(play.room, "A third");
        CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: A topic, anna: Another topic, anna: A third");
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
        CHECK(ask(disturbs).status == 400);  // 403 is for servers that are kept out.
        CHECK(ask(play.pdu(play.ben, "m.room.policy", "{}", "")).status == 400);
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

TEST_CASE("A policy server that answers, but not as one") {
    SharedRoom play;
    CHECK(play.anna.set_state(play.room, "m.room.policy", choice(play.haven())) == "200");
    play.world.settle();
    federation::LinkAnswer says;
    int asked = 0;
    play.world.link().tamper = [&](const std::string& to,
                                   federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (to != "haven.test" || request.target != "/_matrix/policy/v1/sign") return std::nullopt;
        ++asked;
        return says;
    };
    std::string why;
    int questions = 2;
    SUBCASE("it does not know the room") {
        says = {404, R"({"errcode":"M_NOT_FOUND","error":"Unknown room"})"};
        why = "haven.test knows nothing of it";
    }
    SUBCASE("it is none") {
        says = {404, R"({"errcode":"M_UNRECOGNIZED","error":"What?"})"};
        why = "haven.test knows nothing of it";
    }
    SUBCASE("it is broken, and is left alone for a while") {
        says = {500, "oops"};
        why = "haven.test does not answer";
        questions = 1;
    }
    SUBCASE("it is overrun, and is left alone for a while") {
        says = {429, R"({"errcode":"M_LIMIT_EXCEEDED"})"};
        why = "haven.test does not answer";
        questions = 1;
    }
    SUBCASE("it refuses, and Anna hears its own words") {
        says = {400, R"({"errcode":"M_FORBIDDEN","error":"Looks like spam"})"};
        why = "Looks like spam";
    }
    SUBCASE("it signs with another key") {
        says = {200, R"({"haven.test":{"ed25519:policy_server":"AAAA"}})"};
        why = "signs with another key";
    }
    for (int i = 0; i < 2; ++i) {
        const auto refused = play.anna.send(play.room, "m.room.message", message("May I?"));
        CHECK(refused == "403 M_FORBIDDEN");
        CHECK(refused.at("/error").find(why) != std::string::npos);
    }
    CHECK(asked == questions);
    // Nobody can be kept in a room, or made to stand by their words.
    const auto earlier = play.pdu(play.ben, "m.room.member", R"({"membership":"leave"})", play.ben.id);
    CHECK(play.deliver("hearth.test", {earlier}) == std::vector<std::string>{""});
    CHECK_FALSE(play.room_at("hearth.test")->is_joined(play.ben.id));
    // Whoever may change the room's policy is free of it; here Ben's going has done that already.
    CHECK(play.anna.set_state(play.room, "m.room.policy", "{}") == "200");
    CHECK(play.anna.send(play.room, "m.room.message", message("Free again")) == "200");
}

TEST_CASE("Moderators are told that the policy server knows nothing of their room, and clear it") {
    SharedRoom play(R"({"preset":"public_chat"})");
    // Haven's key is not the one that the room names: haven says that it is not this room's policy server.
    CHECK(play.anna.set_state(play.room, "m.room.policy",
                              fmt::format(R"({{"public_keys":{{"ed25519":"{}"}},"via":"haven.test"}})",
                                          schema::base64(std::string(32, 'k')))) == "200");
    play.world.settle();
    const auto refused = play.anna.send(play.room, "m.room.message", message("Hello?"));
    CHECK(refused == "403 M_FORBIDDEN");
    CHECK(refused.at("/error").find("Wer m.room.policy ändern darf, kann den Raum von ihm lösen") != std::string::npos);
    CHECK(play.anna.set_state(play.room, "m.room.policy", "{}") == "200");
    CHECK(play.anna.send(play.room, "m.room.message", message("Hello")) == "200");
    play.world.settle();
    CHECK(play.ben.sees(play.room) == "+ben, anna: Hello");
    CHECK(play.anna.leave(play.room) == "200");
}

TEST_CASE("While a forum's own server is away its guests wait, but may go and take back") {
    SharedRoom play(forum);
    play.ben.say(play.room, "Ben's topic");
    const auto second = play.ben.say(play.room, "Ben regrets this");
    play.world.settle();
    play.world.cut_link();
    const auto refused = play.ben.send(play.room, "m.room.message", message("Is anybody there?"));
    CHECK(refused == "403 M_FORBIDDEN");
    CHECK(refused.at("/error").find("antwortet nicht") != std::string::npos);
    const auto redacted = play.ben.put(fmt::format("/rooms/{}/redact/{}/r1", segment(play.room), segment(second)), "{}");
    CHECK(redacted == "200");
    CHECK(play.ben.sees(play.room) == "+ben, ben: Ben's topic, ben: (removed)");
    SUBCASE("going") { CHECK(play.ben.leave(play.room) == "200"); }
    SUBCASE("staying") {}
    const bool gone = !play.room_at("haven.test")->is_joined(play.ben.id);
    play.world.restore_link();
    play.world.settle();
    CHECK(play.anna.sees(play.room) == std::string("+anna, +ben, ben: Ben's topic, ben: (removed)") + (gone ? ", -ben" : ""));
    if (gone) return;
    play.world.advance(std::chrono::minutes(1));
    CHECK(play.ben.send(play.room, "m.room.message", message("There you are again")) == "200");
}

TEST_CASE("Which rooms our server watches over, and with which key") {
    auto key = std::make_shared<std::string>("h1");
    SharedRoom play(forum, [key](server::WiringOptions& options) {
        if (options.accounts.server_name.str() == "hearth.test")
            options.signing_key = schema::SigningKey(*key, schema::sha256(*key));
    });
    const auto says = [&](const std::string& room) {
        const auto state = play.anna.get(fmt::format("/rooms/{}/state/m.room.policy", segment(room)));
        return state.status == 200 ? schema::canonical_json(state.json) : state.summary();
    };
    const auto talk = play.anna.create_room();
    const auto inside = play.anna.create_room(R"({"creation_content":{"type":"org.runde.forum","m.federate":false}})");
    const auto own_choice = play.anna.create_room(R"({"creation_content":{"type":"org.runde.forum"},
                                  "initial_state":[{"type":"m.room.policy","state_key":"","content":{"via":"watch.test"}}]})");
    const auto freed = play.anna.create_room(forum);
    CHECK(play.anna.set_state(freed, "m.room.policy", "{}") == "200");
    CHECK(says(talk) == "404 M_NOT_FOUND");
    CHECK(says(inside) == "404 M_NOT_FOUND");
    CHECK(says(own_choice) == R"({"via":"watch.test"})");

    // A forum from before this server knew others: it has no policy yet. And the signing key is another than it was.
    const auto before = says(play.room);
    play.hearth().ask(fmt::format("UPDATE rooms SET flags = flags | 4 WHERE room_id = '{}' RETURNING 1", talk));
    *key = "h2";
    play.world.restart();
    play.world.settle();
    CHECK(says(play.room) == choice(play.hearth()));
    CHECK(says(play.room) != before);
    CHECK(says(talk) == choice(play.hearth()));
    CHECK(says(inside) == "404 M_NOT_FOUND");
    CHECK(says(own_choice) == R"({"via":"watch.test"})");
    CHECK(says(freed) == "{}");
    // Ben's server has learnt of it, and both go on.
    CHECK(play.ben.send(play.room, "m.room.message", message("A topic under the new key")) == "200");
    play.world.settle();
    play.anna.say(play.room, "Another");
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: A topic under the new key, anna: Another");
    CHECK(play.ben.sees(play.room) == "+ben, ben: A topic under the new key, anna: Another");
}

TEST_CASE("Who the policy server is can be looked up") {
    SharedRoom play;
    const auto found = play.anna.get("/.well-known/matrix/policy_server");
    CHECK(found == "200");
    CHECK(found.at("/public_keys/ed25519").size() == 43);
}
