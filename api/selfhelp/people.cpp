#include "api/selfhelp/people.hpp"

namespace runde::api::selfhelp {

schema::JsonObject person(const rooms::Room& room, const std::string& user_id) {
    const auto content = room.state_content("m.room.member", user_id);
    const auto user = schema::UserId::parse(user_id);
    auto name = schema::string_at(content, "displayname");
    if (!name && user) name = user->localpart();
    return {{"user_id", user_id}, {"display_name", name.value_or(user_id)}};
}

}  // namespace runde::api::selfhelp
