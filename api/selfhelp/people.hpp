#pragma once
#include <string>

#include "core/rooms/room.hpp"

namespace runde::api::selfhelp {

/// {"user_id", "display_name"} as the room knows somebody; the localpart where no name was given.
schema::JsonObject person(const rooms::Room& room, const std::string& user_id);

}  // namespace runde::api::selfhelp
