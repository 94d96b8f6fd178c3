// People of two servers come into each other's rooms, and out of them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "federation/federation.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;
using net::Method;

namespace {

/// Who is in the room, as this person's server tells it: "anna, ben".
std::string members(Neighbour& person, const std::string& room) {
    const auto answer = person.get(fmt::format("/rooms/{}/joined_members", segment(room)));
    if (answer.status != 200) return answer.summary();
    std::string names;
    std::set<std::string> sorted;
    for (const auto& [id, profile] : answer["/joined"].as_object()) sorted.insert(std::string(id.substr(1, id.find(':') - 1)));
    for (const auto& name : sorted) names += (names.empty() ? "" : ", ") + name;
    return names;
}

/// What /sync tells of a room that the person is not in: "invite: Evening from @anna:hearth.test".
std::string offered(Neighbour& person, const std::string& room, std::string_view section = "invite") {
    const auto answer = person.get("/sync");
    REQUIRE(answer == "200");
    const auto* rooms = schema::object_at(answer.json.as_object(), "rooms");
    const auto* in_section = rooms ? schema::object_at(*rooms, section) : nullptr;
    const auto* entry = in_section ? schema::object_at(*in_section, room) : nullptr;
    if (!entry) return "nothing";
    const auto* state = schema::object_at(*entry, section == "invite" ? "invite_state" : "knock_state");
    std::string name, from;
    for (const auto& event : *schema::array_at(*state, "events")) {
        const auto& fields = event.as_object();
        const auto* content = schema::object_at(fields, "content");
        if (schema::string_at(fields, "type") == "m.room.name") name = schema::string_at(*content, "name").value();
        if (schema::string_at(fields, "type") == "m.room.member" && schema::string_at(fields, "state_key") == person.id)
            from = schema::string_at(fields, "sender").value();
    }
    return fmt::format("{} from {}", name, from);
}

std::string membership(Neighbour& person, const std::string& room, const Person& whose) {
    const auto answer = person.get(fmt::format("/rooms/{}/state/m.room.member/{}", segment(room), segment(whose.id)));
    return answer.status == 200 ? answer.at("/membership") : answer.summary();
}

Answer knock(Neighbour& person, const std::string& room, std::string_view via) {
    return person.post(fmt::format("/knock/{}?via={}", segment(room), via), R"({"reason":"Please"})");
}

std::string summary(const federation::LinkAnswer& answer) {
    Answer read{.status = answer.status};
    read.json = schema::parse_json(answer.body);
    return read.summary();
}

constexpr auto named_invite_room = R"({"preset":"private_chat","name":"Evening"})";
constexpr auto knock_room =
    R"({"name":"Evening","initial_state":[{"type":"m.room.join_rules","state_key":"","content":{"join_rule":"knock"}}]})";

}  // namespace

TEST_CASE("somebody joins a public room of the other server") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         bea = world.person("haven.test", "bea");
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        const auto room =
            anna.create_room(fmt::format(R"({{"preset":"public_chat","room_version":"{}","name":"Evening"}})", rules.version));
        REQUIRE(ben.join(room, "hearth.test") == "200");
        CHECK(members(ben, room) == "anna, ben");
        CHECK(members(anna, room) == "anna, ben");
        CHECK(ben.get(fmt::format("/rooms/{}/state/m.room.name", segment(room))).at("/name") == "Evening");
        CHECK(ben.join(room, "hearth.test") == "200");  // Again: already inside.

        // The second of haven's people needs nobody's help.
        world.link().log.clear();
        REQUIRE(bea.join(room) == "200");
        CHECK(std::ranges::none_of(world.link().log, [](const auto& line) { return line.find("make_join") != line.npos; }));
        CHECK(members(bea, room) == "anna, bea, ben");
        world.settle();
        CHECK(members(anna, room) == "anna, bea, ben");

        // They talk.
        anna.say(room, "Hello haven");
        world.settle();
        ben.say(room, "Hello hearth");
        world.settle();
        CHECK(anna.sees(room) == "+anna, +ben, +bea, anna: Hello haven, ben: Hello hearth");
        CHECK(ben.sees(room).ends_with("+ben, +bea, anna: Hello haven, ben: Hello hearth"));
    }
}

