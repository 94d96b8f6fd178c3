// What another server is answered, right and wrong: status, error code and shape of every endpoint. That answers fit the
// schema of the specification the link checks by itself (two_servers).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "federation/x_matrix.hpp"
#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;
using net::Method;

namespace {

constexpr std::string_view v1 = "/_matrix/federation/v1/", v2 = "/_matrix/federation/v2/";

Answer read(const federation::LinkAnswer& answer) {
    Answer read{.status = answer.status};
    read.text = answer.body;
    try {
        read.json = schema::parse_json(answer.body);
    } catch (const schema::Refusal&) {
        // An error page: null.
    }
    return read;
}

schema::SigningKey key_of_haven() { return schema::SigningKey("of_n", std::string(32, 'n')); }

/// Anna's server hearth, and haven, which asks it by hand.
struct TwoServersByHand {
    TwoServers world;
    Neighbour anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");

    Answer ask(Method method, std::string target, std::string body = {}) {
        return read(world.ask("haven.test", "hearth.test", method, std::move(target), std::move(body)));
    }
    Answer get(std::string_view what) { return ask(Method::get, fmt::format("{}{}", v1, what)); }
    Answer put(std::string_view what, std::string body) { return ask(Method::put, fmt::format("{}{}", v1, what), std::move(body)); }
    Answer post(std::string_view what, std::string body) {
        return ask(Method::post, fmt::format("{}{}", v1, what), std::move(body));
    }

    /// make_join or the like for Ben, changed, sealed, and sent to `endpoint` ("v2/send_join").
    Answer hands_in(std::string_view make, std::string_view endpoint, const std::string& room,
                    const std::function<void(schema::JsonObject&)>& change = {}) {
        auto known = schema::all_room_rules();
        std::string versions;
        for (const auto& rules : known) versions += fmt::format("{}ver={}", versions.empty() ? "?" : "&", rules.version);
        const auto offer =
            get(fmt::format("{}/{}/{}{}", make, segment(room), segment(ben.id), make == "make_leave" ? "" : versions));
        if (offer.status != 200) return offer;
        const auto& rules = *schema::find_room_rules(offer.at("/room_version"));
        auto event = offer["/event"].as_object();
        event["origin"] = "haven.test";
        if (rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen)
            event["event_id"] = fmt::format("$of{}:haven.test", ++n_events_);
        if (change) change(event);
        const auto sealed = schema::seal_event(std::move(event), rules, "haven.test", key_of_haven());
        return ask(Method::put, fmt::format("/_matrix/federation/{}/{}/{}", endpoint, segment(room), segment(sealed->id.str())),
                   sealed->json);
    }

private:
    int n_events_ = 0;
};

}  // namespace

TEST_CASE_FIXTURE(TwoServersByHand, "what the Authorization header may look like") {
    const auto target = std::string("/_matrix/federation/v1/query/profile?user_id=") + segment(anna.id);
    const auto key = key_of_haven();
    const auto signature = [&](const std::optional<std::string>& destination) {
        return key.sign(federation::signed_request("GET", target, "haven.test", destination, ""));
    };
    const auto with = [&](std::string header) {
        world.link().tamper = [header = std::move(header)](const std::string& to, federation::LinkRequest& request) {
            if (to == "hearth.test") request.authorization = header;
            return std::optional<federation::LinkAnswer>();
        };
        auto answer = ask(Method::get, target).summary();
        world.link().tamper = nullptr;
        return answer;
    };
    const auto meant = signature("hearth.test"), open = signature(std::nullopt);
    CHECK(with(fmt::format(R"(X-Matrix origin="haven.test",destination="hearth.test",key="ed25519:of_n",sig="{}")", meant)) ==
          "200");
    CHECK(with(fmt::format(R"(X-Matrix origin=haven.test,destination=hearth.test,key="ed25519:of_n",sig="{}")", meant)) == "200");
    CHECK(with(fmt::format("X-Matrix origin=haven.test,destination=hearth.test,key=ed25519:of_n,sig={}", meant)) == "200");
    CHECK(with(fmt::format(
              R"(x-matrix   ORIGIN = "haven.test" ,	Destination="hearth.test" , Key="ed25519:of_n",SIG="{}", more=1)",
              meant)) == "200");
    CHECK(with(fmt::format(R"(X-Matrix sig="{}",key="ed25519:of\_n",destination="hearth.test",origin="haven.test")", meant)) ==
          "200");
    // Before Matrix 1.3 the header did not say whom it is for; what was signed did. Some left it out of both.
    CHECK(with(fmt::format(R"(X-Matrix origin=haven.test,key="ed25519:of_n",sig="{}")", meant)) == "200");
    CHECK(with(fmt::format(R"(X-Matrix origin=haven.test,key="ed25519:of_n",sig="{}")", open)) == "200");

    constexpr auto no = "401 M_UNAUTHORIZED";
    CHECK(with(fmt::format(R"(X-Matrix origin="haven.test",destination="hearth.test",key="ed25519:of_n",sig="{}")", open)) == no);
    CHECK(with(fmt::format(R"(X-Matrix origin="haven.test",destination="harbour.test",key="ed25519:of_n",sig="{}")",
                           signature("harbour.test"))) == no);
    CHECK(with(fmt::format(R"(X-Matrix origin="haven.test",key="ed25519:of_n",sig="{}")", signature("harbour.test"))) == no);
    CHECK(with(R"(X-Matrix origin="haven.test",destination="hearth.test",key="ed25519:of_n")") == no);
    CHECK(with("X-Matrix") == no);
    CHECK(with("") == no);
}

