#include <algorithm>

#include "api/services.hpp"
#include "api/web/group_card.hpp"
#include "api/web/pages.hpp"
#include "api/web/texts/frame.hpp"
#include "api/web/texts/front.hpp"
#include "core/selfhelp/cards.hpp"
#include "storage/database.hpp"
#include "storage/texts.hpp"

namespace runde::api::web {

using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t longest_question = 100;

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
    }
    bool is_open() const { return query.words.empty() && query.region.empty() && !query.topic && !query.form; }
};

struct Listed {
    storage::GroupRow group;
    std::string topic;  ///< Its label.
};

Html search_form(const View& view, const Question& question, const std::vector<storage::TopicCode>& topics) {
    const auto option = [](std::string_view value, std::string_view label, bool chosen) {
        return html(R"(<option value="{}" {}>{}</option>)", value, flag("selected", chosen), label);
    };
    const auto& query = question.query;
    const auto all_topics = each(topics, [&](const storage::TopicCode& topic) {
        return option(topic.code, topic_label(view, topics, topic.code), query.topic == topic.code);
    });
    const auto all_forms =
        each(texts::forms, [&](const texts::Label& form) { return option(form.value, view.say(form.label), query.form == form.value); });
    return html(R"(<form class="find" action="/gruppen" method="get" role="search"><label for="suche">{}</label>)"
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

Html listed_card(const View& view, const Listed& listed) {
    const auto& card = listed.group.card;
    const auto where = card.region.empty() ? std::string() : " · " + card.region;
    return html(R"(<li class="card group"><h3><a href="{}">{}</a></h3><p class="muted">{}{}</p>{}</li>)",
                Url("/gruppen/" + net::percent_encode(listed.group.id)), card.name, listed.topic, where, card_badges(view, card));
}

// GET /gruppen: the directory, searched by words, topic, region and form.
net::Task<net::Response> get_groups(const Call& call, Services& services) {
    auto view = co_await open_view(call, services);
    const Question question(call);
    std::vector<storage::TopicCode> topics;
    std::vector<storage::GroupRow> groups;
    co_await services.db.transact([&](storage::Tx& tx) {
        topics = storage::topic_codes(tx);
        groups = storage::groups(tx);
    });

    std::vector<Listed> found;
    for (auto& group : groups) {
        auto label = topic_label(view, topics, group.card.topic);
        if (group.closed || !group.is_complete() || !selfhelp::matches(question.query, group.card, label)) continue;
        found.push_back({std::move(group), std::move(label)});
    }
    const auto count = found.size() == 1 ? std::string(view.say(texts::found_one)) : view.say(texts::found_many, found.size());
    const auto list = found.empty()
                          ? html(R"(<p class="card" role="status">{}</p>)", view.say(question.is_open() ? texts::no_groups_yet : texts::found_none))
                          : html(R"(<h2 role="status">{}</h2><ul class="plain stack">{}</ul>)", count,
                                 each(found, [&](const Listed& one) { return listed_card(view, one); }));
    const auto body = html(R"(<div class="stack"><h1>{}</h1><p class="lead">{}</p>{}{}</div>)", view.say(texts::groups_title),
                           view.say(texts::groups_lead), search_form(view, question, topics), list);
    co_return answer(view, {.title = view.say(texts::groups_title), .body = body});
}

const Phrase& mode_of(const storage::GroupRow& group) {
    if (group.admission == "open") return texts::mode_open;
    return group.admission == "on_request" ? texts::mode_on_request : texts::mode_with_interview;
}

Html way_in(const View& view, const storage::GroupRow& group) {
    const bool full = group.card.openness == "full";
    if (full && !group.waiting_list) return html(R"(<p class="notice">{}</p>)", view.say(texts::full_no_list));
    return html(R"(<p><a class="button primary" href="{}">{}</a></p>)", Url("/gruppen/" + net::percent_encode(group.id) + "/anfragen"),
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
    co_await services.db.transact([&](storage::Tx& tx) {
        group = storage::find_group(tx, call.param("group"));
        topics = storage::topic_codes(tx);
        rules = storage::find_text(tx, call.param("group"), selfhelp::group_rules);
    });
    if (!group || group->closed || !group->is_complete()) throw Refusal(Reason::not_found, "");

    const auto& card = group->card;
    const auto body = html(R"(<div class="stack"><p><a href="/gruppen">← {}</a></p><h1>{}</h1>{}<div class="prose">{}</div>{}{}{}{}</div>)",
                           view.say(texts::back_to_groups), card.name, card_badges(view, card), prose(card.about),
                           card_facts(view, card, topic_label(view, topics, card.topic)),
                           html(R"(<section aria-labelledby="aufnahme"><h2 id="aufnahme">{}</h2><p>{}</p></section>)",
                                view.say(texts::how_it_goes), view.say(mode_of(*group))),
                           rules_of(view, rules), way_in(view, *group));
    co_return answer(view, {.title = view.say(texts::card_window), .body = body});
}

constexpr Route routes[] = {
    {net::Method::get, "/gruppen", Access::anyone, Rate::read, get_groups, "docs/members.md"},
    {net::Method::get, "/gruppen/{group}", Access::anyone, Rate::read, get_group, "docs/members.md"},
};

}  // namespace

std::span<const Route> group_page_routes() { return routes; }

}  // namespace runde::api::web
