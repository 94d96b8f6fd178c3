#pragma once
#include <array>
#include <string_view>

#include "schema/json.hpp"
#include "storage/organisation.hpp"

/// Who runs this node, as everybody may know it (funding principles 1 and 2). On Matrix: a public space with the state event
/// org.runde.organisation, whose children are the groups' cards.
namespace runde::selfhelp {

constexpr std::string_view organisation_event = "org.runde.organisation";
constexpr std::array<std::string_view, 3> organisation_kinds{"association", "contact_office", "working_group"};

/// Throws Refusal(invalid_param, too_large) naming the member: unknown kind, no name, no way to get in contact, nobody
/// responsible, an answer time outside of 1 to 60 days, a website that is no https address.
void check_organisation(const storage::OrganisationRow& organisation);

/// As the API takes it, and the command line's file. Throws Refusal(missing_param, bad_json) and what check_organisation does.
storage::OrganisationRow read_organisation(const schema::JsonObject& json);

/// For the API and the state event alike: everything is public.
schema::JsonObject to_json(const storage::OrganisationRow& organisation);

}  // namespace runde::selfhelp
