#pragma once
#include <span>

namespace runde::api {
struct Route;
}

/// The route tables of this folder, one per file.
namespace runde::api::client {

std::span<const Route> account_routes();
std::span<const Route> account_data_routes();
std::span<const Route> capabilities_routes();
std::span<const Route> device_routes();
std::span<const Route> filter_routes();
std::span<const Route> login_routes();
std::span<const Route> open_id_routes();
std::span<const Route> profile_routes();
std::span<const Route> push_rule_routes();
std::span<const Route> pusher_routes();
std::span<const Route> receipt_routes();
std::span<const Route> registration_routes();
std::span<const Route> sync_routes();
std::span<const Route> typing_routes();
std::span<const Route> version_routes();
std::span<const Route> well_known_routes();

}  // namespace runde::api::client
