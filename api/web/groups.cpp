#include <algorithm>

#include "api/services.hpp"
#include "api/web/group_card.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/texts/front.hpp"
#include "core/selfhelp/door.hpp"
#include "storage/database.hpp"
#include "storage/texts.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t longest_question = 100;
constexpr std::size_t page_length = 50;

/// What the reader looks for, as the address says it: so it can be kept, and the page needs no script.
struct Question {
    selfhelp::CardQuery query;
    explicit Question(const Call& call) {
        const auto asked = [&](std::string_view name) {
            auto text = call.query(name).value_or("");
            if (text.size() > longest_question) text.clear();
            return text;
        };
        const auto chosen = [&](std::string_view name) { return asked(name).empty() ? std::nullopt : std::optional(asked(name)); };
        query.words = asked("q");
        query.region = asked("region");
        query.topic = chosen("thema");
        query.form = chosen("form");
        page = static_cast<std::size_t>(call.query_number("seite", 0, 0, 1000));
    }
    std::size_t page;
    /// The address of another page of the same answers.
    std::string address(std::size_t other) const {
        return fmt::format("/gruppen?q={}&region={}&thema={}&form={}&seite={}", net::percent_encode(query.words),
                           net::percent_encode(query.region), net::percent_encode(query.topic.value_or("")),
                           net::percent_encode(query.form.value_or("")), other);
    }
    bool is_open() const { return query.words.empty() && query.region.empty() && !query.topic && !query.form; }
};

Html search_form(const View& view, const Question& question, const std::vector<storage::TopicCode>& topics) {
    const auto option = [](std::string_view value, std::string_view label, bool chosen) {
        return html(R"(<option value="{}" {}>{}</option>)", value, flag("selected", chosen), label);
    };
    const auto& query = question.query;
    const auto all_topics = each(topics, [&](const storage::TopicCode& topic) {
        return option(topic.code, topic_label(view, topics, topic.code), query.topic == topic.code);
    });
    const auto all_forms = each(
        texts::forms, [&](const texts::Label& form) { return option(form.value, view.say(form.label), query.form == form.value); });
    return html(
        R"(<form class="find" action="/gruppen" method="get" role="search"><label for="suche">{}</label>)"
        R"(<p class="hint" id="suche-hinweis">{}</p>)"
        R"(<input id="suche" name="q" type="search" maxlength="100" autocomplete="off" aria-describedby="suche-hinweis" value="{}">)"
        R"(<div class="filters"><div><label for="thema">{}</label><select id="thema" name="thema"><option value="">{}</option>{}</select></div>)"
        R"(<div><label for="region">{}</label><input id="region" name="region" maxlength="100" autocomplete="off" value="{}"></div>)"
        R"(<div><label for="form">{}</label><select id="form" name="form"><option value="">{}</option>{}</select></div></div>)"
        R"(<button class="primary">{}</button></form>)",
        view.say(texts::search_label), view.say(texts::search_hint), query.words, view.say(texts::filter_topic),
        view.say(texts::all_topics), all_topics, view.say(texts::filter_region), query.region, view.say(texts::filter_form),
        view.say(texts::any_form), all_forms, view.say(texts::search_button));
}

/// A partner's group is asked at the partner: its page, or a knock at its card with any Matrix app.
Html listed_card(const View& view, const selfhelp::Listing& listing, const std::vector<storage::TopicCode>& topics) {
    const auto& card = listing.card;
    const auto own_path = "/gruppen/" + net::percent_encode(listing.group_id);
    const auto name = listing.own           ? html(R"(<a href="{}">{}</a>)", Url(own_path), card.name)
                      : listing.url.empty() ? html("{}", card.name)
                                            : html(R"(<a href="{}" rel="noreferrer">{}</a>)", Url(listing.url), card.name);
    auto topic = topic_label(view, topics, card.topic);
    if (topic == card.topic && !listing.topic_label.empty()) topic = listing.topic_label;
    const auto where = card.region.empty() ? std::string() : " · " + card.region;
    const auto whose =
        listing.own ? Html()
                    : html(R"(<p class="hint">{}</p>)",
                           view.say(texts::at_partner, listing.organisation.empty() ? listing.server : listing.organisation));
    const auto knock = listing.own || !listing.url.empty()
                           ? Html()
                           : html(R"(<p class="hint">{}</p>)", view.say(texts::with_matrix, listing.room_id));
    return html(R"(<li class="card group"><h3>{}</h3><p class="muted">{}{}</p>{}{}{}</li>)", name, topic, where,
                card_badges(view, card), whose, knock);
}

