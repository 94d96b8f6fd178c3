#include <doctest/doctest.h>
#include <fmt/format.h>

#include "schema/event.hpp"
#include "schema/refusal.hpp"

using namespace runde::schema;

namespace {

const RoomRules& version(std::string_view name) { return *find_room_rules(name); }
SigningKey spec_key() { return SigningKey("1", *decode_base64("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")); }

/// Anna's message as federation would deliver it, for room versions from 3 on.
JsonObject message() {
    return parse_json(
               R"({"type":"m.room.message","room_id":"!evening:hearth.test","sender":"@anna:hearth.test",
        "content":{"msgtype":"m.text","body":"Guten Abend"},"depth":7,"origin_server_ts":1700000000000,
        "prev_events":["$before"],"auth_events":["$create","$join"],"hashes":{"sha256":"x"},"signatures":{}})")
        .as_object();
}

/// Why parsing refuses, or "fine".
std::string parse(const JsonObject& event, std::string_view room_version = "11") {
    try {
        parse_event(to_text(event), version(room_version));
        return "fine";
    } catch (const Refusal& refusal) {
        return refusal.text;
    }
}

}  // namespace

TEST_CASE("hashing and signing events: the vectors of the specification") {
    const auto sign = [](std::string_view text) {
        auto event = parse_json(text).as_object();
        event["hashes"] = JsonObject{{"sha256", base64(content_hash(event))}};
        sign_event(event, version("1"), "domain", spec_key());
        CHECK(content_hash_matches(event));
        CHECK(verify_event(event, version("1"), "domain", "ed25519:1", *VerifyKey::parse(spec_key().public_key())));
        return fmt::format("{} {}", std::string_view(event["hashes"].at("sha256").as_string()),
                           *find_signature(event, "domain", "ed25519:1"));
    };
    CHECK(sign(R"({"room_id":"!x:domain","sender":"@a:domain","origin":"domain","origin_server_ts":1000000,
                   "signatures":{},"hashes":{},"type":"X","content":{},"prev_events":[],"auth_events":[],"depth":3,
                   "unsigned":{"age_ts":1000000}})") ==
          "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos "
          "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg");
    CHECK(sign(R"({"content":{"body":"Here is the message content"},"event_id":"$0:domain","origin":"domain",
                   "origin_server_ts":1000000,"type":"m.room.message","room_id":"!r:domain","sender":"@u:domain",
                   "signatures":{},"unsigned":{"age_ts":1000000}})") ==
          "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g "
          "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA");
}

TEST_CASE("reading a PDU") {
    auto pdu = message();
    pdu["unsigned"] = JsonObject{{"age", 5}};
    const auto event = parse_event(to_text(pdu), version("11"));
    CHECK(event->type == "m.room.message");
    CHECK(event->sender.str() == "@anna:hearth.test");
    CHECK(event->room.str() == "!evening:hearth.test");
    CHECK_FALSE(event->is_state());
    CHECK(event->depth == 7);
    CHECK(event->prev_events == std::vector{*EventId::parse("$before")});
    CHECK(event->auth_events == std::vector{*EventId::parse("$create"), *EventId::parse("$join")});
    CHECK(string_at(event->content(), "body") == "Guten Abend");
    CHECK_FALSE(event->object.contains("unsigned"));
    CHECK(event->json == canonical_json(message()));

    const auto loaded = load_event(event->json, event->id, version("11"));
    CHECK(loaded->json == event->json);
    CHECK(loaded->object == event->object);
    CHECK(loaded->prev_events == event->prev_events);
}

TEST_CASE("event ids, by version") {
    auto pdu = message();
    pdu["content"] = JsonObject{{"body", "3"}};
    // The id covers what survives redaction: other words in the body, another content hash, another id.
    const auto id = [&](std::string_view in) { return parse_event(JsonObject(pdu), version(in))->id.str(); };
    CHECK(id("3").size() == 44);
    CHECK(id("4").size() == 44);
    CHECK(id("4") == id("10"));
    auto url_safe = id("3");
    for (auto& c : url_safe) c = c == '+' ? '-' : c == '/' ? '_' : c;
    CHECK(id("4") == url_safe);
    const auto before = id("11");
    pdu["content"].as_object()["body"] = "4";
    CHECK(id("11") == before);  // `hashes` stands for the content.
    pdu["hashes"] = JsonObject{{"sha256", "y"}};
    CHECK(id("11") != before);
    pdu["origin"] = "hearth.test";
    CHECK(id("10") != id("11"));  // Version 11 no longer protects `origin`.
}

