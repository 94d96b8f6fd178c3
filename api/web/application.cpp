#include <algorithm>

#include "api/services.hpp"
#include "api/web/application_form.hpp"
#include "api/web/dates.hpp"
#include "api/web/pages.hpp"
#include "api/web/reception.hpp"
#include "api/web/texts/application.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/texts/groups.hpp"
#include "api/web/visit.hpp"
#include "core/rooms/rooms.hpp"
#include "core/selfhelp/admission_office.hpp"
#include "core/selfhelp/admission_texts.hpp"
#include "core/selfhelp/pledges.hpp"
#include "core/selfhelp/words.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;
using selfhelp::ApplicationFile;

namespace {

std::string path_of(const ApplicationFile& file, std::string_view more = "") {
    return "/antrag/" + file.row.id + std::string(more);
}

bool is_open(const ApplicationFile& file) { return !file.row.decided; }

/// A form with one button, for steps that need nothing filled in.
Html button_form(View& view, const std::string& action, const Phrase& label, std::string_view kind = "") {
    return html(R"(<form method="post" action="{}">{}<button class="{}">{}</button></form>)", Url(action), token_field(view), kind,
                view.say(label));
}

Html where_it_stands(View& view, const Visitor& visitor, const ApplicationFile& file, const std::string& rules_path) {
    const auto* found = std::ranges::find(texts::states, file.row.state, &texts::StateWords::state);
    if (found == texts::states.end()) return {};
    if (file.row.interviewed && (file.row.state == "interview" || file.row.state == "received")) found = &texts::interview_held;
    const auto said = std::ranges::find_if(file.log.rbegin(), file.log.rend(), [](const auto& line) { return !line.text.empty(); });
    const auto from_team = said == file.log.rend() ? Html()
                                                   : html(R"(<div class="prose"><h3>{}</h3>{}</div>)",
                                                          view.say(texts::from_the_team), prose(said->text, 3));
    Html next;
    if (file.row.state == "admitted")
        next = html(R"(<p class="row"><a class="button primary" href="{}">{}</a>{}</p>)", Url(rules_path),
                    view.say(texts::accept_rules_now),
                    visitor.session ? html(R"(<a class="button" href="/mitglieder">{}</a>)", view.say(texts::to_members_page))
                                    : html(R"(<span>{}</span>)", view.say(texts::rooms_in_app)));
    if (file.row.state == "declined")
        next = html(R"(<p><a class="button" href="/gruppen">{}</a></p>)", view.say(texts::back_to_groups));
    return html(R"(<section class="stand" aria-labelledby="stand"><h2 id="stand">{}</h2><p>{}</p>{}{}</section>)",
                view.say(found->title), view.say(found->meaning), from_team, next);
}

std::string way_in_words(const View& view, const std::string& way) {
    const auto found = std::ranges::find(texts::ways, way, &texts::StateWords::state);
    return found == texts::ways.end() ? way : std::string(view.say(found->title));
}

Html picked_slot(View& view, const ApplicationFile& file) {
    const auto& slot = *file.slot;
    const auto found = std::ranges::find(texts::ways, slot.way, &texts::StateWords::state);
    const bool has_place = found != texts::ways.end() && (slot.way == "chat" || !slot.place.empty());
    const auto place = has_place ? html("<p>{}</p>", view.say(found->meaning, slot.place)) : Html();
    return html(
        R"(<section class="card" aria-labelledby="termin"><h2 id="termin">{}</h2><p class="lead"><time datetime="{}">{}</time>, {}</p>{})"
        R"(<div class="row"><a class="button" href="{}" download>{}</a>{}</div></section>)",
        view.say(texts::your_slot), machine_time(slot.begins), view.date_and_time(slot.begins), way_in_words(view, slot.way), place,
        Url(path_of(file, "/termin.ics")), view.say(texts::calendar_file),
        is_open(file) ? button_form(view, path_of(file, "/termin/zurueck"), texts::give_slot_back) : Html());
}

Html slots_to_pick(View& view, const ApplicationFile& file, const FormData& form) {
    const auto title = html(R"(<h2 id="termin">{}</h2>)", view.say(texts::slots_title));
    if (file.free_slots.empty())
        return html(R"(<section class="card" aria-labelledby="termin">{}<p>{}</p></section>)", title, view.say(texts::no_slots));
    std::vector<Choice> choices;
    for (const auto& slot : file.free_slots)
        choices.push_back({std::to_string(slot.id), view.date_and_time(slot.begins), way_in_words(view, slot.way)});
    return html(
        R"(<section class="card" aria-labelledby="termin">{}<form class="stack" method="post" action="{}" novalidate>{}{}<div>)"
        R"(<button class="primary">{}</button></div></form></section>)",
        title, Url(path_of(file, "/termin")), token_field(view),
        radios(view, form, {.name = "termin-wahl", .label = std::string(view.say(texts::slots_lead))}, choices),
        view.say(texts::pick_slot));
}

Html interview(View& view, const ApplicationFile& file, const FormData& form) {
    if (file.row.interviewed) return {};
    if (file.slot) return picked_slot(view, file);
    const bool wanted = file.group.admission == "with_interview" && file.row.state == "received";
    return wanted || !file.free_slots.empty() ? slots_to_pick(view, file, form) : Html();
}

Html history(const View& view, const ApplicationFile& file) {
    const auto lines = each(file.log, [&](const storage::ApplicationLogRow& line) {
        const auto found = std::ranges::find(texts::log_entries, line.what, &texts::LogWords::what);
        if (found == texts::log_entries.end()) return Html();
        return html(R"(<li><time datetime="{}">{}</time> {}</li>)", machine_time(line.at), view.date_and_time(line.at),
                    view.say(found->words));
    });
    return html(R"(<details><summary>{}</summary><ol class="plain history">{}</ol></details>)", view.say(texts::history_title),
                lines);
}

Html own_answers(View& view, const ApplicationFile& file) {
    const auto answers = schema::parse_json(file.row.answers).as_object();
    Html facts;
    const auto fact = [&facts](std::string_view label, std::string_view value) {
        if (!value.empty()) facts += html("<dt>{}</dt><dd>{}</dd>", label, value);
    };
    if (const auto knock = schema::string_at(answers, selfhelp::admission::knock_answer))
        fact(view.say(texts::said_at_knock), *knock);
    for (const auto& question : file.asked)
        fact(view.german() || question.label_en.empty() ? question.label : question.label_en,
             answer_in_words(view, question, answers));
    fact(view.say(texts::email), file.row.email.value_or(""));
    fact(view.say(texts::phone), file.row.phone.value_or(""));
    const auto change = is_open(file) ? html(R"(<a class="button" href="{}">{}</a>)", Url(path_of(file, "/aendern")),
                                             view.say(texts::change_answers))
                                      : Html();
    return html(
        R"(<section class="stack" aria-labelledby="angaben"><h2 id="angaben">{}</h2><dl class="facts">{}</dl><p class="row">{})"
        R"(<a class="button" href="{}" download>{}</a></p></section>)",
        view.say(texts::own_data_title), facts, change, Url(path_of(file, "/kopie.json")), view.say(texts::copy));
}

Html stay_or_leave(View& view, const ApplicationFile& file) {
    const auto erased = html(R"(<p class="muted">{}</p>)", view.say(texts::erases_at, view.date(file.ends_at)));
    if (!is_open(file))
        return html(R"({}<details class="card"><summary>{}</summary><p>{}</p>{}</details>)", erased, view.say(texts::erase_title),
                    view.say(texts::erase_lead), button_form(view, path_of(file, "/loeschen"), texts::erase_now, "danger"));
    return html(
        R"(<section class="stack" aria-labelledby="bleiben"><h2 id="bleiben">{}</h2>{}{}<details class="card"><summary>{}</summary>)"
        R"(<p>{}</p>{}</details></section>)",
        view.say(texts::stay_title), erased, button_form(view, path_of(file, "/bleiben"), texts::stay),
        view.say(texts::withdraw_title), view.say(texts::withdraw_lead),
        button_form(view, path_of(file, "/zurueckziehen"), texts::withdraw, "danger"));
}

Html visit_bar(View& view, const Visitor& visitor) {
    return html(R"(<div class="row visit"><span class="muted">{}</span>{}</div>)", view.say(texts::signed_in_as, visitor.name()),
                button_form(view, "/antrag/abmelden", texts::sign_out, "quiet"));
}

/// The talk with the team: for guests it is in their own app.
net::Task<Html> talk_of(View& view, Services& services, const Visitor& visitor, const ApplicationFile& file, const FormData& form) {
    const auto room = file.row.room ? schema::RoomId::parse(*file.row.room) : std::nullopt;
    Html talk;
    if (room && visitor.session)
        talk = co_await reception(view, services, *visitor.session, *room, path_of(file, "/nachricht"), form);
    else if (room)
        talk = html(R"(<p class="card">{}</p>)", view.say(texts::talk_in_app, visitor.user.str()));
    else if (is_open(file))
        talk = html(R"(<p class="card">{}</p>)", view.say(texts::talk_opens_soon));
    if (talk.empty()) co_return talk;
    co_return html(
        R"(<section class="stack" aria-labelledby="gespraech"><h2 id="gespraech">{}</h2><p class="hint">{}</p>{}</section>)",
        view.say(texts::talk_title), view.say(texts::talk_lead), talk);
}

/// Everything about one request. `form`: what was sent and could not be taken.
net::Task<net::Response> application_page(View& view, Services& services, const Visitor& visitor, const ApplicationFile& file,
                                          const FormData& form) {
    const auto talk = co_await talk_of(view, services, visitor, file, form);
    const auto rules_path =
        selfhelp::consent_path(selfhelp::ConsentToken{file.row.group, visitor.user}.sign(services.rooms.identity().key));
    const auto remember =
        file.row.new_account && is_open(file)
            ? html(R"(<section class="notice" aria-labelledby="merken"><h2 id="merken">{}</h2><p>{}</p></section>)",
                   view.say(texts::remember_title), view.say(texts::remember, visitor.user.localpart()))
            : Html();
    const auto body = html(R"(<div class="stack">{}<h1>{}</h1>{}{}{}{}{}{}{}{}</div>)", visit_bar(view, visitor),
                           view.say(texts::request_to, file.group.card.name), problem_summary(view, form),
                           where_it_stands(view, visitor, file, rules_path), remember, interview(view, file, form), talk,
                           own_answers(view, file), history(view, file), stay_or_leave(view, file));
    co_return answer(view,
                     {.title = view.say(texts::ask_window), .body = body, .status = form.is_fine() ? 200 : 422, .session = true});
}

/// What all steps begin with: who comes. `who` is absent when they must sign in first.
struct Visit {
    View view;
    std::optional<Visitor> who;
};
net::Task<Visit> visit(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    auto who = co_await visitor(view, services);
    co_return Visit{std::move(view), std::move(who)};
}

// GET /antrag: the one request, or the list of them; signing in for whoever has not.
net::Task<net::Response> get_requests(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    const auto back = safe_return(call.query("weiter").value_or(""));
    if (!who) co_return sign_in_page(view, services, back, {});
    if (back != "/antrag") co_return see_other(view, back);
    const auto mine = co_await services.admission.mine(who->user);
    if (mine.size() == 1) co_return see_other(view, "/antrag/" + mine.front().id);
    Html list;
    for (const auto& row : mine) {
        const auto file = co_await services.admission.own_file(who->user, row.id);
        const auto state = std::ranges::find(texts::states, row.state, &texts::StateWords::state);
        list += html(R"(<li class="card"><h2><a href="{}">{}</a></h2><p>{}</p></li>)", Url(path_of(file)), file.group.card.name,
                     state == texts::states.end() ? "" : view.say(state->title));
    }
    const auto body = html(R"(<div class="stack">{}<h1>{}</h1>{}</div>)", visit_bar(view, *who), view.say(texts::your_requests),
                           mine.empty() ? html(R"(<p>{}</p><p><a class="button" href="/gruppen">{}</a></p>)",
                                               view.say(texts::no_requests), view.say(texts::back_to_groups))
                                        : html(R"(<ul class="plain stack">{}</ul>)", list));
    co_return answer(view, {.title = view.say(texts::ask_window), .body = body, .session = true});
}

// GET /antrag/{id}
net::Task<net::Response> get_request(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, safe_return(view.path()), {});
    const auto file = co_await services.admission.own_file(who->user, call.param("id"));
    const auto response = FormData();
    co_return co_await application_page(view, services, *who, file, response);
}

