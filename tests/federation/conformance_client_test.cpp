// What people and their apps see of rooms that live on another server: the clients' side of every handshake.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <set>

#include "tests/federation/shared_room.hpp"

using namespace runde;
using namespace runde::tests;
using net::Method;

namespace {

/// One app that goes on from where it was.
class App {
public:
    explicit App(Neighbour& person) : person_(person) { look(); }
    /// What is new; `wait`: until there is something.
    const Answer& look(bool wait = false) {
        seen_ = person_.get("/sync" + (since_.empty() ? "" : "?since=" + since_ + (wait ? "&timeout=30000" : "")));
        REQUIRE(seen_ == "200");
        since_ = seen_.at("/next_batch");
        return seen_;
    }
    /// In which section of what it saw last the room stands; "" when nothing was told of it.
    std::string section(const std::string& room) const {
        for (const auto* name : {"join", "invite", "knock", "leave"})
            if (entry(name, room)) return name;
        return "";
    }
    /// The stripped state of an invitation or a knock: "m.room.create, m.room.join_rules …", sorted.
    std::string stripped(const std::string& room) const {
        std::set<std::string> types;
        for (const auto& event : stripped_events(room)) types.emplace(schema::string_at(event.as_object(), "type").value());
        std::string line;
        for (const auto& type : types) line += (line.empty() ? "" : " ") + type.substr(std::string_view("m.room.").size());
        return line;
    }
    schema::JsonArray stripped_events(const std::string& room) const {
        for (const auto* name : {"invite", "knock"})
            if (const auto* found = entry(name, room)) {
                const auto* state = schema::object_at(*found, std::string(name) + "_state");
                return *schema::array_at(*state, "events");
            }
        return {};
    }
    /// The newest event of this type in what was told of the room; null for none.
    schema::Json newest(const std::string& room, std::string_view type) const {
        schema::Json found;
        for (const auto* name : {"join", "leave"})
            if (const auto* told = entry(name, room))
                for (const auto* part : {"state", "timeline", "ephemeral"})
                    if (const auto* events = schema::object_at(*told, part))
                        for (const auto& event : *schema::array_at(*events, "events"))
                            if (schema::string_at(event.as_object(), "type") == type) found = event;
        return found;
    }

    /// How it ended for this person: "leave by @anna:hearth.test".
    std::string end(const std::string& room) const {
        const auto event = newest(room, "m.room.member");
        if (!event.is_object() || schema::string_at(event.as_object(), "state_key") != person_.id) return "nothing";
        return fmt::format("{} by {}", schema::string_at(event.at("content").as_object(), "membership").value_or("?"),
                           schema::string_at(event.as_object(), "sender").value());
    }

private:
    const schema::JsonObject* entry(std::string_view name, const std::string& room) const {
        const auto* rooms = schema::object_at(seen_.json.as_object(), "rooms");
        const auto* part = rooms ? schema::object_at(*rooms, name) : nullptr;
        return part ? schema::object_at(*part, room) : nullptr;
    }
    Neighbour& person_;
    std::string since_;
    Answer seen_;
};

Answer act(Neighbour& person, std::string_view act, const std::string& room, const Person& whom) {
    return person.post(fmt::format("/rooms/{}/{}", segment(room), act), fmt::format(R"({{"user_id":"{}"}})", whom.id));
}

std::string membership(Neighbour& person, const std::string& room, const Person& whose) {
    const auto answer = person.get(fmt::format("/rooms/{}/state/m.room.member/{}", segment(room), segment(whose.id)));
    return answer.status == 200 ? answer.at("/membership") : answer.summary();
}

Answer knock(Neighbour& person, const std::string& room) {
    return person.post(fmt::format("/knock/{}?via=hearth.test", segment(room)), R"({"reason":"Please"})");
}

std::string with_rules(std::string_view version, std::string_view join_rules, std::string_view more = "") {
    return fmt::format(
        R"({{"preset":"private_chat","name":"Evening","room_version":"{}"{},"initial_state":[{{"type":"m.room.join_rules","state_key":"","content":{}}}]}})",
        version, more, join_rules);
}

struct TwoPeople {
    TwoServers world;
    Neighbour anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
};

}  // namespace

