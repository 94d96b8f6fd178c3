// A server that says no more than it must: the other side of every handshake made by hand, with nothing in its answers that
// the specification does not require. Whatever else ours could wish for, it must live without.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "federation/server_keys.hpp"
#include "federation/x_matrix.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;
using net::Method;
using schema::EventPtr;
using schema::JsonArray;
using schema::JsonObject;

namespace {

constexpr auto its_name = "modest.test", its_user = "@dora:modest.test";

/// A room on that server: one branch, events as they come.
struct ModestRoom {
    const schema::RoomRules& rules;
    schema::SigningKey key{"of_m", std::string(32, 'm')};
    std::string id;
    std::vector<EventPtr> events;
    std::map<std::pair<std::string, std::string>, EventPtr> state;

    explicit ModestRoom(const schema::RoomRules& by, std::string_view join_rule = "public") : rules(by) {
        id = fmt::format("!room{}:modest.test", rules.version);
        JsonObject creation{{"room_version", rules.version}};
        if (!rules.implicit_room_creator) creation["creator"] = its_user;
        const auto create = add(make("m.room.create", its_user, "", std::move(creation)));
        if (rules.room_id_is_create_hash) id = create->room.str();
        add(make("m.room.member", its_user, its_user, {{"membership", "join"}}));
        JsonObject powers;
        if (!rules.creators_have_infinite_power) powers["users"] = JsonObject{{its_user, 100}};
        add(make("m.room.power_levels", its_user, "", std::move(powers)));
        add(make("m.room.join_rules", its_user, "", {{"join_rule", join_rule}}));
    }

    /// Somebody else's room, as it was told of in the answer to send_join, and the way in.
    ModestRoom(const schema::RoomRules& by, std::string its_id, const JsonArray& told) : rules(by), id(std::move(its_id)) {
        for (const auto& event : told) add(schema::parse_event(event.as_object(), rules));
    }

    EventPtr add(EventPtr event) {
        events.push_back(event);
        if (event->state_key) state[{event->type, *event->state_key}] = event;
        return event;
    }
    EventPtr say(std::string_view text) {
        return add(make("m.room.message", its_user, std::nullopt, {{"msgtype", "m.text"}, {"body", text}}));
    }
    /// What somebody may build upon: not signed, nothing in it that need not be.
    JsonObject draft(std::string type, std::string sender, std::optional<std::string> state_key, JsonObject content) {
        JsonObject event{{"type", type},
                         {"sender", sender},
                         {"content", content},
                         {"depth", static_cast<std::int64_t>(events.size()) + 1},
                         {"origin_server_ts", 1'700'000'000'000 + static_cast<std::int64_t>(events.size())}};
        if (state_key) event["state_key"] = *state_key;
        if (type != "m.room.create" || !rules.room_id_is_create_hash) event["room_id"] = id;
        JsonArray before, by;
        if (!events.empty()) before.push_back(reference(*events.back()));
        const auto cite = [&](std::string_view cited, std::string_view whom) {
            if (const auto found = state.find({std::string(cited), std::string(whom)}); found != state.end())
                by.push_back(reference(*found->second));
        };
        if (type != "m.room.create" && !rules.room_id_is_create_hash) cite("m.room.create", "");
        cite("m.room.power_levels", "");
        cite("m.room.member", sender);
        if (type == "m.room.member" && state_key && *state_key != sender) cite("m.room.member", *state_key);
        const auto membership = schema::string_at(content, "membership");
        if (membership == "join" || membership == "invite" || membership == "knock") cite("m.room.join_rules", "");
        event["prev_events"] = std::move(before);
        event["auth_events"] = std::move(by);
        return event;
    }
    EventPtr make(std::string type, std::string sender, std::optional<std::string> state_key, JsonObject content) {
        auto event = draft(std::move(type), std::move(sender), std::move(state_key), std::move(content));
        if (rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen)
            event["event_id"] = fmt::format("$e{}v{}:modest.test", events.size(), rules.version);
        return schema::seal_event(std::move(event), rules, its_name, key);
    }

private:
    schema::Json reference(const schema::Event& event) const {
        if (rules.event_ids != schema::RoomRules::EventIdForm::sender_chosen) return schema::Json(event.id.str());
        return JsonArray{event.id.str(), JsonObject{{"sha256", schema::base64(schema::reference_hash(event.object, rules))}}};
    }
};

JsonArray parsed(const std::vector<EventPtr>& events) {
    JsonArray array;
    for (const auto& event : events) array.push_back(schema::parse_json(event->json));
    return array;
}

/// Haven, whose Ben deals with the modest server and its one room.
struct Modest {
    TwoServers world;
    Neighbour ben = world.person("haven.test", "ben");
    std::unique_ptr<ModestRoom> room;
    bool has_lost_track = false;        ///< It no longer knows what came before its events.
    std::vector<std::string> asked, unexpected;
    std::vector<std::string> received;  ///< What haven's users said in the room, and what came of them: "hello", "leave"

