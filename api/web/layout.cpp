#include "api/http_error.hpp"
#include "api/services.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/view.hpp"
#include "api/web/visit.hpp"

namespace runde::api::web {

namespace {

// Nothing from elsewhere, nothing inline, no framing: what somebody typed can never become more than text. connect-src is for the
// beacon of the quick exit.
constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'";

struct ToneName {
    Tone tone;
    std::string_view parameter, language, label;
};
constexpr ToneName tones[] = {
    {Tone::sie, "sie", "de", "Deutsch (Sie)"},
    {Tone::du, "du", "de", "Deutsch (Du)"},
    {Tone::leicht, "leicht", "de", "Leichte Sprache"},
    {Tone::en, "en", "en", "English"},
};

// A circle of chairs seen from above; one is still free.
Html logo() {
    return html(
        R"(<svg class="logo" viewBox="0 0 64 64" width="38" height="38" aria-hidden="true" focusable="false"><g class="taken">)"
        R"(<circle cx="32" cy="9.5" r="7"/><circle cx="49.6" cy="18" r="7"/><circle cx="53.9" cy="37" r="7"/>)"
        R"(<circle cx="22.2" cy="52.3" r="7"/><circle cx="10.1" cy="37" r="7"/><circle cx="14.4" cy="18" r="7"/></g>)"
        R"(<circle class="free" cx="41.8" cy="52.3" r="5.8"/></svg>)");
}

Html menu_item(const View& view, std::string_view path, const Phrase& label) {
    const bool here = view.path() == path || (path.size() > 1 && view.path().starts_with(std::string(path) + '/'));
    return html(R"(<li><a href="{}" {}>{}</a></li>)", Url(path), here ? attribute("aria-current", "page") : Attributes(),
                view.say(label));
}

Html head(const View& view, const Page& page) {
    return html(R"(<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">)"
                R"(<meta name="color-scheme" content="light dark"><meta name="robots" content="noarchive">)"
                R"(<title>{} – {}</title><link rel="icon" href="{}" type="image/svg+xml"><link rel="stylesheet" href="{}">)"
                R"(<script src="{}" defer></script></head>)",
                page.title, view.say(texts::app), Url(open_assets().icon), Url(open_assets().style), Url(open_assets().script));
}

Html quick_exit(const View& view, const Page& page) {
    // First in the page and a plain link: whoever has to leave must not wait for a script, or for us.
    return html(
        R"(<aside id="quick-exit-place" aria-label="{}"><a id="quick-exit" href="{}" rel="noreferrer nofollow" {}>{}</a></aside>)",
        view.say(texts::quick_exit), Url(view.site.quick_exit),
        page.session || view.cookie(visit_cookie) ? attribute("data-end", "/antrag/verlassen") : Attributes(),
        view.say(texts::quick_exit));
}

Html header(const View& view) {
    return html(R"(<header><a class="skip" href="#inhalt">{}</a><a class="home" href="/">{}<span>{}</span></a>)"
                R"(<nav aria-label="{}"><ul class="plain">{}{}{}{}</ul></nav></header>)",
                view.say(texts::skip), logo(), view.site.name, view.say(texts::main_menu),
                menu_item(view, "/gruppen", texts::nav_groups), menu_item(view, "/antrag", texts::nav_application),
                menu_item(view, "/krise", texts::nav_crisis), menu_item(view, "/mitglieder", texts::nav_members));
}

Html footer(const View& view) {
    const auto contact = view.site.contact.empty() ? Html()
                                                   : html(R"(<p>{} <a href="{}">{}</a></p>)", view.say(texts::footer_contact),
                                                          Url("mailto:" + view.site.contact), view.site.contact);
    const auto choices = each(tones, [&](const ToneName& one) {
        const auto current = one.tone == view.tone() ? attribute("aria-current", "true") : Attributes();
        return html(R"(<li><a href="{}" lang="{}" hreflang="{}" rel="nofollow" {}>{}</a></li>)", Url(view.with_tone(one.parameter)),
                    one.language, one.language, current, one.label);
    });
    return html(R"(<footer><section aria-labelledby="fuss-hilfe"><h2 id="fuss-hilfe">{}</h2>{}<p>{}</p></section>)"
                R"(<nav aria-label="{}"><ul class="plain">{}{}{}{}{}</ul></nav>)"
                R"(<nav class="tones" aria-label="{}"><ul class="plain">{}</ul></nav><p class="muted">{}</p></footer>)",
                view.say(texts::help_and_contact), contact, view.say(texts::footer_crisis), view.say(texts::footer_menu),
                menu_item(view, "/impressum", texts::imprint), menu_item(view, "/datenschutz", texts::privacy),
                menu_item(view, "/hausregeln", texts::house_rules), menu_item(view, "/grundsaetze", texts::principles),
                menu_item(view, "/barrierefreiheit", texts::accessibility_page), view.say(texts::choose_words), choices,
                view.say(texts::no_tracking));
}

Html document(const View& view, const Page& page) {
    return html(R"(<!doctype html><html lang="{}">{}<body>{}{}<main id="inhalt" tabindex="-1">{}</main>{}<p id="quick-exit-hint" )"
                R"(class="announcer" role="status" data-text="{}"></p></body></html>)",
                view.german() ? "de" : "en", head(view, page), quick_exit(view, page), header(view), page.body, footer(view),
                view.say(texts::quick_exit_hint));
}

Page message(const View& view, const Phrase& title, std::string_view text, int status) {
    return {.title = view.say(title),
            .body = html(R"(<div class="stack"><h1>{}</h1><p>{}</p><p><a class="button" href="/">{}</a></p></div>)",
                         view.say(title), text, view.say(texts::to_front)),
            .status = status};
}

}  // namespace