TEST_CASE_FIXTURE(TwoPeople, "an app sees an invitation come and go, in every room version") {
    App bens(ben);
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        const auto room =
            anna.create_room(fmt::format(R"({{"preset":"private_chat","name":"Evening","room_version":"{}"}})", rules.version));
        REQUIRE(anna.invite(room, ben) == "200");
        bens.look();
        CHECK(bens.section(room) == "invite");
        CHECK(bens.stripped(room) == "create join_rules member name");

        // Declined: the app hears that the room is gone, the inviter that nobody comes.
        REQUIRE(ben.leave(room) == "200");
        bens.look();
        CHECK(bens.section(room) == "leave");
        CHECK(bens.end(room) == "leave by @ben:haven.test");
        world.settle();
        CHECK(membership(anna, room, ben) == "leave");

        // Taken back.
        REQUIRE(anna.invite(room, ben) == "200");
        bens.look();
        CHECK(bens.section(room) == "invite");
        REQUIRE(act(anna, "kick", room, ben) == "200");
        world.settle();
        bens.look();
        CHECK(bens.section(room) == "leave");
        CHECK(bens.end(room) == "leave by @anna:hearth.test");
        CHECK(ben.join(room, "hearth.test") == "403 M_FORBIDDEN");

        // Accepted.
        REQUIRE(anna.invite(room, ben) == "200");
        bens.look();
        REQUIRE(ben.join(room) == "200");
        bens.look();
        CHECK(bens.section(room) == "join");
        ben.say(room, "Good evening");
        world.settle();
        CHECK(anna.sees(room).ends_with("+ben, ben: Good evening"));

        // Sent away, and not let in again.
        REQUIRE(act(anna, "ban", room, ben) == "200");
        world.settle();
        bens.look();
        CHECK(bens.section(room) == "leave");
        CHECK(bens.end(room) == "ban by @anna:hearth.test");
        CHECK(ben.join(room, "hearth.test") == "403 M_FORBIDDEN");
        CHECK(act(anna, "invite", room, ben) == "403 M_FORBIDDEN");
        REQUIRE(act(anna, "unban", room, ben) == "200");
        REQUIRE(anna.invite(room, ben) == "200");
        bens.look();
        CHECK(bens.section(room) == "invite");
        REQUIRE(ben.join(room) == "200");
        CHECK(membership(anna, room, ben) == "join");
    }
}

TEST_CASE_FIXTURE(TwoPeople, "an app sees a knock come and go, in every room version that knows knocking") {
    App bens(ben);
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        if (!rules.knocking) continue;
        const auto room = anna.create_room(with_rules(rules.version, R"({"join_rule":"knock"})"));
        REQUIRE(knock(ben, room) == "200");
        bens.look();
        CHECK(bens.section(room) == "knock");
        CHECK(bens.stripped(room) == "create join_rules member name");
        const auto seen = anna.get(fmt::format("/rooms/{}/state/m.room.member/{}", segment(room), segment(ben.id)));
        CHECK(seen.at("/membership") == "knock");
        CHECK(seen.at("/reason") == "Please");
        CHECK(ben.join(room, "hearth.test") == "403 M_FORBIDDEN");

        REQUIRE(ben.leave(room) == "200");
        bens.look();
        CHECK(bens.section(room) == "leave");
        CHECK(membership(anna, room, ben) == "leave");

        REQUIRE(knock(ben, room) == "200");
        bens.look();
        REQUIRE(act(anna, "kick", room, ben) == "200");
        world.settle();
        bens.look();
        CHECK(bens.section(room) == "leave");

        REQUIRE(knock(ben, room) == "200");
        bens.look();
        CHECK(bens.section(room) == "knock");
        REQUIRE(anna.invite(room, ben) == "200");
        bens.look();
        CHECK(bens.section(room) == "invite");
        REQUIRE(ben.join(room) == "200");
        CHECK(membership(anna, room, ben) == "join");
        REQUIRE(act(anna, "ban", room, ben) == "200");
        world.settle();
        CHECK(knock(ben, room) == "403 M_FORBIDDEN");
    }
    // Elsewhere nobody knocks.
    const auto closed = anna.create_room(R"({"preset":"private_chat","room_version":"6"})");
    CHECK(knock(ben, closed).status >= 400);
}

