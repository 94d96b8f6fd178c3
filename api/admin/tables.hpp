#pragma once
#include <span>

namespace runde::api {
struct Route;
}

/// The route tables of this folder, one per file.
namespace runde::api::admin {

std::span<const Route> registration_routes();

}  // namespace runde::api::admin