net::Response answer(View& view, Page page) {
    auto response = net::Response::html(document(view, page).str(), page.status);
    auto& headers = response.headers;
    headers.set("Content-Security-Policy", std::string(content_security_policy));
    // Our own forms say where they come from (FormData looks at it); nobody else learns anything.
    headers.set("Referrer-Policy", "same-origin");
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    headers.set("Cache-Control", "no-store");
    headers.set("Content-Language", view.german() ? "de" : "en");
    headers.set("Vary", "Accept-Language, Cookie");
    view.put_cookies(headers);
    return response;
}

std::string words_of(const View& view, const schema::Refusal& refusal) {
    constexpr std::string_view between = " / ";
    const std::string_view text = refusal.text;
    const auto at = text.find(between);
    if (at == text.npos) return std::string(words_for(refusal.reason, view.german() ? "de" : "en"));
    return std::string(view.german() ? text.substr(0, at) : text.substr(at + between.size()));
}

bool wants_page(const net::Request& request) {
    const auto& path = request.path;
    for (const std::string_view machine : {"/_", "/.well-known/", "/health", "/metrics", "/assets/"})
        if (path.starts_with(machine)) return false;
    const auto accept = request.headers.find("Accept");
    return accept && accept->find("text/html") != accept->npos;
}

net::Response refusal_page(const net::Request& request, const Services& services, const schema::Refusal& refusal) {
    View view(request, services);
    const auto status = http_error(refusal.reason).status;
    // Steps of a request are seen at the request's own page, every other form where it stands.
    if (view.answers_form() && view.path().starts_with("/antrag/")) view.seen_at("/antrag");
    if (status == 404 || status == 405)
        return answer(view, message(view, texts::missing_title, view.say(texts::missing_text), status));
    if (status == 429) {
        auto response = answer(view, message(view, texts::too_often_title, view.say(texts::too_often_text), status));
        if (const auto* wait = refusal.extra.if_contains("retry_after_ms"); wait && wait->is_int64())
            response.headers.set("Retry-After", std::to_string(wait->get_int64() / 1000 + 1));
        return response;
    }
    const bool about_form = refusal.reason == schema::Reason::forbidden && refusal.text == view.say(texts::stale_form);
    const auto text = about_form             ? refusal.text
                      : refusal.text.empty() ? std::string(view.say(texts::forbidden_text))
                                             : words_of(view, refusal);
    return answer(view, message(view, texts::refused_title, text, status));
}

net::Response fault_page(const net::Request& request, const Services& services) {
    View view(request, services);
    return answer(view, message(view, texts::fault_title, view.say(texts::fault_text), 500));
}

}  // namespace runde::api::web
