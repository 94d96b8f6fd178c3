#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/accounts/push_rules.hpp"
#include "core/rooms/reading.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"

namespace runde::storage {
class Database;
}

namespace runde::rooms {

class Rooms;

/// What one of our users wants to be told of, for those rooms where it is not what everybody is told.
struct PushProfile {
    accounts::PushRules rules;
    std::unordered_set<std::string> ignored;             ///< m.ignored_user_list

    /// The user_rooms.push_class that follows for a room. As many people as possible are to fall into one of the three
    /// plain classes, because they cost nothing per message.
    int class_in(const schema::RoomId& room, const schema::UserId& user) const;
};

/// Push profiles of users that need one. I/O thread only.
class PushProfiles {
public:
    explicit PushProfiles(storage::Database& db) : db_(db) {}

    struct Who {
        schema::UserNid nid;
        schema::UserId id;
    };
    /// nullptr when it is not in memory.
    const PushProfile* warm(schema::UserNid user) const;
    /// One read for all of them; those in memory stay.
    net::Task<> load(std::vector<Who> users);
    void forget(schema::UserNid user) { profiles_.erase(user); }

private:
    storage::Database& db_;
    std::unordered_map<schema::UserNid, std::unique_ptr<const PushProfile>> profiles_;
};

/// The user's rules or ignored users changed: what they want of each of their rooms is decided anew.
net::Task<> reclassify(Rooms& rooms, schema::UserNid nid);
/// The user came into the room.
net::Task<> classify(Rooms& rooms, schema::UserNid nid, schema::UserId user, schema::RoomNid room);

}  // namespace runde::rooms
