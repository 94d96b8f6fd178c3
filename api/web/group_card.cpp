#include "api/web/group_card.hpp"

#include <algorithm>

namespace runde::api::web {

std::string said(const View& view, std::span<const texts::Label> labels, const std::string& value) {
    const auto found = std::ranges::find(labels, value, &texts::Label::value);
    return found == labels.end() ? value : std::string(view.say(found->label));
}

std::string said(const View& view, std::span<const texts::Label> labels, const std::vector<std::string>& values) {
    std::string all;
    for (const auto& value : values) all += (all.empty() ? "" : ", ") + said(view, labels, value);
    return all;
}

std::string topic_label(const View& view, const std::vector<storage::TopicCode>& topics, std::string_view code) {
    const auto found = std::ranges::find(topics, code, &storage::TopicCode::code);
    if (found == topics.end()) return std::string(code);
    return view.german() || found->label_en.empty() ? found->label : found->label_en;
}

Html card_badges(const View& view, const storage::Card& card) {
    const auto kind = card.openness == "full" ? "badge" : "badge done";
    return html(R"(<p class="row badges"><span class="{}">{}</span>{}</p>)", kind, said(view, texts::openness, card.openness),
                each(card.forms, [&](const std::string& form) {
                    return html(R"(<span class="badge">{}</span>)", said(view, texts::forms, form));
                }));
}

Html card_facts(const View& view, const storage::Card& card, std::string_view topic) {
    const auto fact = [&](const Phrase& label, std::string_view value) {
        return value.empty() ? Html() : html("<dt>{}</dt><dd>{}</dd>", view.say(label), value);
    };
    const auto where = card.region.empty() || card.place.empty() ? card.region + card.place : card.place + ", " + card.region;
    return html(R"(<dl class="facts">{}{}{}{}{}{}</dl>)", fact(texts::filter_topic, topic), fact(texts::fact_place, where),
                fact(texts::fact_meets, said(view, texts::forms, card.forms)),
                fact(texts::fact_languages, said(view, texts::languages, card.languages)),
                fact(texts::fact_accessibility, said(view, texts::accessibility, card.accessibility)),
                fact(texts::fact_contact, said(view, texts::contact_roles, card.contact_role)));
}

}  // namespace runde::api::web