TEST_CASE_FIXTURE(TwoPeople, "who is invited or knocks is told all that a room shows of itself") {
    const auto room = anna.create_room(
        R"({"name":"Evening","topic":"Tea","room_alias_name":"evening","initial_state":[
            {"type":"m.room.join_rules","state_key":"","content":{"join_rule":"knock"}},
            {"type":"m.room.avatar","state_key":"","content":{"url":"mxc://hearth.test/tea"}},
            {"type":"m.room.encryption","state_key":"","content":{"algorithm":"m.megolm.v1.aes-sha2"}}]})");
    App bens(ben);
    constexpr auto all = "avatar canonical_alias create encryption join_rules member name topic";
    REQUIRE(knock(ben, room) == "200");
    bens.look();
    CHECK(bens.stripped(room) == all);
    REQUIRE(anna.put(fmt::format("/profile/{}/displayname", segment(anna.id)), R"({"displayname":"Anna of the hearth"})") == "200");
    REQUIRE(anna.invite(room, ben) == "200");
    bens.look();
    CHECK(bens.stripped(room) == all);
    // Also who invites, by name.
    bool is_named = false;
    for (const auto& event : bens.stripped_events(room))
        if (const auto* content = schema::object_at(event.as_object(), "content"))
            is_named = is_named || schema::string_at(*content, "displayname") == "Anna of the hearth";
    CHECK(is_named);
}

TEST_CASE_FIXTURE(TwoPeople, "rooms for the members of another room, in every version that knows them") {
    const auto club = anna.create_room();
    REQUIRE(ben.join(club, "hearth.test") == "200");
    auto bea = world.person("haven.test", "bea");
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        if (!rules.restricted_joins) continue;
        const auto rule = [&](std::string_view name) {
            return fmt::format(R"({{"join_rule":"{}","allow":[{{"type":"m.room_membership","room_id":"{}"}}]}})", name, club);
        };
        const auto room = anna.create_room(with_rules(rules.version, rule("restricted")));
        CHECK(bea.join(room, "hearth.test") == "403 M_FORBIDDEN");
        REQUIRE(ben.join(room, "hearth.test") == "200");
        CHECK(membership(anna, room, ben) == "join");
        CHECK(membership(ben, room, ben) == "join");
        // An invitation needs no club.
        REQUIRE(anna.invite(room, bea) == "200");
        world.settle();
        REQUIRE(bea.join(room) == "200");
        world.settle();
        CHECK(membership(anna, room, bea) == "join");
        if (!rules.knock_restricted) continue;
        const auto door = anna.create_room(with_rules(rules.version, rule("knock_restricted")));
        REQUIRE(knock(bea, door) == "200");
        CHECK(membership(anna, door, bea) == "knock");
        REQUIRE(ben.join(door, "hearth.test") == "200");
        CHECK(membership(anna, door, ben) == "join");
    }
}

TEST_CASE_FIXTURE(TwoPeople, "when the server in the room cannot tell who may come in") {
    // Nobody at hearth is in the club any more: what is so there, hearth does not know.
    const auto club = ben.create_room();
    REQUIRE(anna.join(club, "haven.test") == "200");
    const auto room = anna.create_room(with_rules(
        "12", fmt::format(R"({{"join_rule":"restricted","allow":[{{"type":"m.room_membership","room_id":"{}"}}]}})", club)));
    REQUIRE(anna.leave(club) == "200");
    world.settle();
    const auto answer = ben.join(room, "hearth.test");
    CHECK(answer == "400 M_UNABLE_TO_AUTHORISE_JOIN");
}