Html listed(const View& view, const Question& question, const selfhelp::DirectoryAnswer& found,
            const std::vector<storage::TopicCode>& topics) {
    if (found.total == 0)
        return html(R"(<p class="card" role="status">{}</p>)",
                    view.say(question.is_open() ? texts::no_groups_yet : texts::found_none));
    const auto count = found.total == 1 ? std::string(view.say(texts::found_one)) : view.say(texts::found_many, found.total);
    const bool more = (question.page + 1) * page_length < static_cast<std::size_t>(found.total);
    return html(R"(<h2>{}</h2><ul class="plain stack">{}</ul>{}{})", count,
                each(found.listings, [&](const selfhelp::Listing& one) { return listed_card(view, one, topics); }),
                found.silent.empty() ? Html() : html(R"(<p class="hint">{}</p>)", view.say(texts::partner_silent)),
                more ? html(R"(<p><a class="button" href="{}">{}</a></p>)", Url(question.address(question.page + 1)),
                            view.say(texts::more_groups))
                     : Html());
}

// GET /gruppen: the directory, our groups and those of partners, searched by words, topic, region and form.
net::Task<net::Response> get_groups(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const Question question(call);
    const auto topics = co_await services.db.read([](storage::Tx& tx) { return storage::topic_codes(tx); });
    const auto found = co_await services.door.directory.search(question.query, question.page * page_length, page_length);
    const auto body =
        html(R"(<div class="stack"><h1>{}</h1><p class="lead">{}</p>{}{}</div>)", view.say(texts::groups_title),
             view.say(texts::groups_lead), search_form(view, question, topics), listed(view, question, found, topics));
    co_return answer(view, {.title = view.say(texts::groups_title), .body = body});
}

const Phrase& mode_of(const storage::GroupRow& group) {
    if (group.admission == "open") return texts::mode_open;
    return group.admission == "on_request" ? texts::mode_on_request : texts::mode_with_interview;
}

Html way_in(const View& view, const storage::GroupRow& group) {
    const bool full = group.card.openness == "full";
    if (full && !group.waiting_list) return html(R"(<p class="notice">{}</p>)", view.say(texts::full_no_list));
    return html(R"(<p><a class="button primary" href="{}">{}</a></p>)",
                Url("/gruppen/" + net::percent_encode(group.id) + "/anfragen"),
                view.say(full ? texts::ask_waiting_list : texts::ask_to_join));
}

/// Whoever wants to join should know the rules before, not after.
Html rules_of(const View& view, const std::optional<storage::TextVersion>& rules) {
    const auto said = rules ? selfhelp::in_register(rules->by_register, view.text_register()) : std::nullopt;
    if (!said) return {};
    return html(R"(<details class="card"><summary>{}</summary><div class="prose" lang="{}">{}</div></details>)",
                view.say(texts::group_rules_title), said->way == selfhelp::Register::en ? "en" : "de", prose(said->body, 3));
}

// GET /gruppen/{group}: the card of a group.
net::Task<net::Response> get_group(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    std::optional<storage::GroupRow> group;
    std::vector<storage::TopicCode> topics;
    std::optional<storage::TextVersion> rules;
    co_await services.db.read([&](storage::Tx& tx) {
        group = storage::find_group(tx, call.param("group"));
        topics = storage::topic_codes(tx);
        rules = storage::find_text(tx, call.param("group"), selfhelp::group_rules);
    });
    if (!group || group->closed || !group->is_complete()) throw Refusal(Reason::not_found, "");

    const auto& card = group->card;
    const auto body =
        html(R"(<div class="stack"><p><a href="/gruppen">← {}</a></p><h1>{}</h1>{}<div class="prose">{}</div>{}{}{}{}</div>)",
             view.say(texts::back_to_groups), card.name, card_badges(view, card), prose(card.about),
             card_facts(view, card, topic_label(view, topics, card.topic)),
             html(R"(<section aria-labelledby="aufnahme"><h2 id="aufnahme">{}</h2><p>{}</p></section>)",
                  view.say(texts::how_it_goes), view.say(mode_of(*group))),
             rules_of(view, rules), way_in(view, *group));
    co_return answer(view, {.title = view.say(texts::card_window), .body = body});
}

constexpr Route routes[] = {
    {net::Method::get, "/gruppen", Access::anyone, Rate::search, get_groups, "docs/members.md"},
    {net::Method::get, "/gruppen/{group}", Access::anyone, Rate::read, get_group, "docs/members.md"},
};

}  // namespace

std::span<const Route> group_page_routes() { return routes; }

}  // namespace runde::api::web
