#include "core/selfhelp/guests.hpp"

#include "api/services.hpp"
#include "api/web/forms.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/application.hpp"
#include "api/web/view.hpp"
#include "api/web/visit.hpp"
#include "core/rooms/rooms.hpp"
#include "core/selfhelp/admission_office.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

namespace {

net::Response address_page(View& view, const FormData& form, const std::string& back) {
    const auto body = html(
        R"(<div class="stack narrow"><h1>{}</h1><p class="lead">{}</p>{}<form class="stack" method="post" action="/antrag/auswaerts" )"
        R"(novalidate>{}<input type="hidden" name="weiter" value="{}">{}<div><button class="primary">{}</button></div></form></div>)",
        view.say(texts::elsewhere_title), view.say(texts::elsewhere_lead), problem_summary(view, form), token_field(view), back,
        input(view, form,
              {.name = "adresse",
               .label = std::string(view.say(texts::matrix_address)),
               .hint = std::string(view.say(texts::matrix_address_hint)),
               .longest = 255}),
        view.say(texts::send_link));
    return answer(view, {.title = view.say(texts::elsewhere_title), .body = body, .status = form.is_fine() ? 200 : 422});
}

void require_guests(Services& services) {
    if (!services.admission.guests().welcome()) throw Refusal(Reason::not_found, "");
}

// GET /antrag/auswaerts: somebody with an account on another server says which.
net::Task<net::Response> get_address(const Call& call, Services& services) {
    require_guests(services);
    auto view = co_await open_view(call, services);
    co_return address_page(view, {}, safe_return(call.query("weiter").value_or("")));
}

// POST /antrag/auswaerts: the same answer whether or not there is such an account.
net::Task<net::Response> post_address(const Call& call, Services& services) {
    require_guests(services);
    auto view = co_await open_view(call, services);
    FormData form(call, view, FormData::Stale::redraw);
    const auto back = safe_return(form.value("weiter"));
    const auto user = schema::UserId::parse(form.value("adresse"));
    if (!user)
        form.complain("adresse", std::string(view.say(texts::matrix_address_wrong)));
    else if (services.rooms.identity().is_local(*user))
        form.complain("adresse", std::string(view.say(texts::matrix_address_ours)));
    if (!form.is_fine()) co_return address_page(view, form, back);
    services.admission.guests().send_link(*user, back, view.text_register());
    const auto body = html(R"(<div class="stack narrow"><h1>{}</h1><p class="lead">{}</p></div>)", view.say(texts::link_sent_title),
                           view.say(texts::link_sent, user->str()));
    co_return answer(view, {.title = view.say(texts::link_sent_title), .body = body});
}

net::Response over_page(View& view) {
    const auto body = html(
        R"(<div class="stack narrow"><h1>{}</h1><p class="lead">{}</p><p><a class="button" href="/antrag/auswaerts">{}</a></p></div>)",
        view.say(texts::link_over_title), view.say(texts::link_over), view.say(texts::send_link));
    return answer(view, {.title = view.say(texts::link_over_title), .body = body, .status = 404});
}

// GET /antrag/auswaerts/{token}: apps look at the pages behind links before anybody opens them, so this changes nothing yet.
net::Task<net::Response> get_link(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto link = co_await services.admission.guests().read(call.param("token"));
    if (!link) co_return over_page(view);
    const auto body = html(R"(<div class="stack narrow"><h1>{}</h1><p class="lead">{}</p><form method="post" action="{}">{})"
                           R"(<button class="primary">{}</button></form></div>)",
                           view.say(texts::enter_title), view.say(texts::enter_lead, link->user.str()), Url(view.path()),
                           token_field(view), view.say(texts::enter));
    co_return answer(view, {.title = view.say(texts::enter_title), .body = body});
}

// POST /antrag/auswaerts/{token}: the link is used up, the visit begins.
net::Task<net::Response> post_link(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const FormData form(call, view);
    const auto link = co_await services.admission.guests().read(call.param("token"));
    const auto visit = co_await services.admission.guests().enter(call.param("token"));
    if (!link || !visit) co_return over_page(view);
    start_visit(view, *visit);
    co_return see_other(view, safe_return(link->back));
}

constexpr Route routes[] = {
    {net::Method::get, "/antrag/auswaerts", Access::anyone, Rate::read, get_address, "docs/applicants.md"},
    {net::Method::post, "/antrag/auswaerts", Access::anyone, Rate::registration, post_address, "docs/applicants.md"},
    {net::Method::get, "/antrag/auswaerts/{token}", Access::anyone, Rate::read, get_link, "docs/applicants.md"},
    {net::Method::post, "/antrag/auswaerts/{token}", Access::anyone, Rate::login, post_link, "docs/applicants.md"},
};

}  // namespace

std::span<const Route> guest_routes() { return routes; }

}  // namespace runde::api::web