TEST_CASE("what is said while somebody comes in is not lost, and holds up nobody") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         bea = world.person("haven.test", "bea");
    const auto room = anna.create_room(), other = anna.create_room();
    REQUIRE(bea.join(other, "hearth.test") == "200");
    const auto answer = std::make_shared<net::Gate>();
    auto& hearth = world.server("hearth.test");
    hearth.on_io([&] { world.link().held.emplace("/send_join/", answer); });
    auto coming = ben.begin("POST", fmt::format("/join/{}?via=hearth.test", segment(room)), "{}");
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (membership(anna, room, ben) != "join" && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    // His server has not heard yet that he is in.
    anna.say(room, "Welcome");
    anna.say(other, "Meanwhile elsewhere");
    bool delivered = false;
    while (!delivered && std::chrono::steady_clock::now() < give_up)
        hearth.on_io([&] { delivered = hearth.wiring().federation->sender.is_idle(); });
    CHECK(delivered);
    CHECK(bea.sees(other).ends_with("anna: Meanwhile elsewhere"));
    hearth.on_io([&] {
        world.link().held.clear();
        answer->open();
    });
    CHECK(coming.get() == "200");
    world.settle();
    CHECK(ben.sees(room) == "+ben, anna: Welcome");
}

TEST_CASE("the way in leads over whoever answers") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();

    SUBCASE("a server that is gone is passed over") {
        CHECK(ben.post(fmt::format("/join/{}?via=gone.test&via=hearth.test", segment(room))) == "200");
        CHECK(members(ben, room) == "anna, ben");
    }
    SUBCASE("an alias leads there") {
        REQUIRE(anna.put("/directory/room/%23evening:hearth.test", fmt::format(R"({{"room_id":"{}"}})", room)) == "200");
        CHECK(ben.post("/join/%23evening:hearth.test") == "200");
        CHECK(members(ben, room) == "anna, ben");
    }
    SUBCASE("two at once") {
        auto bea = world.person("haven.test", "bea");
        auto& haven = world.server("haven.test");
        const auto path = fmt::format("/_matrix/client/v3/join/{}?via=hearth.test", segment(room));
        auto first = haven.begin("POST", path, ben.token, "{}");
        auto second = haven.begin("POST", path, bea.token, "{}");
        CHECK(first.get() == "200");
        CHECK(second.get() == "200");
        CHECK(members(ben, room) == "anna, bea, ben");
        CHECK(std::ranges::count_if(world.link().log, [](const auto& line) { return line.find("send_join") != line.npos; }) == 1);
    }
    SUBCASE("nobody knows the room") { CHECK(ben.join("!nowhere:hearth.test", "hearth.test") == "404 M_NOT_FOUND"); }
    SUBCASE("nobody is named") { CHECK(ben.join("!nowhere") == "404 M_NOT_FOUND"); }
    SUBCASE("nobody answers") { CHECK(ben.join(room, "gone.test").status == 502); }
    SUBCASE("the room is not open") {
        const auto closed = anna.create_room(named_invite_room);
        CHECK(ben.join(closed, "hearth.test") == "403 M_FORBIDDEN");
    }
}

TEST_CASE("a server that lies about a room is not believed") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(R"({"preset":"public_chat","room_version":"11"})");

    // Changes hearth's answer to one request.
    const auto lie = [&](std::string_view to, std::function<void(schema::JsonObject&)> change) {
        world.link().answered = [to = std::string(to), change](const federation::LinkRequest& request,
                                                               federation::LinkAnswer& answer) {
            if (request.target.find(to) == std::string::npos) return;
            auto body = schema::parse_json(answer.body).as_object();
            change(body);
            answer.body = schema::to_text(body);
        };
    };
    lie("make_join", [](auto&) {});
    bool honest = false;
    SUBCASE("no lie") { honest = true; }
    SUBCASE("a template for somebody else") {
        lie("make_join", [](auto& body) { body["event"].as_object()["state_key"] = "@carl:haven.test"; });
    }
    SUBCASE("a template of a message") {
        lie("make_join", [](auto& body) { body["event"].as_object()["type"] = "m.room.message"; });
    }
    SUBCASE("a template of a ban") {
        lie("make_join", [](auto& body) { body["event"].as_object()["content"].as_object()["membership"] = "ban"; });
    }
    SUBCASE("a template of another room") {
        lie("make_join", [](auto& body) { body["event"].as_object()["room_id"] = "!other:hearth.test"; });
    }
    SUBCASE("no template") {
        lie("make_join", [](auto& body) { body.erase("event"); });
    }
    SUBCASE("no state") {
        lie("send_join", [](auto& body) { body["state"] = schema::JsonArray{}; });
    }
    SUBCASE("the state is no list") {
        lie("send_join", [](auto& body) { body["state"] = "all of it"; });
    }
    SUBCASE("another room version") {
        lie("make_join", [](auto& body) { body["room_version"] = "10"; });
    }
    SUBCASE("the create event is forged") {
        lie("send_join", [](auto& body) {
            for (const auto* list : {"state", "auth_chain"})
                for (auto& event : body[list].as_array())
                    if (event.as_object()["type"] == "m.room.create") event.as_object()["origin_server_ts"] = 1;
        });
    }
    const auto answer = ben.join(room, "hearth.test");
    if (honest) {
        CHECK(answer == "200");
        return;
    }
    CHECK(answer.status == 502);
    CHECK(members(ben, room) == "403 M_FORBIDDEN");
}