TEST_CASE("room versions 1 and 2: ids are chosen and references carry hashes") {
    auto pdu = message();
    pdu["event_id"] = "$chosen:hearth.test";
    pdu["prev_events"] = parse_json(R"([["$before:hearth.test",{"sha256":"x"}]])");
    pdu["auth_events"] = parse_json(R"([["$create:hearth.test",{"sha256":"x"}]])");
    REQUIRE(parse(pdu, "1") == "fine");
    const auto event = parse_event(JsonObject(pdu), version("2"));
    CHECK(event->id.str() == "$chosen:hearth.test");
    CHECK(event->prev_events == std::vector{*EventId::parse("$before:hearth.test")});
    CHECK(parse(pdu, "3") == "'prev_events' holds something that is no event id.");

    SUBCASE("no id") {
        pdu.erase("event_id");
        CHECK(parse(pdu, "1") == "'event_id' is missing.");
    }
    SUBCASE("references without hashes") {
        pdu["prev_events"] = JsonArray{"$before:hearth.test"};
        CHECK(parse(pdu, "1") == "Room versions 1 and 2 refer to events by [id, hashes].");
    }
}

TEST_CASE("room version 12: the room is its create event") {
    const auto key = spec_key();
    JsonObject create = message();
    create["type"] = "m.room.create";
    create["state_key"] = "";
    create["prev_events"] = JsonArray{};
    create["auth_events"] = JsonArray{};
    create["content"] = JsonObject{{"room_version", "12"}};
    CHECK(parse(create, "12") == "m.room.create of this room version has no room_id: it is its own id.");
    CHECK(parse(create, "11") == "fine");
    create.erase("room_id");
    CHECK(parse(create, "11") == "'room_id' is missing.");
    const auto event = seal_event(create, version("12"), "hearth.test", key);
    CHECK(event->room.str() == "!" + event->id.str().substr(1));
    CHECK(event->room.server() == std::nullopt);
    CHECK_FALSE(event->object.contains("room_id"));
    CHECK(render_client_event(*event, version("12")).find("\"room_id\":\"" + event->room.str()) != std::string::npos);
    auto later = message();
    later.erase("room_id");
    CHECK(parse(later, "12") == "'room_id' is missing.");
}

TEST_CASE("what is refused as a PDU") {
    auto pdu = message();
    REQUIRE(parse(pdu) == "fine");
    std::string why;
    SUBCASE("no type") { pdu.erase("type"), why = "'type' is missing."; }
    SUBCASE("a long type") { pdu["type"] = std::string(256, 't'), why = "'type' is longer than 255 bytes."; }
    SUBCASE("a long state key") {
        pdu["state_key"] = std::string(256, 's');
        why = "'state_key' is longer than 255 bytes.";
    }
    SUBCASE("a state key that is null") { pdu["state_key"] = nullptr, why = "'state_key' is missing."; }
    SUBCASE("a sender that is none") { pdu["sender"] = "anna", why = "'sender' is not a valid identifier."; }
    SUBCASE("a room that is none") { pdu["room_id"] = "evening", why = "'room_id' is not a valid identifier."; }
    SUBCASE("no content") { pdu.erase("content"), why = "'content' is missing."; }
    SUBCASE("content that is no object") { pdu["content"] = "text", why = "'content' must be an object."; }
    SUBCASE("no hashes") { pdu.erase("hashes"), why = "'hashes' is missing."; }
    SUBCASE("no signatures") { pdu.erase("signatures"), why = "'signatures' is missing."; }
    SUBCASE("a negative depth") { pdu["depth"] = -1, why = "'depth' must be an integer that is not negative."; }
    SUBCASE("a time that is text") { pdu["origin_server_ts"] = "now", why = "'origin_server_ts' must be an integer."; }
    SUBCASE("no prev_events") { pdu.erase("prev_events"), why = "'prev_events' is missing."; }
    SUBCASE("too many prev_events") {
        pdu["prev_events"] = JsonArray(21, Json("$before"));
        why = "'prev_events' has more than 20 entries.";
    }
    SUBCASE("too many auth_events") {
        pdu["auth_events"] = JsonArray(11, Json("$before"));
        why = "'auth_events' has more than 10 entries.";
    }
    SUBCASE("a fraction") {
        pdu["content"] = JsonObject{{"half", 0.5}};
        why = "Numbers must be integers within ±(2^53-1).";
    }
    CHECK(parse(pdu) == why);
}

TEST_CASE("an event may have 65536 bytes and not one more") {
    auto pdu = message();
    const auto rest = canonical_json(pdu).size() - std::string_view("Guten Abend").size();
    const auto with_body = [&](std::size_t size) {
        pdu["content"].as_object()["body"] = std::string(size, 'x');
        return parse(pdu);
    };
    CHECK(with_body(65536 - rest) == "fine");
    CHECK(with_body(65537 - rest) == "An event may have at most 65536 bytes.");
    pdu["unsigned"] = std::string(1000, 'x');  // Not part of what is stored.
    CHECK(with_body(65536 - rest) == "fine");
}

