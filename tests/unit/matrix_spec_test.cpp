#include "tests/support/matrix_spec.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <functional>

using namespace runde;
using runde::tests::MatrixSpec;

namespace {

std::string or_fine(const std::optional<std::string>& complaint) { return complaint.value_or("fine"); }

/// An example as it is meant: references inside it replaced by what they name, members beside them on top.
schema::Json expanded(tests::YamlDocuments& documents, tests::Node at) {
    if (const auto array = at.value->if_array()) {
        schema::JsonArray out;
        for (const auto& item : *array) out.push_back(expanded(documents, {&item, at.file}));
        return out;
    }
    const auto object = at.value->if_object();
    if (!object) return *at.value;
    schema::JsonObject out;
    const auto reference = schema::string_at(*object, "$ref");
    if (reference) {
        auto target = expanded(documents, documents.target(*reference, *at.file));
        if (!target.is_object()) return target;
        out = std::move(target.get_object());
    }
    for (const auto& [key, value] : *object)
        if (key != "$ref") out[key] = expanded(documents, {&value, at.file});
    return out;
}

schema::JsonObject object(std::string_view text) { return schema::parse_json(text).as_object(); }

}  // namespace

TEST_CASE("the specification: all operations are found") {
    const auto client = MatrixSpec::client_server(), server = MatrixSpec::server_server();
    if (!client || !server) return;
    CHECK(client->operations().size() == 166);
    CHECK(server->operations().size() == 36);
    const auto name = [](const MatrixSpec* spec, std::string_view method, std::string_view path) {
        const auto operation = spec->find(method, path);
        return operation ? operation->name : "none";
    };
    CHECK(name(client, "POST", "/_matrix/client/v3/login") == "login");
    CHECK(name(client, "GET", "/_matrix/client/v3/login?x=/y/z") == "getLoginFlows");
    CHECK(name(client, "DELETE", "/_matrix/client/v3/login") == "none");
    CHECK(name(client, "GET", "/_matrix/client/v3/rooms/%21a/state/m.room.name/") == "getRoomStateWithKey");
    CHECK(name(client, "GET", "/_matrix/client/v3/rooms/%21a/state/m.room.name") == "getRoomStateWithKey");
    CHECK(name(client, "GET", "/_matrix/client/v3/rooms/%21a/state") == "getRoomState");
    CHECK(name(client, "GET", "/_matrix/client/v3/rooms//state") == "none");
    CHECK(name(client, "GET", "/.well-known/matrix/client") == "getWellknown");
    // The literal wins over the parameter, whichever stands first.
    CHECK(name(server, "GET", "/_matrix/federation/v1/query/profile") == "queryProfile");
    CHECK(name(server, "GET", "/_matrix/federation/v1/query/other") == "queryInfo");
}

TEST_CASE("the specification: its own examples fit its schemas") {
    // Finds what this validator misreads. The exceptions are errors in the specification's examples.
    std::string failures;
    std::size_t checked = 0;
    for (const auto spec : {MatrixSpec::client_server(), MatrixSpec::server_server()}) {
        if (!spec) return;
        auto& documents = spec->documents();
        for (const auto& operation : spec->operations())
            for (const auto& [status, described] : operation.description.value->at("responses").as_object()) {
                const auto response = documents.resolve({&described, operation.description.file});
                const auto content = schema::object_at(response.value->as_object(), "content");
                const auto json = content ? schema::object_at(*content, "application/json") : nullptr;
                const auto examples = json ? schema::object_at(*json, "examples") : nullptr;
                if (!examples || !json->contains("schema")) continue;
                for (const auto& [name, example] : *examples) {
                    const auto node = documents.resolve({&example, response.file});
                    const auto value = expanded(documents, {&node.value->at("value"), node.file});
                    ++checked;
                    if (const auto misfit = spec->misfit(value, {json->if_contains("schema"), response.file}))
                        failures += fmt::format("{} {}: {}\n", operation.name, std::string_view(status), misfit->text());
                }
            }
    }
    CHECK(checked > 200);
    CHECK(failures == "");
}

