// Transactions of other servers: limits, repeats, order, gaps, and what hostile ones achieve.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

std::string message(std::string_view body) { return fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", body); }

federation::LinkAnswer send(SharedRoom& play, const std::string& txn, const std::string& body) {
    return play.world.ask("haven.test", "hearth.test", net::Method::put, "/_matrix/federation/v1/send/" + txn,
                          schema::canonical_json(schema::parse_json(body)));
}

/// Carries nothing of haven's transactions to hearth, and says all went well, while it lives.
struct Swallow {
    explicit Swallow(TwoServers& in) : world(in) {
        world.link().tamper = [](const std::string& to, federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (to != "hearth.test" || !request.target.starts_with("/_matrix/federation/v1/send/")) return std::nullopt;
            return federation::LinkAnswer{200, R"({"pdus":{}})"};
        };
    }
    ~Swallow() { world.link().tamper = nullptr; }
    TwoServers& world;
};

}  // namespace

TEST_CASE("A transaction has limits") {
    SharedRoom play;
    std::string many = "{}", edus = R"({"edu_type":"m.typing","content":{}})";
    for (int i = 0; i < 50; ++i) many += ",{}";
    CHECK(send(play, "1", fmt::format(R"({{"pdus":[{}]}})", many)).status == 400);
    for (int i = 0; i < 100; ++i) edus += R"(,{"edu_type":"m.typing","content":{}})";
    CHECK(send(play, "2", fmt::format(R"({{"pdus":[],"edus":[{}]}})", edus)).status == 400);
    CHECK(send(play, "3", R"({"pdus":{}})").status == 400);
}

TEST_CASE("What is wrong with one event does not touch the others of its transaction") {
    SharedRoom play;
    const auto good = play.pdu(play.ben, "m.room.message", message("Good"));
    auto foreign = schema::parse_json(good->json).get_object();
    foreign["sender"] = "@anna:hearth.test";
    auto elsewhere = schema::parse_json(good->json).get_object();
    elsewhere["room_id"] = "!nowhere:haven.test";
    const auto body =
        fmt::format(R"({{"pdus":[1,null,{{}},{{"room_id":5}},{},{},{},{}],"edus":[7,{{}},{{"edu_type":"m.receipt","content":[]}},
        {{"edu_type":"m.receipt","content":{{"{}":{{"m.read":{{"@ben:haven.test":{{"event_ids":"x"}}}}}}}}}}]}})",
                    schema::to_text(foreign), schema::to_text(elsewhere), good->json,
                    schema::to_text(schema::Json(schema::JsonObject{{"room_id", play.room}, {"type", 3}})), play.room);
    const auto answer = send(play, "1", body);
    CHECK(answer.status == 200);
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Good");
}

TEST_CASE("An event whose hash is wrong comes in without its content; one whose signature is wrong does not") {
    SharedRoom play;
    auto event = schema::parse_json(play.pdu(play.ben, "m.room.message", message("Signed"))->json).get_object();
    SUBCASE("hash") {
        event["content"] = schema::parse_json(message("Changed on the way"));
        CHECK(send(play, "1", fmt::format(R"({{"pdus":[{}]}})", schema::to_text(event))).status == 200);
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: (removed)");
    }
    SUBCASE("signature") {
        event["depth"] = 77;
        CHECK(send(play, "1", fmt::format(R"({{"pdus":[{}]}})", schema::to_text(event))).status == 200);
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben");
    }
}