TEST_CASE("one server cannot tell who may come in, the next one can") {
    TwoServers world({}, TwoServers::Size::three);
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         carl = world.person("harbour.test", "carl");
    const auto club = carl.create_room();
    REQUIRE(ben.join(club, "harbour.test") == "200");
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        if (!rules.restricted_joins) continue;
        const auto room = anna.create_room(with_rules(
            rules.version,
            fmt::format(R"({{"join_rule":"restricted","allow":[{{"type":"m.room_membership","room_id":"{}"}}]}})", club)));
        REQUIRE(anna.invite(room, carl) == "200");
        REQUIRE(carl.join(room) == "200");
        world.settle();
        CHECK(ben.join(room, "hearth.test") == "400 M_UNABLE_TO_AUTHORISE_JOIN");
        REQUIRE(ben.post(fmt::format("/join/{}?via=hearth.test&via=harbour.test", segment(room))) == "200");
        world.settle();
        CHECK(membership(anna, room, ben) == "join");
        const auto seen = anna.get(fmt::format("/rooms/{}/state/m.room.member/{}", segment(room), segment(ben.id)));
        CHECK(seen.at("/join_authorised_via_users_server") == carl.id);
        ben.say(room, "Here I am");
        world.settle();
        CHECK(anna.sees(room).ends_with("ben: Here I am"));
        CHECK(carl.sees(room).ends_with("ben: Here I am"));
    }
}

TEST_CASE("an invitation and a knock that somebody of a third server ends") {
    TwoServers world({}, TwoServers::Size::three);
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         carl = world.person("harbour.test", "carl");
    const auto room = anna.create_room(with_rules("12", R"({"join_rule":"knock"})"));
    REQUIRE(anna.invite(room, carl) == "200");
    REQUIRE(carl.join(room) == "200");
    REQUIRE(anna.set_state(room, "m.room.power_levels", fmt::format(R"({{"users":{{"{}":50}}}})", carl.id)) == "200");
    world.settle();
    App bens(ben);
    const auto later = [&] {
        world.settle();
        bens.look();
        world.advance(std::chrono::seconds(4));
    };
    SUBCASE("the knock") {
        REQUIRE(knock(ben, room) == "200");
        world.settle();
        REQUIRE(act(carl, "kick", room, ben) == "200");
        later();
        bens.look(true);
        CHECK(bens.section(room) == "leave");
        CHECK(bens.end(room) == "leave by @carl:harbour.test");
    }
    SUBCASE("the invitation") {
        REQUIRE(anna.invite(room, ben) == "200");
        world.settle();
        REQUIRE(act(carl, "kick", room, ben) == "200");
        later();
        bens.look(true);
        CHECK(bens.section(room) == "leave");
    }
    SUBCASE("who only says so is not believed") {
        REQUIRE(anna.invite(room, ben) == "200");
        bens.look();
        auto claimed = schema::parse_json(R"({"type":"m.room.member","content":{"membership":"leave"},"depth":9})").as_object();
        claimed["sender"] = carl.id;
        claimed["state_key"] = ben.id;
        claimed["room_id"] = room;
        claimed["origin_server_ts"] = world.server("hearth.test").now_ms();
        claimed["prev_events"] = claimed["auth_events"] = schema::JsonArray{"$somewhere"};
        const auto event = schema::seal_event(std::move(claimed), *schema::find_room_rules("12"), "harbour.test",
                                              world.server("harbour.test").wiring().identity.key);
        const auto answer =
            world.ask("harbour.test", "haven.test", Method::put, "/_matrix/federation/v1/send/claim",
                      fmt::format(R"({{"edus":[],"origin":"harbour.test","origin_server_ts":1,"pdus":[{}]}})", event->json));
        CHECK(answer.status == 200);
        later();
        world.settle();
        CHECK(ben.get("/sync").has("/rooms/invite/" + room));
        REQUIRE(ben.join(room) == "200");
    }
}

