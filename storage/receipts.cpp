#include "storage/receipts.hpp"

namespace runde::storage {

std::optional<schema::Ord> receipt_place(Tx& tx, schema::RoomNid room, const std::string& user_id, int type,
                                         const std::string& thread) {
    const auto rows = tx.exec("SELECT ord FROM receipts WHERE room_nid = $1 AND user_id = $2 AND rtype = $3 AND thread = $4", room,
                              user_id, type, thread);
    if (rows.empty()) return std::nullopt;
    return rows.front()[0].number();
}

}  // namespace runde::storage
