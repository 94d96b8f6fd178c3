#include <fmt/ranges.h>

#include "api/services.hpp"
#include "api/web/organisation_facts.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/texts/notices.hpp"
#include "core/selfhelp/admission_office.hpp"
#include "storage/database.hpp"
#include "storage/texts.hpp"

namespace runde::api::web {

namespace {

/// A text of the organisation in the reader's words, with its date and who answers for it (funding principle 4); nothing when it
/// has not been written.
Html show_text(const View& view, const std::optional<storage::TextVersion>& text) {
    const auto said = text ? selfhelp::in_register(text->by_register, view.text_register()) : std::nullopt;
    if (!said) return {};
    const bool german = said->way != selfhelp::Register::en;
    // German readers take any German; only who chose plain language, or English, should be told that it is missing.
    const bool missed = said->way != view.text_register() && (view.tone() == Tone::leicht || german != view.german());
    const auto& organisation = view.site.organisation;
    const auto by = organisation && !organisation->responsible.empty()
                        ? html(" · {}", view.say(texts::text_by, fmt::format("{}", fmt::join(organisation->responsible, "; "))))
                        : Html();
    return html(R"({}<div class="prose" lang="{}">{}</div><p class="muted">{}{}</p>)",
                missed ? html(R"(<p class="notice">{}</p>)", view.say(texts::only_in_german)) : Html(), german ? "de" : "en",
                prose(said->body), view.say(texts::text_as_of, view.date(text->set_at), text->version), by);
}

Html or_not_written(const View& view, Html text) {
    return text.empty() ? html(R"(<p class="card">{}</p>)", view.say(texts::not_written)) : text;
}

net::Task<std::optional<storage::TextVersion>> load_text(Services& services, std::string_view kind) {
    auto text = co_await services.db.read([kind](storage::Tx& tx) { return storage::find_text(tx, "", kind); });
    co_return text;
}

net::Response notice(View& view, const Phrase& title, const Html& body) {
    return answer(view,
                  {.title = view.say(title), .body = html(R"(<div class="stack"><h1>{}</h1>{}</div>)", view.say(title), body)});
}

// GET /impressum: who answers for this site. What the organisation has said about itself is there even before it writes a text.
net::Task<net::Response> get_imprint(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto text = co_await load_text(services, selfhelp::imprint);
    Html body = show_text(view, text);
    if (const auto& organisation = view.site.organisation)
        body += html(R"(<section><h2>{}</h2>{}</section><section><h2>{}</h2>{}</section>)", organisation->name,
                     about_organisation(view, *organisation), view.say(texts::contact_title), contact_of(view, *organisation));
    co_return notice(view, texts::imprint, or_not_written(view, std::move(body)));
}

// GET /datenschutz
net::Task<net::Response> get_privacy(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto text = co_await load_text(services, selfhelp::privacy);
    const auto& ends = services.admission.deadlines();
    const auto technical = html(
        R"(<section aria-labelledby="technik"><h2 id="technik">{}</h2><p>{}</p><ul class="promises"><li>{}</li><li>{}</li><li>{}</li>)"
        R"(<li>{}</li><li>{}</li></ul></section>)",
        view.say(texts::technical_title), view.say(texts::technical_lead), view.say(texts::technical_reading),
        view.say(texts::technical_cookies),
        view.say(texts::technical_application, view.days(ends.after_decision), view.days(ends.without_reaction)),
        view.say(texts::technical_member), view.say(texts::technical_rights));
    co_return notice(view, texts::privacy, show_text(view, text) + technical);
}

// GET /hausregeln
net::Task<net::Response> get_house_rules(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto text = co_await load_text(services, selfhelp::house_rules);
    co_return notice(view, texts::house_rules, or_not_written(view, show_text(view, text)));
}

constexpr Route routes[] = {
    {net::Method::get, "/impressum", Access::anyone, Rate::read, get_imprint, "docs/office.md"},
    {net::Method::get, "/datenschutz", Access::anyone, Rate::read, get_privacy, "docs/office.md"},
    {net::Method::get, "/hausregeln", Access::anyone, Rate::read, get_house_rules, "docs/office.md"},
};

}  // namespace

std::span<const Route> notice_routes() { return routes; }

}  // namespace runde::api::web
