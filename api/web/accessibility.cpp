#include "api/web/texts/accessibility.hpp"

#include "api/web/organisation_facts.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/view.hpp"

namespace runde::api::web {

namespace {

Html part(const View& view, std::string_view id, const Phrase& title, const Html& body) {
    return html(R"(<section aria-labelledby="{}"><h2 id="{}">{}</h2>{}</section>)", id, id, view.say(title), body);
}

Html paragraph(const View& view, const Phrase& text) { return html("<p>{}</p>", view.say(text)); }

// GET /barrierefreiheit
net::Task<net::Response> get_accessibility(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto tour = each(texts::plain_language_tour, [](std::string_view one) { return html("<li>{}</li>", one); });
    const auto gaps =
        html(R"(<ul class="promises"><li>{}</li><li>{}</li><li>{}</li></ul>)", view.say(texts::accessibility_gap_texts),
             view.say(texts::accessibility_gap_sign), view.say(texts::accessibility_gap_apps));
    auto report = paragraph(view, texts::accessibility_report);
    if (const auto& organisation = view.site.organisation) report += contact_of(view, *organisation);
    const auto conciliation = html(R"(<p>{}</p><p><a href="https://www.schlichtungsstelle-bgg.de/" rel="noreferrer">{}</a></p>)",
                                   view.say(texts::accessibility_conciliation), view.say(texts::conciliation_link));
    const auto body =
        html(R"(<div class="stack"><h1>{}</h1>{}{}{}{}{}</div>)", view.say(texts::accessibility_page),
             part(view, "stand", texts::accessibility_state_title, paragraph(view, texts::accessibility_state)),
             part(view, "luecken", texts::accessibility_gaps_title, gaps),
             part(view, "melden", texts::accessibility_report_title, report),
             part(view, "schlichtung", texts::accessibility_conciliation_title, conciliation),
             part(view, "leicht", texts::plain_language_title,
                  paragraph(view, texts::plain_language_hint) + html(R"(<ul class="promises" lang="de">{}</ul>)", tour)));
    co_return answer(view, {.title = view.say(texts::accessibility_page), .body = body});
}

constexpr Route routes[] = {
    {net::Method::get, "/barrierefreiheit", Access::anyone, Rate::read, get_accessibility, "docs/office.md"}};

}  // namespace

std::span<const Route> accessibility_routes() { return routes; }

}  // namespace runde::api::web
