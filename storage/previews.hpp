#pragma once
#include <optional>
#include <string>
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

/// What another server told of a room with an invitation, or as the answer to a knock.
struct Preview {
    UserNid user;
    std::string room_id;
    std::string member_id;             ///< The invitation or knock that it came with, and as long as which it counts.
    std::vector<std::string> servers;  ///< That know the room.
    std::string state;                 ///< A JSON array of stripped state events.
};

/// Replaces what the user was told before.
void store_preview(Tx& tx, const Preview& preview);
std::optional<Preview> find_preview(Tx& tx, UserNid user, const std::string& room_id);
void drop_preview(Tx& tx, UserNid user, const std::string& room_id);

/// How many invitations of rooms that `server` told of first stand open for the user.
std::int64_t count_previews(Tx& tx, UserNid user, const std::string& server);

/// The version of a room that we know from hearsay alone: somebody else says something else.
void claim_room_version(Tx& tx, RoomNid room, std::string_view version);

/// Those of a user's rooms whose present membership came with a preview.
struct CurrentPreview {
    RoomNid room;
    std::string state;
};
std::vector<CurrentPreview> current_previews(Tx& tx, UserNid user, const std::vector<RoomNid>& rooms);

}  // namespace runde::storage