TEST_CASE("A repeated transaction does nothing, a reordered one loses nothing") {
    SharedRoom play;
    const auto first = play.pdu(play.ben, "m.room.message", message("One"));
    const auto second = play.pdu(play.ben, "m.room.message", message("Two"), std::nullopt,
                                 [&](schema::JsonObject& event) { event["prev_events"] = schema::JsonArray{first->id.str()}; });
    const auto third = play.pdu(play.ben, "m.room.message", message("Three"), std::nullopt,
                                [&](schema::JsonObject& event) { event["prev_events"] = schema::JsonArray{second->id.str()}; });
    SUBCASE("repeated") {
        const auto body = fmt::format(R"({{"pdus":[{}]}})", first->json);
        CHECK(send(play, "same", body).body == fmt::format(R"({{"pdus":{{"{}":{{}}}}}})", first->id.str()));
        CHECK(send(play, "same", body).body == R"({"pdus":{}})");
        CHECK(send(play, "other", body).status == 200);
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One");
    }
    SUBCASE("in the wrong order") {
        play.deliver("hearth.test", {third, second, first});
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One, ben: Two, ben: Three");
        CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    }
    SUBCASE("one after the other in the wrong order") {
        CHECK(send(play, "late", fmt::format(R"({{"pdus":[{}]}})", second->json)).status == 200);
        play.deliver("hearth.test", {first});
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One, ben: Two");
    }
}

TEST_CASE("What was lost on the way is fetched") {
    SharedRoom play;
    {
        Swallow lost(play.world);
        play.ben.say(play.room, "One");
        play.ben.say(play.room, "Two");
        play.world.settle();
    }
    CHECK(play.anna.sees(play.room) == "+anna, +ben");

    SUBCASE("by get_missing_events") {
        play.ben.say(play.room, "Three");
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One, ben: Two, ben: Three");
        CHECK(play.hearth().ask("SELECT count(*) FROM missing_prev") == "0");
    }
    SUBCASE("or, when the other server has no history for us, left out: a gap") {
        hide_missing_events(play.world);
        play.ben.say(play.room, "Three");
        play.world.settle();
        CHECK(play.hearth().ask("SELECT count(*) FROM missing_prev") == "1");
        play.ben.say(play.room, "Four");
        play.world.settle();
        // Until somebody reads there.
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One, ben: Two, ben: Three, ben: Four");
        // What came before the gap is an end of its own until somebody builds on both.
        CHECK(play.room_at("hearth.test")->extremities().size() == 2);
        play.anna.say(play.room, "Five");
        CHECK(play.room_at("hearth.test")->extremities().size() == 1);
        CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    }
    SUBCASE("or when nobody answers, tried again later") {
        bool silent = true;
        play.world.link().tamper = [&](const std::string& to,
                                       federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (silent && to == "haven.test" && request.target.starts_with("/_matrix/federation/"))
                throw federation::LinkFailed("timeout");
            return std::nullopt;
        };
        play.ben.say(play.room, "Three");
        // Not settle(): it would wait for the later try.
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        bool waits = false;
        while (!waits && std::chrono::steady_clock::now() < give_up)
            play.hearth().on_io([&] { waits = play.hearth().wiring().federation->receiver.next_try().has_value(); });
        CHECK(waits);
        CHECK(play.anna.sees(play.room) == "+anna, +ben");
        CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "1");
        silent = false;
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One, ben: Two, ben: Three");
        CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
        play.world.link().tamper = nullptr;
    }
}

TEST_CASE("After a silence longer than get_missing_events reaches, the newest comes in at once, above a gap") {
    SharedRoom play;
    constexpr int many = 320;  // More than 5 rounds of 50.
    {
        Swallow lost(play.world);
        for (int i = 1; i <= many; ++i) play.ben.say(play.room, std::to_string(i));
        play.world.settle();
    }
    play.ben.say(play.room, "I am back");
    play.world.settle();
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    CHECK(play.hearth().ask("SELECT count(*) FROM missing_prev") == "1");
    CHECK(play.anna.sees(play.room).ends_with(fmt::format("ben: {}, ben: I am back", many)));
    play.ben.say(play.room, "And on");
    play.world.settle();
    CHECK(play.anna.sees(play.room).ends_with("ben: I am back, ben: And on"));
}

