#include "core/selfhelp/organisation.hpp"

#include <algorithm>

#include "core/selfhelp/words.hpp"
#include "schema/refusal.hpp"

namespace runde::selfhelp {

using schema::Reason;
using schema::Refusal;

void check_organisation(const storage::OrganisationRow& of) {
    if (std::find(organisation_kinds.begin(), organisation_kinds.end(), of.kind) == organisation_kinds.end())
        throw Refusal(Reason::invalid_param, "kind is association, contact_office or working_group");
    check_line("name", of.name, 200, Needed::yes);
    check_line("region", of.region, 200);
    check_words("purpose", of.purpose, 4000, Needed::yes);
    check_words("funding", of.funding, 2000);
    check_line("server_location", of.server_location, 200);
    check_line("contact_email", of.contact_email, 200);
    check_line("contact_phone", of.contact_phone, 100);
    check_words("contact_address", of.contact_address, 500);
    check_words("contact_hours", of.contact_hours, 500);
    if (of.responsible.empty() || of.responsible.size() > 20)
        throw Refusal(Reason::invalid_param, "responsible names one to twenty persons");
    for (const auto& person : of.responsible) check_line("responsible", person, 200, Needed::yes);
    if (!of.contact_email.empty() &&
        (of.contact_email.find('@') == of.contact_email.npos || of.contact_email.find(' ') != of.contact_email.npos))
        throw Refusal(Reason::invalid_param, "contact_email is no e-mail address");
    if (of.contact_email.empty() && of.contact_phone.empty())
        throw Refusal(Reason::invalid_param, "People must be able to reach you: contact_email or contact_phone");
    if (of.answer_days < 1 || of.answer_days > 60) throw Refusal(Reason::invalid_param, "answer_days is 1 to 60");
    check_link("website", of.website);
}

storage::OrganisationRow read_organisation(const schema::JsonObject& json) {
    const schema::Fields body(json);
    const auto text = [&](std::string_view name) { return std::string(body.string_or(name, "")); };
    storage::OrganisationRow row{.kind = std::string(body.required_string("kind")),
                                 .name = std::string(body.required_string("name")),
                                 .region = text("region"),
                                 .purpose = std::string(body.required_string("purpose")),
                                 .responsible = body.strings("responsible").value_or(std::vector<std::string>{}),
                                 .funding = text("funding"),
                                 .server_location = text("server_location"),
                                 .contact_email = text("contact_email"),
                                 .contact_phone = text("contact_phone"),
                                 .contact_address = text("contact_address"),
                                 .contact_hours = text("contact_hours"),
                                 .website = text("website")};
    const auto days = body.integer("answer_days").value_or(5);
    row.answer_days = days < 0 || days > 1000 ? 1000 : static_cast<int>(days);  // Refused below.
    check_organisation(row);
    return row;
}

schema::JsonObject to_json(const storage::OrganisationRow& of) {
    return {{"kind", of.kind},
            {"name", of.name},
            {"region", of.region},
            {"purpose", of.purpose},
            {"responsible", strings(of.responsible)},
            {"funding", of.funding},
            {"server_location", of.server_location},
            {"contact_email", of.contact_email},
            {"contact_phone", of.contact_phone},
            {"contact_address", of.contact_address},
            {"contact_hours", of.contact_hours},
            {"answer_days", of.answer_days},
            {"website", of.website}};
}

}  // namespace runde::selfhelp