TEST_CASE("rooms up to version 5 hold numbers that are refused since") {
    auto pdu = message();
    pdu["content"] = parse_json(R"({"half":0.5,"big":9007199254740993})");
    pdu["depth"] = std::int64_t{1} << 60;
    CHECK(parse(pdu, "6") == "Numbers must be integers within ±(2^53-1).");
    REQUIRE(parse(pdu, "5") == "fine");
    const auto event = seal_event(pdu, version("5"), "hearth.test", spec_key());
    CHECK(event->depth == std::int64_t{1} << 60);
    CHECK(content_hash_matches(event->object));
    CHECK(render_client_event(*event, version("5")).starts_with(R"({"content":{"big":9007199254740993,"half":0.5},)"));
}

TEST_CASE("a sealed event holds, a changed one does not") {
    const auto key = spec_key();
    const auto verify_key = *VerifyKey::parse(key.public_key());
    for (const auto& rules : all_room_rules()) {
        CAPTURE(rules.version);
        auto draft = message();
        if (rules.event_ids == RoomRules::EventIdForm::sender_chosen) {
            draft["event_id"] = "$chosen:hearth.test";
            draft["prev_events"] = draft["auth_events"] = JsonArray{};
        }
        draft.erase("hashes");
        draft.erase("signatures");
        const auto event = seal_event(draft, rules, "hearth.test", key);
        CHECK(content_hash_matches(event->object));
        CHECK(verify_event(event->object, rules, "hearth.test", "ed25519:1", verify_key));
        CHECK(parse_event(event->json, rules)->id == event->id);

        // The signature outlives a redaction, and so does the id; the content hash does not.
        const auto redacted = redact(event->object, rules);
        CHECK(verify_event(redacted, rules, "hearth.test", "ed25519:1", verify_key));
        CHECK_FALSE(content_hash_matches(redacted));
        if (rules.event_ids != RoomRules::EventIdForm::sender_chosen) CHECK(hashed_event_id(redacted, rules) == event->id);

        JsonObject forged = event->object;
        forged["sender"] = "@ben:hearth.test";
        CHECK_FALSE(verify_event(forged, rules, "hearth.test", "ed25519:1", verify_key));
    }
}

TEST_CASE("what clients see of an event") {
    auto pdu = message();
    pdu["state_key"] = "k\"ey";
    const auto event = parse_event(JsonObject(pdu), version("11"));
    CHECK(render_client_event(*event, version("11")) ==
          R"({"content":{"body":"Guten Abend","msgtype":"m.text"},"event_id":")" + event->id.str() +
              R"(","origin_server_ts":1700000000000,"room_id":"!evening:hearth.test","sender":"@anna:hearth.test",)"
              R"("state_key":"k\"ey","type":"m.room.message")");
    CHECK(render_redacted_client_event(*event, version("11")).starts_with(R"({"content":{},"event_id":)"));
    CHECK(
        canonical_json(stripped_state(*event)) ==
        R"({"content":{"body":"Guten Abend","msgtype":"m.text"},"sender":"@anna:hearth.test","state_key":"k\"ey","type":"m.room.message"})");
}

TEST_CASE("clients find the redacted event in both places, in every version") {
    auto pdu = message();
    pdu["type"] = "m.room.redaction";
    pdu["content"] = JsonObject{{"reason", "r"}};
    const auto shows = [](const EventPtr& event, const RoomRules& rules) {
        const auto text = render_client_event(*event, rules) + "}";
        const auto shown = parse_json(text).as_object();
        return string_at(shown, "redacts") == "$bad" && string_at(shown.at("content").as_object(), "redacts") == "$bad";
    };
    SUBCASE("up to version 10 it stands outside") {
        pdu["redacts"] = "$bad";
        const auto event = parse_event(JsonObject(pdu), version("10"));
        CHECK(event->redacts == EventId::parse("$bad"));
        CHECK(shows(event, version("10")));
        CHECK(parse_event(JsonObject(pdu), version("11"))->redacts == std::nullopt);
    }
    SUBCASE("since version 11 in the content") {
        pdu["content"].as_object()["redacts"] = "$bad";
        const auto event = parse_event(JsonObject(pdu), version("11"));
        CHECK(event->redacts == EventId::parse("$bad"));
        CHECK(shows(event, version("11")));
        CHECK(parse_event(JsonObject(pdu), version("10"))->redacts == std::nullopt);
    }
    SUBCASE("only redactions redact") {
        pdu["redacts"] = "$bad";
        pdu["type"] = "m.room.message";
        CHECK(parse_event(JsonObject(pdu), version("10"))->redacts == std::nullopt);
    }
}
