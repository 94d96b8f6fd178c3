// What a server learns of a room that is protected from it: nothing, by whatever it asks. Walks the whole route table, so that
// an endpoint that is new is asked, too.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <regex>

#include "federation/federation.hpp"
#include "tests/federation/two_servers.hpp"

using namespace runde;
using namespace runde::tests;

namespace {

/// A room that haven asks about, and an event in it. The ids may be invented.
struct Subject {
    std::string room, event;
};
const Subject nowhere{"!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
constexpr auto alias = "#evening:hearth.test";

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
}

/// Haven's side of the play: whatever a server could ask, about `subject`.
class Inquiry {
public:
    Inquiry(TwoServers& world, Subject subject) : world_(world), subject_(std::move(subject)) {}

    /// "GET /_matrix/federation/v1/state/{roomId}" -> "403 {…}", with the ids of the subject made anonymous.
    std::map<std::string, std::string> ask_everything() {
        std::map<std::string, std::string> answers;
        std::vector<std::pair<net::Method, std::string>> routes;
        for (const auto& route : world_.server("hearth.test").wiring().router.all())
            for (const auto* prefix : {"/_matrix/federation/", "/_matrix/key/", "/_matrix/policy/"})
                if (route.pattern.starts_with(prefix)) routes.emplace_back(route.method, route.pattern);
        CHECK(routes.size() >= 36);
        for (const auto& [method, pattern] : routes)
            answers[fmt::format("{} {}", net::to_string(method), pattern)] = ask(method, pattern);
        return answers;
    }

private:
    schema::EventPtr pdu(std::string_view type, schema::JsonObject content, std::optional<std::string> state_key,
                         std::string_view version = "12") {
        const auto& rules = *schema::find_room_rules(version);
        const auto& identity = world_.server("haven.test").wiring().identity;
        schema::JsonObject object{{"type", type},
                                  {"room_id", subject_.room},
                                  {"sender", "@ben:haven.test"},
                                  {"depth", 9},
                                  {"origin_server_ts", world_.server("haven.test").now_ms()},
                                  {"prev_events", schema::JsonArray{subject_.event}},
                                  {"auth_events", schema::JsonArray()},
                                  {"content", std::move(content)}};
        if (state_key) object["state_key"] = *state_key;
        if (rules.event_ids == schema::RoomRules::EventIdForm::sender_chosen) {
            object["event_id"] = "$ours:haven.test";
            object["prev_events"].as_array().clear();
            object["prev_events"].as_array().emplace_back(schema::JsonArray{subject_.event, schema::JsonObject()});
        }
        return schema::seal_event(std::move(object), rules, "haven.test", identity.key);
    }
    schema::EventPtr membership(std::string_view word, std::string of, std::string_view version = "12") {
        return pdu("m.room.member", {{"membership", word}}, std::move(of), version);
    }

    /// The event that is the body of such a request; nullptr: the body is something else.
    schema::EventPtr body_event(std::string_view pattern) {
        for (const auto* word : {"join", "leave", "knock"})
            if (pattern.find(fmt::format("/send_{}/", word)) != pattern.npos) return membership(word, "@ben:haven.test");
        if (pattern.find("/v1/invite/") != pattern.npos) return membership("invite", "@carl:hearth.test", "1");
        if (pattern.find("/v2/invite/") != pattern.npos) return membership("invite", "@carl:hearth.test");
        if (pattern.find("/policy/") != pattern.npos || pattern.find("/send/") != pattern.npos)
            return pdu("m.room.message", {{"msgtype", "m.text"}, {"body", "Anybody?"}}, std::nullopt);
        return nullptr;
    }

    /// Everything that any endpoint wants to find in its body.
    schema::JsonObject whole_body(const schema::EventPtr& event) {
        const schema::JsonObject is_signed{{"mxid", "@carl:hearth.test"}, {"token", "t"}, {"signatures", schema::JsonObject()}};
        const schema::JsonObject invite{{"address", "carl@example.org"}, {"medium", "email"},
                                        {"mxid", "@carl:hearth.test"},   {"room_id", subject_.room},
                                        {"sender", "@anna:hearth.test"}, {"signed", is_signed}};
        schema::JsonArray pdus, edus;
        if (event) pdus.push_back(schema::parse_json(event->json));
        edus.push_back({{"edu_type", "m.typing"},
                        {"content", {{"room_id", subject_.room}, {"user_id", "@ben:haven.test"}, {"typing", true}}}});
        schema::JsonObject body{{"pdus", std::move(pdus)},
                                {"edus", std::move(edus)},
                                {"earliest_events", schema::JsonArray()},
                                {"latest_events", schema::JsonArray{subject_.event}},
                                {"device_keys", schema::JsonObject()},
                                {"one_time_keys", schema::JsonObject()},
                                {"server_keys", schema::JsonObject()},
                                {"medium", "email"},
                                {"address", "carl@example.org"},
                                {"mxid", "@carl:hearth.test"},
                                {"invites", schema::JsonArray{invite}},
                                // exchange_third_party_invite
                                {"type", "m.room.member"},
                                {"room_id", subject_.room},
                                {"sender", "@anna:hearth.test"},
                                {"state_key", "@carl:haven.test"},
                                {"content", {{"membership", "invite"}, {"third_party_invite", {{"signed", is_signed}}}}},
                                // invite
                                {"room_version", "12"},
                                {"invite_room_state", schema::JsonArray()}};
        auto& signed_object = body["content"].as_object()["third_party_invite"].as_object()["signed"].as_object();
        signed_object["mxid"] = "@carl:haven.test";
        if (event) body["event"] = schema::parse_json(event->json);
        return body;
    }

