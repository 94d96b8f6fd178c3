#include "api/web/visit.hpp"

#include "api/services.hpp"
#include "api/web/forms.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/application.hpp"
#include "api/web/texts/frame.hpp"
#include "core/accounts/accounts.hpp"
#include "core/selfhelp/admission_office.hpp"
#include "core/selfhelp/guests.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

net::Task<std::optional<Visitor>> visitor(const View& view, Services& services) {
    const auto token = view.cookie(visit_cookie);
    if (!token || token->empty()) co_return std::nullopt;
    if (auto guest = services.admission.guests().guest(*token)) co_return Visitor{*std::move(guest)};
    std::optional<Visitor> visitor;
    try {
        auto session = co_await services.sessions.require(*token);
        if (!session.locked) visitor = Visitor{session.user, std::move(session)};
    } catch (const Refusal&) {
        // Erased, signed out, or never ours: to a visitor it is all the same.
    }
    co_return visitor;
}

void start_visit(View& view, std::string_view token) { view.set_cookie(visit_cookie, token, View::Lives::session); }

net::Task<> end_visit(View& view, Services& services) {
    const auto who = co_await visitor(view, services);
    if (who && who->session) {
        const auto& session = *who->session;
        co_await services.accounts.devices.remove(session.user_nid, session.user, std::vector{session.device_id});
    }
    view.drop_cookie(visit_cookie);
}

std::string safe_return(std::string_view target) {
    // "/antrag/anmelden" and its like take forms, nothing is to be seen there.
    const bool ours = target.starts_with("/antrag/") || target.starts_with("/gruppen/") || target.starts_with("/regeln/");
    const bool for_forms = target == "/antrag/anmelden" || target == "/antrag/abmelden" || target == "/antrag/verlassen";
    return ours && !for_forms && Url(target).str() == target ? std::string(target) : "/antrag";
}

Html way_for_guests(const View& view, Services& services, std::string_view back) {
    if (!services.admission.guests().welcome()) return {};
    return html(R"(<p><a href="{}">{}</a></p>)", Url("/antrag/auswaerts?weiter=" + net::percent_encode(back)),
                view.say(texts::account_elsewhere));
}

net::Response sign_in_page(View& view, Services& services, std::string_view back, const FormData& form) {
    if (view.answers_form()) view.seen_at("/antrag");
    const auto body =
        html(R"(<div class="stack narrow"><h1>{}</h1><p class="lead">{}</p>{}<form class="stack" method="post" )"
             R"(action="/antrag/anmelden" novalidate>{}<input type="hidden" name="weiter" value="{}">{}{}<div>)"
             R"(<button class="primary">{}</button></div></form>{}</div>)",
             view.say(texts::back_title), view.say(texts::back_lead), problem_summary(view, form), token_field(view), back,
             input(view, form, {.name = "name", .label = std::string(view.say(texts::pseudonym)), .autocomplete = "username"}),
             input(view, form,
                   {.name = "passwort",
                    .label = std::string(view.say(texts::password)),
                    .type = "password",
                    .autocomplete = "current-password",
                    .longest = 512}),
             view.say(texts::sign_in), way_for_guests(view, services, back));
    return answer(view, {.title = view.say(texts::sign_in), .body = body, .status = form.is_fine() ? 200 : 422});
}

namespace {

// POST /antrag/anmelden
net::Task<net::Response> post_sign_in(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    FormData form(call, view, FormData::Stale::redraw);
    const auto back = safe_return(form.value("weiter"));
    const accounts::DeviceRequest device{.device_id = std::string(visit_device),
                                         .display_name = std::string(view.say(texts::nav_application))};
    if (!form.is_fine()) co_return sign_in_page(view, services, back, form);
    bool wrong = form.value("name").empty() || form.raw("passwort").empty();
    if (!wrong) try {
            const auto signed_in =
                co_await services.accounts.sign_in.with_password(form.value("name"), form.raw("passwort"), device);
            start_visit(view, signed_in.tokens.access);
        } catch (const Refusal& refusal) {
            if (refusal.reason == Reason::limit_exceeded) throw;
            wrong = true;  // Whether there is such a name is nobody's business.
        }
    if (!wrong) co_return see_other(view, back);
    form.complain("name", std::string(view.say(texts::sign_in_wrong)));
    co_return sign_in_page(view, services, back, form);
}

// GET /antrag/anmelden: somebody reloads the page that told them what was wrong.
net::Task<net::Response> get_sign_in(const Call&, Services&) { co_return net::Response::redirect("/antrag"); }

// POST /antrag/abmelden
net::Task<net::Response> post_sign_out(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const FormData form(call, view);
    co_await end_visit(view, services);
    co_return see_other(view, "/");
}

// POST /antrag/verlassen: the quick exit tells us, and waits for nothing. Ending a visit needs no proof of who wishes it.
net::Task<net::Response> post_leave(const Call& call, Services& services) {
    View view(call.request(), services);
    co_await end_visit(view, services);
    net::Response response;
    response.status = 204;
    view.put_cookies(response.headers);
    co_return response;
}

constexpr Route routes[] = {
    {net::Method::get, "/antrag/anmelden", Access::anyone, Rate::read, get_sign_in, "docs/applicants.md"},
    {net::Method::post, "/antrag/anmelden", Access::anyone, Rate::login, post_sign_in, "docs/applicants.md"},
    {net::Method::post, "/antrag/abmelden", Access::anyone, Rate::write, post_sign_out, "docs/applicants.md"},
    {net::Method::post, "/antrag/verlassen", Access::anyone, Rate::write, post_leave, "docs/applicants.md"},
};

}  // namespace

std::span<const Route> visit_routes() { return routes; }

}  // namespace runde::api::web
