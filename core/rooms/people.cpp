#include "core/rooms/people.hpp"

#include "storage/users.hpp"

namespace runde::rooms {

net::Task<std::optional<Person>> find_person(storage::Database& db, schema::UserId user) {
    const std::string localpart(user.localpart());
    struct Found {
        std::optional<storage::UserRow> user;
        std::optional<std::string> profile;
    };
    const auto found = co_await db.read([&](storage::Tx& tx) {
        return Found{storage::find_user(tx, localpart), storage::find_profile(tx, localpart)};
    });
    if (!found.user || found.user->is(storage::deactivated)) co_return std::nullopt;
    Person person{found.user->nid, std::move(user), {}};
    if (found.profile) {
        auto profile = schema::parse_json(*found.profile);
        if (profile.is_object()) person.profile = std::move(profile.get_object());
    }
    co_return person;
}

schema::JsonObject member_content(std::string_view membership, const schema::JsonObject& profile) {
    schema::JsonObject content;
    content["membership"] = membership;
    for (const auto* name : {"displayname", "avatar_url"})
        if (const auto value = schema::string_at(profile, name)) content[name] = *value;
    return content;
}

}  // namespace runde::rooms
