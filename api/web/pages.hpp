#pragma once
#include "api/router.hpp"

namespace runde::api::web {

/// The members' page: /mitglieder and every path that the page's own router knows (web/src/state/router.svelte.ts), all
/// answered with the same small document, and its files under /assets/. The files are part of the program.
std::span<const Route> page_routes();

/// Pages that the server draws, complete without a script: the front page; the directory of
/// groups, asking to join one, one's own request, a group's rules; imprint, privacy notice and house rules; the nine
/// principles; the statement on accessibility; help in a crisis.
std::span<const Route> front_routes();
std::span<const Route> application_routes();
std::span<const Route> ask_routes();
std::span<const Route> group_page_routes();
std::span<const Route> notice_routes();
std::span<const Route> principle_routes();
std::span<const Route> rules_page_routes();
std::span<const Route> visit_routes();
std::span<const Route> accessibility_routes();
std::span<const Route> guest_routes();
std::span<const Route> crisis_routes();

}  // namespace runde::api::web
