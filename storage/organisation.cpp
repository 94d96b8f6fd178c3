#include "storage/organisation.hpp"

#include "storage/texts.hpp"

namespace runde::storage {

std::optional<OrganisationRow> find_organisation(Tx& tx) {
    const auto rows = tx.exec(
        R"(SELECT kind, name, region, purpose, responsible, funding, server_location, contact_email, contact_phone,
                  contact_address, contact_hours, answer_days, website, space_id, changed, changed_by
           FROM organisation WHERE id = 1)");
    if (rows.empty()) return std::nullopt;
    const auto row = rows.front();
    return OrganisationRow{.kind = row[0].string(),
                           .name = row[1].string(),
                           .region = row[2].string(),
                           .purpose = row[3].string(),
                           .responsible = row[4].strings(),
                           .funding = row[5].string(),
                           .server_location = row[6].string(),
                           .contact_email = row[7].string(),
                           .contact_phone = row[8].string(),
                           .contact_address = row[9].string(),
                           .contact_hours = row[10].string(),
                           .answer_days = static_cast<int>(row[11].number()),
                           .website = row[12].string(),
                           .space_id = row[13].maybe_string(),
                           .changed = row[14].number(),
                           .changed_by = row[15].string()};
}

void set_organisation(Tx& tx, const OrganisationRow& of) {
    bump_revision(tx);
    tx.exec(
        R"(INSERT INTO organisation (id, kind, name, region, purpose, responsible, funding, server_location, contact_email,
               contact_phone, contact_address, contact_hours, answer_days, website, changed, changed_by)
           VALUES (1, $1, $2, $3, $4, $5::text[], $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
           ON CONFLICT (id) DO UPDATE SET (kind, name, region, purpose, responsible, funding, server_location, contact_email,
               contact_phone, contact_address, contact_hours, answer_days, website, changed, changed_by) =
               ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9, $10, $11, $12, $13, $14, $15))",
        of.kind, of.name, of.region, of.purpose, of.responsible, of.funding, of.server_location, of.contact_email, of.contact_phone,
        of.contact_address, of.contact_hours, of.answer_days, of.website, of.changed, of.changed_by);
}

void set_organisation_space(Tx& tx, std::string_view room_id) {
    tx.exec("UPDATE organisation SET space_id = $1 WHERE id = 1", room_id);
}

}  // namespace runde::storage