TEST_CASE("state with wrong signatures is left out") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(R"({"preset":"public_chat","name":"Evening","topic":"Tea"})");
    world.link().answered = [](const federation::LinkRequest& request, federation::LinkAnswer& answer) {
        if (request.target.find("send_join") == std::string::npos) return;
        auto body = schema::parse_json(answer.body).as_object();
        for (auto& event : body["state"].as_array())
            if (event.as_object()["type"] == "m.room.name") event.as_object()["origin_server_ts"] = 1;
        answer.body = schema::to_text(body);
    };
    REQUIRE(ben.join(room, "hearth.test") == "200");
    CHECK(ben.get(fmt::format("/rooms/{}/state/m.room.name", segment(room))) == "404 M_NOT_FOUND");
    CHECK(ben.get(fmt::format("/rooms/{}/state/m.room.topic", segment(room))).at("/topic") == "Tea");
}

TEST_CASE("what a server that wants in may not do") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();
    const auto make = [&](std::string_view user, std::string_view query = "?ver=12", std::string_view what = "make_join") {
        return summary(world.ask("haven.test", "hearth.test", Method::get,
                                 fmt::format("/_matrix/federation/v1/{}/{}/{}{}", what, segment(room), segment(user), query)));
    };
    REQUIRE(make(ben.id) == "200");
    CHECK(make("@carl:hearth.test") == "403 M_FORBIDDEN");
    CHECK(make("@carl:harbour.test") == "403 M_FORBIDDEN");
    CHECK(make(ben.id, "") == "400 M_INCOMPATIBLE_ROOM_VERSION");
    CHECK(make(ben.id, "?ver=1&ver=11") == "400 M_INCOMPATIBLE_ROOM_VERSION");
    CHECK(make(ben.id, "?ver=1&ver=12&ver=org.example.other") == "200");
    CHECK(make(ben.id, "", "make_leave") == "403 M_FORBIDDEN");
    CHECK(make(ben.id, "?ver=12", "make_knock") == "403 M_FORBIDDEN");

    SUBCASE("a server that the room keeps out") {
        REQUIRE(anna.set_state(room, "m.room.server_acl", R"({"allow":["*"],"deny":["haven.test"]})") == "200");
        CHECK(make(ben.id) == "403 M_FORBIDDEN");
        CHECK(ben.join(room, "hearth.test") == "403 M_FORBIDDEN");
    }
    SUBCASE("somebody banned") {
        REQUIRE(anna.post(fmt::format("/rooms/{}/ban", segment(room)), fmt::format(R"({{"user_id":"{}"}})", ben.id)) == "200");
        CHECK(make(ben.id) == "403 M_FORBIDDEN");
        CHECK(ben.join(room, "hearth.test") == "403 M_FORBIDDEN");
    }
    SUBCASE("events that are not what was offered") {
        const auto offer = world.ask("haven.test", "hearth.test", Method::get,
                                     fmt::format("/_matrix/federation/v1/make_join/{}/{}?ver=12", segment(room), segment(ben.id)));
        auto event = schema::parse_json(offer.body).as_object().at("event").as_object();
        const auto& rules = *schema::find_room_rules("12");
        const schema::SigningKey theirs("of_n", std::string(32, 'n')), forged("of_n", std::string(32, 'x'));
        const auto send = [&](const schema::SigningKey& key = schema::SigningKey("of_n", std::string(32, 'n')),
                              std::string id = {}) {
            const auto sealed = schema::seal_event(event, rules, "haven.test", key);
            return summary(world.ask(
                "haven.test", "hearth.test", Method::put,
                fmt::format("/_matrix/federation/v2/send_join/{}/{}", segment(room), segment(id.empty() ? sealed->id.str() : id)),
                sealed->json));
        };
        std::string got;
        SUBCASE("as offered") {
            CHECK(send() == "200");
            CHECK(members(anna, room) == "anna, ben");
            CHECK(send() == "200");  // The same again does no harm.
            REQUIRE(anna.post(fmt::format("/rooms/{}/ban", segment(room)), R"({"user_id":"@ben:haven.test"})") == "200");
            CHECK(send() == "403 M_FORBIDDEN");  // But tells nothing to who has been sent away.
            return;
        }
        SUBCASE("another key") { got = send(forged); }
        SUBCASE("another id") { got = send(theirs, "$somethingelse"); }
        SUBCASE("a leave") { event["content"].as_object()["membership"] = "leave", got = send(); }
        SUBCASE("a message") { event["type"] = "m.room.message", got = send(); }
        SUBCASE("somebody else's") { event["state_key"] = "@carl:haven.test", got = send(); }
        SUBCASE("a stranger") { event["sender"] = event["state_key"] = "@anna:hearth.test", got = send(); }
        SUBCASE("another room") { event["room_id"] = "!other", got = send(); }
        if (got.empty()) return;
        CHECK(got == "400 M_INVALID_PARAM");
        CHECK(members(anna, room) == "anna");
    }
}

