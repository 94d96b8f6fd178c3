#include "api/limited_accounts.hpp"

#include <algorithm>
#include <array>

#include "api/services.hpp"
#include "core/selfhelp/admission_office.hpp"

namespace runde::api {

static constexpr std::array always_open{
    std::string_view("/_matrix/client/v3/logout"),
    std::string_view("/_matrix/client/v3/logout/all"),
    std::string_view("/_matrix/client/v3/account/password"),
    std::string_view("/_matrix/client/v3/account/deactivate"),
    std::string_view("/_matrix/client/v3/rooms/{roomId}/leave"),
    std::string_view("/_matrix/client/v3/rooms/{roomId}/forget"),
    std::string_view("/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}"),
    std::string_view("/_matrix/client/v3/rooms/{roomId}/read_markers"),
};
static constexpr std::array open_in_receptions{
    std::string_view("/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}"),
    std::string_view("/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}"),
    std::string_view("/_matrix/client/v3/rooms/{roomId}/typing/{userId}"),
};

static constexpr std::array open_before_own_password{
    std::string_view("/_matrix/client/v3/account/whoami"), std::string_view("/_matrix/client/v3/account/password"),
    std::string_view("/_matrix/client/v3/capabilities"),   std::string_view("/_matrix/client/v3/logout"),
    std::string_view("/_matrix/client/v3/logout/all"),
};

void require_own_password(const Route& route) {
    const auto& open = open_before_own_password;
    if (std::find(open.begin(), open.end(), route.pattern) != open.end()) return;
    throw schema::Refusal(schema::Reason::forbidden,
                          "Bitte wählen Sie zuerst ein eigenes Passwort. / Please choose a password of your own first.",
                          {{"org.runde.must_change_password", true}});
}

void require_open_to_suspended(const Call& call, const Route& route, const Services& services) {
    const auto is = [&](std::string_view pattern) { return pattern == route.pattern; };
    if (route.method == net::Method::get || route.method == net::Method::head) return;
    // Its application; its own settings; what an app must say of its keys before it shows anything.
    for (const std::string_view own : {"/_runde/v1/applications", "/_runde/v1/groups/{groupId}/applications",
                                       "/_matrix/client/v3/user/{userId}/", "/_matrix/client/v3/keys/"})
        if (route.pattern.starts_with(own)) return;
    if (std::any_of(always_open.begin(), always_open.end(), is)) return;
    if (std::any_of(open_in_receptions.begin(), open_in_receptions.end(), is) &&
        services.admission.is_reception(call.param("roomId")))
        return;
    throw schema::Refusal(schema::Reason::user_suspended, "");
}

}  // namespace runde::api
