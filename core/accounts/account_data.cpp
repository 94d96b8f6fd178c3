#include "core/accounts/account_data.hpp"

#include "core/accounts/listeners.hpp"
#include "core/accounts/text.hpp"
#include "schema/refusal.hpp"
#include "storage/account_data.hpp"
#include "storage/lane.hpp"

namespace runde::accounts {

using schema::JsonObject;
using schema::Position;
using schema::Reason;
using schema::Refusal;
using schema::RoomNid;
using schema::UserId;
using schema::UserNid;

namespace {

constexpr std::size_t largest_content = 256 * 1024;
constexpr std::int64_t most_entries = 10'000;  // All rooms together.

}  // namespace

class AccountData::Turn {
public:
    Turn(AccountData& data, UserNid user, std::shared_ptr<net::Gate> gate) : data_(&data), user_(user), gate_(std::move(gate)) {}
    Turn(Turn&&) = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
        if (!gate_) return;
        if (const auto last = data_->last_in_line_.find(user_); last != data_->last_in_line_.end() && last->second == gate_)
            data_->last_in_line_.erase(last);
        gate_->open();
    }

private:
    AccountData* data_;
    UserNid user_;
    std::shared_ptr<net::Gate> gate_;
};

net::Task<AccountData::Turn> AccountData::take_turn(UserNid user) {
    auto mine = std::make_shared<net::Gate>();
    auto& last = last_in_line_[user];
    const auto before = std::exchange(last, mine);
    Turn turn(*this, user, std::move(mine));
    if (before) co_await before->wait();
    co_return turn;
}

net::Task<RoomNid> AccountData::room_of(UserNid user, const schema::RoomId& room) {
    const auto nid = co_await db_.read([&](storage::Tx& tx) { return storage::find_room_of_user(tx, user, room.str()); });
    if (!nid) throw Refusal(Reason::not_found, "");
    co_return *nid;
}

net::Task<std::optional<std::string>> AccountData::find(UserNid user, Room room, std::string_view type) {
    auto json = co_await db_.read([=](storage::Tx& tx) { return storage::find_account_data(tx, user, room, type); });
    co_return json;
}

net::Task<> AccountData::put_by_client(UserNid user, Room room, std::string_view type, const JsonObject& content) {
    if (type == "m.fully_read" || type == "m.push_rules") throw Refusal(Reason::managed_by_server, "");
    check_text("type", type, 1, 255);
    auto json = schema::to_text(content);
    if (json.size() > largest_content) throw Refusal(Reason::too_large, "");
    const auto count = co_await db_.read([=](storage::Tx& tx) { return storage::count_account_data(tx, user, room, type); });
    if (!count.known && count.entries >= most_entries) throw Refusal(Reason::too_large, "");
    co_await put(user, room, std::string(type), std::move(json));
}

net::Task<Position> AccountData::put(UserNid user, Room room, std::string type, std::string json) {
    storage::Submission submission{.positions = 1,
                                   .account_data = {{.user = user, .room = room, .type = type, .at = 0, .json = json}}};
    const auto committed = co_await lane_.submit(std::move(submission));
    listeners_.account_data_changed({user, room, type, json, committed.base});
    co_return committed.base;
}

net::Task<JsonObject> AccountData::tags(UserNid user, RoomNid room) {
    const auto json = co_await find(user, room, "m.tag");
    if (!json) co_return JsonObject();
    const auto content = schema::parse_json(*json);
    const auto* tags = content.is_object() ? schema::object_at(content.get_object(), "tags") : nullptr;
    co_return tags ? *tags : JsonObject();
}

net::Task<> AccountData::put_tags(UserNid user, RoomNid room, JsonObject tags) {
    auto json = schema::to_text(JsonObject{{"tags", std::move(tags)}});
    if (json.size() > largest_content) throw Refusal(Reason::too_large, "");
    co_await put(user, room, "m.tag", std::move(json));
}

net::Task<> AccountData::set_tag(UserNid user, RoomNid room, std::string_view tag, JsonObject content) {
    check_text("tag", tag, 1, 255);
    const auto turn = co_await take_turn(user);
    auto current = co_await tags(user, room);
    current[tag] = std::move(content);
    co_await put_tags(user, room, std::move(current));
}

net::Task<> AccountData::remove_tag(UserNid user, RoomNid room, std::string_view tag) {
    const auto turn = co_await take_turn(user);
    auto current = co_await tags(user, room);
    if (current.erase(tag) == 0) co_return;
    co_await put_tags(user, room, std::move(current));
}

net::Task<PushRules> AccountData::push_rules(UserNid user, const UserId& id) {
    const auto json = co_await find(user, std::nullopt, "m.push_rules");
    if (!json) co_return PushRules::default_for(id);
    const auto content = schema::parse_json(*json);
    co_return PushRules::from_stored(content.get_object(), id);
}

net::Task<> AccountData::change_push_rules(UserNid user, const UserId& id, std::function<void(PushRules&)> change) {
    const auto turn = co_await take_turn(user);
    auto rules = co_await push_rules(user, id);
    change(rules);
    auto json = schema::to_text(rules.to_json());
    if (json.size() > largest_content) throw Refusal(Reason::too_large, "");
    co_await put(user, std::nullopt, "m.push_rules", std::move(json));
}

}  // namespace runde::accounts
