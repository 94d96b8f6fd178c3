#pragma once
#include <span>

namespace runde::api {
struct Route;
}

/// The route tables for other servers, one per file.
namespace runde::api::federation {

std::span<const Route> handshake_routes();
std::span<const Route> history_routes();
std::span<const Route> invite_routes();
std::span<const Route> key_routes();
std::span<const Route> policy_routes();
std::span<const Route> query_routes();
std::span<const Route> space_routes();
std::span<const Route> transaction_routes();
std::span<const Route> user_routes();
std::span<const Route> version_routes();

}  // namespace runde::api::federation
