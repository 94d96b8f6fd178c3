#include "core/selfhelp/service_account.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "core/accounts/push_rules.hpp"
#include "core/rooms/write.hpp"
#include "schema/signing.hpp"
#include "storage/account_data.hpp"
#include "storage/lane.hpp"
#include "storage/users.hpp"

namespace runde::selfhelp {

using schema::JsonObject;
using schema::UserId;

rooms::Person ServiceAccount::find_or_make_now(storage::Database& db, storage::Numbers& numbers, const schema::ServerName& server,
                                               std::int64_t now_ms) {
    const JsonObject profile{{"displayname", "Runde"}};
    const auto fresh = numbers.next<schema::UserNid>();
    std::optional<storage::UserRow> found;
    std::optional<UserId> id;
    db.transact_now([&](storage::Tx& tx) {
        found.reset();
        for (int n = 1; !found; ++n) {
            const auto localpart = n == 1 ? std::string("runde") : fmt::format("runde{}", n);
            id = UserId::parse(fmt::format("@{}:{}", localpart, server.str()));
            const storage::UserRow row{.nid = fresh, .localpart = localpart, .created = now_ms, .kind = storage::UserKind::service};
            if (storage::insert_user(tx, row, schema::to_text(profile)) == storage::Inserted::yes) {
                storage::insert_first_account_data(tx, fresh, "m.push_rules",
                                                   schema::to_text(accounts::PushRules::default_for(*id).to_json()));
                found = row;
            } else if (const auto known = storage::find_user(tx, localpart);
                       known && known->kind == storage::UserKind::service && !known->is(storage::deactivated)) {
                found = known;
            }
        }
    });
    return {found->nid, *id, profile};
}

net::Task<rooms::RoomPtr> ServiceAccount::create_room(rooms::CreateRoom wish) {
    co_return co_await rooms::create_room(rooms_, self_, std::move(wish));
}

net::Task<> ServiceAccount::invite(schema::RoomId room_id, UserId person, std::optional<std::string> reason) {
    const auto room = co_await rooms_.find(room_id);
    if (room) {
        const auto membership = room->membership(person.str());
        if (membership == rooms::Membership::join || membership == rooms::Membership::invite) co_return;
    }
    co_await rooms::invite(rooms_, self_.id, std::move(room_id), std::move(person), std::move(reason), false,
                           rooms::Consent::given);
}

net::Task<> ServiceAccount::send_away(schema::RoomId room_id, UserId person, std::optional<std::string> reason) {
    const auto room = co_await rooms_.find(room_id);
    if (!room) co_return;
    const auto membership = room->membership(person.str());
    if (membership == rooms::Membership::leave || membership == rooms::Membership::ban) co_return;
    co_await rooms::act_on(rooms_, rooms::Act::kick, self_.id, std::move(room_id), std::move(person), std::move(reason));
}

net::Task<> ServiceAccount::say(schema::RoomId room, NoticeText text, std::string once) {
    JsonObject content{{"msgtype", "m.notice"}, {"body", text.plain}};
    if (!text.html.empty()) {
        content["format"] = "org.matrix.custom.html";
        content["formatted_body"] = text.html;
    }
    // It has no device. Its own number stands in for one: numbers are unique across all kinds (storage/numbers).
    rooms::Writing writing{.sender = self_.id,
                           .device = schema::DeviceNid{schema::raw(self_.nid)},
                           .room = std::move(room),
                           .type = "m.room.message",
                           .content = std::move(content),
                           .origin_ts = std::nullopt};
    if (once.empty()) once = schema::random_token(16);
    co_await rooms::send(rooms_, std::move(writing), std::move(once));
}

net::Task<> ServiceAccount::set_state(schema::RoomId room, std::string type, std::string state_key, JsonObject content) {
    rooms::Writing writing{.sender = self_.id,
                           .device = schema::DeviceNid{schema::raw(self_.nid)},
                           .room = std::move(room),
                           .type = std::move(type),
                           .content = std::move(content),
                           .origin_ts = std::nullopt};
    co_await rooms::set_state(rooms_, std::move(writing), std::move(state_key));
}

}  // namespace runde::selfhelp