/// Runs a step of the applicant's: `act` does it or complains, then the page is shown anew.
template <class Act>
net::Task<net::Response> step(const Call& call, Services& services, Act act) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, "/antrag/" + call.param("id"), {});
    FormData form(call, view, FormData::Stale::redraw);
    if (form.is_fine()) try {
            co_await act(view, *who, form);
        } catch (const Refusal& refusal) {
            if (refusal.reason != Reason::bad_state && refusal.reason != Reason::invalid_param) throw;
            form.complain("", words_of(view, refusal));
        }
    if (form.is_fine()) co_return see_other(view, "/antrag/" + call.param("id"));
    view.seen_at("/antrag/" + call.param("id"));
    const auto file = co_await services.admission.own_file(who->user, call.param("id"));
    co_return co_await application_page(view, services, *who, file, form);
}

// POST /antrag/{id}/termin
net::Task<net::Response> post_slot(const Call& call, Services& services) {
    const auto act = [&](View& view, const Visitor& visitor, FormData& form) -> net::Task<> {
        std::int64_t slot = 0;
        for (const char c : form.value("termin-wahl"))
            if (c >= '0' && c <= '9' && slot < 100'000'000'000'000) slot = slot * 10 + (c - '0');
        if (slot == 0) {
            form.complain("termin-wahl", std::string(view.say(texts::slot_missing)));
            co_return;
        }
        co_await services.admission.pick_slot(visitor.user, call.param("id"), slot);
    };
    co_return co_await step(call, services, act);
}