TEST_CASE("Events that wait for what they cite wait in fed_inbox, and only what they cite wakes them") {
    SharedRoom play;
    play.ben.say(play.room, "Before");
    play.world.settle();                                 // Whoever is not known yet is asked for a key.
    const auto lost = play.pdu(play.ben, "m.room.message", message("Lost"));
    std::vector<schema::EventPtr> waiting;
    for (int i = 0; i < 120; ++i)
        waiting.push_back(play.pdu(play.ben, "m.room.message", message(fmt::format("Waiting {}", i)), std::nullopt,
                                   [&](schema::JsonObject& event) {
                                       event["prev_events"] = schema::JsonArray{i == 0 ? lost->id.str() : waiting.back()->id.str()};
                                       event["depth"] = 100 + i;
                                   }));
    int asked = 0;
    play.world.link().tamper = [&](const std::string& to,
                                   federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (to != "haven.test" || request.target.starts_with("/_matrix/federation/v1/send/")) return std::nullopt;
        ++asked;
        throw federation::LinkFailed("timeout");
    };
    const auto hand_over = [&](const std::string& txn, std::size_t from, std::size_t to) {
        std::string pdus;
        for (auto i = from; i < to; ++i) pdus += (i > from ? "," : "") + waiting[i]->json;
        CHECK(send(play, txn, fmt::format(R"({{"pdus":[{}]}})", pdus)).status == 200);
    };
    for (std::size_t i = 0; i < waiting.size(); i += 40) hand_over(fmt::format("w{}", i), i, i + 40);

    // Not settle(): it would wait for the later try.
    auto& receiver = play.hearth().wiring().federation->receiver;
    const auto rests = [&] {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        bool quiet = false;
        while (!quiet && std::chrono::steady_clock::now() < give_up)
            play.hearth().on_io([&] { quiet = receiver.is_idle() && receiver.next_try(); });
        return quiet;
    };
    CHECK(rests());
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "120");
    std::size_t held = 1;
    play.hearth().on_io([&] { held = receiver.held_bytes(); });
    CHECK(held == 0);

    // What has nothing to do with them does not use up their tries.
    const auto before = asked;
    for (int i = 0; i < 10; ++i) {
        const auto aside = play.pdu(play.ben, "m.room.message", message(fmt::format("Aside {}", i)), std::nullopt,
                                    [&](schema::JsonObject& event) { event["depth"] = 10 + i; });
        CHECK(send(play, fmt::format("a{}", i), fmt::format(R"({{"pdus":[{}]}})", aside->json)).status == 200);
    }
    CHECK(rests());
    CHECK(asked == before);

    CHECK(send(play, "found", fmt::format(R"({{"pdus":[{}]}})", lost->json)).status == 200);
    play.world.settle();
    CHECK(play.anna.sees(play.room).ends_with("ben: Waiting 118, ben: Waiting 119"));
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    CHECK(asked == before);
    play.world.link().tamper = nullptr;
}

TEST_CASE("What was acknowledged before the process ended is worked on afterwards") {
    SharedRoom play;
    const auto event = play.pdu(play.ben, "m.room.message", message("In the middle"));
    play.hearth().ask(
        fmt::format("INSERT INTO fed_inbox (room_nid, seq, origin, event_id, json) "
                    "SELECT room_nid, 1, 'haven.test', '{}', '{}' FROM rooms WHERE room_id = '{}' RETURNING 1",
                    event->id.str(), event->json, play.room));
    play.world.restart();
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: In the middle");
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
}

TEST_CASE("A server that the room shuts out is not heard") {
    SharedRoom play;
    const auto late = play.pdu(play.ben, "m.room.message", message("Let me in"));
    CHECK(play.anna.set_state(play.room, "m.room.server_acl",
                              R"({"allow":["*"],"deny":["haven.test"],"allow_ip_literals":true})") == "200");
    play.world.settle();
    CHECK(play.deliver("hearth.test", {late}).at(0) == "Your server may not take part in this room.");
    CHECK(play.anna.sees(play.room) == "+anna, +ben");
}

