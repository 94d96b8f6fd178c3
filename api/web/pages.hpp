#pragma once
#include "api/router.hpp"

namespace runde::api::web {

/// The members' page: /mitglieder and every path that the page's own router knows (web/src/state/router.svelte.ts), all
/// answered with the same small document, and its files under /assets/. The files are part of the program.
std::span<const Route> page_routes();

/// Pages that the server draws, complete without a script: the front page, crisis help, the nine principles.
std::span<const Route> front_routes();
std::span<const Route> principle_routes();
std::span<const Route> crisis_routes();

}  // namespace runde::api::web
