#pragma once
// What the handlers of rooms share.
#include <string>
#include <vector>

#include "api/client/self.hpp"
#include "api/router.hpp"
#include "api/services.hpp"
#include "core/rooms/event_filter.hpp"
#include "core/rooms/people.hpp"
#include "core/rooms/rooms.hpp"
#include "core/rooms/timeline.hpp"

namespace runde::api::client {

inline schema::RoomId room_id(const Call& call) { return call.id<schema::RoomId>("roomId"); }

/// The caller with their profile. One read.
net::Task<rooms::Person> caller(const Call& call, Services& services);

/// The room named in the path, as far as the caller may read it.
net::Task<rooms::ReadableRoom> readable_room(const Call& call, Services& services);

/// The query parameter `filter` (JSON in the URL), or an open filter; `limit` is the query parameter's, at least `least`.
rooms::EventFilter event_filter(const Call& call, int default_limit, int least = 1);

/// The query parameter as a place in the timeline; Refusal(invalid_param) when it is no token of ours.
std::optional<rooms::Place> place(const Call& call, std::string_view name);

/// `via` and, as older clients say it, `server_name`.
std::vector<std::string> via(const Call& call);

}  // namespace runde::api::client
