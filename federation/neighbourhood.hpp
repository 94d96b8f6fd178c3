#pragma once
#include "core/rooms/elsewhere.hpp"
#include "federation/client.hpp"
#include "federation/invitations.hpp"
#include "federation/joining.hpp"

namespace runde::federation {

/// What the floors below may ask of other servers: rooms::Elsewhere, and the profiles of their users. Whatever a member
/// waits for has a time limit of its own, shorter than the member's patience.
class Neighbourhood : public rooms::Elsewhere {
public:
    Neighbourhood(Client& client, Joining& joining, Invitations& invitations)
        : client_(client), joining_(joining), invitations_(invitations) {}

    net::Task<rooms::RoomPtr> join(rooms::Person user, schema::RoomId room, std::vector<std::string> via,
                                   schema::JsonObject content) override;
    net::Task<> knock(rooms::Person user, schema::RoomId room, std::vector<std::string> via, schema::JsonObject content) override;
    net::Task<> leave(rooms::Person user, schema::RoomId room, schema::JsonObject content) override;
    net::Task<> invite(rooms::RoomPtr room, schema::UserId inviter, schema::UserId invited, schema::JsonObject content) override;

    net::Task<rooms::ResolvedAlias> resolve_alias(schema::RoomAlias alias) override;
    net::Task<std::optional<schema::JsonObject>> hierarchy(schema::RoomId room, std::vector<std::string> via) override;
    net::Task<schema::JsonObject> public_rooms(std::string server, rooms::DirectoryRequest request) override;

    /// The profile of another server's user, all fields or the one named; 2 s at most. nullopt when there is none or the
    /// server does not answer. At most 64 KiB.
    net::Task<std::optional<schema::JsonObject>> profile(schema::UserId user, std::optional<std::string> field);

private:
    Client& client_;
    Joining& joining_;
    Invitations& invitations_;
};

}  // namespace runde::federation
