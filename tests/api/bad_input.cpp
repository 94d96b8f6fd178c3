#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;

// Every endpoint of the server, met with everything that is wrong. What must hold: a 4xx with an errcode (or a plain yes,
// where the endpoint does not look at that), never a 500, and the server goes on working.

namespace {

struct Bad {
    std::string_view name, body;
};

const std::string deep = std::string(5000, '[') + std::string(5000, ']');
const std::string deep_object = [] {
    std::string text;
    for (int i = 0; i < 500; ++i) text += R"({"a":)";
    return text + "1" + std::string(500, '}');
}();
const std::string long_text =
    R"({"user_id":"@)" + std::string(70'000, 'x') + R"(:hearth.test","event_id":")" + std::string(70'000, 'x') + "\"}";

const Bad bodies[] = {
    {"nothing", ""},
    {"broken", R"({"a":)"},
    {"not an object", R"([1,2,3])"},
    {"a bare string", R"("x")"},
    {"null", "null"},
    {"duplicate keys", R"({"msgtype":"m.text","msgtype":"m.text"})"},
    {"deep", deep},
    {"deep object", deep_object},
    {"bad UTF-8", "{\"a\":\"\xff\xfe\"}"},
    {"a lone surrogate", R"({"a":"\ud800"})"},
    {"NUL",
     R"({"a":"\u0000","body":"\u0000","membership":"\u0000","displayname":"\u0000","device_id":"\u0000","user_id":"\u0000"})"},
    {"a large number", R"({"a":9007199254740993,"limit":9007199254740993,"timeout":9007199254740993})"},
    {"a larger number", R"({"a":1e400})"},
    {"a fraction", R"({"a":1.5,"timeout":1.5,"limit":1.5})"},
    {"wrong types",
     R"({"user_id":1,"room_id":{},"reason":[],"membership":7,"type":[],"identifier":"x","password":{},"auth":5,"devices":"x","typing":"yes",
         "timeout":"long","displayname":{},"avatar_url":[],"filter":"x","limit":"x","visibility":3,"initial_state":{},"invite":"x",
         "preset":1,"name":[],"topic":{},"room_version":12,"search_categories":[],"pushkey":1,"kind":2,"app_id":3,"data":4,"tags":5,
         "new_version":11,"room":"x","actions":7,"enabled":"x","m.fully_read":1,"m.read":{},"refresh_token":1,"username":{},"nonce":1})"},
    {"unknown fields", R"({"org.example.unknown":{"a":[1,2,{"b":null}]}})"},
    {"long texts", long_text},
    {"trailing bytes", "{} {}"},
};

std::string fill(std::string_view pattern, const std::map<std::string, std::string, std::less<>>& values) {
    std::string path;
    while (!pattern.empty()) {
        const auto open = pattern.find('{');
        path += pattern.substr(0, open);
        if (open == pattern.npos) break;
        const auto close = pattern.find('}', open);
        auto name = pattern.substr(open + 1, close - open - 1);
        if (name.ends_with('*')) name.remove_suffix(1);
        const auto value = values.find(name);
        path += segment(value == values.end() ? "x" : value->second);
        pattern.remove_prefix(close + 1);
    }
    return path;
}

std::string method_name(net::Method method) { return std::string(net::to_string(method)); }

void expect_sense(const Answer& answer) {
    CHECK(answer.status < 500);
    if (answer.status < 400 || (answer.status == 401 && answer.has("/flows"))) return;  // A question back, not a refusal.
    CHECK(answer.has("/errcode"));
    CHECK(answer.json.is_object());
}

/// Long-polls would wait; they take no body.
bool waits(std::string_view pattern) { return pattern.ends_with("/sync") || pattern.ends_with("/events"); }

}  // namespace

