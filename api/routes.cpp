#include "api/routes.hpp"

#include "api/web/health.hpp"

namespace runde::api {

Router all_routes() {
    Router router;
    router.add(web::health_routes());
    return router;
}

}  // namespace runde::api
