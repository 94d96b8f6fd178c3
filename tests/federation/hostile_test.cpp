// What a hostile or broken server tries: memory stays bounded, Anna goes on talking, nothing is kept that should not be.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/rooms/room.hpp"
#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

using Tampered = std::optional<federation::LinkAnswer>;

std::string message(std::string_view body) { return fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", body); }

constexpr auto ben_moderates =
    R"({"preset":"public_chat","room_version":"11","power_level_content_override":{"users":{"@anna:hearth.test":100,"@ben:haven.test":50}}})";

std::string kept(SharedRoom& play) { return play.hearth().ask("SELECT count(*) FROM events"); }

}  // namespace

TEST_CASE("an auth chain that has no end") {
    SharedRoom play;
    constexpr int length = 3000;
    // Each cites the next, the last one cites nothing that there is.
    std::string cited = "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const auto member = play.pdu(play.ben, "m.room.member", R"({"membership":"join"})", play.ben.id);
    const auto& identity = play.haven().wiring().identity;
    const auto& rules = play.room_at("haven.test")->rules();
    std::vector<schema::EventPtr> chain;
    for (int i = 0; i < length; ++i) {
        auto object = schema::parse_json(member->json).get_object();
        object.erase("signatures");
        object["auth_events"] = schema::JsonArray{cited};
        chain.push_back(schema::seal_event(std::move(object), rules, "haven.test", identity.key));
        cited = chain.back()->id.str();
    }
    std::string told;
    for (auto event = chain.rbegin(); event != chain.rend(); ++event) told += (told.empty() ? "" : ",") + (*event)->json;
    int asked = 0;
    play.world.link().tamper = [&](const std::string& to, federation::LinkRequest& request) -> Tampered {
        if (to != "haven.test") return std::nullopt;
        if (request.target.find("/event_auth/") != std::string::npos) {
            ++asked;
            return federation::LinkAnswer{200, fmt::format(R"({{"auth_chain":[{}]}})", told)};
        }
        if (request.target.find("/federation/v1/event/") != std::string::npos) {
            ++asked;
            return federation::LinkAnswer{200, fmt::format(R"({{"pdus":[{}]}})", chain[static_cast<std::size_t>(asked)]->json)};
        }
        return std::nullopt;
    };
    const auto before = kept(play);
    const auto bomb = play.pdu(play.ben, "m.room.message", message("Boom"), std::nullopt, [&](schema::JsonObject& object) {
        object["auth_events"].as_array().push_back(schema::Json(cited));
    });
    play.deliver("hearth.test", {bomb});
    play.anna.say(play.room, "Never mind");
    CHECK(asked > 0);
    CHECK(asked < 50);
    CHECK(play.anna.sees(play.room) == "+anna, +ben, anna: Never mind");
    CHECK(kept(play) == std::to_string(std::stoi(before) + 1));
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    play.world.link().tamper = nullptr;
    // His server may still take part.
    play.ben.say(play.room, "Sorry");
    play.world.settle();
    CHECK(play.anna.sees(play.room).ends_with("ben: Sorry"));
}

TEST_CASE("a flood of branches that contradict each other") {
    SharedRoom play(ben_moderates);
    // All of them build on the same event, and each sets another topic: as many ends of the room as Ben likes.
    std::vector<schema::EventPtr> flood;
    for (int i = 0; i < 120; ++i)
        flood.push_back(play.pdu(play.ben, "m.room.topic", fmt::format(R"({{"topic":"Topic {}"}})", i), "",
                                 [&](schema::JsonObject& object) { object["origin_server_ts"] = 1'000'000 + i; }));
    for (std::size_t i = 0; i < flood.size(); i += 40) {
        std::vector<schema::EventPtr> part(flood.begin() + static_cast<std::ptrdiff_t>(i),
                                           flood.begin() + static_cast<std::ptrdiff_t>(i + 40));
        play.deliver("hearth.test", part);
        // Anna can speak at once, and ties the loose ends, twenty at a time.
        CHECK(play.anna.send(play.room, "m.room.message", message("Still here")) == "200");
    }
    CHECK(play.room_at("hearth.test")->extremities().size() <= 100);
    CHECK(play.anna.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))).at("/topic").starts_with("Topic "));
    for (int i = 0; i < 8; ++i) play.anna.say(play.room, "Tying");
    CHECK(play.room_at("hearth.test")->extremities().size() == 1);
    play.world.settle();
    CHECK(play.room_at("haven.test")->extremities().size() == 1);
    CHECK(play.anna.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))).at("/topic") ==
          play.ben.get(fmt::format("/rooms/{}/state/m.room.topic", segment(play.room))).at("/topic"));
}

