#pragma once
#include <optional>
#include <string>

#include "api/web/view.hpp"
#include "core/accounts/session.hpp"
#include "core/accounts/sessions.hpp"

namespace runde::api::web {

class FormData;

/// Being signed in on the open pages: an ordinary session of the account, or the visit of a guest (selfhelp::Guests), kept by the
/// browser in a cookie that no script and no other website can use, until it is closed. Handlers of the API never look at cookies.
constexpr std::string_view visit_cookie = "runde_antrag";
/// One device for all such visits of a person: coming back ends the visit before.
constexpr std::string_view visit_device = "ANTRAG";

struct Visitor {
    schema::UserId user;
    std::optional<accounts::Session> session = {};  ///< Absent for a guest, whose account is on another server.

    /// How the pages call them.
    std::string name() const { return session ? std::string(user.localpart()) : user.str(); }
};
/// Whoever has come back; nullopt when there is no cookie, or their visit is over.
net::Task<std::optional<Visitor>> visitor(const View& view, Services& services);
/// Puts the session, or what a guest shows, into the cookie.
void start_visit(View& view, std::string_view token);
net::Task<> end_visit(View& view, Services& services);

/// The page for signing in with the name and password of a request; `back`: a path of ours to go on to.
net::Response sign_in_page(View& view, Services& services, std::string_view back, const FormData& form);
/// The way for people with an account elsewhere, where this office has guests; nothing otherwise.
Html way_for_guests(const View& view, Services& services, std::string_view back);
/// A path of ours that somebody may be sent to after signing in; "/antrag" for everything else.
std::string safe_return(std::string_view target);

}  // namespace runde::api::web