TEST_CASE_FIXTURE(TwoServersByHand, "what nobody answers") {
    for (const auto* nothing : {"/_matrix/federation/v1/nothing", "/_matrix/federation/v3/send/1", "/_matrix/federation/v1",
                                "/_matrix/key/v2/nothing", "/_matrix/federation/v1/query/nothing"})
        CHECK(ask(Method::get, nothing) == "404 M_UNRECOGNIZED");
    CHECK(ask(Method::put, "/_matrix/federation/v1/nothing", "{}") == "404 M_UNRECOGNIZED");
    CHECK(ask(Method::post, "/_matrix/federation/v1/send/1", "{}") == "405 M_UNRECOGNIZED");
    CHECK(ask(Method::put, "/_matrix/federation/v1/version", "{}") == "405 M_UNRECOGNIZED");
    CHECK(ask(Method::delete_, "/_matrix/key/v2/server") == "405 M_UNRECOGNIZED");
    CHECK(put("send/1", "nonsense") == "400 M_NOT_JSON");
    CHECK(put("send/2", "[]") == "400 M_BAD_JSON");
}

TEST_CASE_FIXTURE(TwoServersByHand, "paths may be encoded more or less") {
    const auto room = anna.create_room(R"({"preset":"public_chat","room_version":"11"})");
    const auto plain = fmt::format("make_join/{}/{}?ver=11", room, ben.id);
    CHECK(get(plain) == "200");
    std::string encoded = plain;
    for (const auto& [from, to] : {std::pair("!", "%21"), std::pair(":", "%3a"), std::pair("@", "%40"), std::pair(".", "%2E")})
        for (auto at = encoded.find(from); at != std::string::npos; at = encoded.find(from, at + 3)) encoded.replace(at, 1, to);
    CHECK(get(encoded) == "200");
    CHECK(get(fmt::format("make_join/{}/{}?ver=11", room, "%40ben%ZZ")) == "400 M_INVALID_PARAM");
    CHECK(get(fmt::format("query/profile?user_id={}", anna.id)) == "200");
    CHECK(get(fmt::format("query/profile?field=displayname&user_id={}", segment(anna.id))) == "200");
}