TEST_CASE("whoever may only knock does not come in by asking twice") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(
        R"({"initial_state":[{"type":"m.room.join_rules","content":{"join_rule":"knock"}}],"name":"Evening","room_version":"11"})");
    const auto offer = world.ask("haven.test", "hearth.test", Method::get,
                                 fmt::format("/_matrix/federation/v1/make_knock/{}/{}?ver=11", segment(room), segment(ben.id)));
    REQUIRE(summary(offer) == "200");
    auto event = schema::parse_json(offer.body).as_object().at("event").as_object();
    event["content"].as_object()["membership"] = "join";
    const auto sealed =
        schema::seal_event(event, *schema::find_room_rules("11"), "haven.test", schema::SigningKey("of_n", std::string(32, 'n')));
    const auto send = [&] {
        return world.ask("haven.test", "hearth.test", Method::put,
                         fmt::format("/_matrix/federation/v2/send_join/{}/{}", segment(room), segment(sealed->id.str())),
                         sealed->json);
    };
    CHECK(summary(send()) == "403 M_FORBIDDEN");
    const auto again = send();
    CHECK(summary(again) == "403 M_FORBIDDEN");
    CHECK(again.body.find("auth_chain") == std::string::npos);
    CHECK(members(anna, room) == "anna");
}

TEST_CASE("who joined later does not pretend to know the state of before") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    const auto state_at = [&](std::string_view type, std::string_view key) {
        const auto event = anna.get(fmt::format("/rooms/{}/state/{}/{}?format=event", segment(room), type, segment(key)));
        return summary(world.ask(
            "hearth.test", "haven.test", Method::get,
            fmt::format("/_matrix/federation/v1/state_ids/{}?event_id={}", segment(room), segment(event.at("/event_id")))));
    };
    CHECK(state_at("m.room.member", ben.id) == "200");
    CHECK(state_at("m.room.member", anna.id) == "404 M_NOT_FOUND");
}

TEST_CASE("an invitation in every room version") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    for (const auto& rules : schema::all_room_rules()) {
        CAPTURE(rules.version);
        const auto room =
            anna.create_room(fmt::format(R"({{"preset":"private_chat","name":"Evening","room_version":"{}"}})", rules.version));
        REQUIRE(anna.invite(room, ben) == "200");
        CHECK(offered(ben, room) == "Evening from @anna:hearth.test");
        REQUIRE(ben.join(room) == "200");
        CHECK(members(anna, room) == "anna, ben");
    }
}

