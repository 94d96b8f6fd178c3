#include "api/web/texts/rules.hpp"
#include "api/services.hpp"
#include "api/web/forms.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/application.hpp"
#include "api/web/texts/notices.hpp"
#include "core/rooms/rooms.hpp"
#include "core/selfhelp/door.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

namespace {

/// Whose page this is: the address says it, and its signature that it is ours. An app on a phone opens it in a browser that
/// knows nobody.
selfhelp::ConsentToken holder(const Call& call, Services& services) {
    auto token = selfhelp::ConsentToken::read(call.param("token"), services.rooms.identity().key);
    if (!token) throw Refusal(Reason::not_found, "");
    return *std::move(token);
}

Html form_to_accept(View& view, const FormData& form, const selfhelp::ConsentToken& token, int version) {
    return html(R"(<form class="card stack" method="post" action="{}" novalidate>{}<input type="hidden" name="fassung" value="{}">)"
                R"(<p class="muted">{}</p>{}<div><button class="primary">{}</button></div></form>)",
                Url(view.path()), token_field(view), version, view.say(texts::rules_for, token.user.localpart()),
                checkbox(view, form, {.name = "gelesen", .label = std::string(view.say(texts::rules_promise))}),
                view.say(texts::rules_accept));
}

Html accepted_words(const View& view) {
    return html(R"(<section class="card stack"><h2>{}</h2><p>{}</p><p><a class="button primary" href="/mitglieder">{}</a></p>)"
                R"(<p class="muted">{}</p></section>)",
                view.say(texts::rules_accepted_title), view.say(texts::rules_accepted), view.say(texts::to_members_page),
                view.say(texts::rules_close_window));
}

net::Task<net::Response> rules_page(View& view, Services& services, const selfhelp::ConsentToken& token, const FormData& form) {
    const auto group = co_await services.door.groups.require(token.group);
    const auto rules = co_await services.door.pledges.rules(token.group);
    const auto* standing = services.door.standing.group(token.group);
    const bool accepted = !standing || !services.door.standing.must_accept(*standing, token.user.str());
    const auto said = selfhelp::in_register(rules.by_register, view.text_register());
    const auto text = said ? html(R"(<div class="prose" lang="{}">{}</div>)", said->way == selfhelp::Register::en ? "en" : "de",
                                  prose(said->body))
                           : html("<p>{}</p>", view.say(texts::rules_none));
    const auto below = accepted ? accepted_words(view) : form_to_accept(view, form, token, rules.version);
    const auto body =
        html(R"(<div class="stack"><h1>{}</h1>{}{}{}{}</div>)", view.say(texts::rules_of_group, group.card.name),
             problem_summary(view, form), accepted ? below : html(R"(<p class="lead">{}</p>)", view.say(texts::rules_lead)), text,
             accepted ? Html() : below);
    co_return answer(view, {.title = view.say(texts::rules_window), .body = body, .status = form.is_fine() ? 200 : 422});
}

// GET /regeln/{token}: where M_CONSENT_NOT_GIVEN sends people.
net::Task<net::Response> get_rules(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const FormData nothing;
    co_return co_await rules_page(view, services, holder(call, services), nothing);
}

// POST /regeln/{token}
net::Task<net::Response> post_rules(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto token = holder(call, services);
    FormData form(call, view, FormData::Stale::redraw);
    int version = 0;
    for (const char c : form.value("fassung").substr(0, 7))
        if (c >= '0' && c <= '9') version = version * 10 + (c - '0');
    if (!form.checked("gelesen")) form.complain("gelesen", std::string(view.say(texts::rules_tick_first)));
    if (form.is_fine()) try {
            co_await services.door.pledges.accept(token.group, token.user, version);
        } catch (const Refusal& refusal) {
            if (refusal.reason != Reason::bad_state) throw;
            form.complain("", std::string(view.say(texts::rules_changed)));
        }
    if (form.is_fine()) co_return see_other(view, view.path());
    co_return co_await rules_page(view, services, token, form);
}

constexpr Route routes[] = {
    {net::Method::get, "/regeln/{token}", Access::anyone, Rate::read, get_rules, "docs/members.md"},
    {net::Method::post, "/regeln/{token}", Access::anyone, Rate::write, post_rules, "docs/members.md"},
};

}  // namespace

std::span<const Route> rules_page_routes() { return routes; }

}  // namespace runde::api::web