TEST_CASE_FIXTURE(TwoPeople, "an invitation into a room that has emptied meanwhile") {
    App bens(ben);
    const auto room = anna.create_room(R"({"preset":"private_chat"})");
    REQUIRE(anna.invite(room, ben) == "200");
    REQUIRE(anna.leave(room) == "200");
    bens.look();
    CHECK(bens.section(room) == "invite");
    REQUIRE(ben.leave(room) == "200");
    bens.look();
    CHECK(bens.section(room) == "leave");
    REQUIRE(ben.post(fmt::format("/rooms/{}/forget", segment(room))) == "200");
}

TEST_CASE_FIXTURE(TwoPeople, "who leaves types no more") {
    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    App annas(anna);
    REQUIRE(ben.put(fmt::format("/rooms/{}/typing/{}", segment(room), segment(ben.id)), R"({"typing":true,"timeout":20000})") ==
            "200");
    world.settle();
    annas.look();
    REQUIRE(annas.newest(room, "m.typing").at("content").at("user_ids").as_array().size() == 1);
    REQUIRE(ben.leave(room) == "200");
    world.settle();
    annas.look();
    CHECK(annas.newest(room, "m.typing").at("content").at("user_ids").as_array().empty());
}

TEST_CASE_FIXTURE(TwoPeople, "an alias of another server") {
    const auto room = anna.create_room(R"({"preset":"public_chat","room_alias_name":"evening"})");
    const auto found = ben.get("/directory/room/%23evening:hearth.test");
    REQUIRE(found == "200");
    CHECK(found.at("/room_id") == room);
    CHECK(found.at("/servers") == R"(["hearth.test"])");
    CHECK(ben.get("/directory/room/%23morning:hearth.test") == "404 M_NOT_FOUND");
    CHECK(ben.get("/directory/room/%23evening:gone.test") == "502 M_UNKNOWN");
    REQUIRE(ben.post("/join/%23evening:hearth.test") == "200");
    CHECK(membership(anna, room, ben) == "join");
    const auto door = anna.create_room(
        R"({"room_alias_name":"door","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"knock"}}]})");
    REQUIRE(ben.post("/knock/%23door:hearth.test") == "200");
    CHECK(membership(anna, door, ben) == "knock");
}

