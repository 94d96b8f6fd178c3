#include "api/web/organisation_facts.hpp"

#include <fmt/ranges.h>

#include "api/web/texts/notices.hpp"

namespace runde::api::web {

namespace {

const Phrase& kind_of(const storage::OrganisationRow& organisation) {
    if (organisation.kind == "contact_office") return texts::kind_contact_office;
    if (organisation.kind == "working_group") return texts::kind_working_group;
    return texts::kind_association;
}

/// A line of a list of facts; nothing where nothing is known.
Html fact(const View& view, const Phrase& label, std::string_view value) {
    return value.empty() ? Html() : html("<dt>{}</dt><dd>{}</dd>", view.say(label), value);
}

Html linked_fact(const View& view, const Phrase& label, std::string_view scheme, const std::string& value) {
    if (value.empty()) return {};
    auto address = std::string(scheme) + value;
    std::erase(address, ' ');
    return html(R"(<dt>{}</dt><dd><a href="{}" rel="noreferrer">{}</a></dd>)", view.say(label), Url(address), value);
}

}  // namespace

Html about_organisation(const View& view, const storage::OrganisationRow& organisation) {
    return html(R"(<dl class="facts">{}{}{}{}{}</dl>)", fact(view, texts::fact_kind, view.say(kind_of(organisation))),
                fact(view, texts::fact_region, organisation.region),
                fact(view, texts::fact_responsible, fmt::format("{}", fmt::join(organisation.responsible, "; "))),
                fact(view, texts::fact_funding, organisation.funding),
                fact(view, texts::fact_server, organisation.server_location));
}

Html contact_of(const View& view, const storage::OrganisationRow& organisation) {
    const auto days = organisation.answer_days;
    const auto answer = days == 1 ? std::string(view.say(texts::answer_next_day)) : view.say(texts::answer_within, days);
    return html(R"(<dl class="facts">{}{}{}{}{}{}</dl>)",
                linked_fact(view, texts::fact_email, "mailto:", organisation.contact_email),
                linked_fact(view, texts::fact_phone, "tel:", organisation.contact_phone),
                fact(view, texts::fact_hours, organisation.contact_hours), fact(view, texts::fact_answer, answer),
                fact(view, texts::fact_address, organisation.contact_address),
                linked_fact(view, texts::fact_website, "", organisation.website));
}

}  // namespace runde::api::web
