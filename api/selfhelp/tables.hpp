#pragma once
#include <span>

#include "api/router.hpp"

/// The endpoints below /_runde/v1/: what a self-help server adds to Matrix.
namespace runde::api::selfhelp {

std::span<const Route> application_routes();
std::span<const Route> admission_desk_routes();
std::span<const Route> forum_routes();
std::span<const Route> group_routes();
std::span<const Route> organisation_routes();
std::span<const Route> role_routes();
std::span<const Route> rules_routes();
std::span<const Route> search_routes();
std::span<const Route> node_routes();

}  // namespace runde::api::selfhelp
