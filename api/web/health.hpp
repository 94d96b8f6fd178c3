#pragma once
#include "api/router.hpp"

namespace runde::api::web {

std::span<const Route> health_routes();

}  // namespace runde::api::web
