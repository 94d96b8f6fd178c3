#include "api/routes.hpp"

#include "api/web/health.hpp"
#include "api/web/pages.hpp"

namespace runde::api {

Router all_routes() {
    Router router;
    router.add(web::health_routes());
    router.add(web::page_routes());
    return router;
}

}  // namespace runde::api