TEST_CASE("an invitation to the other server") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(named_invite_room);
    REQUIRE(anna.invite(room, ben) == "200");
    CHECK(membership(anna, room, ben) == "invite");
    CHECK(offered(ben, room) == "Evening from @anna:hearth.test");

    SUBCASE("is accepted") {
        REQUIRE(ben.join(room) == "200");
        CHECK(members(ben, room) == "anna, ben");
        CHECK(members(anna, room) == "anna, ben");
        CHECK(offered(ben, room) == "nothing");
    }
    SUBCASE("survives a restart and is declined") {
        world.restart();
        CHECK(offered(ben, room) == "Evening from @anna:hearth.test");
        REQUIRE(ben.leave(room) == "200");
        CHECK(offered(ben, room) == "nothing");
        CHECK(membership(anna, room, ben) == "leave");
        CHECK(ben.post(fmt::format("/rooms/{}/forget", segment(room))) == "200");
        // And may come again.
        REQUIRE(anna.invite(room, ben) == "200");
        CHECK(offered(ben, room) == "Evening from @anna:hearth.test");
    }
    SUBCASE("is declined while the inviter's server is gone") {
        world.cut_link();
        REQUIRE(ben.leave(room) == "200");
        CHECK(offered(ben, room) == "nothing");
        world.restore_link();
        CHECK(membership(anna, room, ben) == "invite");
    }
}

TEST_CASE("a stranger's invitation to somebody else's room") {
    TwoServers world({}, TwoServers::Size::three);
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         bea = world.person("haven.test", "bea"), carl = world.person("harbour.test", "carl");
    const auto room = anna.create_room(R"({"preset":"private_chat","name":"Evening","room_version":"11"})");
    // Carl is not in it; his server can sign what it likes.
    const auto invitation = [&](const Person& guest, std::string_view version) {
        const auto& rules = *schema::find_room_rules(version);
        const auto& identity = world.server("harbour.test").wiring().identity;
        schema::JsonObject object{{"type", "m.room.member"},
                                  {"room_id", room},
                                  {"sender", carl.id},
                                  {"state_key", guest.id},
                                  {"depth", 2},
                                  {"origin_server_ts", world.server("harbour.test").now_ms()},
                                  {"prev_events", schema::JsonArray()},
                                  {"auth_events", schema::JsonArray()},
                                  {"content", {{"membership", "invite"}}}};
        if (rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen) {
            object["event_id"] = "$forged:harbour.test";
            object["prev_events"].as_array().emplace_back(schema::JsonArray{"$nothing:harbour.test", schema::JsonObject()});
        }
        return schema::seal_event(std::move(object), rules, "harbour.test", identity.key);
    };
    const auto send = [&](const schema::EventPtr& event, std::string_view version) {
        const schema::JsonObject body{
            {"event", schema::parse_json(event->json)}, {"invite_room_state", schema::JsonArray()}, {"room_version", version}};
        return summary(world.ask("harbour.test", "haven.test", Method::put,
                                 fmt::format("/_matrix/federation/v2/invite/{}/{}", segment(room), segment(event->id.str())),
                                 schema::to_text(schema::Json(body))));
    };
    SUBCASE("with a version that is not the room's") {
        REQUIRE(send(invitation(bea, "1"), "1") == "200");
        // That keeps nobody else out.
        REQUIRE(anna.invite(room, ben) == "200");
        world.restart();
        REQUIRE(ben.join(room) == "200");
        CHECK(members(ben, room) == "anna, ben");
        ben.say(room, "Here I am");
        world.settle();
        CHECK(anna.sees(room).ends_with("ben: Here I am"));
        CHECK(world.server("haven.test").ask("SELECT version FROM rooms") == "11");
        // And now the version is known.
        const auto late = invitation(world.person("haven.test", "dora"), "1");
        CHECK(send(late, "1") != "200");
    }
    SUBCASE("can be declined, whatever its version was") {
        REQUIRE(send(invitation(bea, "1"), "1") == "200");
        REQUIRE(anna.invite(room, ben) == "200");
        world.restart();
        CHECK(bea.leave(room) == "200");
        CHECK(offered(bea, room) == "nothing");
    }
    SUBCASE("is judged when the room is known, even if a resident server has put it into the state") {
        const auto forged = invitation(bea, "11");
        REQUIRE(send(forged, "11") == "200");
        REQUIRE(anna.invite(room, ben) == "200");
        world.link().answered = [&](const federation::LinkRequest& request, federation::LinkAnswer& answer) {
            if (request.target.find("/send_join/") == std::string::npos) return;
            auto body = schema::parse_json(answer.body).get_object();
            body["state"].as_array().push_back(schema::parse_json(forged->json));
            answer.body = schema::to_text(schema::Json(std::move(body)));
        };
        REQUIRE(ben.join(room) == "200");
        CHECK(membership(ben, room, bea) != "invite");
        CHECK(bea.join(room) != "200");
    }
    SUBCASE("is refused where the room keeps the stranger out") {
        REQUIRE(anna.invite(room, ben) == "200");
        REQUIRE(ben.join(room) == "200");
        REQUIRE(anna.set_state(room, "m.room.server_acl", R"({"allow":["*"],"deny":["harbour.test"]})") == "200");
        world.settle();
        CHECK(send(invitation(bea, "11"), "11") == "403 M_FORBIDDEN");
    }
}

