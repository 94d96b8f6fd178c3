#pragma once
#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// What a person puts into a room. The rules of the room decide; what stands here belongs to our server's own user:
/// member events find their row, canonical aliases must be true, and what is the same already is not said again.
struct Writing {
    UserId sender;
    schema::DeviceNid device;
    schema::RoomId room;
    std::string type;
    schema::JsonObject content;
    std::optional<std::int64_t> origin_ts;
};

/// PUT …/send. `txn` makes it happen once.
net::Task<Room::Appended> send(Rooms& rooms, Writing writing, std::string txn);
/// PUT …/state. The same content as before answers with the event that said it.
net::Task<Room::Appended> set_state(Rooms& rooms, Writing writing, std::string state_key);
/// PUT …/redact. Own events, or with the redact level those of others.
net::Task<Room::Appended> redact(Rooms& rooms, Writing writing, schema::EventId target, std::string txn);

}  // namespace runde::rooms
