#pragma once
#include <string>
#include <string_view>

#include "core/rooms/create_room.hpp"
#include "core/rooms/membership.hpp"
#include "core/rooms/rooms.hpp"

namespace runde::storage {
class Database;
class Numbers;
}// namespace runde::storage

namespace runde::selfhelp {

/// Text for people, as a notice says it: plain, and as HTML where there is something to link or to stress.
struct NoticeText {
    std::string plain;
    std::string html = {};                                   ///< Empty: plain only. Already escaped.
};

/// The server's own user, "@runde:<server>": it makes the rooms that belong to nobody's account, lets people in and says
/// what happened. No password opens it and it has no device; nobody can act in its name but this program.
///
/// What it does goes through the same functions and the same rules as what people do.
class ServiceAccount {
public:
    /// Finds it, or makes it: at start, blocking. If a person of an older installation has the name already, it takes the
    /// next ("runde2" ...).
    static rooms::Person find_or_make_now(storage::Database& db, storage::Numbers& numbers, const schema::ServerName& server,
                                          std::int64_t now_ms);

    ServiceAccount(rooms::Rooms& rooms, rooms::Person self) : rooms_(rooms), self_(std::move(self)) {}

    const rooms::Person& self() const { return self_; }
    const schema::UserId& id() const { return self_.id; }
    bool is_self(std::string_view user_id) const { return self_.id.str() == user_id; }

    /// Throws Refusal like rooms::create_room.
    net::Task<rooms::RoomPtr> create_room(rooms::CreateRoom wish);
    /// Somebody who is in the room, or invited, stays as they are.
    net::Task<> invite(schema::RoomId room, schema::UserId person, std::optional<std::string> reason = std::nullopt);
    /// Takes an invitation back, or sends away who is in; nothing happens to somebody who is not in the room.
    net::Task<> send_away(schema::RoomId room, schema::UserId person, std::optional<std::string> reason = std::nullopt);
    /// Says something (m.notice). `once`: a repetition under the same text says nothing; empty: always.
    net::Task<> say(schema::RoomId room, NoticeText text, std::string once);
    net::Task<> set_state(schema::RoomId room, std::string type, std::string state_key, schema::JsonObject content);

private:
    rooms::Rooms& rooms_;
    const rooms::Person self_;
};

}  // namespace runde::selfhelp