// POST /antrag/{id}/termin/zurueck
net::Task<net::Response> post_slot_back(const Call& call, Services& services) {
    const auto act = [&](View&, const Visitor& visitor, FormData&) {
        return services.admission.give_slot_back(visitor.user, call.param("id"));
    };
    co_return co_await step(call, services, act);
}

// POST /antrag/{id}/bleiben
net::Task<net::Response> post_stay(const Call& call, Services& services) {
    const auto act = [&](View&, const Visitor& visitor, FormData&) {
        return services.admission.stay(visitor.user, call.param("id"));
    };
    co_return co_await step(call, services, act);
}

// POST /antrag/{id}/nachricht
net::Task<net::Response> post_message(const Call& call, Services& services) {
    const auto act = [&](View& view, const Visitor& visitor, FormData& form) -> net::Task<> {
        if (form.value("nachricht").empty()) {
            form.complain("nachricht", std::string(view.say(texts::message_empty)));
            co_return;
        }
        if (selfhelp::count_characters(form.value("nachricht")) > longest_message) {
            form.complain("nachricht", view.say(texts::too_long, longest_message));
            co_return;
        }
        const auto file = co_await services.admission.own_file(visitor.user, call.param("id"));
        const auto room = schema::RoomId::parse(file.row.room.value_or(""));
        if (!room) throw Refusal(Reason::bad_state, std::string(view.say(texts::talk_opens_soon)));
        if (!visitor.session) throw Refusal(Reason::bad_state, view.say(texts::talk_in_app, visitor.user.str()));
        co_await say_in_reception(services, *visitor.session, *room, form.value("nachricht"), form.value("einmal"));
    };
    co_return co_await step(call, services, act);
}