TEST_CASE("a server that invites one person into ever more rooms") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(named_invite_room);
    // As many as there may be, all from the same server.
    auto& haven = world.server("haven.test");
    haven.wiring().db.transact_now([](storage::Tx& tx) {
        tx.exec("INSERT INTO rooms (room_nid, room_id, version) SELECT -i, '!room' || i, '11' FROM generate_series(1, 50) AS i");
        tx.exec(
            "INSERT INTO user_rooms (user_nid, room_nid, membership, member_nid, pos) "
            "SELECT user_nid, -i, 2, -i, 0 FROM users, generate_series(1, 50) AS i WHERE localpart = 'ben'");
        tx.exec(
            "INSERT INTO previews (user_nid, room_id, member_id, servers, state) "
            "SELECT user_nid, '!room' || i, '$' || i, '{hearth.test}', '[]' FROM users, generate_series(1, 50) AS i "
            "WHERE localpart = 'ben'");
    });
    CHECK(anna.invite(room, ben) != "200");
    // One that was answered makes room.
    haven.wiring().db.transact_now([](storage::Tx& tx) { tx.exec("UPDATE user_rooms SET membership = 0 WHERE room_nid = -1"); });
    CHECK(anna.invite(room, ben) == "200");
}

TEST_CASE("who may not be invited") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(named_invite_room);
    REQUIRE(anna.invite(room, ben) == "200");
    const auto invite = [&](std::string_view user) {
        return anna.post(fmt::format("/rooms/{}/invite", segment(room)), fmt::format(R"({{"user_id":"{}"}})", user)).summary();
    };
    CHECK(invite("@nobody:haven.test") == "403 M_FORBIDDEN");
    CHECK(invite("@carl:gone.test") == "502 M_UNKNOWN");
    REQUIRE(anna.set_state(room, "m.room.server_acl", R"({"allow":["*"],"deny":["haven.test"]})") == "200");
    auto bea = world.person("haven.test", "bea");
    CHECK(invite(bea.id) == "403 M_FORBIDDEN");
}

TEST_CASE("a new room with guests of another server stands even if that is gone") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(fmt::format(
        R"({{"preset":"trusted_private_chat","name":"Evening","is_direct":true,"invite":["{}","@x:gone.test"]}})", ben.id));
    world.settle();
    CHECK(offered(ben, room) == "Evening from @anna:hearth.test");
    CHECK(membership(anna, room, ben) == "invite");
}

TEST_CASE("knocking on the other server's door") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(knock_room);
    REQUIRE(knock(ben, room, "hearth.test") == "200");
    CHECK(membership(anna, room, ben) == "knock");
    CHECK(offered(ben, room, "knock") == "Evening from @ben:haven.test");

    SUBCASE("and being let in") {
        REQUIRE(anna.invite(room, ben) == "200");
        CHECK(offered(ben, room) == "Evening from @anna:hearth.test");
        REQUIRE(ben.join(room) == "200");
        CHECK(members(anna, room) == "anna, ben");
    }
    SUBCASE("and going away again") {
        REQUIRE(ben.leave(room) == "200");
        CHECK(membership(anna, room, ben) == "leave");
        CHECK(offered(ben, room, "knock") == "nothing");
    }
    SUBCASE("where it is not wished") {
        const auto closed = anna.create_room(named_invite_room);
        CHECK(knock(ben, closed, "hearth.test") == "403 M_FORBIDDEN");
    }
}