TEST_CASE_FIXTURE(TwoPeople, "names of people on another server") {
    REQUIRE(anna.put(fmt::format("/profile/{}/displayname", segment(anna.id)), R"({"displayname":"Anna"})") == "200");
    CHECK(ben.get(fmt::format("/profile/{}", segment(anna.id))).at("/displayname") == "Anna");
    CHECK(ben.get(fmt::format("/profile/{}/displayname", segment(anna.id))).at("/displayname") == "Anna");
    CHECK(ben.get("/profile/%40nobody:hearth.test") == "404 M_NOT_FOUND");

    world.link().answered = [](const federation::LinkRequest& request, federation::LinkAnswer& answer) {
        if (request.target.find("/query/profile") != std::string::npos)
            answer.body = R"({"displayname":null,"avatar_url":"mxc://x/y"})";
    };
    CHECK(schema::to_text(ben.get(fmt::format("/profile/{}", segment(anna.id))).json) == R"({"avatar_url":"mxc://x/y"})");
    CHECK(ben.get(fmt::format("/profile/{}/displayname", segment(anna.id))) == "404 M_NOT_FOUND");
    world.link().answered = nullptr;

    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    App annas(anna), bens(ben);
    const auto name_in = [](const schema::Json& event) {
        return event.is_object() ? std::string(schema::string_at(event.at("content").as_object(), "displayname").value_or("")) : "";
    };
    REQUIRE(ben.put(fmt::format("/profile/{}/displayname", segment(ben.id)), R"({"displayname":"Ben of the haven"})") == "200");
    world.settle();
    annas.look();
    bens.look();
    CHECK(name_in(annas.newest(room, "m.room.member")) == "Ben of the haven");
    REQUIRE(anna.put(fmt::format("/profile/{}/displayname", segment(anna.id)), R"({"displayname":"Anna of the hearth"})") == "200");
    world.settle();
    bens.look();
    CHECK(name_in(bens.newest(room, "m.room.member")) == "Anna of the hearth");
}

TEST_CASE_FIXTURE(TwoPeople, "the directory of another server") {
    const auto room = anna.create_room(R"({"preset":"public_chat","visibility":"public","name":"Evening"})");
    anna.create_room(R"({"preset":"public_chat","visibility":"public","name":"Morning"})");
    anna.create_room(R"({"preset":"public_chat","name":"Not listed"})");
    const auto all = ben.get("/publicRooms?server=hearth.test");
    REQUIRE(all == "200");
    CHECK(all["/chunk"].as_array().size() == 2);
    const auto some = ben.post("/publicRooms?server=hearth.test", R"({"limit":10,"filter":{"generic_search_term":"evening"}})");
    REQUIRE(some == "200");
    REQUIRE(some["/chunk"].as_array().size() == 1);
    CHECK(some.at("/chunk/0/room_id") == room);
    CHECK(some.at("/chunk/0/num_joined_members") == "1");
    const auto page = ben.get("/publicRooms?server=hearth.test&limit=1");
    REQUIRE(page["/chunk"].as_array().size() == 1);
    const auto next = ben.get("/publicRooms?server=hearth.test&limit=1&since=" + page.at("/next_batch"));
    CHECK(next["/chunk"].as_array().size() == 1);
    CHECK(next.at("/chunk/0/room_id") != page.at("/chunk/0/room_id"));
}

TEST_CASE_FIXTURE(TwoPeople, "who types and who has read, in the apps of both") {
    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    const auto root = anna.say(room, "Tea?");
    world.settle();
    App annas(anna), bens(ben);
    REQUIRE(anna.put(fmt::format("/rooms/{}/typing/{}", segment(room), segment(anna.id)), R"({"typing":true,"timeout":20000})") ==
            "200");
    world.settle();
    bens.look();
    CHECK(schema::to_text(bens.newest(room, "m.typing")) ==
          fmt::format(R"({{"type":"m.typing","content":{{"user_ids":["{}"]}}}})", anna.id));
    REQUIRE(anna.put(fmt::format("/rooms/{}/typing/{}", segment(room), segment(anna.id)), R"({"typing":false})") == "200");
    world.settle();
    bens.look();
    CHECK(schema::to_text(bens.newest(room, "m.typing")) == R"({"type":"m.typing","content":{"user_ids":[]}})");

    const auto reply = ben.send(
        room, "m.room.message",
        fmt::format(R"({{"msgtype":"m.text","body":"Yes","m.relates_to":{{"rel_type":"m.thread","event_id":"{}"}}}})", root));
    REQUIRE(reply == "200");
    world.settle();
    annas.look();
    const auto read = [&](Neighbour& who, const std::string& event, std::string_view thread) {
        return who.post(fmt::format("/rooms/{}/receipt/m.read/{}", segment(room), segment(event)),
                        fmt::format(R"({{"thread_id":"{}"}})", thread));
    };
    REQUIRE(read(ben, root, "main") == "200");
    world.settle();
    annas.look();
    auto receipt = annas.newest(room, "m.receipt");
    REQUIRE(receipt.is_object());
    CHECK(receipt.at("content").at(root).at("m.read").at(ben.id).at("thread_id") == "main");
    REQUIRE(read(anna, reply.at("/event_id"), root) == "200");
    world.settle();
    bens.look();
    receipt = bens.newest(room, "m.receipt");
    REQUIRE(receipt.is_object());
    CHECK(receipt.at("content").at(reply.at("/event_id")).at("m.read").at(anna.id).at("thread_id") == schema::Json(root));
}

TEST_CASE("who has read what came along with it") {
    SharedRoom shared;
    auto bea = shared.world.person("haven.test", "bea");
    REQUIRE(bea.join(shared.room) == "200");
    shared.world.settle();
    App annas(shared.anna);
    // Ben writes, and Bea beside him reads it at once: one transaction tells both.
    const auto event = shared.pdu(shared.ben, "m.room.message", R"({"msgtype":"m.text","body":"Tea?"})");
    const auto receipt = fmt::format(
        R"({{"content":{{"{}":{{"m.read":{{"{}":{{"data":{{"ts":5}},"event_ids":["{}"]}}}}}}}},"edu_type":"m.receipt"}})",
        shared.room, bea.id, event->id.str());
    const auto answer = shared.world.ask(
        "haven.test", "hearth.test", Method::put, "/_matrix/federation/v1/send/both",
        fmt::format(R"({{"edus":[{}],"origin":"haven.test","origin_server_ts":1,"pdus":[{}]}})", receipt, event->json));
    REQUIRE(answer.status == 200);
    shared.world.settle();
    annas.look();
    const auto seen = annas.newest(shared.room, "m.receipt");
    REQUIRE(seen.is_object());
    CHECK(seen.at("content").at(event->id.str()).at("m.read").as_object().contains(bea.id));
}

TEST_CASE_FIXTURE(TwoPeople, "who wants no invitations gets none, from near or far") {
    auto bea = world.person("haven.test", "bea");
    const auto room = anna.create_room(R"({"preset":"private_chat"})"), beside = bea.create_room(R"({"preset":"private_chat"})");
    const auto before = bea.create_room(R"({"preset":"private_chat"})");
    REQUIRE(bea.invite(before, ben) == "200");
    const auto config = fmt::format("/user/{}/account_data/m.invite_permission_config", segment(ben.id));
    REQUIRE(ben.put(config, R"({"default_action":"block"})") == "200");
    CHECK(anna.invite(room, ben) == "403 M_INVITE_BLOCKED");
    CHECK(bea.invite(beside, ben) == "403 M_INVITE_BLOCKED");
    CHECK(bea.set_state(beside, "m.room.member", R"({"membership":"invite"})", ben.id) == "403 M_INVITE_BLOCKED");
    CHECK(bea.post("/createRoom", fmt::format(R"({{"preset":"private_chat","invite":["{}"]}})", ben.id)) == "200");
    // Not even what came before.
    App bens(ben);
    CHECK(bens.section(before) == "");
    REQUIRE(ben.put(config, "{}") == "200");
    CHECK(anna.invite(room, ben) == "200");
    CHECK(bea.invite(beside, ben) == "200");
    bens.look();
    CHECK(bens.section(room) == "invite");
    CHECK(bens.section(beside) == "invite");
}

TEST_CASE_FIXTURE(TwoPeople, "a room of one server only") {
    const auto room = anna.create_room(R"({"preset":"public_chat","creation_content":{"m.federate":false}})");
    CHECK(anna.invite(room, ben) == "403 M_FORBIDDEN");
    CHECK(ben.join(room, "hearth.test") == "403 M_FORBIDDEN");
}

TEST_CASE_FIXTURE(TwoPeople, "taking back what was said, in every room version") {
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        const auto room = anna.create_room(fmt::format(R"({{"preset":"public_chat","room_version":"{}"}})", rules.version));
        REQUIRE(ben.join(room, "hearth.test") == "200");
        const auto own = ben.say(room, "Mine"), others = anna.say(room, "Hers");
        world.settle();
        int n = 0;
        const auto redact = [&](Neighbour& who, const std::string& event) {
            return who.put(fmt::format("/rooms/{}/redact/{}/{}{}", segment(room), segment(event), rules.version, ++n),
                           R"({"reason":"No"})");
        };
        REQUIRE(redact(ben, own) == "200");
        CHECK(redact(ben, others) == "403 M_FORBIDDEN");
        world.settle();
        const auto seen = anna.get(fmt::format("/rooms/{}/event/{}", segment(room), segment(own)));
        REQUIRE(seen == "200");
        CHECK(seen.at("/content") == "{}");
        CHECK(seen.at("/unsigned/redacted_because/content/reason") == "No");
        // Who moderates may take away what others said.
        const auto another = ben.say(room, "Rude");
        world.settle();
        REQUIRE(redact(anna, another) == "200");
        world.settle();
        CHECK(ben.get(fmt::format("/rooms/{}/event/{}", segment(room), segment(another))).at("/content") == "{}");
    }
}

