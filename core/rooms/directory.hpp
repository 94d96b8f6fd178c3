#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// A state event that is meant for the directory: its content stands in the room's entry as it is, for partner servers that
/// know what it means (core/selfhelp/cards).
constexpr std::string_view card_event = "org.runde.card";

/// What a room says of itself to somebody who may not be in it: PublishedRoomsChunk.
/// https://spec.matrix.org/v1.19/client-server-api/#published-room-directory
schema::JsonObject summary(const Room& room);
/// The same with what hierarchies and room summaries add to it: RoomSummary (version, encryption, allowed_room_ids).
schema::JsonObject full_summary(const Room& room);

struct DirectoryRequest {
    std::size_t limit = 100;
    std::string since;                                   ///< Token; empty: from the beginning.
    std::optional<std::string> search_term;              ///< In name, topic and alias, without regard to case.
    /// From `room_types`; nullopt: all. A null in the list stands for rooms without type.
    std::optional<std::vector<std::optional<std::string>>> room_types;
    /// Rooms of another network, which a bridge would list; we have none. Clients may ask other servers for theirs.
    std::optional<std::string> network;
    bool all_networks = false;
    std::optional<std::string> for_server;               ///< Another server asks: rooms protected from it are left out.
};
struct DirectoryPage {
    schema::JsonArray chunk;
    std::string next, previous;
    int total = 0;
};
/// Rooms with most members first. Throws Refusal(invalid_param) for a token that is none.
net::Task<DirectoryPage> published_rooms(Rooms& rooms, DirectoryRequest request);

net::Task<> set_published(Rooms& rooms, UserId who, bool administrator, schema::RoomId room, bool on);

/// May somebody who is not in the room learn what it is: anybody may come in or knock, or read it, or was invited.
bool may_preview(const Room& room, std::string_view user);

}  // namespace runde::rooms
