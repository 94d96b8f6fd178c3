#pragma once
#include <optional>
#include <string>

#include "api/web/view.hpp"
#include "core/accounts/session.hpp"
#include "core/accounts/sessions.hpp"

namespace runde::api::web {

class FormData;

/// Being signed in on the open pages: an ordinary session of the account, whose token the browser keeps in a cookie that no
/// script and no other website can use, until it is closed. Handlers of the API never look at cookies.
constexpr std::string_view visit_cookie = "runde_antrag";
/// One device for all such visits of a person: coming back ends the visit before.
constexpr std::string_view visit_device = "ANTRAG";

/// Whoever has come back; nullopt when there is no cookie, or its session is over.
net::Task<std::optional<accounts::Session>> visitor(const View& view, Services& services);
/// Puts the session into the cookie.
void start_visit(View& view, const accounts::Tokens& tokens);
net::Task<> end_visit(View& view, Services& services);

/// The page for signing in with the name and password of a request; `back`: a path of ours to go on to.
net::Response sign_in_page(View& view, std::string_view back, const FormData& form);
/// A path of ours that somebody may be sent to after signing in; "/antrag" for everything else.
std::string safe_return(std::string_view target);

}  // namespace runde::api::web
