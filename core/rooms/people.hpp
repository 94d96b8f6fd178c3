#pragma once
#include <optional>

#include "net/task.hpp"
#include "schema/ids.hpp"
#include "schema/json.hpp"
#include "storage/database.hpp"

namespace runde::rooms {

/// A user of this server as rooms see one.
struct Person {
    schema::UserNid nid;
    schema::UserId id;
    schema::JsonObject profile;  ///< displayname, avatar_url … as set; may lack both.
};

/// nullopt when this server has no such active account. `user` must be one of ours. One read.
net::Task<std::optional<Person>> find_person(storage::Database& db, schema::UserId user);

/// The content of a member event: membership with displayname and avatar_url of the profile.
schema::JsonObject member_content(std::string_view membership, const schema::JsonObject& profile);

}  // namespace runde::rooms
