#pragma once
#include "core/selfhelp/admission_office.hpp"
#include "schema/json.hpp"

/// Applications as the API shows them: docs/api.md#admission.
namespace runde::api::selfhelp {

enum class View { applicant, team };
schema::JsonObject to_json(const runde::selfhelp::ApplicationFile& file, View view);
schema::JsonObject to_json(const runde::selfhelp::Entrance& door);
/// With the place for whom it is meant.
schema::JsonObject to_json(const storage::InterviewSlotRow& slot, bool with_place);

}  // namespace runde::api::selfhelp
