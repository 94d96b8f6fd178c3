#include "api/web/pages.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/texts/front.hpp"
#include "api/web/view.hpp"

namespace runde::api::web {

namespace {

struct Line {
    const Phrase& who;
    std::vector<std::string_view> numbers;
};

const std::vector<Line>& lines() {
    static const std::vector<Line> all{
        {texts::crisis_emergency, {"112"}},  {texts::crisis_talk, {"0800 111 0 111", "0800 111 0 222", "116 123"}},
        {texts::crisis_doctor, {"116 117"}}, {texts::crisis_violence, {"116 016"}},
        {texts::crisis_young, {"116 111"}},
    };
    return all;
}

Html number(const View& view, std::string_view shown) {
    std::string digits(shown);
    std::erase(digits, ' ');
    return html(R"(<a class="button" href="{}" aria-label="{}">{}</a>)", Url("tel:" + digits), view.say(texts::call_number, shown),
                shown);
}

net::Task<net::Response> get_crisis(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const auto all = each(lines(), [&](const Line& line) {
        return html(R"(<li class="card"><h2>{}</h2><p class="row">{}</p></li>)", view.say(line.who),
                    each(line.numbers, [&](std::string_view one) { return number(view, one); }));
    });
    co_return answer(
        view, {.title = view.say(texts::crisis_window),
               .body = html(R"(<div class="stack"><h1>{}</h1><p class="lead">{}</p><ul class="plain stack numbers">{}</ul>)"
                            R"(<section><h2>{}</h2><p>{}</p></section></div>)",
                            view.say(texts::nav_crisis), view.say(texts::crisis_lead), all, view.say(texts::crisis_exit_title),
                            view.say(texts::crisis_exit))});
}

constexpr Route routes[] = {{net::Method::get, "/krise", Access::anyone, Rate::read, get_crisis, "docs/members.md"}};

}  // namespace

std::span<const Route> crisis_routes() { return routes; }

}  // namespace runde::api::web
