#include "api/client/self.hpp"
#include "api/client/tables.hpp"
#include "api/interactive.hpp"
#include "api/services.hpp"
#include "core/accounts/accounts.hpp"

namespace runde::api::client {

using schema::JsonArray;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t most_at_once = 1'000;

/// No address, and only the day: who reads this list need not learn more.
JsonObject described(const storage::DeviceRow& device) {
    JsonObject json{{"device_id", device.device_id}};
    if (device.name) json["display_name"] = *device.name;
    if (device.seen_day) json["last_seen_ts"] = *device.seen_day * 86'400'000;
    return json;
}

// GET /_matrix/client/v3/devices
net::Task<net::Response> get_devices(const Call& call, Services& services) {
    const auto devices = co_await services.accounts.devices.list(call.session().user_nid);
    JsonArray list;
    for (const auto& device : devices) list.push_back(described(device));
    JsonObject body;
    body["devices"] = std::move(list);
    co_return answer(body);
}

// GET /_matrix/client/v3/devices/{deviceId}
net::Task<net::Response> get_device(const Call& call, Services& services) {
    const auto device = co_await services.accounts.devices.find(call.session().user_nid, call.param("deviceId"));
    if (!device) throw Refusal(Reason::not_found, "");
    co_return answer(described(*device));
}

// PUT /_matrix/client/v3/devices/{deviceId}
net::Task<net::Response> put_device(const Call& call, Services& services) {
    const auto user = call.session().user_nid;
    const auto& device_id = call.param("deviceId");
    if (const auto name = call.fields().string("display_name")) {
        co_await services.accounts.devices.rename(user, device_id, *name);
    } else {
        const auto device = co_await services.accounts.devices.find(user, device_id);
        if (!device) throw Refusal(Reason::not_found, "");
    }
    co_return empty_answer();
}

net::Task<net::Response> remove(const Call& call, Services& services, std::vector<std::string> devices) {
    const auto& session = call.session();
    std::string operation = "delete devices";
    for (const auto& device : devices) operation += " " + schema::quoted(device);
    auto confirmed = co_await confirm(call, services, services.accounts.sign_in.confirm_owner(std::move(operation), session));
    if (auto* ask = std::get_if<net::Response>(&confirmed)) co_return std::move(*ask);

    co_await services.accounts.devices.remove(session.user_nid, session.user, devices);
    services.accounts.interactive.finish(std::get<accounts::Confirmation>(confirmed).session);
    co_return empty_answer();
}

// DELETE /_matrix/client/v3/devices/{deviceId}
net::Task<net::Response> delete_device(const Call& call, Services& services) {
    auto response = co_await remove(call, services, {call.param("deviceId")});
    co_return response;
}

// POST /_matrix/client/v3/delete_devices
net::Task<net::Response> post_delete_devices(const Call& call, Services& services) {
    auto devices = call.fields().strings("devices");
    if (!devices) throw Refusal(Reason::missing_param, "devices is missing");
    if (devices->size() > most_at_once) throw Refusal(Reason::invalid_param, "too many devices");
    for (const auto& device : *devices)
        if (device.find('\0') != std::string::npos) throw Refusal(Reason::invalid_param, "devices holds no device id");
    auto response = co_await remove(call, services, *std::move(devices));
    co_return response;
}

constexpr Route routes[] = {
    {net::Method::get, "/_matrix/client/v3/devices", Access::user, Rate::read, get_devices,
     "client-server-api/#get_matrixclientv3devices"},
    {net::Method::get, "/_matrix/client/v3/devices/{deviceId}", Access::user, Rate::read, get_device,
     "client-server-api/#get_matrixclientv3devicesdeviceid"},
    {net::Method::put, "/_matrix/client/v3/devices/{deviceId}", Access::user, Rate::write, put_device,
     "client-server-api/#put_matrixclientv3devicesdeviceid"},
    {net::Method::delete_, "/_matrix/client/v3/devices/{deviceId}", Access::user, Rate::login, delete_device,
     "client-server-api/#delete_matrixclientv3devicesdeviceid"},
    {net::Method::post, "/_matrix/client/v3/delete_devices", Access::user, Rate::login, post_delete_devices,
     "client-server-api/#post_matrixclientv3delete_devices"},
};

}  // namespace

std::span<const Route> device_routes() { return routes; }

}  // namespace runde::api::client
