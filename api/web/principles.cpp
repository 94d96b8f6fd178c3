#include "api/web/texts/principles.hpp"

#include "api/web/pages.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/view.hpp"

namespace runde::api::web {

namespace {

Html where_to_check(const View& view, const texts::Principle& principle) {
    Html links;
    for (std::size_t i = 0; i < principle.paths.size(); ++i)
        if (principle.links[i]) links += html(R"( <a href="{}">{}</a>)", Url(principle.paths[i]), view.say(*principle.links[i]));
    if (links.empty()) return {};
    return html(R"(<p class="hint links">{}{}</p>)", view.say(texts::check_here), links);
}

// GET /grundsaetze
net::Task<net::Response> get_principles(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto all = each(texts::nine_principles, [&](const texts::Principle& one) {
        return html(R"(<li><h2>{}</h2><p>{}</p>{}</li>)", view.say(one.title), view.say(one.kept), where_to_check(view, one));
    });
    co_return answer(
        view,
        {.title = view.say(texts::principles),
         .body = html(R"(<div class="stack"><h1>{}</h1><p class="lead">{}</p><ol class="plain steps principles">{}</ol></div>)",
                      view.say(texts::principles), view.say(texts::principles_lead), all)});
}

constexpr Route routes[] = {{net::Method::get, "/grundsaetze", Access::anyone, Rate::read, get_principles, "docs/members.md"}};

}  // namespace

std::span<const Route> principle_routes() { return routes; }

}  // namespace runde::api::web
