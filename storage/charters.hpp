#pragma once
#include <string>
#include <vector>

#include "storage/database.hpp"

namespace runde::storage {

/// A state event of a room that has a charter: the charter itself, or one of the space's children.
struct CharterEvent {
    std::string room_id, type, state_key, sender, json;
};
/// Of all rooms, as they are now.
std::vector<CharterEvent> charter_events(Tx& tx);

}  // namespace runde::storage
