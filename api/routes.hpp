#pragma once
#include "api/router.hpp"

namespace runde::api {

/// Every endpoint of the server: the tables of all sections, collected in routes.cpp.
Router all_routes();

}  // namespace runde::api
