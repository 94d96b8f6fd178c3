#pragma once
#include <string>

#include "core/rooms/rooms.hpp"

/// https://spec.matrix.org/v1.19/client-server-api/#receipts
namespace runde::rooms {

enum class ReceiptType : int { read = 0, read_private = 1 };

/// A receipt as somebody sends it. `thread`: "" unthreaded, "main", or the event id of a thread's root.
struct Receipt {
    ReceiptType type;
    schema::EventId event;
    std::string thread;
};

/// A member of ours has read up to an event. Receipts of one kind only move forward: one behind the last is accepted
/// and changes nothing. Unread counts follow (core/rooms/unread.hpp).
/// Throws Refusal: forbidden (no member), not_found (no such event here), invalid_param (the event is not in that thread).
net::Task<> mark_read(Rooms& rooms, RoomPtr room, UserId user, Receipt receipt);

/// A receipt that another server told us. What does not fit (unknown event, no member) is passed over.
net::Task<> remote_receipt(Rooms& rooms, RoomPtr room, UserId user, Receipt receipt, std::int64_t ts);

}  // namespace runde::rooms
