#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/accounts/push_rules.hpp"
#include "net/gate.hpp"
#include "net/task.hpp"
#include "schema/ids.hpp"
#include "schema/json.hpp"

namespace runde::storage {
class Database;
class Lane;
}  // namespace runde::storage

namespace runde::accounts {

struct Listeners;

/// What clients keep on the server for themselves, per account and per room and account; room tags and push
/// rules are account data too. https://spec.matrix.org/v1.19/client-server-api/#client-config
///
/// Written through the lane, because /sync must see it. Whatever reads, changes and writes back (tags, push
/// rules) takes a turn per account, so that two changes at once are both kept.
class AccountData {
public:
    AccountData(storage::Database& db, storage::Lane& lane, const Listeners& listeners)
        : db_(db), lane_(lane), listeners_(listeners) {}

    using Room = std::optional<schema::RoomNid>;  ///< Absent: global.

    /// The room's number; throws Refusal(not_found) for a room that the user has nothing to do with.
    net::Task<schema::RoomNid> room_of(schema::UserNid user, const schema::RoomId& room);
    net::Task<std::optional<std::string>> find(schema::UserNid user, Room room, std::string_view type);
    /// Checks type and size (Refusal invalid_param, too_large), and that the type is not one that the server
    /// manages (managed_by_server).
    net::Task<> put_by_client(schema::UserNid user, Room room, std::string_view type, const schema::JsonObject& content);
    /// No checks: for the server's own types (m.push_rules, m.fully_read, m.tag).
    net::Task<schema::Position> put(schema::UserNid user, Room room, std::string type, std::string json);

    /// {"m.favourite": {"order": 0.5}, ...}. https://spec.matrix.org/v1.19/client-server-api/#room-tagging
    net::Task<schema::JsonObject> tags(schema::UserNid user, schema::RoomNid room);
    net::Task<> set_tag(schema::UserNid user, schema::RoomNid room, std::string_view tag, schema::JsonObject content);
    net::Task<> remove_tag(schema::UserNid user, schema::RoomNid room, std::string_view tag);

    /// Those stored, or the default ones.
    net::Task<PushRules> push_rules(schema::UserNid user, const schema::UserId& id);
    /// Applies `change` to the current rules and stores the result; what it throws stops everything.
    net::Task<> change_push_rules(schema::UserNid user, const schema::UserId& id, std::function<void(PushRules&)> change);

private:
    /// Held while an account's data is read, changed and written back.
    class Turn;
    net::Task<Turn> take_turn(schema::UserNid user);
    net::Task<> put_tags(schema::UserNid user, schema::RoomNid room, schema::JsonObject tags);

    storage::Database& db_;
    storage::Lane& lane_;
    const Listeners& listeners_;
    std::unordered_map<schema::UserNid, std::shared_ptr<net::Gate>> last_in_line_;
};

}  // namespace runde::accounts
