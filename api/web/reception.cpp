#include "api/web/reception.hpp"

#include <algorithm>

#include "api/services.hpp"
#include "api/web/dates.hpp"
#include "api/web/texts/application.hpp"
#include "core/rooms/membership.hpp"
#include "core/rooms/timeline.hpp"
#include "core/rooms/write.hpp"
#include "schema/signing.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

namespace {

constexpr int most_shown = 50;

struct Said {
    std::string sender, text;
    std::int64_t at;
    bool by_server;
};

/// Messages people can read here; edits and other relations are left to the apps.
std::optional<Said> read_message(const rooms::TimelineEvent& event) {
    if (event.type != "m.room.message" || event.redacted || event.is_state()) return std::nullopt;
    const auto json = schema::parse_json(*event.client + "}").as_object();
    const auto* content = json.if_contains("content");
    if (!content || !content->is_object()) return std::nullopt;
    const auto body = schema::string_at(content->get_object(), "body");
    if (!body || (event.relation && event.relation->rel_type == "m.replace")) return std::nullopt;
    return Said{event.sender, std::string(*body), event.origin_ts,
                schema::string_at(content->get_object(), "msgtype") == "m.notice"};
}

Html show(const View& view, const Said& said, const std::string& own_id) {
    const bool mine = said.sender == own_id;
    const auto who = mine             ? std::string(view.say(texts::you))
                     : said.by_server ? std::string(view.say(texts::the_server))
                                      : said.sender.substr(1, said.sender.find(':') - 1);
    return html(R"(<li class="{}"><p class="muted"><b>{}</b> <time datetime="{}">{}</time></p><div class="prose">{}</div></li>)",
                mine ? "said mine" : "said", who, machine_time(said.at), view.date_and_time(said.at), prose(said.text, 3));
}

/// Members read at once; whoever is invited enters first.
net::Task<rooms::ReadableRoom> enter(Services& services, const accounts::Session& session, schema::RoomId room) {
    const auto known = co_await services.rooms.find(room);
    if (known && !known->is_joined(session.user.str())) {
        auto self = co_await rooms::find_person(services.db, session.user);
        if (self) co_await rooms::join(services.rooms, *std::move(self), rooms::JoinRequest{room, {}, std::nullopt, std::nullopt});
    }
    co_return co_await rooms::require_readable(services.rooms, room, session.user, session.device_nid);
}

net::Task<std::vector<Said>> load(Services& services, const accounts::Session& session, schema::RoomId room) {
    const auto readable = co_await enter(services, session, room);
    rooms::EventFilter filter;
    filter.limit = most_shown;
    filter.types = {"m.room.message"};
    const auto page =
        co_await rooms::page(services.rooms, readable, std::nullopt, std::nullopt, rooms::Direction::backward, filter);
    std::vector<Said> all;
    for (const auto& event : page.events)
        if (auto said = read_message(*event)) all.push_back(std::move(*said));
    std::ranges::reverse(all);
    co_return all;
}

}  // namespace

net::Task<Html> reception(View& view, Services& services, const accounts::Session& session, const schema::RoomId& room,
                          std::string action, const FormData& form) {
    std::optional<std::vector<Said>> said;
    try {
        said = co_await load(services, session, room);
    } catch (const Refusal&) {
        // Not invited yet, or already closed: the rest of the page is worth reading all the same.
    }
    if (!said) co_return html(R"(<p class="card">{}</p>)", view.say(texts::talk_opens_soon));
    const auto list = said->empty() ? html(R"(<p class="muted">{}</p>)", view.say(texts::nothing_said))
                                    : html(R"(<ol class="plain talk">{}</ol>)",
                                           each(*said, [&](const Said& one) { return show(view, one, session.user.str()); }));
    co_return html(
        R"({}<form class="stack" method="post" action="{}" novalidate>{}<input type="hidden" name="einmal" value="{}">{}<p class="row">)"
        R"(<button class="primary">{}</button><a class="button" href="{}">{}</a></p></form>)",
        list, Url(action), token_field(view), schema::random_token(16),
        text_area(view, form,
                  {.name = "nachricht", .label = std::string(view.say(texts::your_message)), .longest = longest_message}),
        view.say(texts::send_message), Url(view.path() + "#gespraech"), view.say(texts::look_again));
}

net::Task<> say_in_reception(Services& services, const accounts::Session& session, const schema::RoomId& room, std::string text,
                             std::string once) {
    schema::JsonObject content{{"msgtype", "m.text"}, {"body", text}};
    // A form that is sent twice says it once.
    const rooms::Writing writing{session.user, session.device_nid, room, "m.room.message", content, std::nullopt};
    co_await rooms::send(services.rooms, writing, "page-" + once);
}

}  // namespace runde::api::web
