#pragma once
#include <map>
#include <optional>
#include <string>

#include "core/accounts/account_data.hpp"
#include "core/selfhelp/groups.hpp"
#include "core/selfhelp/standing.hpp"
#include "schema/signing.hpp"
#include "storage/texts.hpp"

/// A group's rules and who keeps them. Nobody enters the group's rooms, reads or writes there before accepting the version in
/// force (M_CONSENT_NOT_GIVEN); a new version asks again, without anybody seeing who has not answered yet.
namespace runde::selfhelp {

/// The room's account data that tells a person's own devices what was accepted: {"version": 2}.
constexpr std::string_view accepted_data = "org.runde.rules_accepted";

/// Whoever has the address that M_CONSENT_NOT_GIVEN hands out may accept in that person's name, without signing in: an app on
/// a phone opens it in a browser that knows nobody. It is good for one person and one group, and for nothing else.
struct ConsentToken {
    std::string group;
    schema::UserId user;

    std::string sign(const schema::SigningKey& key) const;  ///< URL-safe.
    /// nullopt: not ours, altered, or signed with another key.
    static std::optional<ConsentToken> read(std::string_view token, const schema::SigningKey& key);
};
/// Below the public address of our pages.
std::string consent_path(std::string_view token);

struct Rules {
    int version = 0;                                     ///< 0: the group has none.
    std::map<std::string, std::string> by_register;
};
/// How many members accepted the version in force. Never who.
struct Acceptance {
    int accepted = 0, members = 0;
};

class Pledges {
public:
    Pledges(storage::Database& db, rooms::Rooms& rooms, accounts::AccountData& account_data, Groups& groups, Standing& standing)
        : db_(db), rooms_(rooms), account_data_(account_data), groups_(groups), standing_(standing) {}

    /// Throws Refusal(not_found).
    net::Task<Rules> rules(std::string group, std::optional<int> version = std::nullopt);
    /// A new version, which everybody is asked to accept again. Throws Refusal(not_found, invalid_param, too_large).
    net::Task<int> set_rules(std::string group, std::map<std::string, std::string> by_register, std::string by);

    /// Accepting twice is no error. A member of ours comes into the rooms that they are invited to. Throws Refusal: bad_state
    /// when `version` is not the one in force (it changed while it was read), not_found for a group that is not there.
    net::Task<> accept(std::string group, schema::UserId user, int version);
    /// The group's members, of other servers too.
    net::Task<Acceptance> acceptance(std::string group);

private:
    net::Task<schema::Position> tell_devices(storage::GroupRow group, rooms::Person person, int version);
    net::Task<> enter(storage::GroupRow group, rooms::Person person);

    storage::Database& db_;
    rooms::Rooms& rooms_;
    accounts::AccountData& account_data_;
    Groups& groups_;
    Standing& standing_;
};

}  // namespace runde::selfhelp
