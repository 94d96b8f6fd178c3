#pragma once
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

/// All state events that `nids` rest on, without those of `nids` on which no other of them rests. One statement.
std::vector<EventNid> auth_chain(Tx& tx, RoomNid room, const std::vector<EventNid>& nids);

}  // namespace runde::storage
