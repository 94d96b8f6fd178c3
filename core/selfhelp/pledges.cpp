#include "core/selfhelp/pledges.hpp"

#include <fmt/format.h>

#include <limits>

#include "core/selfhelp/texts.hpp"
#include "schema/refusal.hpp"

namespace runde::selfhelp {
namespace {

using schema::Reason;
using schema::Refusal;
using schema::UserId;

/// What is signed. The first line keeps it apart from everything else that this key signs (JSON objects).
std::string consent_message(std::string_view group, std::string_view user) {
    return fmt::format("org.runde.consent\n{}\n{}", group, user);
}

}  // namespace

std::string ConsentToken::sign(const schema::SigningKey& key) const {
    const auto signature = schema::decode_base64(key.sign(consent_message(group, user.str())));
    return fmt::format("{}.{}", schema::base64_url(fmt::format("{}\n{}", group, user.str())), schema::base64_url(*signature));
}

std::optional<ConsentToken> ConsentToken::read(std::string_view token, const schema::SigningKey& key) {
    const auto dot = token.find('.');
    if (dot == token.npos || token.size() > 1000) return std::nullopt;
    const auto who = schema::decode_base64(token.substr(0, dot));
    const auto signature = schema::decode_base64(token.substr(dot + 1));
    const auto middle = who ? who->find('\n') : std::string::npos;
    if (!signature || middle == std::string::npos) return std::nullopt;
    const auto user = UserId::parse(std::string_view(*who).substr(middle + 1));
    const auto verifier = schema::VerifyKey::parse(key.public_key());
    if (!user || !verifier || !verifier->verify(consent_message(who->substr(0, middle), user->str()), schema::base64(*signature)))
        return std::nullopt;
    return ConsentToken{who->substr(0, middle), *user};
}

std::string consent_path(std::string_view token) { return fmt::format("/regeln/{}", token); }

net::Task<Rules> Pledges::rules(std::string group, std::optional<int> version) {
    co_await groups_.require(group);
    const auto text = co_await db_.read([&](storage::Tx& tx) { return storage::find_text(tx, group, group_rules, version); });
    if (!text && version) throw Refusal(Reason::not_found, "Diese Fassung gibt es nicht. / There is no such version.");
    co_return text ? Rules{text->version, text->by_register} : Rules{};
}

net::Task<int> Pledges::set_rules(std::string group, std::map<std::string, std::string> by_register, std::string by) {
    check_text(by_register);
    co_await groups_.require(group);
    const auto now = rooms_.clock().now_ms();
    const int version =
        co_await db_.transact([&](storage::Tx& tx) { return storage::insert_text(tx, group, group_rules, by_register, by, now); });
    co_await standing_.refresh();
    co_return version;
}

net::Task<> Pledges::accept(std::string group_id, UserId user, int version) {
    const auto group = co_await groups_.require(group_id);
    std::optional<rooms::Person> person;
    if (rooms_.identity().is_local(user)) {
        person = co_await rooms::find_person(db_, user);
        if (!person) throw Refusal(Reason::not_found, "There is no such user.");
    }
    const auto* standing = standing_.group(group_id);  // Not across a co_await: a refresh replaces it.
    if (!standing || standing->rules != version)
        throw Refusal(Reason::bad_state,
                      "Die Regeln haben sich inzwischen geändert. Bitte lesen Sie die neue Fassung. / The rules "
                      "have changed meanwhile. Please read the new version.");
    if (!standing_.must_accept(*standing, user.str())) {
        if (person) co_await enter(group, *person);
        co_return;
    }
    const storage::RulesAccepted row{group_id, user.str(), version, rooms_.clock().now_ms(),
                                     std::numeric_limits<schema::Position>::max()};
    co_await db_.transact([&](storage::Tx& tx) { storage::insert_rules_accepted(tx, row); });
    standing_.accepted(group_id, user.str(), version);
    // From here on /sync tells the rooms anew; the position that this takes is where it may stop doing so. Whoever is not in
    // the rooms yet takes none: their joining will tell everything.
    schema::Position pos = 0;
    if (person) pos = co_await tell_devices(group, *person, version);
    co_await db_.transact([&](storage::Tx& tx) { storage::set_rules_accepted_position(tx, group_id, user.str(), pos); });
    standing_.accepted_at(group_id, user.str(), pos);
    co_await standing_.refresh();  // Somebody else's refresh may have begun before our row was there.
    if (person) co_await enter(group, *person);
}

net::Task<schema::Position> Pledges::tell_devices(storage::GroupRow group, rooms::Person person, int version) {
    schema::Position newest = 0;
    for (const auto& room_id : {*group.space_id, *group.forum_id, *group.chat_id}) {
        const auto room = co_await rooms_.find(*schema::RoomId::parse(room_id));
        if (!room || !room->local_member(person.nid)) continue;
        newest = co_await account_data_.put(person.nid, room->nid(), std::string(accepted_data),
                                            schema::to_text(schema::JsonObject{{"version", version}}));
    }
    co_return newest;
}

net::Task<> Pledges::enter(storage::GroupRow group, rooms::Person person) {
    for (const auto& room_id : {*group.space_id, *group.forum_id, *group.chat_id}) {
        const auto id = *schema::RoomId::parse(room_id);
        const auto room = co_await rooms_.find(id);
        if (!room || room->membership(person.id.str()) != rooms::Membership::invite) continue;
        co_await rooms::join(rooms_, person, {.room = id, .via = {}, .reason = {}, .third_party_signed = {}});
    }
}

net::Task<Acceptance> Pledges::acceptance(std::string group_id) {
    const auto group = co_await groups_.require(group_id);
    const auto space = co_await rooms_.find(*schema::RoomId::parse(*group.space_id));
    const auto* standing = standing_.group(group_id);
    Acceptance result;
    if (!space || !standing) co_return result;
    // The service account is in the room, and is nobody.
    for (const auto& [user, membership] : space->memberships()) {
        if (membership != rooms::Membership::join || groups_.is_service(user)) continue;
        ++result.members;
        if (!standing_.must_accept(*standing, user)) ++result.accepted;
    }
    co_return result;
}

}  // namespace runde::selfhelp