    Modest() {
        world.link().tamper = [this](const std::string& to,
                                     federation::LinkRequest& request) -> std::optional<federation::LinkAnswer> {
            if (to != its_name) return std::nullopt;
            return answer(request);
        };
    }
    ~Modest() { world.link().tamper = nullptr; }

    federation::LinkAnswer answer(const federation::LinkRequest& request) {
        const auto is = [&](std::string_view what) { return request.target.find(fmt::format("/{}/", what)) != std::string::npos; };
        const auto ok = [](const schema::Json& body) { return federation::LinkAnswer{200, schema::to_text(body)}; };
        if (request.target.starts_with("/_matrix/key/v2/server"))
            return {200, federation::write_server_keys(its_name, room->key, {}, world.server("haven.test").now_ms() + 3'600'000)};
        asked.push_back(request.target);
        for (const auto& [make, membership] :
             std::map<std::string, std::string>{{"make_join", "join"}, {"make_leave", "leave"}, {"make_knock", "knock"}})
            if (is(make)) {
                auto event = room->draft("m.room.member", ben.id, ben.id, {{"membership", membership}});
                event["origin"] = its_name;
                JsonObject body{{"event", std::move(event)}};
                // "If not provided, the room version is assumed to be either 1 or 2."
                if (room->rules.version != "1") body["room_version"] = room->rules.version;
                return ok(std::move(body));
            }
        if (is("send_join")) {
            std::vector<EventPtr> before;
            for (const auto& [key, event] : room->state) before.push_back(event);
            room->add(schema::parse_event(request.body, room->rules));
            return ok(JsonObject{{"auth_chain", parsed(before)}, {"state", parsed(before)}});
        }
        if (is("send_leave")) {
            room->add(schema::parse_event(request.body, room->rules));
            received.emplace_back("leave");
            return ok(JsonObject());
        }
        if (is("send_knock")) {
            room->add(schema::parse_event(request.body, room->rules));
            return ok(JsonObject{{"knock_room_state", JsonArray()}});
        }
        if (is("send")) {
            const auto body = schema::parse_json(request.body);
            for (const auto& pdu : body.at("pdus").as_array()) {
                const auto event = room->add(schema::parse_event(pdu.as_object(), room->rules));
                const auto word = schema::string_at(event->content(), event->state_key ? "membership" : "body");
                received.emplace_back(word.value_or(event->type));
            }
            return ok(JsonObject{{"pdus", JsonObject()}});
        }
        if (is("backfill")) {
            std::vector<EventPtr> back(room->events.rbegin(), room->events.rend());
            return ok(JsonObject{{"origin", its_name}, {"origin_server_ts", 1}, {"pdus", parsed(back)}});
        }
        if (is("get_missing_events")) {
            const auto told = has_lost_track ? std::vector<EventPtr>{} : room->events;
            return ok(JsonObject{{"events", parsed(told)}});
        }
        if (is("state_ids")) {
            JsonArray ids;
            for (const auto& [key, event] : room->state) ids.emplace_back(event->id.str());
            return ok(JsonObject{{"auth_chain_ids", ids}, {"pdu_ids", ids}});
        }
        if (is("event"))
            for (const auto& event : room->events)
                if (request.target.ends_with(net::percent_encode(event->id.str())))
                    return ok(JsonObject{{"origin", its_name}, {"origin_server_ts", 1}, {"pdus", parsed({event})}});
        unexpected.push_back(request.target);
        return {404, R"({"errcode":"M_UNRECOGNIZED","error":"Unknown"})"};
    }

    Answer asks(Method method, std::string target, const JsonObject& body) {
        const auto text = method == Method::get ? "" : schema::canonical_json(body, schema::Numbers::any);
        federation::LinkRequest request{.method = method, .target = std::move(target), .body = text};
        request.authorization =
            federation::authorization(net::to_string(method), request.target, its_name, "haven.test", request.body, room->key);
        const auto answered = world.server("haven.test")
                                  .runtime()
                                  .wait(world.link().carry(schema::ServerName::parse("haven.test").value(), std::move(request)));
        Answer read{.status = answered.status};
        read.json = schema::parse_json(answered.body);
        world.settle();
        return read;
    }
    /// A transaction with nothing in it that need not be.
    Answer sends(const std::vector<EventPtr>& events) {
        return asks(Method::put, fmt::format("/_matrix/federation/v1/send/{}", ++txns_),
                    {{"origin", its_name}, {"origin_server_ts", 1}, {"pdus", parsed(events)}});
    }
    std::string membership() {
        const auto found = room->state.find({"m.room.member", ben.id});
        if (found == room->state.end()) return "nothing";
        return std::string(schema::string_at(found->second->content(), "membership").value_or("?"));
    }

private:
    int txns_ = 0;
};

/// In which section of a first /sync the room stands; "" for none.
std::string section(Neighbour& person, const std::string& room) {
    const auto seen = person.get("/sync");
    REQUIRE(seen == "200");
    for (const auto* name : {"join", "invite", "knock", "leave"})
        if (seen.has(fmt::format("/rooms/{}/{}", name, room))) return name;
    return "";
}

}  // namespace