TEST_CASE("the specification: every keyword of its schemas is checked or says nothing") {
    const auto spec = MatrixSpec::client_server();
    if (!spec) return;
    std::string unknown;
    const std::function<void(const schema::Json&)> look = [&](const schema::Json& value) {
        if (!value.is_object()) return;
        for (const auto& [keyword, inner] : value.get_object()) {
            if (!tests::JsonSchema::knows_keyword(keyword)) unknown += std::string(keyword) + " ";
            if (keyword == "properties" || keyword == "patternProperties")
                for (const auto& property : inner.as_object()) look(property.value());
            if (keyword == "allOf" || keyword == "anyOf" || keyword == "oneOf")
                for (const auto& part : inner.as_array()) look(part);
            if (keyword == "items" || keyword == "additionalProperties" || keyword == "propertyNames") look(inner);
        }
    };
    for (const auto part : {"event-schemas/schema", "api/client-server/definitions", "api/server-server/definitions"})
        for (const auto& entry : std::filesystem::recursive_directory_iterator(spec->folder() / part))
            if (entry.path().extension() == ".yaml" && !entry.path().filename().string().starts_with("security"))
                if (const auto& schema = *spec->documents().document(entry.path()).value;
                    !schema.as_object().contains("components"))
                    look(schema);
    for (const auto& operation : spec->operations())
        for (const auto& response : operation.description.value->at("responses").as_object()) {
            boost::json::error_code absent;
            const auto schema = response.value().find_pointer("/content/application~1json/schema", absent);
            if (schema) look(*schema);
        }
    CHECK(unknown == "");
}

TEST_CASE("the specification: what is wrong with an answer") {
    const auto spec = MatrixSpec::client_server();
    if (!spec) return;
    const auto login = [&](int status, std::string_view body) {
        return or_fine(spec->complaint("POST", "/_matrix/client/v3/login", status, body));
    };
    const std::string_view right = R"({"user_id":"@anna:hearth.test","access_token":"t","device_id":"D"})";
    REQUIRE(login(200, right) == "fine");
    const std::string at = "POST /_matrix/client/v3/login ";
    CHECK(login(200, R"({"user_id":"@anna:hearth.test","device_id":"D"})") == at + "200: the body lacks 'access_token'");
    CHECK(login(200, R"({"user_id":"@anna:hearth.test","access_token":5,"device_id":"D"})") ==
          at + "200: /access_token must be \"string\", is 5");
    CHECK(login(200, R"({"user_id":"anna","access_token":"t","device_id":"D"})") == at + "200: /user_id must match ^@, is 'anna'");
    CHECK(login(200, R"({"user_id":"@anna","access_token":"t","device_id":"D"})") ==
          at + "200: /user_id must be written as mx-user-id, is '@anna'");
    CHECK(login(200, "[]") == at + "200: the body must be \"object\", is []");
    CHECK(login(200, "") == at + "200: the body is not JSON (as parse_json reads it)");
    CHECK(login(201, right) == at + "201: is a status nobody described");
    CHECK(login(403, R"({"errcode":"M_FORBIDDEN","error":"No."})") == "fine");
    CHECK(login(403, R"({"error":"No."})") == at + "403: the body lacks 'errcode'");
    CHECK(login(418, R"({"errcode":"teapot"})") == at + "418: /errcode is no error code: 'teapot'");
    CHECK(login(500, "oops") == at + "500: the body is no JSON object");
    CHECK(login(401, R"({"errcode":"ORG.RUNDE.X","error":"e"})") == "fine");
}

TEST_CASE("the specification: errors that carry more than the standard error") {
    const auto spec = MatrixSpec::client_server();
    if (!spec) return;
    const auto answer = [&](int status, std::string_view body) {
        return or_fine(spec->complaint("POST", "/_matrix/client/v3/account/password", status, body));
    };
    CHECK(answer(401, R"({"flows":[{"stages":["m.login.password"]}],"params":{},"session":"s"})") == "fine");
    CHECK(answer(401, R"({"errcode":"M_UNKNOWN_TOKEN","error":"e"})") == "fine");
    CHECK(answer(401, R"({"flows":[{"stages":"m.login.password"}]})") != "fine");
}

TEST_CASE("the specification: what it does not speak of") {
    const auto spec = MatrixSpec::client_server();
    if (!spec) return;
    CHECK_FALSE(spec->complaint("GET", "/_runde/v1/topics", 200, "anything"));
    CHECK_FALSE(spec->complaint("POST", "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", 200, "x"));
    CHECK_FALSE(spec->complaint("GET", "/_matrix/client/v3/nonsense", 404, R"({"errcode":"M_UNRECOGNIZED"})"));
    CHECK(or_fine(spec->complaint("GET", "/_matrix/client/v3/nonsense", 200, "{}")) ==
          "GET /_matrix/client/v3/nonsense 200: is an answer to nothing specified");
    CHECK(or_fine(spec->complaint("GET", "/_matrix/client/v3/nonsense", 404, "Not found")) ==
          "GET /_matrix/client/v3/nonsense 404: the body is no JSON object");
}

