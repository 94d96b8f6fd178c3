#include "api/web/health.hpp"

#include "api/services.hpp"
#include "storage/database.hpp"

namespace runde::api::web {

namespace {

// GET /health: 200 while the server can do its work, 503 while PostgreSQL cannot be reached. For load
// balancers and monitoring; says nothing else.
net::Task<net::Response> get_health(const Call&, Services& services) {
    const bool works = services.db.reachable();
    co_return works ? net::Response::json(R"({"status":"ok"})") : net::Response::json(R"({"status":"database unreachable"})", 503);
}

constexpr Route routes[] = {
    {net::Method::get, "/health", Access::anyone, Rate::none, get_health, "docs/operators.md"},
};

}  // namespace

std::span<const Route> health_routes() { return routes; }

}  // namespace runde::api::web