TEST_CASE_FIXTURE(Modest, "in a room of a modest server, whatever its version") {
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        room = std::make_unique<ModestRoom>(rules);
        room->say("Before Ben");
        REQUIRE(ben.join(room->id, its_name) == "200");
        CHECK(membership() == "join");
        CHECK(section(ben, room->id) == "join");

        ben.say(room->id, "Good evening");
        world.settle();
        REQUIRE(received == std::vector<std::string>{"Good evening"});
        const auto answer = room->say("Good evening, Ben");
        const auto taken = sends({answer});
        REQUIRE(taken == "200");
        CHECK(taken["/pdus"].as_object().contains(answer->id.str()));
        CHECK(ben.sees(room->id).ends_with("ben: Good evening, dora: Good evening, Ben"));

        // What it forgot to send is asked for, as what was before Ben came.
        room->say("A thought");
        REQUIRE(sends({room->say("And another")}) == "200");
        CHECK(ben.sees(room->id).ends_with("dora: A thought, dora: And another"));
        REQUIRE(ben.get(fmt::format("/rooms/{}/messages?dir=b&limit=50", segment(room->id))) == "200");
        CHECK(ben.sees(room->id).find("dora: Before Ben") != std::string::npos);

        // Who types and who has read, with no word too many.
        asks(Method::put, fmt::format("/_matrix/federation/v1/send/t{}", rules.version),
             {{"origin", its_name},
              {"origin_server_ts", 1},
              {"pdus", JsonArray()},
              {"edus",
               JsonArray{JsonObject{
                   {"edu_type", "m.receipt"},
                   {"content",
                    {{room->id,
                      {{"m.read",
                        {{its_user, {{"data", JsonObject{{"ts", 1}}}, {"event_ids", JsonArray{answer->id.str()}}}}}}}}}}}}}});
        CHECK(schema::to_text(ben.get("/sync").json).find(fmt::format(R"("m.read":{{"{}")", its_user)) != std::string::npos);

        REQUIRE(ben.leave(room->id) == "200");
        world.settle();
        CHECK(received.back() == "leave");
        CHECK(membership() == "leave");
        received.clear();
    }
    CHECK(unexpected.empty());
}

TEST_CASE_FIXTURE(Modest, "a gap that the modest server cannot fill: it tells the state above it") {
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        has_lost_track = true;
        asked.clear();
        room = std::make_unique<ModestRoom>(rules);
        REQUIRE(ben.join(room->id, its_name) == "200");
        room->say("Nobody will ever read this");
        room->add(room->make("m.room.topic", its_user, "", {{"topic", "Tea"}}));
        REQUIRE(sends({room->say("I was away")}) == "200");
        CHECK(schema::to_text(ben.get("/sync").json).find("I was away") != std::string::npos);
        CHECK(ben.get(fmt::format("/rooms/{}/state/m.room.topic", segment(room->id))).at("/topic") == "Tea");
        CHECK(std::ranges::any_of(asked, [](const auto& target) { return target.find("/state_ids/") != target.npos; }));
        CHECK(std::ranges::any_of(asked, [](const auto& target) { return target.find("/event/") != target.npos; }));
    }
    CHECK(unexpected.empty());
}

