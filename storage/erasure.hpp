#pragma once
#include <string_view>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// Takes a room out of every table, with all its events. The room's actor is gone before (rooms::Rooms::bury), the archive's
/// follower has caught up. Nothing that named the room or an event of it is left but in PostgreSQL's log (WAL), until that has
/// been recycled.
void erase_room(Tx& tx, schema::RoomNid room);

/// Takes an account out of every table: for one that never belonged to a member. The name is free again. Rooms it was in
/// must have been erased before.
void erase_account(Tx& tx, schema::UserNid user, std::string_view user_id);

}  // namespace runde::storage
