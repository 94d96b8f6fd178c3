#include "core/rooms/typing.hpp"

#include <algorithm>

namespace runde::rooms {

Typing::Typing(Rooms& rooms) : rooms_(rooms) {
    rooms_.on_commit([this](const Committed& committed) {
        if (committed.room.typing.empty()) return;
        const auto done = [&](const std::string& user) {
            if (!committed.room.typing.contains(user)) return;
            // Not inside the notice of another change.
            rooms_.parts().runtime.post([this, nid = committed.room.nid(), user] {
                if (const auto room = rooms_.warm(nid)) stop(*room, user);
            });
        };
        for (const auto& entry : committed.events)
            if (!entry.event->is_state()) done(entry.event->sender);
        for (const auto& change : committed.memberships)
            if (change.after != Membership::join) done(change.user.str());
    });
}

void Typing::begin(const RoomPtr& room, const UserId& user, net::Milliseconds timeout) {
    if (!room->is_joined(user.str())) return;
    timeout = std::clamp(timeout, net::Milliseconds{1}, longest);
    const auto until = rooms_.clock().now_ms() + timeout.count();
    const bool is_new = room->typing.insert_or_assign(user.str(), until).second;
    timers_.insert_or_assign(Key{room->nid(), user.str()},
                             rooms_.parts().runtime.after(timeout, [this, nid = room->nid(), id = user.str()] {
                                 if (const auto warm = rooms_.warm(nid))
                                     stop(*warm, id);
                                 else
                                     timers_.erase({nid, id});
                             }));
    if (is_new) room->announce([](Committed& committed) { committed.typing = true; });
}

void Typing::end(const RoomPtr& room, const UserId& user) { stop(*room, user.str()); }

void Typing::stop(Room& room, const std::string& user) {
    timers_.erase({room.nid(), user});
    if (room.typing.erase(user) > 0) room.announce([](Committed& committed) { committed.typing = true; });
}

}  // namespace runde::rooms