TEST_CASE_FIXTURE(Modest, "a modest server's user in our room, whatever its version") {
    auto bea = world.person("haven.test", "bea");
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        const auto id = ben.create_room(fmt::format(R"({{"preset":"public_chat","room_version":"{}"}})", rules.version));
        const auto here = segment(id);
        room = std::make_unique<ModestRoom>(rules, id, JsonArray());
        const auto offer = asks(
            Method::get, fmt::format("/_matrix/federation/v1/make_join/{}/{}?ver={}", here, segment(its_user), rules.version), {});
        REQUIRE(offer == "200");
        auto event = offer["/event"].as_object();
        if (rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen)
            event["event_id"] = "$in" + id.substr(1, 5) + ":modest.test";
        event["origin"] = its_name;
        const auto join = schema::seal_event(std::move(event), rules, its_name, room->key);
        const auto joined = asks(Method::put, fmt::format("/_matrix/federation/v2/send_join/{}/{}", here, segment(join->id.str())),
                                 schema::parse_json(join->json).as_object());
        REQUIRE(joined == "200");
        room = std::make_unique<ModestRoom>(rules, id, joined["/state"].as_array());
        room->add(join);
        CHECK(section(ben, id) == "join");

        ben.say(id, "Welcome");
        world.settle();
        CHECK(received == std::vector<std::string>{"Welcome"});
        REQUIRE(sends({room->say("Thank you")}) == "200");
        CHECK(ben.sees(id).ends_with("+dora, ben: Welcome, dora: Thank you"));
        REQUIRE(ben.set_state(id, "m.room.topic", R"({"topic":"Tea"})") == "200");
        world.settle();

        // Dora brings in Ben's neighbour: the invitation comes by hand, and once more as an event of the room.
        const auto invitation = room->make("m.room.member", its_user, bea.id, {{"membership", "invite"}});
        const JsonObject body{{"event", schema::parse_json(invitation->json)},
                              {"room_version", rules.version},
                              {"invite_room_state", parsed({room->state.at({"m.room.create", ""})})}};
        const auto answered =
            asks(Method::put, fmt::format("/_matrix/federation/v2/invite/{}/{}", here, segment(invitation->id.str())), body);
        REQUIRE(answered == "200");
        REQUIRE(sends({room->add(schema::parse_event(answered["/event"].as_object(), rules))}) == "200");
        CHECK(section(bea, id) == "invite");
        REQUIRE(bea.join(id) == "200");
        world.settle();
        CHECK(received.back() == "join");

        REQUIRE(sends({room->add(room->make("m.room.member", its_user, its_user, {{"membership", "leave"}}))}) == "200");
        CHECK(ben.sees(id).ends_with("+bea, -dora"));
        const auto after = ben.say(id, "She is gone");
        CHECK(asks(Method::get, fmt::format("/_matrix/federation/v1/state_ids/{}?event_id={}", here, segment(after)), {}) ==
              "403 M_FORBIDDEN");
        world.settle();
        CHECK(received.back() == "join");  // She is not told any more.
        received.clear();
    }
    CHECK(unexpected.empty());
}

TEST_CASE_FIXTURE(Modest, "invited by a modest server, whatever the room's version") {
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        room = std::make_unique<ModestRoom>(rules, "invite");
        const auto invite = [&] {
            const auto event = room->make("m.room.member", its_user, ben.id, {{"membership", "invite"}});
            auto object = schema::parse_json(event->json).as_object();
            JsonObject body{{"event", object}, {"room_version", rules.version}};
            // From version 12 on the create event must be there.
            if (rules.room_id_is_create_hash) body["invite_room_state"] = parsed({room->events.front()});
            const auto answered = asks(
                Method::put, fmt::format("/_matrix/federation/v2/invite/{}/{}", segment(room->id), segment(event->id.str())), body);
            REQUIRE(answered == "200");
            REQUIRE(answered.has("/event/signatures/haven.test"));
            room->add(schema::parse_event(answered["/event"].as_object(), rules));
        };
        invite();
        CHECK(section(ben, room->id) == "invite");
        REQUIRE(ben.leave(room->id) == "200");
        CHECK(received == std::vector<std::string>{"leave"});
        CHECK(membership() == "leave");
        CHECK(section(ben, room->id) == "");

        invite();
        REQUIRE(sends({room->add(room->make("m.room.member", its_user, ben.id, {{"membership", "leave"}}))}) == "200");
        CHECK(section(ben, room->id) == "");

        invite();
        CHECK(section(ben, room->id) == "invite");
        REQUIRE(ben.join(room->id) == "200");
        CHECK(membership() == "join");
        CHECK(section(ben, room->id) == "join");
        REQUIRE(sends({room->add(room->make("m.room.member", its_user, ben.id, {{"membership", "ban"}}))}) == "200");
        CHECK(section(ben, room->id) == "");
        received.clear();
    }
    CHECK(unexpected.empty());
}

TEST_CASE_FIXTURE(Modest, "knocking at a modest server's door") {
    for (const auto& rules : schema::all_room_rules()) {
        if (!rules.knocking) continue;
        CAPTURE(rules.version);
        room = std::make_unique<ModestRoom>(rules, "knock");
        REQUIRE(ben.post(fmt::format("/knock/{}?via={}", segment(room->id), its_name)) == "200");
        CHECK(membership() == "knock");
        CHECK(section(ben, room->id) == "knock");
        REQUIRE(ben.leave(room->id) == "200");
        CHECK(membership() == "leave");
        CHECK(section(ben, room->id) == "");
    }
    CHECK(unexpected.empty());
}
