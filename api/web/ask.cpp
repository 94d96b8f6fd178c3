#include "api/services.hpp"
#include "api/web/application_form.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/application.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/texts/groups.hpp"
#include "api/web/visit.hpp"
#include "core/accounts/accounts.hpp"
#include "core/selfhelp/admission_office.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

namespace {

std::string ask_path(const storage::GroupRow& group) { return "/gruppen/" + net::percent_encode(group.id) + "/anfragen"; }

/// For whoever is not signed in: a name and a password, made up here and now.
Html account_fields(const View& view, Services& services, const FormData& form, const storage::GroupRow& group) {
    const auto back = ask_path(group);
    const auto with_account =
        html(R"(<p>{} <a href="{}">{}</a></p>{})", view.say(texts::have_account),
             Url("/antrag?weiter=" + net::percent_encode(back)), view.say(texts::sign_in), way_for_guests(view, services, back));
    if (services.accounts.options.registration == accounts::RegistrationMode::closed)
        return html(R"(<section class="notice"><p>{}</p>{}</section>)", view.say(texts::only_with_account), with_account);
    return html(R"(<section class="stack"><h2>{}</h2>{}{}{}</section>)", view.say(texts::account_part), with_account,
                input(view, form,
                      {.name = "name",
                       .label = std::string(view.say(texts::pseudonym)),
                       .why = std::string(view.say(texts::pseudonym_why)),
                       .autocomplete = "username",
                       .longest = 100}),
                input(view, form,
                      {.name = "passwort",
                       .label = std::string(view.say(texts::password)),
                       .why = std::string(view.say(texts::password_why)),
                       .type = "password",
                       .autocomplete = "new-password",
                       .longest = 512}));
}

net::Response ask_page(View& view, Services& services, const selfhelp::Entrance& door, const FormData& form,
                       const std::optional<Visitor>& visitor) {
    const auto who = visitor ? html("<p class=\"card\">{}</p>", view.say(texts::ask_as, visitor->name()))
                             : account_fields(view, services, form, door.group);
    const auto consent = html(R"({}<p><a href="/datenschutz">{}</a></p>)",
                              checkbox(view, form, {.name = "einverstanden", .label = std::string(view.say(texts::consent))}),
                              view.say(texts::read_privacy));
    const auto body =
        html(R"(<div class="stack narrow"><p><a href="{}">← {}</a></p><h1>{}</h1><p class="lead">{}</p>{}<form class="stack" )"
             R"(method="post" action="{}" novalidate>{}{}{}{}<div><button class="primary">{}</button></div></form></div>)",
             Url("/gruppen/" + net::percent_encode(door.group.id)), door.group.card.name,
             view.say(texts::ask_title, door.group.card.name), view.say(texts::ask_lead), problem_summary(view, form),
             Url(ask_path(door.group)), token_field(view), application_fields(view, form, door.form), who, consent,
             view.say(texts::send_request));
    return answer(
        view,
        {.title = view.say(texts::ask_window), .body = body, .status = form.is_fine() ? 200 : 422, .session = visitor.has_value()});
}

// GET /gruppen/{group}/anfragen
net::Task<net::Response> get_ask(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto door = co_await services.admission.entrance(call.param("group"));
    const auto who = co_await visitor(view, services);
    co_return ask_page(view, services, door, {}, who);
}

/// Which field a refusal of the domain is about; what has no field is about the whole form.
void complain(const View& view, FormData& form, const Refusal& refusal) {
    switch (refusal.reason) {
        case Reason::user_in_use:
        case Reason::exclusive: return form.complain("name", std::string(view.say(texts::name_taken)));
        case Reason::invalid_username: return form.complain("name", std::string(view.say(texts::name_wrong)));
        case Reason::weak_password: return form.complain("passwort", std::string(view.say(texts::password_weak)));
        default: break;
    }
    if (refusal.reason == Reason::limit_exceeded || refusal.reason == Reason::not_found) throw refusal;
    form.complain("", words_of(view, refusal));
}

// POST /gruppen/{group}/anfragen: makes the request and, for whoever has none, the account to come back with.
net::Task<net::Response> post_ask(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    FormData form(call, view, FormData::Stale::redraw);
    const auto door = co_await services.admission.entrance(call.param("group"));
    const auto who = co_await visitor(view, services);

    auto wish = read_application(view, form, door.group.id, door.form);
    if (!who && form.value("name").empty()) form.complain("name", view.say(texts::answer_missing, view.say(texts::pseudonym)));
    if (!who && form.raw("passwort").empty()) form.complain("passwort", view.say(texts::answer_missing, view.say(texts::password)));
    if (!form.checked("einverstanden")) form.complain("einverstanden", std::string(view.say(texts::consent_missing)));
    std::string made;
    if (form.is_fine()) try {
            if (who) {
                const auto nid = who->session ? std::optional(who->session->user_nid) : std::nullopt;
                made = co_await services.admission.apply({who->user, nid}, std::move(wish));
            } else {
                const auto arrived = co_await services.admission.arrive(form.value("name"), form.raw("passwort"), std::move(wish));
                start_visit(view, arrived.tokens.access);
                made = arrived.application;
            }
        } catch (const Refusal& refusal) {
            complain(view, form, refusal);
        }
    if (!form.is_fine()) co_return ask_page(view, services, door, form, who);
    co_return see_other(view, "/antrag/" + made);
}

constexpr Route routes[] = {
    {net::Method::get, "/gruppen/{group}/anfragen", Access::anyone, Rate::read, get_ask, "docs/applicants.md"},
    {net::Method::post, "/gruppen/{group}/anfragen", Access::anyone, Rate::registration, post_ask, "docs/applicants.md"},
};

}  // namespace

std::span<const Route> ask_routes() { return routes; }

}  // namespace runde::api::web