TEST_CASE_FIXTURE(TwoPeople, "a room moves, and its guests with it") {
    const auto old = anna.create_room(R"({"preset":"public_chat","room_version":"10","name":"Evening"})");
    REQUIRE(ben.join(old, "hearth.test") == "200");
    App bens(ben);
    const auto moved = anna.post(fmt::format("/rooms/{}/upgrade", segment(old)), R"({"new_version":"12"})");
    REQUIRE(moved == "200");
    world.settle();
    bens.look();
    const auto tombstone = bens.newest(old, "m.room.tombstone");
    REQUIRE(tombstone.is_object());
    const auto room = std::string(schema::string_at(tombstone.at("content").as_object(), "replacement_room").value());
    CHECK(room == moved.at("/replacement_room"));
    CHECK(ben.send(old, "m.room.message", R"({"msgtype":"m.text","body":"Hello?"})") == "403 M_FORBIDDEN");
    // As the app does: to where the sender of the tombstone is.
    REQUIRE(ben.join(room, "hearth.test") == "200");
    bens.look();
    CHECK(bens.section(room) == "join");
    const auto create = ben.get(fmt::format("/rooms/{}/state/m.room.create", segment(room)));
    CHECK(create.at("/predecessor/room_id") == old);
    CHECK(membership(anna, room, ben) == "join");
}