TEST_CASE("no endpoint loses its temper over a body") {
    for (const auto& bad : bodies) {
        TestServer server;
        server.check_against_spec = false;
        auto anna = server.person("anna");
        const auto room = anna.post("/createRoom", R"({"preset":"public_chat"})").at("/room_id");
        const auto event =
            anna.put(fmt::format("/rooms/{}/send/m.room.message/1", segment(room)), R"({"msgtype":"m.text","body":"x"})")
                .at("/event_id");
        const std::map<std::string, std::string, std::less<>> values{{"roomId", room},
                                                                     {"roomIdOrAlias", room},
                                                                     {"eventId", event},
                                                                     {"userId", anna.id},
                                                                     {"deviceId", anna.device_id},
                                                                     {"eventType", "m.room.message"},
                                                                     {"stateKey", ""},
                                                                     {"txnId", "t"},
                                                                     {"receiptType", "m.read"},
                                                                     {"relType", "m.thread"},
                                                                     {"type", "org.example.data"},
                                                                     {"tag", "u.x"},
                                                                     {"keyName", "displayname"},
                                                                     {"roomAlias", "#x:hearth.test"},
                                                                     {"scope", "global"},
                                                                     {"kind", "override"},
                                                                     {"ruleId", "x"},
                                                                     {"filterId", "1"}};
        for (const auto& route : server.wiring().router.all()) {
            if (route.method == net::Method::get || waits(route.pattern)) continue;
            const auto path = fill(route.pattern, values);
            CAPTURE(bad.name);
            CAPTURE(method_name(route.method));
            CAPTURE(route.pattern);
            // The session may have ended by now (log-out is among the endpoints): another one.
            if (anna.get("/account/whoami").status != 200) {
                auto again = server.http(
                    "POST", "/_matrix/client/v3/login", {},
                    fmt::format(
                        R"({{"type":"m.login.password","identifier":{{"type":"m.id.user","user":"anna"}},"password":"{}"}})",
                        anna.password));
                if (again.status == 200) anna.take_session(again);
            }
            expect_sense(server.http(method_name(route.method), path, anna.token, bad.body));
        }
        CHECK(server.http("GET", "/_matrix/client/versions") == "200");
    }
}

TEST_CASE("no endpoint loses its temper over a path or a query") {
    TestServer server;
    server.check_against_spec = false;
    auto anna = server.person("anna");
    const std::string long_id(300, 'x');
    const std::string odd[] = {"x",
                               "",
                               "!:",
                               "@",
                               "$",
                               "#:",
                               long_id,
                               "!" + long_id + ":hearth.test",
                               "../..",
                               "%00",
                               "ä\n",
                               "\xff",
                               "!room:hearth.test",
                               "@nobody:hearth.test",
                               "$event",
                               "-1",
                               "99999999999999999999"};
    for (const auto& route : server.wiring().router.all()) {
        if (waits(route.pattern)) continue;
        for (const auto& value : odd) {
            std::map<std::string, std::string, std::less<>> values;
            for (const auto* name :
                 {"roomId", "roomIdOrAlias", "eventId", "userId", "deviceId", "eventType", "stateKey", "txnId", "receiptType",
                  "relType", "type", "tag", "keyName", "roomAlias", "scope", "kind", "ruleId", "filterId", "file"})
                values.emplace(name, value);
            CAPTURE(method_name(route.method));
            CAPTURE(route.pattern);
            CAPTURE(value);
            if (route.pattern.find("logout") != std::string_view::npos ||
                route.pattern.find("deactivate") != std::string_view::npos)
                continue;
            const auto path = fill(route.pattern, values);
            const auto answer = server.http(method_name(route.method),
                                            path + "?limit=abc&from=" + segment(value) +
                                                "&dir=q&ts=-5&filter=" + segment("{\"limit\":\"x\"}") + "&q=" + segment(value),
                                            anna.token, route.method == net::Method::get ? "" : "{}");
            CHECK(answer.status < 500);
        }
    }
    CHECK(anna.get("/account/whoami") == "200");
}

TEST_CASE("over-long ids, types and events") {
    TestServer server;
    auto anna = server.person("anna");
    const auto room = anna.post("/createRoom").at("/room_id");
    const std::string long_type(256, 'x');
    CHECK(anna.put(fmt::format("/rooms/{}/send/{}/1", segment(room), long_type), "{}") == "413 M_TOO_LARGE");
    CHECK(anna.put(fmt::format("/rooms/{}/state/org.example/{}", segment(room), long_type), "{}") == "413 M_TOO_LARGE");
    CHECK(anna.put(fmt::format("/rooms/{}/send/m.room.message/2", segment(room)),
                   fmt::format(R"({{"msgtype":"m.text","body":"{}"}})", std::string(66'000, 'x'))) == "413 M_TOO_LARGE");
    CHECK(anna.put(fmt::format("/rooms/{}/send/m.room.message/3", segment(room)), R"({"body":"x","number":1.5})") ==
          "400 M_BAD_JSON");
    CHECK(anna.put(fmt::format("/rooms/{}/send/m.room.message/4", segment(room)), R"({"body":"x","number":9007199254740992})") ==
          "400 M_BAD_JSON");
    CHECK(anna.put(fmt::format("/rooms/{}/send/m.room.message/5", segment(room)), R"({"body":"\u0000"})") == "200");
    CHECK(anna.get(fmt::format("/rooms/{}/messages?dir=b&limit=1", segment(room))).at("/chunk/0/content/body") ==
          std::string(1, '\0'));
}
