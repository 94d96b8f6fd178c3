#pragma once
#include "api/web/forms.hpp"
#include "core/selfhelp/admission_office.hpp"

namespace runde::api::web {

/// A group's own questions, each with its reason, and the optional ways of being told.
Html application_fields(const View& view, const FormData& form, const std::vector<selfhelp::admission::Field>& questions);

/// What was filled in, as the door takes it; complains about what is missing or cannot be.
selfhelp::ApplicationForm read_application(const View& view, FormData& form, std::string group,
                                           const std::vector<selfhelp::admission::Field>& questions);

/// A form that shows what somebody said before.
FormData filled_in(const std::vector<selfhelp::admission::Field>& questions, const storage::ApplicationRow& application);

/// An answer in the reader's words; empty when there is none.
std::string answer_in_words(const View& view, const selfhelp::admission::Field& question, const schema::JsonObject& answers);

}  // namespace runde::api::web