TEST_CASE("A chain of events that never ends is given up") {
    SharedRoom play;
    // Whatever is asked for, haven answers with an event that cites yet another one.
    std::string last = "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    int made = 0;
    const auto next = [&] {
        const auto event = play.pdu(play.ben, "m.room.message", message(fmt::format("Bait {}", ++made)), std::nullopt,
                                    [&](schema::JsonObject& object) {
                                        object["prev_events"] = schema::JsonArray{fmt::format("${:043}", made)};
                                        object["depth"] = 1000 - made;
                                    });
        return event;
    };
    std::vector<schema::EventPtr> bait;
    for (int i = 0; i < 20; ++i) bait.push_back(next());
    std::size_t asked = 0;
    play.world.link().tamper = [&](const std::string& to,
                                   federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
        if (to != "haven.test") return std::nullopt;
        if (request.target.find("/get_missing_events/") != std::string::npos)
            return federation::LinkAnswer{200, fmt::format(R"({{"events":[{}]}})", bait[std::min(++asked, bait.size() - 1)]->json)};
        if (request.target.find("/state_ids/") != std::string::npos || request.target.find("/state/") != std::string::npos)
            return federation::LinkAnswer{403, R"({"errcode":"M_FORBIDDEN"})"};
        return std::nullopt;
    };
    play.deliver("hearth.test", {bait[0]});
    CHECK(asked > 2);
    CHECK(asked < 200);
    CHECK(play.anna.sees(play.room) == "+anna, +ben");
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    play.world.link().tamper = nullptr;
}

TEST_CASE("Typing and receipts cross over; nobody speaks for others") {
    SharedRoom play;
    const auto said = play.anna.say(play.room, "Read me");
    play.world.settle();
    CHECK(play.ben.put(fmt::format("/rooms/{}/typing/{}", segment(play.room), segment(play.ben.id)),
                       R"({"typing":true,"timeout":30000})") == "200");
    CHECK(play.ben.post(fmt::format("/rooms/{}/receipt/m.read/{}", segment(play.room), segment(said)), "{}") == "200");
    play.world.settle();
    const auto sync = play.anna.get("/sync");
    const auto ephemeral = schema::to_text(sync[fmt::format("/rooms/join/{}/ephemeral", play.room)]);
    CHECK(ephemeral.find("@ben:haven.test") != std::string::npos);
    CHECK(ephemeral.find("m.typing") != std::string::npos);
    CHECK(ephemeral.find(said) != std::string::npos);

    send(
        play, "forged",
        fmt::format(
            R"({{"edus":[{{"edu_type":"m.typing","content":{{"room_id":"{}","user_id":"@anna:hearth.test","typing":true}}}}],"pdus":[]}})",
            play.room));
    CHECK(
        schema::to_text(play.anna.get("/sync")[fmt::format("/rooms/join/{}/ephemeral", play.room)]).find("@anna:hearth.test\"]") ==
        std::string::npos);
}

TEST_CASE("Receipts of one transaction look into so many rooms, and leave no trace of the transaction") {
    SharedRoom play;
    const auto said = play.anna.say(play.room, "Read me");
    play.world.settle();
    int rooms = 0;
    SUBCASE("few enough") { rooms = 400; }
    SUBCASE("too many") { rooms = 600; }
    std::string content;
    for (int i = 0; i < rooms; ++i) content += fmt::format(R"("!!{}:haven.test":{{"m.read":{{}}}},)", i);
    const auto before = play.hearth().ask("SELECT count(*) FROM fed_txn");
    const auto answer = send(play, "receipts",
                             fmt::format(R"({{"pdus":[],"edus":[{{"edu_type":"m.receipt","content":{{{}"{}":{{"m.read":{{"{}":{{)"
                                         R"("event_ids":["{}"],"data":{{"ts":1}}}}}}}}}}}}]}})",
                                         content, play.room, play.ben.id, said));
    CHECK(answer.status == 200);
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_txn") == before);
    const auto ephemeral = schema::to_text(play.anna.get("/sync")[fmt::format("/rooms/join/{}/ephemeral", play.room)]);
    CHECK((ephemeral.find(play.ben.id) != std::string::npos) == (rooms == 400));
}