TEST_CASE("a clock that lies") {
    SharedRoom play;
    const auto at = [&](std::int64_t ts, std::string_view text) {
        return play.pdu(play.ben, "m.room.message", message(text), std::nullopt,
                        [&](schema::JsonObject& object) { object["origin_server_ts"] = ts; });
    };
    const auto since = play.anna.get("/sync").at("/next_batch");
    // No key is believed so far ahead.
    CHECK(play.deliver("hearth.test", {at(9'007'199'254'740'991, "From the year 287396")}) != std::vector<std::string>{""});
    const auto future = at(play.hearth().now_ms() + std::int64_t{12} * 3'600'000, "From tonight");
    CHECK(play.deliver("hearth.test", {future}) == std::vector<std::string>{""});
    const auto past = at(0, "From 1970");
    CHECK(play.deliver("hearth.test", {past}) == std::vector<std::string>{""});
    play.deliver("hearth.test", {at(-5, "From before")});
    play.anna.say(play.room, "Now");
    // They are read in the order in which they came.
    const auto seen = play.anna.sees(play.room);
    CHECK(seen == "+anna, +ben, ben: From tonight, ben: From 1970, ben: From before, anna: Now");
    const auto news = play.anna.get("/sync?since=" + since);
    CHECK(news == "200");
    CHECK(news.text.find("From 1970") != std::string::npos);
    // Asking for a date finds what was said then, not what claims to come later.
    const auto found = play.anna.get(
        fmt::format("/_matrix/client/v1/rooms/{}/timestamp_to_event?dir=b&ts={}", segment(play.room), play.hearth().now_ms()));
    CHECK(found == "200");
    CHECK(found.at("/event_id") != future->id.str());
}

TEST_CASE("a server with a new key") {
    auto key = std::make_shared<std::string>("old");
    SharedRoom play(R"({"preset":"public_chat"})", [key](server::WiringOptions& options) {
        if (options.accounts.server_name.str() == "haven.test")
            options.signing_key = schema::SigningKey(*key, schema::sha256(*key));
    });
    play.ben.say(play.room, "Under the old key");
    play.world.settle();
    const auto stolen = play.pdu(
        play.ben, "m.room.message", message("Signed with the old key, long after"), std::nullopt,
        [&](schema::JsonObject& object) { object["origin_server_ts"] = play.hearth().now_ms() + std::int64_t{30} * 86'400'000; });
    *key = "new";
    play.world.restart();
    play.world.advance(std::chrono::minutes(2));
    play.ben.say(play.room, "Under the new key");
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Under the old key, ben: Under the new key");
    // What it signed then stays true, but nobody who finds the old key can go on with it.
    play.world.advance(std::chrono::hours(30 * 24));
    play.deliver("hearth.test", {stolen});
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Under the old key, ben: Under the new key");
    play.ben.say(play.room, "A month later");
    play.world.settle();
    CHECK(play.anna.sees(play.room).ends_with("ben: A month later"));
}

TEST_CASE("a server that answers nothing but trouble") {
    SharedRoom play;
    std::string trouble;
    int status = 0;
    SUBCASE("429") {
        status = 429;
        trouble = R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":100})";
    }
    SUBCASE("500") {
        status = 500;
        trouble = "<html>oops</html>";
    }
    SUBCASE("503, in a deep hole") {
        status = 503;
        trouble = std::string(100'000, '[');
    }
    SUBCASE("200, but nothing that has to do with the question") {
        status = 200;
        trouble = "[]";
    }
    int knocks = 0;
    bool storm = true;
    play.world.link().tamper = [&](const std::string& to, federation::LinkRequest&) -> Tampered {
        if (to != "haven.test" || !storm) return std::nullopt;
        ++knocks;
        return federation::LinkAnswer{status, trouble};
    };
    for (int i = 0; i < 30; ++i) CHECK(play.anna.send(play.room, "m.room.message", message(std::to_string(i))) == "200");
    CHECK(play.anna.get("/profile/%40ben%3Ahaven.test").status != 500);
    // Once for the first message, once for the profile; after that the door is left alone for a while.
    int before = 0;
    play.world.server("hearth.test").on_io([&] { before = knocks; });
    CHECK(before <= 3);
    play.world.server("hearth.test").on_io([&] { storm = false; });
    play.world.settle();
    play.world.link().tamper = nullptr;
    std::string all = "+ben";
    for (int i = 0; i < 30; ++i) all += fmt::format(", anna: {}", i);
    CHECK(play.ben.sees(play.room) == all);
}

TEST_CASE("events that are too large or too deep") {
    SharedRoom play;
    const auto before = kept(play);
    const auto good = play.pdu(play.ben, "m.room.message", message("Good"));
    const auto send = [&](const std::string& txn, const std::string& pdus) {
        return play.world.ask("haven.test", "hearth.test", net::Method::put, "/_matrix/federation/v1/send/" + txn,
                              fmt::format(R"({{"edus":[],"pdus":[{}]}})", pdus));
    };
    SUBCASE("too deep for anybody: nothing of such a transaction is read") {
        const auto deep = std::string(5'000, '[') + std::string(5'000, ']');
        CHECK(send("deep", deep + "," + good->json).status == 400);
        CHECK(kept(play) == before);
    }
    SUBCASE("too deep for us: the others of its transaction come in, and it hears why") {
        auto object = schema::parse_json(play.pdu(play.ben, "m.room.message", message("Deep"))->json).get_object();
        object["depth"] = 7;                             // An event id of its own.
        object["content"].as_object()["deep"] =
            schema::parse_json(std::string(200, '[') + std::string(200, ']'), schema::Numbers::any, 300);
        const auto answer = send("deep", schema::canonical_json(object) + "," + good->json);
        CHECK(answer.status == 200);
        CHECK(answer.body.find(R"("error")") != std::string::npos);
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Good");
        CHECK(kept(play) == std::to_string(std::stoi(before) + 1));
    }
    SUBCASE("too large: the others of its transaction come in") {
        auto object = schema::parse_json(good->json).get_object();
        object["content"] = schema::JsonObject{{"msgtype", "m.text"}, {"body", std::string(70'000, 'x')}};
        CHECK(send("large", schema::canonical_json(object) + "," + good->json).status == 200);
        play.world.settle();
        CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Good");
        CHECK(kept(play) == std::to_string(std::stoi(before) + 1));
    }
}

TEST_CASE("an event with the id of one in another room") {
    SharedRoom play(R"({"preset":"public_chat","room_version":"1"})");
    const auto elsewhere = play.anna.create_room(R"({"preset":"public_chat","room_version":"1"})");
    bring_in(play.world, play.anna, play.ben, elsewhere);
    const auto taken = play.ben.say(elsewhere, "Another room");
    play.ben.say(play.room, "Before");
    play.world.settle();
    const auto good = play.pdu(play.ben, "m.room.message", message("Good"));
    const auto thief = play.pdu(play.ben, "m.room.message", message("Stolen"), std::nullopt,
                                [&](schema::JsonObject& object) { object["event_id"] = taken; });
    const auto before = kept(play);
    CHECK(play.deliver("hearth.test", {thief, good}) == std::vector<std::string>{"an event id of another room", ""});
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Before, ben: Good");
    CHECK(kept(play) == std::to_string(std::stoi(before) + 1));
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
    CHECK(play.anna.sees(elsewhere) == "+anna, +ben, ben: Another room");
}

TEST_CASE("an event that the database refuses takes nobody else along") {
    SharedRoom play;
    play.hearth().wiring().db.transact_now(
        [&](storage::Tx& tx) { tx.exec("ALTER TABLE events ADD CONSTRAINT events_odd CHECK (type <> 'org.example.odd')"); });
    const auto odd = play.pdu(play.ben, "org.example.odd", "{}");
    const auto good = play.pdu(play.ben, "m.room.message", message("Good"));
    play.deliver("hearth.test", {odd, good});
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: Good");
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
}

TEST_CASE("what could not be worked on is worked on later, without a restart") {
    SharedRoom play;
    const auto rename = [&](bool away) {
        play.hearth().wiring().db.transact_now([&](storage::Tx& tx) {
            if (away)
                tx.exec("ALTER TABLE pending_redactions RENAME TO gone");
            else
                tx.exec("ALTER TABLE gone RENAME TO pending_redactions");
        });
    };
    rename(true);
    const auto first = play.pdu(play.ben, "m.room.message", message("One"));
    const auto second = play.pdu(play.ben, "m.room.message", message("Two"), std::nullopt,
                                 [&](schema::JsonObject& event) { event["prev_events"] = schema::JsonArray{first->id.str()}; });
    const auto answers = play.world.ask("haven.test", "hearth.test", net::Method::put, "/_matrix/federation/v1/send/1",
                                        fmt::format(R"({{"edus":[],"pdus":[{},{}]}})", first->json, second->json));
    CHECK(answers.status == 200);
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "2");
    rename(false);
    play.world.settle();
    CHECK(play.anna.sees(play.room) == "+anna, +ben, ben: One, ben: Two");
    CHECK(play.hearth().ask("SELECT count(*) FROM fed_inbox") == "0");
}