TEST_CASE("a room that members of another room may join") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         bea = world.person("haven.test", "bea");
    const auto club = anna.create_room();
    const auto room = anna.create_room(fmt::format(
        R"({{"preset":"private_chat","power_level_content_override":{{"invite":50}},"initial_state":[{{"type":"m.room.join_rules","state_key":"","content":{{"join_rule":"restricted","allow":[{{"type":"m.room_membership","room_id":"{}"}}]}}}}]}})",
        club));
    CHECK(ben.join(room, "hearth.test") == "403 M_FORBIDDEN");
    REQUIRE(ben.join(club, "hearth.test") == "200");
    REQUIRE(ben.join(room, "hearth.test") == "200");
    CHECK(members(anna, room) == "anna, ben");
    const auto voucher = ben.get(fmt::format("/rooms/{}/state/m.room.member/{}", segment(room), segment(ben.id)));
    CHECK(voucher.at("/join_authorised_via_users_server") == anna.id);

    // Bea's server is in the room, but nobody there may let her in: hearth does.
    REQUIRE(bea.join(club) == "200");
    world.settle();
    world.link().log.clear();
    REQUIRE(bea.join(room) == "200");
    CHECK(std::ranges::any_of(world.link().log, [](const auto& line) { return line.find("send_join") != line.npos; }));
    world.settle();
    CHECK(members(anna, room) == "anna, bea, ben");
    CHECK(members(bea, room) == "anna, bea, ben");
}

TEST_CASE("going, and coming back") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    REQUIRE(ben.leave(room) == "200");
    world.settle();
    CHECK(members(ben, room) == "403 M_FORBIDDEN");
    REQUIRE(anna.set_state(room, "m.room.name", R"({"name":"While Ben was away"})") == "200");
    world.settle();
    bool forgets = false;
    SUBCASE("without forgetting") {}
    SUBCASE("after forgetting") { forgets = true; }
    if (forgets) REQUIRE(ben.post(fmt::format("/rooms/{}/forget", segment(room))) == "200");
    REQUIRE(ben.join(room, "hearth.test") == "200");
    CHECK(members(ben, room) == "anna, ben");
    CHECK(ben.get(fmt::format("/rooms/{}/state/m.room.name", segment(room))).at("/name") == "While Ben was away");
}

TEST_CASE("members may be left out of what a newcomer's server is told") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), carl = world.person("hearth.test", "carl"),
         ben = world.person("haven.test", "ben");
    const auto send = [&](const std::string& room, std::string_view query) {
        const auto offer = world.ask("haven.test", "hearth.test", Method::get,
                                     fmt::format("/_matrix/federation/v1/make_join/{}/{}?ver=12", segment(room), segment(ben.id)));
        const auto event = schema::parse_json(offer.body).as_object().at("event").as_object();
        const auto sealed = schema::seal_event(event, *schema::find_room_rules("12"), "haven.test",
                                               schema::SigningKey("of_n", std::string(32, 'n')));
        const auto answer = world.ask(
            "haven.test", "hearth.test", Method::put,
            fmt::format("/_matrix/federation/v2/send_join/{}/{}{}", segment(room), segment(sealed->id.str()), query), sealed->json);
        REQUIRE(answer.status == 200);
        return schema::parse_json(answer.body).as_object();
    };
    const auto count_members = [](const schema::JsonObject& body) {
        return std::ranges::count_if(body.at("state").as_array(),
                                     [](const auto& event) { return event.as_object().at("type") == "m.room.member"; });
    };
    const auto room = anna.create_room(R"({"preset":"public_chat","name":"Evening"})");
    REQUIRE(carl.join(room) == "200");
    const auto whole = send(room, "");
    CHECK(count_members(whole) == 2);
    CHECK_FALSE(whole.at("members_omitted").as_bool());
    const auto other = anna.create_room(R"({"preset":"public_chat","name":"Evening"})");
    REQUIRE(carl.join(other) == "200");
    const auto reduced = send(other, "?omit_members=true");
    CHECK(count_members(reduced) == 0);
    CHECK(reduced.at("members_omitted").as_bool());
    CHECK(schema::to_text(reduced.at("servers_in_room")) == R"(["hearth.test"])");
    // A nameless room is known by its members.
    const auto nameless = anna.create_room();
    REQUIRE(carl.join(nameless) == "200");
    CHECK(count_members(send(nameless, "?omit_members=true")) == 2);

    // Haven asks for everybody, and understands an answer without them all the same.
    auto bea = world.person("haven.test", "bea");
    const auto third = anna.create_room(R"({"preset":"public_chat","name":"Evening"})");
    REQUIRE(carl.join(third) == "200");
    world.link().answered = [](const federation::LinkRequest& request, federation::LinkAnswer& answer) {
        if (request.target.find("send_join") == std::string::npos) return;
        auto body = schema::parse_json(answer.body).as_object();
        schema::JsonArray rest;
        for (auto& event : body["state"].as_array())
            if (event.as_object()["type"] != "m.room.member") rest.push_back(event);
        body["state"] = std::move(rest);
        body["members_omitted"] = true;
        answer.body = schema::to_text(body);
    };
    REQUIRE(bea.join(third, "hearth.test") == "200");
    CHECK(members(bea, third) == "anna, bea, carl");
}

