#pragma once
#include "api/router.hpp"

namespace runde::api::web {

/// The members' page: GET / and every path that the page's own router knows (web/src/state/router.svelte.ts), all
/// answered with the same small document, and its files under /assets/. The files are part of the program.
std::span<const Route> page_routes();

}  // namespace runde::api::web
