#pragma once
#include <span>

#include "api/router.hpp"

namespace runde::api::client {

std::span<const Route> create_room_routes();
std::span<const Route> membership_routes();
std::span<const Route> room_event_routes();
std::span<const Route> history_routes();
std::span<const Route> directory_routes();
std::span<const Route> search_routes();

}  // namespace runde::api::client
