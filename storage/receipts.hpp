#pragma once
#include <optional>
#include <string>

#include "schema/ids.hpp"
#include "storage/database.hpp"

namespace runde::storage {

/// Where a user's receipt of one kind stands in the reading order.
std::optional<schema::Ord> receipt_place(Tx& tx, schema::RoomNid room, const std::string& user_id, int type,
                                         const std::string& thread);

}  // namespace runde::storage
