#include "api/web/texts/front.hpp"
#include "api/services.hpp"
#include "api/web/organisation_facts.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/texts/notices.hpp"
#include "api/web/view.hpp"
#include "core/selfhelp/admission_office.hpp"

namespace runde::api::web {

namespace {

/// For whoever is looking for help: what this is, in one sentence, and a way to a group.
Html find_group(const View& view) {
    return html(
        R"(<form class="find" action="/gruppen" method="get" role="search"><label for="suche">{}</label>)"
        R"(<p class="hint" id="suche-hinweis">{}</p><div class="row"><input id="suche" name="q" type="search" maxlength="100" )"
        R"(autocomplete="off" aria-describedby="suche-hinweis"><button class="primary">{}</button></div>)"
        R"(<p><a href="/gruppen">{}</a></p></form>)",
        view.say(texts::search_label), view.say(texts::search_hint), view.say(texts::search_button), view.say(texts::all_groups));
}

Html steps(const View& view) {
    return html(
        R"(<section aria-labelledby="schritte"><h2 id="schritte">{}</h2><ol class="plain steps"><li>{}</li><li>{}</li><li>{}</li>)"
        R"(<li>{}</li></ol></section>)",
        view.say(texts::steps_title), view.say(texts::step_find), view.say(texts::step_ask), view.say(texts::step_talk),
        view.say(texts::step_join));
}

Html promises(const View& view, const selfhelp::admission::Deadlines& ends) {
    return html(
        R"(<section aria-labelledby="versprechen"><h2 id="versprechen">{}</h2><ul class="promises"><li>{}</li><li>{}</li><li>{}</li></ul>)"
        R"(<p><a href="/grundsaetze">{}</a></p></section>)",
        view.say(texts::promise_title), view.say(texts::promise_unseen),
        view.say(texts::promise_erase, view.days(ends.after_decision)), view.say(texts::promise_free),
        view.say(texts::promise_principles));
}

Html for_members(const View& view) {
    return html(R"(<section class="card" aria-labelledby="dabei"><h2 id="dabei">{}</h2><p class="row">)"
                R"(<a class="button" href="/mitglieder">{}</a><a class="button" href="/antrag">{}</a></p></section>)",
                view.say(texts::members_title), view.say(texts::members_link), view.say(texts::request_link));
}

Html not_set_up(const View& view) {
    return html(
        R"(<section class="notice" aria-labelledby="entsteht"><h2 id="entsteht">{}</h2><p>{}</p><p class="muted">{}</p></section>)",
        view.say(texts::not_set_up_title), view.say(texts::not_set_up), view.say(texts::not_set_up_team));
}

Html who_we_are(const View& view, const storage::OrganisationRow& organisation) {
    return html(
        R"(<section aria-labelledby="wir"><h2 id="wir">{}</h2><div class="prose">{}</div>{}<h3>{}</h3>{}<p><a href="/impressum">{}</a></p>)"
        R"(</section>)",
        view.say(texts::who_we_are), prose(organisation.purpose, 3), about_organisation(view, organisation),
        view.say(texts::contact_title), contact_of(view, organisation), view.say(texts::more_about_us));
}

// GET /
net::Task<net::Response> get_front(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto& organisation = view.site.organisation;
    const auto body = html(R"(<div class="stack front"><h1>{}</h1><p class="lead">{}</p>{}{}{}{}{}{}</div>)",
                           view.say(texts::front_title), view.say(texts::front_lead), organisation ? Html() : not_set_up(view),
                           find_group(view), steps(view), promises(view, services.admission.deadlines()), for_members(view),
                           organisation ? who_we_are(view, *organisation) : Html());
    co_return answer(view, {.title = view.say(texts::front_window), .body = body});
}

constexpr Route routes[] = {{net::Method::get, "/", Access::anyone, Rate::read, get_front, "docs/members.md"}};

}  // namespace

std::span<const Route> front_routes() { return routes; }

}  // namespace runde::api::web