TEST_CASE_FIXTURE(TwoPeople, "while haven is in the room, hearth invites another of its people") {
    auto bea = world.person("haven.test", "bea");
    const auto room = anna.create_room(R"({"preset":"private_chat","name":"Evening"})");
    REQUIRE(anna.invite(room, ben) == "200");
    REQUIRE(ben.join(room) == "200");
    App beas(bea);
    REQUIRE(anna.invite(room, bea) == "200");
    world.settle();
    beas.look();
    CHECK(beas.section(room) == "invite");
    CHECK(beas.stripped(room) == "create join_rules member name");
    CHECK(anna.invite(room, ben) == "403 M_FORBIDDEN");

    SUBCASE("and she declines") {
        REQUIRE(bea.leave(room) == "200");
        beas.look();
        CHECK(beas.section(room) == "leave");
        world.settle();
        CHECK(membership(anna, room, bea) == "leave");
    }
    SUBCASE("and takes it back") {
        REQUIRE(act(anna, "kick", room, bea) == "200");
        world.settle();
        beas.look();
        CHECK(beas.section(room) == "leave");
    }
    SUBCASE("and she comes") {
        REQUIRE(bea.join(room) == "200");
        beas.look();
        CHECK(beas.section(room) == "join");
        world.settle();
        CHECK(membership(anna, room, bea) == "join");
    }
}

TEST_CASE_FIXTURE(TwoPeople, "away for a while, and back again") {
    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    App bens(ben);
    REQUIRE(ben.leave(room) == "200");
    world.settle();
    bens.look();
    CHECK(bens.section(room) == "leave");
    for (int i = 0; i < 30; ++i) anna.say(room, fmt::format("Line {}", i));
    REQUIRE(anna.set_state(room, "m.room.topic", R"({"topic":"Missing Ben"})") == "200");
    world.settle();
    bens.look();
    CHECK(bens.section(room) == "");
    REQUIRE(ben.join(room, "hearth.test") == "200");
    bens.look();
    CHECK(bens.section(room) == "join");
    CHECK(ben.get(fmt::format("/rooms/{}/state/m.room.topic", segment(room))).at("/topic") == "Missing Ben");
    anna.say(room, "There you are");
    ben.say(room, "Here I am");
    world.settle();
    CHECK(anna.sees(room).find("-ben") != std::string::npos);
    CHECK(anna.sees(room).ends_with("ben: Here I am"));
    // What was said meanwhile can be read back.
    REQUIRE(ben.get(fmt::format("/rooms/{}/messages?dir=b&limit=100", segment(room))) == "200");
    CHECK(ben.sees(room).find("Line 29") != std::string::npos);
    CHECK(ben.sees(room).find("There you are") != std::string::npos);
}