    std::string ask(net::Method method, const std::string& pattern) {
        const auto event = body_event(pattern);
        const std::map<std::string, std::string> params{{"roomId", subject_.room},
                                                        {"eventId", event ? event->id.str() : subject_.event},
                                                        {"userId", "@ben:haven.test"},
                                                        {"txnId", fmt::format("t{}", ++asked_)},
                                                        {"serverName", "haven.test"},
                                                        {"keyId", "ed25519:any"},
                                                        {"queryType", "any"},
                                                        {"mediaId", "any"}};
        std::string target = pattern;
        for (const auto& [name, value] : params) replace_all(target, "{" + name + "}", segment(value));
        REQUIRE_MESSAGE(target.find('{') == target.npos, pattern, ": this play has to learn what stands there");
        target += fmt::format(
            "?ver=12&event_id={0}&v={0}&limit=10&ts=0&dir=f&room_alias={1}&user_id=%40carl%3Ahearth.test&access_token=x&room_id={"
            "2}",
            segment(subject_.event), segment(alias), segment(subject_.room));
        std::string body;
        if (method != net::Method::get) {
            const bool is_event = event && pattern.find("/v2/invite/") == pattern.npos && pattern.find("/send/") == pattern.npos;
            body = is_event ? event->json : schema::canonical_json(whole_body(event));
        }
        const auto answer = world_.ask("haven.test", "hearth.test", method, std::move(target), std::move(body));
        auto text = fmt::format("{} {}", answer.status, answer.body);
        if (event) replace_all(text, event->id.str(), "OWN EVENT");
        replace_all(text, subject_.room, "ROOM");
        replace_all(text, subject_.event, "EVENT");
        static const std::regex signature(R"re("(ed25519:[^"]*|sha256)":"[^"]*")re");
        return std::regex_replace(text, signature, R"("$1":"…")");
    }

    TwoServers& world_;
    Subject subject_;
    static inline int asked_ = 0;
};

/// The endpoints whose answers differ, as one line.
std::string differences(const std::map<std::string, std::string>& one, const std::map<std::string, std::string>& other) {
    std::string list;
    for (const auto& [route, answer] : one) {
        if (other.at(route) == answer) continue;
        MESSAGE(route, ": ", answer, " / ", other.at(route));
        list += (list.empty() ? "" : ", ") + route;
    }
    return list.empty() ? "none" : list;
}

constexpr auto charter = R"({"servers":["harbour.test"]})";

}  // namespace

TEST_CASE("an unlisted server learns nothing of a protected room, whatever it asks") {
    TwoServers world;
    auto anna = world.person("hearth.test", "anna"), carl = world.person("hearth.test", "carl"),
         ben = world.person("haven.test", "ben");
    const auto before = Inquiry(world, nowhere).ask_everything();

    const auto room = anna.create_room(R"({"preset":"public_chat","visibility":"public","room_alias_name":"evening",
                                           "creation_content":{"type":"org.runde.forum"}})");
    Subject protected_room{room, anna.say(room, "Among ourselves")};
    REQUIRE(carl.join(room) == "200");

    SUBCASE("the play notices what is told of a room that is not protected") {
        const auto learned = differences(before, Inquiry(world, protected_room).ask_everything());
        for (const auto* route : {"make_join", "make_knock", "hierarchy", "publicRooms", "query/directory", "send_join", "/send/"})
            CHECK_MESSAGE(learned.find(route) != learned.npos, route);
        return;
    }
    SUBCASE("of one that it was never in") { REQUIRE(anna.set_state(room, "org.runde.charter", charter) == "200"); }
    SUBCASE("of one that its people were in until the charter came") {
        REQUIRE(ben.join(room, "hearth.test") == "200");
        protected_room.event = anna.say(room, "All of us");
        world.settle();
        REQUIRE(anna.set_state(room, "org.runde.charter", charter) == "200");
    }
    SUBCASE("of one in a protected space, after a restart") {
        const auto space = anna.create_room(R"({"preset":"public_chat","creation_content":{"type":"m.space"}})");
        REQUIRE(anna.set_state(space, "org.runde.charter", charter) == "200");
        REQUIRE(anna.set_state(space, "m.space.child", R"({"via":["hearth.test"]})", room) == "200");
        world.restart();
    }
    CHECK(differences(before, Inquiry(world, nowhere).ask_everything()) == "none");
    CHECK(differences(before, Inquiry(world, protected_room).ask_everything()) == "none");
}

TEST_CASE("a server that is no partner is told the same by every endpoint, whatever it asks about") {
    TwoServers world([](server::WiringOptions& options) {
        if (options.accounts.server_name.str() == "hearth.test")
            options.federation.partners = {schema::ServerName::parse("harbour.test").value()};
    });
    auto anna = world.person("hearth.test", "anna"), carl = world.person("hearth.test", "carl");
    const auto before = Inquiry(world, nowhere).ask_everything();
    const auto room = anna.create_room(R"({"preset":"public_chat","visibility":"public","room_alias_name":"evening"})");
    const auto event = anna.say(room, "Among ourselves");
    const auto after = Inquiry(world, {room, event}).ask_everything();
    CHECK(differences(before, after) == "none");
    int refused = 0;
    for (const auto& [route, answer] : after) refused += answer.starts_with("403 ");
    CHECK(refused >= 28);  // All but those that know no asker.
    CHECK(world.link().log.size() == before.size() + after.size());  // And it is asked nothing.
}
