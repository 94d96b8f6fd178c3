#pragma once
#include "core/rooms/follower.hpp"
#include "core/rooms/rooms.hpp"
#include "core/selfhelp/service_account.hpp"

namespace runde::selfhelp {

/// Ends a room for good: everybody is sent away (so that devices that listen let go of it), then it is taken out of memory and
/// out of every table. A room that is gone already is no error; a crash in between is mended by calling it again.
/// Servers of others in the room keep their copy: they are told that their people have left, no more.
/// `erased` is called between the two: whoever else holds the room in memory lets go of it.
net::Task<> erase_room(rooms::Rooms& rooms, rooms::Follower& follower, ServiceAccount& service, schema::RoomId room,
                       const std::function<void(schema::RoomNid)>& erased);

}  // namespace runde::selfhelp
