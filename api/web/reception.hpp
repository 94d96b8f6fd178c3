#pragma once
#include "api/web/forms.hpp"
#include "core/accounts/session.hpp"
#include "schema/ids.hpp"

namespace runde::api::web {

/// What was said in the reception, newest last, and a field to answer: the conversation of applicant and team without a script.
/// Enters the room for an applicant who was invited to it.
net::Task<Html> reception(View& view, Services& services, const accounts::Session& session, const schema::RoomId& room,
                          std::string action, const FormData& form);
constexpr std::size_t longest_message = 4000;  ///< Characters.
/// Says something there.
net::Task<> say_in_reception(Services& services, const accounts::Session& session, const schema::RoomId& room, std::string text,
                             std::string once);

}  // namespace runde::api::web