net::Response gone_page(View& view, const Phrase& what) {
    view.seen_at("/antrag");
    const auto body = html(R"(<div class="stack"><h1>{}</h1><p class="lead">{}</p><p><a class="button" href="/">{}</a></p></div>)",
                           view.say(texts::gone_title), view.say(what), view.say(texts::to_front));
    return answer(view, {.title = view.say(texts::ask_window), .body = body});
}

// POST /antrag/{id}/zurueckziehen: everything goes, so the visit ends here, too.
net::Task<net::Response> post_withdraw(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, "/antrag/" + call.param("id"), {});
    const FormData form(call, view);
    const auto file = co_await services.admission.own_file(who->user, call.param("id"));
    co_await services.admission.withdraw(who->user, call.param("id"));
    if (file.row.new_account || !who->session) co_await end_visit(view, services);
    co_return gone_page(view, texts::gone);
}

// POST /antrag/{id}/loeschen: after the decision. Whoever was let in keeps their account, and the visit.
net::Task<net::Response> post_erase(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, "/antrag/" + call.param("id"), {});
    const FormData form(call, view);
    const auto file = co_await services.admission.own_file(who->user, call.param("id"));
    co_await services.admission.erase_now(who->user, call.param("id"));
    const bool account_goes = file.row.new_account && file.row.state != "admitted";
    if (account_goes || !who->session) co_await end_visit(view, services);
    co_return gone_page(view, texts::erased);
}