TEST_CASE("an invitation that is taken back, a knock that is not answered with yes") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto kick = [&](const std::string& room) {
        return anna.post(fmt::format("/rooms/{}/kick", segment(room)), fmt::format(R"({{"user_id":"{}"}})", ben.id));
    };
    SUBCASE("invitation") {
        const auto room = anna.create_room(named_invite_room);
        REQUIRE(anna.invite(room, ben) == "200");
        REQUIRE(offered(ben, room) == "Evening from @anna:hearth.test");
        REQUIRE(kick(room) == "200");
        world.settle();
        CHECK(offered(ben, room) == "nothing");
    }
    SUBCASE("knock") {
        const auto room = anna.create_room(knock_room);
        REQUIRE(knock(ben, room, "hearth.test") == "200");
        REQUIRE(kick(room) == "200");
        world.settle();
        CHECK(offered(ben, room, "knock") == "nothing");
    }
}

TEST_CASE("three servers: whoever is there lets others in, and all hear of it") {
    // Whoever was there before knows the keys of those who are gone; harbour's operator trusts haven to tell them.
    const auto with_notary = [](server::WiringOptions& options) {
        if (options.accounts.server_name.str() == "harbour.test")
            options.federation.notaries = {schema::ServerName::parse("haven.test").value()};
    };
    TwoServers world(with_notary, TwoServers::Size::three);
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         carl = world.person("harbour.test", "carl");
    const auto room = anna.create_room();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    world.settle();

    SUBCASE("the first is dead: the second lets in, with the keys that it knows") {
        world.kill("hearth.test");
        REQUIRE(carl.post(fmt::format("/join/{}?via=hearth.test&via=haven.test", segment(room))) == "200");
        CHECK(members(carl, room) == "anna, ben, carl");
        CHECK(members(ben, room) == "anna, ben, carl");
    }
    SUBCASE("everybody hears everybody") {
        REQUIRE(carl.join(room, "haven.test") == "200");
        world.settle();
        CHECK(members(anna, room) == "anna, ben, carl");
        anna.say(room, "From hearth");
        world.settle();
        carl.say(room, "From harbour");
        world.settle();
        for (auto* person : {&anna, &ben, &carl})
            CHECK(person->sees(room).ends_with("+carl, anna: From hearth, carl: From harbour"));
    }
}

TEST_CASE("what a room elsewhere is can be asked before joining") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben");
    const auto room = anna.create_room(R"({"preset":"public_chat","name":"Evening"})");
    const auto closed = anna.create_room(named_invite_room);
    const auto ask = [&](const std::string& which) {
        return world.server("haven.test")
            .http("GET", fmt::format("/_matrix/client/v1/room_summary/{}?via=hearth.test", segment(which)), ben.token);
    };
    CHECK(ask(room).at("/name") == "Evening");
    CHECK(ask(closed) == "404 M_NOT_FOUND");
}

TEST_CASE("a room of a thousand members") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), ben = world.person("haven.test", "ben"),
         bea = world.person("haven.test", "bea");
    const auto room = anna.create_room();
    // A thousand people of hearth, who need no accounts for that.
    auto& hearth = world.server("hearth.test");
    hearth.runtime().wait([](rooms::Rooms& rooms, std::string id) -> net::Task<> {
        const auto where = co_await rooms.find(*schema::RoomId::parse(id));
        for (int batch = 0; batch < 10; ++batch) {
            std::vector<rooms::DraftAndOptions> joins;
            for (int i = 0; i < 100; ++i) {
                const auto user = *schema::UserId::parse(fmt::format("@member{}:hearth.test", batch * 100 + i));
                joins.emplace_back(schema::EventDraft{"m.room.member", user, user.str(), {{"membership", "join"}}, {}},
                                   rooms::AppendOptions{});
            }
            co_await where->append_all(std::move(joins));
        }
    }(hearth.wiring().rooms, room));
    const auto begun = std::chrono::steady_clock::now();
    REQUIRE(ben.join(room, "hearth.test") == "200");
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    MESSAGE("joining a room of 1,001 members took " << took.count() << " ms on both servers together");
    CHECK(ben.get(fmt::format("/rooms/{}/joined_members", segment(room)))["/joined"].as_object().size() == 1002);
    CHECK(bea.join(room) == "200");
}