TEST_CASE_FIXTURE(TwoServersByHand, "coming in, by hand, in every room version") {
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        const auto body = fmt::format(R"({{"preset":"public_chat","name":"Evening","room_version":"{}"}})", rules.version);
        const auto room = anna.create_room(body);
        const auto offer = get(fmt::format("make_join/{}/{}?ver=ancient&ver={}", segment(room), segment(ben.id), rules.version));
        REQUIRE(offer == "200");
        CHECK(offer.at("/room_version") == rules.version);
        CHECK(offer.at("/event/type") == "m.room.member");
        CHECK(offer.at("/event/room_id") == room);
        CHECK(offer.at("/event/sender") == ben.id);
        CHECK(offer.at("/event/state_key") == ben.id);
        CHECK(offer.at("/event/content/membership") == "join");
        CHECK(offer.has("/event/prev_events/0"));
        CHECK(offer.has("/event/auth_events/0"));
        CHECK(offer.has("/event/depth"));
        CHECK(offer.has("/event/origin_server_ts"));

        // Without versions only the first is meant.
        const auto plain = get(fmt::format("make_join/{}/{}", segment(room), segment(ben.id)));
        if (rules.version == "1") CHECK(plain == "200");
        if (rules.version != "1") {
            CHECK(plain == "400 M_INCOMPATIBLE_ROOM_VERSION");
            CHECK(plain.at("/room_version") == rules.version);
        }

        const auto joined = hands_in("make_join", "v2/send_join", room);
        REQUIRE(joined == "200");
        CHECK(joined.at("/event/content/membership") == "join");
        CHECK(joined["/state"].as_array().size() >= 5);
        CHECK(joined["/auth_chain"].as_array().size() >= 3);
        CHECK(joined.at("/members_omitted") == "false");
        bool tells_of_itself = false;                    // "Prior to the join event."
        for (const auto& event : joined["/state"].as_array())
            tells_of_itself = tells_of_itself || schema::string_at(event.as_object(), "state_key") == ben.id;
        CHECK_FALSE(tells_of_itself);

        const auto left = hands_in("make_leave", "v2/send_leave", room);
        CHECK(left == "200");
        CHECK(left.text == "{}");

        const auto again = hands_in("make_join", "v1/send_join", room);
        REQUIRE(again == "200");
        REQUIRE(again["/1"].is_object());
        CHECK(again.at("/0") == "200");
        CHECK(again.has("/1/state/0"));
        CHECK(again.has("/1/auth_chain/0"));
        CHECK(again.has("/1/event"));
        const auto left_again = hands_in("make_leave", "v1/send_leave", room);
        CHECK(left_again.text == "[200,{}]");
        if (!rules.knocking) continue;
        REQUIRE(anna.set_state(room, "m.room.join_rules", R"({"join_rule":"knock"})") == "200");
        const auto knocked = hands_in("make_knock", "v1/send_knock", room);
        REQUIRE(knocked == "200");
        CHECK(knocked.has("/knock_room_state/0/hashes"));  // Whole events, as the room version has them.
        CHECK(hands_in("make_leave", "v2/send_leave", room) == "200");
    }
}

