#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// Who is typing. In memory alone: nobody types across a restart.
/// https://spec.matrix.org/v1.19/client-server-api/#typing-notifications
class Typing {
public:
    /// Listens to `rooms`: whoever says something or leaves has stopped typing.
    explicit Typing(Rooms& rooms);

    static constexpr net::Milliseconds longest{120'000};

    /// `user` types for `timeout` from now, or until it is said again; of ours or of another server. The room tells its
    /// listeners only if the list changed. Nothing happens for whoever is no member.
    void begin(const RoomPtr& room, const UserId& user, net::Milliseconds timeout);
    void end(const RoomPtr& room, const UserId& user);

private:
    using Key = std::pair<RoomNid, std::string>;
    void stop(Room& room, const std::string& user);

    Rooms& rooms_;
    std::map<Key, std::shared_ptr<void>> timers_;
};

}  // namespace runde::rooms
