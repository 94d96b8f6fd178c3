#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/support/test_server.hpp"

using namespace runde;
using namespace runde::tests;
using namespace std::chrono_literals;

namespace {

std::size_t devices_of(Person& person) { return person.get("/devices").json.at("devices").as_array().size(); }

std::string with_auth(const std::string& auth, std::string_view more = "") { return fmt::format(R"({{"auth":{}{}}})", auth, more); }

}  // namespace

TEST_CASE("devices: listed, named, and nobody else's business") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    auto phone = anna.on_another_device();
    CHECK(devices_of(anna) == 2);
    CHECK(anna.put("/devices/" + phone.device_id, R"({"display_name":"Handy 📱"})") == "200");
    const auto device = phone.get("/devices/" + phone.device_id);
    CHECK(device.at("/display_name") == "Handy 📱");
    CHECK_FALSE(device.has("/last_seen_ip"));                       // The server does not keep addresses.
    CHECK(anna.put("/devices/" + phone.device_id, "{}") == "200");  // Nothing to change.

    CHECK(ben.get("/devices/" + phone.device_id) == "404 M_NOT_FOUND");
    CHECK(ben.put("/devices/" + phone.device_id, R"({"display_name":"Bens"})") == "404 M_NOT_FOUND");
    CHECK(ben.put("/devices/" + phone.device_id, "{}") == "404 M_NOT_FOUND");
    CHECK(anna.get("/devices/NONE") == "404 M_NOT_FOUND");
    CHECK(anna.put("/devices/" + phone.device_id, R"({"display_name":7})") == "400 M_BAD_JSON");
    CHECK(anna.put("/devices/" + phone.device_id, "[]") == "400 M_BAD_JSON");
    CHECK(anna.put("/devices/" + phone.device_id, fmt::format(R"({{"display_name":"{}"}})", std::string(300, 'x'))) ==
          "400 M_INVALID_PARAM");
    CHECK(anna.put("/devices/" + phone.device_id, R"({"display_name":"a\u0000b"})") == "400 M_INVALID_PARAM");
    CHECK(server.http("GET", "/_matrix/client/v3/devices") == "401 M_MISSING_TOKEN");
    CHECK(anna.get("/devices/%ff").summary().starts_with("400"));
}

TEST_CASE("removing a device asks for the password") {
    TestServer server;
    auto anna = server.person("anna");
    auto phone = anna.on_another_device();
    const auto path = "/devices/" + phone.device_id;

    const auto ask = anna.del(path);  // Without a body, as many clients do it.
    CHECK(ask == "401");
    CHECK(ask.at("/flows/0/stages") == R"(["m.login.password"])");
    const auto session = ask.at("/session");

    auto wrong = anna;
    wrong.password = "something else";
    const auto refused = anna.del(path, with_auth(wrong.password_auth(session)));
    CHECK(refused == "401 M_FORBIDDEN");
    CHECK(refused.at("/session") == session);  // Try again.
    CHECK(phone.get("/account/whoami") == "200");

    CHECK(anna.del(path, with_auth(anna.password_auth(session))) == "200");
    CHECK(phone.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");
    CHECK(devices_of(anna) == 1);
    CHECK(anna.del(path, with_auth(anna.password_auth())) == "200");  // Gone already: fine.
}

TEST_CASE("a confirmation serves for what it was given for") {
    TestServer server;
    auto anna = server.person("anna");
    auto ben = server.person("ben");
    auto phone = anna.on_another_device(), tablet = anna.on_another_device();
    const auto session = anna.del("/devices/" + phone.device_id).at("/session");

    CHECK(anna.del("/devices/" + tablet.device_id, with_auth(anna.password_auth(session))) == "401 M_FORBIDDEN");
    CHECK(ben.del("/devices/" + phone.device_id, with_auth(anna.password_auth(session))) == "401 M_FORBIDDEN");
    CHECK(ben.del("/devices/" + ben.device_id, with_auth(anna.password_auth())) == "401 M_FORBIDDEN");  // Anna's password.
    server.advance(16min);
    CHECK(anna.del("/devices/" + phone.device_id, with_auth(anna.password_auth(session))) == "401 M_FORBIDDEN");
    CHECK(devices_of(anna) == 3);
}

TEST_CASE("removing several devices at once") {
    TestServer server;
    auto anna = server.person("anna");
    auto phone = anna.on_another_device(), tablet = anna.on_another_device();
    const auto list = fmt::format(R"("devices":["{}","{}","NONE"])", phone.device_id, tablet.device_id);
    CHECK(anna.post("/delete_devices", "{" + list + "}") == "401");
    CHECK(anna.post("/delete_devices", with_auth(anna.password_auth(), "," + list)) == "200");
    CHECK(devices_of(anna) == 1);
    CHECK(tablet.get("/account/whoami") == "401 M_UNKNOWN_TOKEN");

    CHECK(anna.post("/delete_devices", "{}") == "400 M_MISSING_PARAM");
    CHECK(anna.post("/delete_devices", R"({"devices":"PHONE"})") == "400 M_BAD_JSON");
    CHECK(anna.post("/delete_devices", R"({"devices":[7]})") == "400 M_BAD_JSON");
    CHECK(anna.post("/delete_devices", R"({"devices":["a\u0000b"]})") == "400 M_INVALID_PARAM");
}

TEST_CASE("what hangs on a device goes with it, and everybody is told") {
    TestServer server;
    auto anna = server.person("anna");
    auto phone = anna.on_another_device();
    std::vector<std::string> heard;
    server.on_io([&] {
        auto& listeners = server.wiring().accounts.listeners;
        listeners.device_removed.add([&](const accounts::DeviceRemoved& gone) { heard.push_back(gone.device_id); });
        listeners.device_list_changed.add(
            [&](schema::UserNid, const schema::UserId& user, schema::Position) { heard.push_back(user.str()); });
    });
    const auto device_nid = server.ask("SELECT device_nid FROM devices WHERE device_id = '" + phone.device_id + "'");
    server.ask("INSERT INTO to_device VALUES ((SELECT user_nid FROM users WHERE kind = 0), " + device_nid +
               ", 1, '{}') RETURNING 1");
    CHECK(phone.post("/logout") == "200");
    CHECK(server.ask("SELECT count(*) FROM to_device") == "0");
    CHECK(server.ask("SELECT count(*) FROM device_list_log") == "1");
    CHECK(heard == std::vector<std::string>{phone.device_id, anna.id});
}
