#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "schema/json.hpp"

namespace runde::rooms {

class Room;

/// Which servers may take part in a room: the content of m.room.server_acl, read leniently as the spec asks (what is no
/// string does not count). https://spec.matrix.org/v1.19/client-server-api/#server-access-control-lists-acls-for-rooms
class ServerAcl {
public:
    /// Lets everybody in: a room without that event.
    ServerAcl() : allow_{"*"}, ip_literals_(true) {}
    explicit ServerAcl(const schema::JsonObject& content);
    bool allows(std::string_view server) const;

private:
    std::vector<std::string> allow_, deny_;
    bool ip_literals_ = true;
};

/// By the room's current state.
ServerAcl server_acl_of(const Room& room);
/// By the room's current state, its charter included (charter.hpp).
bool acl_allows(const Room& room, std::string_view server);

/// "*" is any number of characters, "?" exactly one; letters compare in any case. Linear in both lengths but for "*".
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace runde::rooms
