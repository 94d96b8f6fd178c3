#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "schema/ids.hpp"
#include "storage/database.hpp"

/// Protected spaces: the associations that signed a charter share rooms of which nobody else learns.
namespace runde::rooms {

class Room;
struct Committed;

/// The state event that protects a room, or a space with all its rooms: {"servers": ["hearth.example", …]}, state key "".
/// Nobody of another server than these (and ours) comes in, is sent anything or learns that the room exists.
constexpr std::string_view charter_type = "org.runde.charter";

/// Who may know of which room.
///
/// Invariants
///  - A room's charter is its own, and that of every space that holds it. A space holds a room if the room says so
///    (m.space.parent), or if whoever put it into the space (m.space.child) could have set the room's own charter: else
///    anybody could cut off a room by putting it into a space of theirs. A space inside a space needs a charter of its own.
///  - Where several charters count a server must stand in all of them. One that cannot be read admits nobody else.
///  - Changes count from their commit on, also for servers whose members are inside: they are sent nothing more, and what
///    they send is refused. Whoever comes back into the charter catches up like after an outage.
///  - In memory; read from the database once, at start. I/O thread only.
class Charters {
public:
    /// Blocks; start-up only.
    Charters(storage::Database& db, std::string own_server);

    bool is_empty() const { return by_room_.empty(); }
    bool admit(const Room& room, std::string_view server) const;
    /// A listener of Rooms: what a commit changes about this.
    void heard(const Committed& committed);

private:
    struct Charter {
        std::set<std::string, std::less<>> servers;
        std::map<std::string, std::string> children;     ///< Room id -> who put it there.
    };
    const Charter* find(std::string_view room_id) const;
    static Charter read(const Room& room);

    std::string own_server_;
    std::map<std::string, Charter, std::less<>> by_room_;
};

/// Whether `server` may take part in the room and know of it, as far as charters go (server_acl.hpp has the other half).
bool admits(const Room& room, std::string_view server);

}  // namespace runde::rooms
