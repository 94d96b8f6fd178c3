#include "core/selfhelp/erasure.hpp"

#include "schema/refusal.hpp"
#include "storage/erasure.hpp"

namespace runde::selfhelp {

net::Task<> erase_room(rooms::Rooms& rooms, rooms::Follower& follower, ServiceAccount& service, schema::RoomId id,
                       const std::function<void(schema::RoomNid)>& erased) {
    const auto room = co_await rooms.find(id);
    if (!room) co_return;
    std::vector<schema::UserId> people;
    for (const auto& [user, membership] : room->memberships()) {
        if (service.is_self(user)) continue;
        if (auto person = schema::UserId::parse(user)) people.push_back(*std::move(person));
    }
    for (const auto& person : people) {
        try {
            co_await service.send_away(id, person);
        } catch (const schema::Refusal&) {
            // Whoever cannot be sent away loses the room with its rows.
        }
    }
    // From here on nobody finds the room; what was still being written to it is on the disk, and read, before its rows go.
    rooms.bury(*room);
    co_await rooms.parts().lane.submit(storage::Submission{});
    co_await follower.catch_up();
    erased(room->nid());
    co_await rooms.parts().db.transact([nid = room->nid()](storage::Tx& tx) { storage::erase_room(tx, nid); });
    rooms.buried(*room);
}

}  // namespace runde::selfhelp
