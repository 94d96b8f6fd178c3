#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/database.hpp"

namespace runde::storage {

/// Who runs this node. Everything in it is public.
struct OrganisationRow {
    std::string kind;                                    ///< association, contact_office, working_group
    std::string name, region, purpose;
    std::vector<std::string> responsible;                ///< "Erika Muster, Vorsitzende"
    std::string funding, server_location;
    std::string contact_email, contact_phone, contact_address, contact_hours;
    int answer_days = 5;                                 ///< Within so many days somebody answers.
    std::string website;
    std::optional<std::string> space_id = {};            ///< The public organisation space; set by set_organisation_space.
    std::int64_t changed = 0;                            ///< ms
    std::string changed_by;
};

/// nullopt until the administrator has set it.
std::optional<OrganisationRow> find_organisation(Tx& tx);
/// Everything but space_id.
void set_organisation(Tx& tx, const OrganisationRow& organisation);
void set_organisation_space(Tx& tx, std::string_view room_id);

}  // namespace runde::storage