net::Response change_page(View& view, const ApplicationFile& file, const FormData& form) {
    const auto body =
        html(R"(<div class="stack narrow"><p><a href="{}">← {}</a></p><h1>{}</h1>{}<form class="stack" method="post" action="{}" )"
             R"(novalidate>{}{}<div><button class="primary">{}</button></div></form></div>)",
             Url(path_of(file)), view.say(texts::request_to, file.group.card.name), view.say(texts::change_answers),
             problem_summary(view, form), Url(path_of(file, "/aendern")), token_field(view),
             application_fields(view, form, file.form), view.say(texts::save_changes));
    return answer(view,
                  {.title = view.say(texts::ask_window), .body = body, .status = form.is_fine() ? 200 : 422, .session = true});
}

// GET /antrag/{id}/aendern
net::Task<net::Response> get_change(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, safe_return(view.path()), {});
    const auto file = co_await services.admission.own_file(who->user, call.param("id"));
    co_return change_page(view, file, filled_in(file.form, file.row));
}

// POST /antrag/{id}/aendern
net::Task<net::Response> post_change(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, safe_return(view.path()), {});
    FormData form(call, view, FormData::Stale::redraw);
    const auto file = co_await services.admission.own_file(who->user, call.param("id"));
    auto wish = read_application(view, form, file.group.id, file.form);
    if (form.is_fine()) try {
            co_await services.admission.correct(who->user, file.row.id, std::move(wish));
        } catch (const Refusal& refusal) {
            form.complain("", words_of(view, refusal));
        }
    co_return form.is_fine() ? see_other(view, path_of(file)) : change_page(view, file, form);
}

net::Response download(std::string text, std::string type, std::string_view name) {
    auto response = net::Response::text(std::move(text), std::move(type));
    response.headers.set("Content-Disposition", fmt::format("attachment; filename=\"{}\"", name));
    response.headers.set("Cache-Control", "no-store");
    return response;
}

// GET /antrag/{id}/termin.ics: what stands in a calendar may be read over a shoulder, so it says nothing of a group.
net::Task<net::Response> get_calendar_file(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, safe_return("/antrag/" + call.param("id")), {});
    const auto file = co_await services.admission.own_file(who->user, call.param("id"));
    if (!file.slot) throw Refusal(Reason::not_found, "");
    const auto title = selfhelp::admission::calendar_title(view.text_register());
    const auto place = file.slot->way == "in_person" || file.slot->way == "video" ? file.slot->place : std::string();
    auto text =
        selfhelp::admission::calendar_file(fmt::format("{}-{}@{}", file.row.id, file.slot->id, view.site.server_name),
                                           file.slot->begins, file.slot->ends, title, place, services.runtime.clock().now_ms());
    co_return download(std::move(text), "text/calendar; charset=utf-8", "termin.ics");
}

// GET /antrag/{id}/kopie.json: Art. 15 and 20 of the GDPR.
net::Task<net::Response> get_copy(const Call& call, Services& services) {
    auto [view, who] = co_await visit(call, services);
    if (!who) co_return sign_in_page(view, services, safe_return("/antrag/" + call.param("id")), {});
    const auto copy = co_await services.admission.copy(who->user, call.param("id"));
    co_return download(schema::canonical_json(copy, schema::Numbers::any), "application/json", "anfrage.json");
}

constexpr Route read(std::string_view pattern, Handler handler) {
    return {net::Method::get, pattern, Access::anyone, Rate::read, handler, "docs/applicants.md"};
}
constexpr Route act(std::string_view pattern, Handler handler) {
    return {net::Method::post, pattern, Access::anyone, Rate::write, handler, "docs/applicants.md"};
}

constexpr Route routes[] = {
    read("/antrag", get_requests),
    read("/antrag/{id}", get_request),
    read("/antrag/{id}/aendern", get_change),
    act("/antrag/{id}/aendern", post_change),
    act("/antrag/{id}/termin", post_slot),
    act("/antrag/{id}/termin/zurueck", post_slot_back),
    read("/antrag/{id}/termin.ics", get_calendar_file),
    act("/antrag/{id}/nachricht", post_message),
    act("/antrag/{id}/bleiben", post_stay),
    act("/antrag/{id}/zurueckziehen", post_withdraw),
    act("/antrag/{id}/loeschen", post_erase),
    read("/antrag/{id}/kopie.json", get_copy),
};

}  // namespace

std::span<const Route> application_routes() { return routes; }

}  // namespace runde::api::web