TEST_CASE("the specification: deep inside an answer") {
    const auto spec = MatrixSpec::client_server();
    if (!spec) return;
    const auto sync = [&](std::string_view event) {
        return or_fine(spec->complaint(
            "GET", "/_matrix/client/v3/sync", 200,
            fmt::format(R"({{"next_batch":"1","rooms":{{"join":{{"!a:hearth.test":{{"timeline":{{"events":[{}]}}}}}}}}}})",
                        event)));
    };
    const std::string place = "GET /_matrix/client/v3/sync 200: /rooms/join/!a:hearth.test/timeline/events/0";
    CHECK(sync(R"({"type":"m.room.message","event_id":"$1","sender":"@anna:hearth.test","origin_server_ts":1,"content":{}})") ==
          "fine");
    CHECK(sync(R"({"type":"m.room.message","event_id":"$1","sender":"@anna:hearth.test","content":{}})") ==
          place + " lacks 'origin_server_ts'");
    CHECK(sync(R"({"type":"m.room.message","event_id":"1","sender":"@anna:hearth.test","origin_server_ts":1,"content":{}})") ==
          place + "/event_id must match ^\\$, is '1'");
    CHECK(sync(R"({"type":"m","event_id":"$1","sender":"@anna:hearth.test","origin_server_ts":1.5,"content":{}})") ==
          place + "/origin_server_ts must be \"integer\", is 1.5E0");
    CHECK(or_fine(spec->complaint("GET", "/_matrix/client/v3/sync", 200, R"({"next_batch":"1","rooms":{"join":{"!a b":{}}}})")) !=
          "");
}

TEST_CASE("the specification: what is wrong with a request") {
    const auto spec = MatrixSpec::client_server();
    if (!spec) return;
    const auto request = [&](std::string_view method, std::string_view path, std::string_view body) {
        return or_fine(spec->request_complaint(method, path, body));
    };
    CHECK(request("POST", "/_matrix/client/v3/createRoom", R"({"preset":"private_chat","name":"Runde"})") == "fine");
    CHECK(request("POST", "/_matrix/client/v3/createRoom", R"({"preset":"secret"})")
              .starts_with("POST /_matrix/client/v3/createRoom, request: /preset must be one of [\"private_chat\""));
    // Two descriptions of one path: by user id, and by e-mail.
    const auto invite = "/_matrix/client/v3/rooms/!a/invite";
    CHECK(request("POST", invite, R"({"user_id":"@ben:hearth.test"})") == "fine");
    CHECK(request("POST", invite, R"({"id_server":"i.test","id_access_token":"t","medium":"email","address":"b@x.test"})") ==
          "fine");
    CHECK(request("POST", invite, R"({"medium":"email"})") != "fine");
    CHECK(request("POST", invite, "{") != "fine");
    CHECK(request("POST", "/_runde/v1/anything", "{") == "fine");
}

TEST_CASE("the specification: events by their type") {
    const auto spec = MatrixSpec::client_server();
    if (!spec) return;
    const auto complaint = [&](std::string_view type, std::string_view content, std::string_view more = "") {
        return or_fine(spec->event_complaint(object(
            fmt::format(R"({{"type":"{}","content":{},"event_id":"$1","sender":"@anna:hearth.test","origin_server_ts":1{}}})", type,
                        content, more))));
    };
    CHECK(complaint("m.room.message", R"({"msgtype":"m.text","body":"Hallo"})") == "fine");
    CHECK(complaint("m.room.message", R"({"msgtype":"m.text"})") == "m.room.message: /content lacks 'body'");
    CHECK(complaint("m.room.message", R"({"msgtype":"m.image","body":"b","url":5})") ==
          "m.room.message: /content/url must be \"string\", is 5");
    CHECK(complaint("m.room.message", "{}", R"(,"unsigned":{"redacted_because":{}})") == "fine");
    CHECK(complaint("m.room.name", R"({"name":"Runde"})", R"(,"state_key":"")") == "fine");
    CHECK(complaint("m.room.name", R"({"name":"Runde"})") == "m.room.name: the body lacks 'state_key'");
    CHECK(complaint("m.room.name", R"({"name":7})", R"(,"state_key":"")") == "m.room.name: /content/name must be \"string\", is 7");
    CHECK(complaint("m.room.power_levels", R"({"users":{"@anna:hearth.test":"100"}})", R"(,"state_key":"")") ==
          "m.room.power_levels: /content/users/@anna:hearth.test must be \"integer\", is \"100\"");
    CHECK(complaint("org.runde.topic", "{}") == "fine");
    CHECK(complaint("org.runde.topic", "[]") == "org.runde.topic: /content must be \"object\", is []");
}
