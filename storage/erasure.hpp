#pragma once
#include <span>
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

/// A column that names a room, an event, a device or a person, and how an erasure deals with it. A test compares this list with
/// the database: nobody can add such a column without deciding here.
struct NamingColumn {
    enum class Erased {
        by_room,       ///< erase_room deletes the rows whose column is the room's number.
        by_user,       ///< erase_account deletes the rows whose column is the account's number.
        by_user_id,    ///< ... or its id.
        by_hand,       ///< By a statement of its own; `why` says which.
        with_its_row,  ///< The table has another column that is erased by.
        kept,          ///< `why` says for what reason an erasure leaves it.
    };
    std::string_view table, column;
    Erased erased;
    std::string_view why = {};
};
std::span<const NamingColumn> naming_columns();

}  // namespace runde::storage