TEST_CASE_FIXTURE(TwoServersByHand, "who does not come in") {
    const auto room = anna.create_room(R"({"preset":"public_chat"})");
    const auto closed = anna.create_room(R"({"preset":"private_chat"})");
    const auto for_ben = [&](std::string_view what, const std::string& where, const std::string& who) {
        return get(fmt::format("{}/{}/{}?ver=12&ver=11", what, segment(where), segment(who)));
    };
    for (const auto* what : {"make_join", "make_knock", "make_leave"}) {
        CAPTURE(what);
        CHECK(for_ben(what, "!nowhere:hearth.test", ben.id) == "404 M_NOT_FOUND");
        CHECK(for_ben(what, room, "@carl:harbour.test") == "403 M_FORBIDDEN");
        CHECK(for_ben(what, room, anna.id) == "403 M_FORBIDDEN");
        CHECK(for_ben(what, closed, ben.id) == "403 M_FORBIDDEN");
        CHECK(for_ben(what, "nonsense", ben.id).status == 400);
    }
    const auto joining = [&](const std::function<void(schema::JsonObject&)>& change) {
        return hands_in("make_join", "v2/send_join", room, change).summary();
    };
    constexpr auto invalid = "400 M_INVALID_PARAM";
    CHECK(joining([](auto& event) { event["type"] = "m.room.message"; }) == invalid);
    CHECK(joining([](auto& event) { event.erase("state_key"); }) == invalid);
    CHECK(joining([](auto& event) { event["content"].as_object()["membership"] = "leave"; }) == invalid);
    CHECK(joining([](auto& event) { event["content"].as_object()["membership"] = 1; }) == invalid);
    CHECK(joining([&](auto& event) { event["sender"] = anna.id; }) == invalid);
    CHECK(joining([&](auto& event) { event["state_key"] = "@bea:haven.test"; }) == invalid);
    CHECK(joining([&](auto& event) { event["room_id"] = closed; }) == invalid);
    // Signed by nobody, or changed since.
    const auto forged = [&](const std::function<void(schema::JsonObject&)>& change) {
        const auto offer = for_ben("make_join", room, ben.id);
        auto event = schema::parse_json(
            schema::seal_event(offer["/event"].as_object(), *schema::find_room_rules("12"), "haven.test", key_of_haven())->json);
        change(event.as_object());
        const auto id = schema::hashed_event_id(event.as_object(), *schema::find_room_rules("12"));
        return ask(Method::put, fmt::format("{}send_join/{}/{}", v2, segment(room), segment(id.str())),
                   schema::canonical_json(event))
            .summary();
    };
    CHECK(forged([](auto&) {}) == "200");
    CHECK(forged([](auto& event) { event["signatures"] = schema::JsonObject(); }) == invalid);
    CHECK(forged([](auto& event) { event["content"].as_object()["reason"] = "changed"; }) == invalid);
    CHECK(put(fmt::format("send_join/{}/{}", segment(room), segment("$none")), "{}").status == 400);

    // A ban holds.
    REQUIRE(anna.post(fmt::format("/rooms/{}/ban", segment(room)), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    CHECK(for_ben("make_join", room, ben.id) == "403 M_FORBIDDEN");
    CHECK(for_ben("make_leave", room, ben.id) == "403 M_FORBIDDEN");
}

TEST_CASE_FIXTURE(TwoServersByHand, "an invitation, by hand") {
    const auto room = ben.create_room(R"({"preset":"private_chat","name":"Haven's","room_version":"11"})");
    auto version = std::string("11");
    int n = 0;
    const auto event_of = [&](const std::function<void(schema::JsonObject&)>& change) {
        const auto& rules = *schema::find_room_rules(version);
        const bool chosen = rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen;
        schema::JsonArray cited;
        if (chosen)
            cited.emplace_back(schema::JsonArray{"$before:haven.test", schema::JsonObject()});
        else
            cited.emplace_back("$before");
        schema::JsonObject object{{"type", "m.room.member"},
                                  {"room_id", room},
                                  {"sender", ben.id},
                                  {"state_key", anna.id},
                                  {"depth", 8},
                                  {"origin", "haven.test"},
                                  {"origin_server_ts", world.server("haven.test").now_ms()},
                                  {"prev_events", cited},
                                  {"auth_events", cited},
                                  {"content", {{"membership", "invite"}}}};
        if (chosen) object["event_id"] = fmt::format("$invite{}:haven.test", ++n);
        if (change) change(object);
        return schema::seal_event(std::move(object), rules, "haven.test", key_of_haven());
    };
    const auto target_of = [&](std::string_view prefix, const schema::Event& event) {
        return fmt::format("{}invite/{}/{}", prefix, segment(room), segment(event.id.str()));
    };
    const auto invites = [&](const std::function<void(schema::JsonObject&)>& change = {}) {
        const auto event = event_of(change);
        const schema::JsonObject body{
            {"event", schema::parse_json(event->json)}, {"invite_room_state", schema::JsonArray()}, {"room_version", version}};
        return ask(Method::put, target_of(v2, *event), schema::canonical_json(body));
    };
    const auto accepted = invites();
    REQUIRE(accepted == "200");
    CHECK(accepted.has("/event/signatures/haven.test"));
    CHECK(accepted.has("/event/signatures/hearth.test"));
    CHECK(accepted.at("/event/content/membership") == "invite");

    constexpr auto invalid = "400 M_INVALID_PARAM";
    CHECK(invites([](auto& event) { event["type"] = "m.room.topic"; }) == invalid);
    CHECK(invites([](auto& event) { event["content"].as_object()["membership"] = "join"; }) == invalid);
    CHECK(invites([](auto& event) { event["sender"] = "@carl:harbour.test"; }) == invalid);
    CHECK(invites([](auto& event) { event["state_key"] = "@carl:harbour.test"; }) == invalid);
    CHECK(invites([](auto& event) { event["room_id"] = "!other:haven.test"; }) == invalid);
    CHECK(invites([](auto& event) { event["state_key"] = "@nobody:hearth.test"; }).status >= 403);
    version = "unheard-of";
    const auto event = schema::JsonObject{{"event", schema::JsonObject()}, {"room_version", version}};
    const auto unknown = ask(Method::put, fmt::format("{}invite/{}/%24x", v2, segment(room)), schema::canonical_json(event));
    CHECK(unknown == "400 M_INCOMPATIBLE_ROOM_VERSION");
    CHECK(ask(Method::put, fmt::format("{}invite/{}/%24x", v2, segment(room)), "{}").status == 400);

    // The first version of the endpoint, as servers used it for the first room versions.
    version = "1";
    const auto answered =
        ask(Method::put, fmt::format("{}invite/{}/{}", v1, segment("!old:haven.test"), segment("$x:haven.test")), "{}");
    CHECK(answered.status == 400);
    const auto old_room = std::string("!old:haven.test");
    const auto of_old_room = event_of([&](auto& object) { object["room_id"] = old_room; });
    auto told = schema::parse_json(of_old_room->json).as_object();
    told["unsigned"] =
        schema::JsonObject{{"invite_room_state",
                            schema::JsonArray{schema::JsonObject{
                                {"type", "m.room.name"}, {"state_key", ""}, {"sender", ben.id}, {"content", {{"name", "Old"}}}}}}};
    const auto signed_twice = ask(Method::put, fmt::format("{}invite/{}/{}", v1, segment(old_room), segment(of_old_room->id.str())),
                                  schema::canonical_json(told));
    REQUIRE(signed_twice == "200");
    CHECK(signed_twice.at("/0") == "200");
    CHECK(signed_twice.has("/1/event/signatures/hearth.test"));
}

TEST_CASE_FIXTURE(TwoServersByHand, "a server that knows invitations in their first form only") {
    for (const auto* version : {"1", "2"})
        for (const auto status : {400, 404}) {
            CAPTURE(version);
            CAPTURE(status);
            const auto room = anna.create_room(fmt::format(R"({{"preset":"private_chat","room_version":"{}"}})", version));
            world.link().tamper = [&](const std::string&, federation::LinkRequest& request) {
                return request.target.starts_with("/_matrix/federation/v2/invite/")
                           ? std::optional(federation::LinkAnswer{status, R"({"errcode":"M_UNKNOWN","error":"What is that?"})"})
                           : std::nullopt;
            };
            CHECK(anna.invite(room, ben) == "200");
            world.link().tamper = nullptr;
            CHECK(ben.join(room) == "200");
        }
}

TEST_CASE_FIXTURE(TwoServersByHand, "what a member hears when the other server refuses") {
    const auto room = anna.create_room(R"({"preset":"private_chat"})");
    const auto hears = [&](int status, std::string_view body) {
        world.link().tamper = [&, status](const std::string&, federation::LinkRequest& request) {
            return request.target.find("/invite/") != std::string::npos
                       ? std::optional(federation::LinkAnswer{status, std::string(body)})
                       : std::nullopt;
        };
        auto answer = anna.invite(room, ben).summary();
        world.link().tamper = nullptr;
        return answer;
    };
    CHECK(hears(400, R"({"errcode":"M_INCOMPATIBLE_ROOM_VERSION","error":"?","room_version":"12"})") ==
          "400 M_UNSUPPORTED_ROOM_VERSION");
    CHECK(hears(403, R"({"errcode":"M_FORBIDDEN","error":"?"})") == "403 M_FORBIDDEN");
    CHECK(hears(403, R"({"errcode":"M_INVITE_BLOCKED","error":"?"})") == "403 M_INVITE_BLOCKED");
    CHECK(hears(400, R"({"errcode":"M_INVALID_PARAM","error":"?"})") == "502 M_UNKNOWN");  // Our fault, not the member's.
    CHECK(hears(500, "<html>") == "502 M_UNKNOWN");
    CHECK(hears(200, "[]") == "502 M_UNKNOWN");
    CHECK(hears(200, "{}") == "502 M_UNKNOWN");
}

TEST_CASE("what is read of a room, and what of none") {
    SharedRoom shared;
    auto& [world, anna, ben, room] = shared;
    const auto ask = [&](Method method, std::string what, std::string body = {}) {
        return read(world.ask("haven.test", "hearth.test", method, fmt::format("{}{}", v1, what), std::move(body)));
    };
    const auto get = [&](std::string what) { return ask(Method::get, std::move(what)); };
    const auto first = anna.say(room, "One"), second = anna.say(room, "Two"), third = anna.say(room, "Three");
    world.settle();
    const auto here = segment(room);
    const auto closed = segment(anna.create_room(R"({"preset":"private_chat"})"));

    const auto event = get("event/" + segment(second));
    REQUIRE(event == "200");
    CHECK(event.at("/origin") == "hearth.test");
    CHECK(event["/pdus"].as_array().size() == 1);
    CHECK(event.at("/pdus/0/content/body") == "Two");
    CHECK(get("event/" + segment("$nothing")) == "404 M_NOT_FOUND");

    const auto history = get(fmt::format("backfill/{}?v={}&limit=2", here, segment(second)));
    REQUIRE(history == "200");
    REQUIRE(history["/pdus"].as_array().size() == 2);
    std::string said;
    for (const auto& pdu : history["/pdus"].as_array())
        said += std::string(schema::string_at(pdu.as_object().at("content").as_object(), "body").value_or("?")) + " ";
    CHECK(said == "Two One ");
    CHECK(get(fmt::format("backfill/{}?limit=2", here)) == "400 M_MISSING_PARAM");
    CHECK(get(fmt::format("backfill/{}?v={}&limit=ten", here, segment(second))) == "400 M_INVALID_PARAM");
    CHECK(get(fmt::format("backfill/{}?v={}&limit=2", closed, segment(second))) == "403 M_FORBIDDEN");

    const auto missing = ask(Method::post, "get_missing_events/" + here,
                             fmt::format(R"({{"earliest_events":["{}"],"latest_events":["{}"]}})", first, third));
    REQUIRE(missing == "200");
    REQUIRE(missing["/events"].as_array().size() == 1);
    CHECK(missing.at("/events/0/content/body") == "Two");
    const auto two = ask(Method::post, "get_missing_events/" + here,
                         fmt::format(R"({{"earliest_events":[],"latest_events":["{}"],"limit":2,"min_depth":0}})", third));
    REQUIRE(two["/events"].as_array().size() == 2);
    CHECK(two.at("/events/1/content/body") == "Two");

    const auto ids = get(fmt::format("state_ids/{}?event_id={}", here, segment(second)));
    const auto state = get(fmt::format("state/{}?event_id={}", here, segment(second)));
    REQUIRE(ids == "200");
    REQUIRE(state == "200");
    CHECK(ids["/pdu_ids"].as_array().size() == state["/pdus"].as_array().size());
    CHECK(ids["/auth_chain_ids"].as_array().size() == state["/auth_chain"].as_array().size());
    for (const auto* what : {"state", "state_ids"}) {
        CHECK(get(fmt::format("{}/{}", what, here)) == "400 M_MISSING_PARAM");
        CHECK(get(fmt::format("{}/{}?event_id=%24nothing", what, here)) == "404 M_NOT_FOUND");
        CHECK(get(fmt::format("{}/{}?event_id=%24nothing", what, closed)) == "403 M_FORBIDDEN");
    }
    const auto chain = get(fmt::format("event_auth/{}/{}", here, segment(second)));
    REQUIRE(chain == "200");
    CHECK(chain["/auth_chain"].as_array().size() == 2);  // Version 12 does not cite how the room began.
    CHECK(get(fmt::format("event_auth/{}/%24nothing", here)) == "404 M_NOT_FOUND");
    CHECK(get(fmt::format("event_auth/{}/{}", closed, segment(second))) == "403 M_FORBIDDEN");

    const auto at = get(fmt::format("timestamp_to_event/{}?ts=0&dir=f", here));
    REQUIRE(at == "200");
    CHECK(at.has("/event_id"));
    CHECK(get(fmt::format("timestamp_to_event/{}?dir=f", here)) == "400 M_MISSING_PARAM");
    CHECK(get(fmt::format("timestamp_to_event/{}?ts=0&dir=b", here)) == "404 M_NOT_FOUND");
}

TEST_CASE_FIXTURE(TwoServersByHand, "what is asked of people, aliases and rooms") {
    const auto room = anna.create_room(R"({"preset":"public_chat","visibility":"public","room_alias_name":"evening"})");
    CHECK(get("query/profile?user_id=" + segment(anna.id)) == "200");
    CHECK(get("query/profile?user_id=%40nobody:hearth.test") == "404 M_NOT_FOUND");
    CHECK(get("query/profile") == "400 M_MISSING_PARAM");
    CHECK(get("query/profile?user_id=nonsense") == "400 M_INVALID_PARAM");
    CHECK(get("query/directory?room_alias=%23evening:hearth.test").at("/room_id") == room);
    CHECK(get("query/directory?room_alias=%23morning:hearth.test") == "404 M_NOT_FOUND");
    CHECK(get("query/directory") == "400 M_MISSING_PARAM");
    CHECK(get("publicRooms?limit=0").at("/chunk/0/room_id") == room);
    CHECK(get("publicRooms").at("/chunk/0/canonical_alias") == "#evening:hearth.test");
    CHECK(post("publicRooms", "{}").at("/chunk/0/room_id") == room);
    CHECK(get("user/devices/" + segment(anna.id)).at("/user_id") == anna.id);
    CHECK(get("user/devices/%40nobody:hearth.test") == "404 M_NOT_FOUND");
    CHECK(post("user/keys/query", fmt::format(R"({{"device_keys":{{"{}":[]}}}})", anna.id)) == "200");
    CHECK(post("user/keys/claim", fmt::format(R"({{"one_time_keys":{{"{}":{{"X":"signed_curve25519"}}}}}})", anna.id)) == "200");
    CHECK(get("openid/userinfo") == "401 M_MISSING_TOKEN");
    CHECK(get("openid/userinfo?access_token=none") == "401 M_UNKNOWN_TOKEN");
    CHECK(get("media/download/none") == "404 M_NOT_FOUND");
    CHECK(get("media/thumbnail/none?width=1&height=1") == "404 M_NOT_FOUND");
    CHECK(get("version").has("/server/name"));
    CHECK(get("hierarchy/" + segment(room)).at("/room/room_id") == room);
    CHECK(get("hierarchy/%21nowhere:hearth.test") == "404 M_NOT_FOUND");
    CHECK(ask(Method::get, "/_matrix/key/v2/server/ed25519:of_h").at("/server_name") == "hearth.test");
    CHECK(ask(Method::get, "/_matrix/key/v2/query/haven.test").has("/server_keys/0/signatures/hearth.test"));
    CHECK(ask(Method::get, "/_matrix/key/v2/query/haven.test/ed25519:of_n").has("/server_keys/0/signatures/hearth.test"));
    CHECK(ask(Method::get, "/_matrix/key/v2/query/gone.test").at("/server_keys") == "[]");
    const auto keys = ask(Method::post, "/_matrix/key/v2/query",
                          R"({"server_keys":{"haven.test":{},"hearth.test":{"ed25519:of_h":{"minimum_valid_until_ts":1}}}})");
    CHECK(keys["/server_keys"].as_array().size() == 2);
    CHECK(ask(Method::post, "/_matrix/key/v2/query", R"({"server_keys":{}})").at("/server_keys") == "[]");
}

TEST_CASE("a server that is shut out is shut out everywhere") {
    SharedRoom shared;
    auto& [world, anna, ben, room] = shared;
    const auto said = anna.say(room, "Before");
    world.settle();
    REQUIRE(anna.set_state(room, "m.room.server_acl", R"({"allow":["*"],"deny":["HAVEN.*"]})") == "200");
    const auto here = segment(room), event = segment(said), him = segment(ben.id);
    const auto check = [&](Method method, std::string_view prefix, const std::string& what, std::string body = {}) {
        CAPTURE(what);
        CHECK(read(world.ask("haven.test", "hearth.test", method, fmt::format("{}{}", prefix, what), std::move(body))) ==
              "403 M_FORBIDDEN");
    };
    for (const auto* make : {"make_join", "make_leave", "make_knock"})
        check(Method::get, v1, fmt::format("{}/{}/{}?ver=12", make, here, him));
    const auto leaving = shared.pdu(ben, "m.room.member", R"({"membership":"leave"})", ben.id);
    for (const auto& [prefix, what] : {std::pair(v1, "send_join"), std::pair(v2, "send_join"), std::pair(v1, "send_leave"),
                                       std::pair(v2, "send_leave"), std::pair(v1, "send_knock")})
        check(Method::put, prefix, fmt::format("{}/{}/{}", what, here, segment(leaving->id.str())), leaving->json);
    const auto inviting = shared.pdu(ben, "m.room.member", R"({"membership":"invite"})", world.person("hearth.test", "carl").id);
    check(Method::put, v1, fmt::format("invite/{}/{}", here, segment(inviting->id.str())), inviting->json);
    const schema::JsonObject body{{"event", schema::parse_json(inviting->json)}, {"room_version", "12"}};
    check(Method::put, v2, fmt::format("invite/{}/{}", here, segment(inviting->id.str())), schema::canonical_json(body));
    for (const auto* what : {"state", "state_ids"}) check(Method::get, v1, fmt::format("{}/{}?event_id={}", what, here, event));
    check(Method::get, v1, fmt::format("backfill/{}?v={}&limit=1", here, event));
    check(Method::get, v1, fmt::format("event_auth/{}/{}", here, event));
    check(Method::post, v1, fmt::format("get_missing_events/{}", here),
          fmt::format(R"({{"earliest_events":[],"latest_events":["{}"]}})", said));
    const auto late = shared.pdu(ben, "m.room.message", R"({"msgtype":"m.text","body":"Let me in"})");
    const auto answers = shared.deliver("hearth.test", {late});
    REQUIRE(answers.size() == 1);
    CHECK(answers.front() != "");
}

TEST_CASE("an event that failed softly is told to whoever asks for it") {
    // Ben is banned, and writes as if he had not heard of it: hearth takes the event, and shows it to nobody.
    SharedRoom shared;
    auto& [world, anna, ben, room] = shared;
    auto bea = world.person("haven.test", "bea");
    REQUIRE(bea.join(room) == "200");
    world.settle();
    const auto evading = shared.pdu(ben, "m.room.message", R"({"msgtype":"m.text","body":"Still here"})");
    const auto after = [&](const schema::EventPtr& event) {
        return shared.pdu(bea, "m.room.message", R"({"msgtype":"m.text","body":"What did he say?"})", std::nullopt,
                          [&](schema::JsonObject& object) { object["prev_events"].as_array().emplace_back(event->id.str()); });
    };
    REQUIRE(anna.post(fmt::format("/rooms/{}/ban", segment(room)), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
    REQUIRE(shared.deliver("hearth.test", {evading}) == std::vector<std::string>{""});
    world.settle();
    CHECK(anna.sees(room).find("Still here") == std::string::npos);
    const auto ask = [&](Method method, std::string what, std::string body = {}) {
        return read(world.ask("haven.test", "hearth.test", method, fmt::format("{}{}", v1, what), std::move(body)));
    };
    CHECK(ask(Method::get, "event/" + segment(evading->id.str())).at("/pdus/0/content/body") == "Still here");

    const auto citing = after(evading);
    REQUIRE(shared.deliver("hearth.test", {citing}) == std::vector<std::string>{""});
    world.settle();
    const auto missing = ask(Method::post, "get_missing_events/" + segment(room),
                             fmt::format(R"({{"earliest_events":[],"latest_events":["{}"],"limit":5}})", citing->id.str()));
    REQUIRE(missing == "200");
    bool told = false;
    for (const auto& event : missing["/events"].as_array())
        told = told || schema::string_at(event.as_object().at("content").as_object(), "body") == "Still here";
    CHECK(told);
}
