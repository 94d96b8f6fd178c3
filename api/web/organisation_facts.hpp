#pragma once
#include "api/web/view.hpp"

namespace runde::api::web {

/// Who stands behind this node: kind, region, who answers for it, who pays, where the server is.
Html about_organisation(const View& view, const storage::OrganisationRow& organisation);
/// How to reach it, and by when it answers.
Html contact_of(const View& view, const storage::OrganisationRow& organisation);

}  // namespace runde::api::web
