#include "core/selfhelp/guests.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/selfhelp/erasure.hpp"
#include "schema/refusal.hpp"
#include "schema/signing.hpp"
#include "storage/jobs.hpp"

namespace runde::selfhelp {

using schema::Reason;
using schema::Refusal;
using schema::UserId;

namespace {

constexpr std::string_view job_erasure = "guest link";  // Its key is the room.
constexpr std::int64_t minute_ms = 60'000, link_lives = 30 * minute_ms, visit_lives = 12 * 60 * minute_ms, rests = 2 * minute_ms,
                       day_ms = 24 * 60 * minute_ms;
constexpr std::size_t longest_token = 4000, most_links_a_day = 5;

/// What the signature is for, so that none of ours can stand in for another.
constexpr std::string_view link_purpose = "org.runde.guest.link", visit_purpose = "org.runde.guest.visit";

std::string to_sign(std::string_view purpose, std::string_view words) { return fmt::format("{}\n{}", purpose, words); }

std::string sealed(std::string_view purpose, std::string_view words, const schema::SigningKey& key) {
    const auto signature = schema::decode_base64(key.sign(to_sign(purpose, words)));
    return fmt::format("{}.{}", schema::base64_url(words), schema::base64_url(*signature));
}

std::optional<std::string> unsealed(std::string_view purpose, std::string_view token, const schema::SigningKey& key) {
    const auto dot = token.find('.');
    if (dot == token.npos || token.size() > longest_token) return std::nullopt;
    auto words = schema::decode_base64(token.substr(0, dot));
    const auto signature = schema::decode_base64(token.substr(dot + 1));
    const auto verifier = schema::VerifyKey::parse(key.public_key());
    if (!words || !signature || !verifier || !verifier->verify(to_sign(purpose, *words), schema::base64(*signature)))
        return std::nullopt;
    return words;
}

/// Lines, all but the last of which hold no line end.
std::vector<std::string> lines(std::string_view words, std::size_t count) {
    std::vector<std::string> all;
    while (all.size() + 1 < count) {
        const auto end = words.find('\n');
        all.emplace_back(words.substr(0, end));
        words = end == words.npos ? std::string_view() : words.substr(end + 1);
    }
    all.emplace_back(words);
    return all;
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

NoticeText message(Register way, const std::string& link) {
    const auto in_words = [way]() -> std::string_view {
        switch (way) {
            case Register::sie:
                return "Sie haben auf unserer Seite diese Matrix-Adresse angegeben. Mit diesem Link geht es dort weiter; er gilt "
                       "eine "
                       "halbe Stunde und nur einmal. Waren Sie es nicht, brauchen Sie nichts zu tun: Dieser Raum verschwindet von "
                       "selbst.";
            case Register::du:
                return "Du hast auf unserer Seite diese Matrix-Adresse angegeben. Mit diesem Link geht es dort weiter; er gilt "
                       "eine "
                       "halbe Stunde und nur einmal. Warst du es nicht, brauchst du nichts zu tun: Dieser Raum verschwindet von "
                       "selbst.";
            case Register::leicht:
                return "Sie haben auf unserer Seite Ihre Matrix-Adresse eingegeben. Tippen Sie auf den Link. Dann geht es weiter. "
                       "Der "
                       "Link geht nur eine halbe Stunde lang. Waren Sie das nicht? Dann machen Sie nichts. Dieser Raum wird "
                       "gelöscht.";
            case Register::en:
                return "You have given this Matrix address on our page. This link leads on; it works for half an hour, and once. "
                       "If it "
                       "was not you, there is nothing to do: this room goes by itself.";
        }
        return {};
    };
    // No HTML: every app makes a link of an address that stands alone.
    return {.plain = fmt::format("{}\n\n{}", in_words(), link)};
}

}  // namespace

struct Guests::Open {
    Link link;
    std::string room;
};

Guests::Guests(Parts parts) : parts_(std::move(parts)) {
    parts_.jobs.add(job_erasure, [this](Jobs::Job job) { return erase(std::move(job.key)); });
}

void Guests::send_link(UserId user, std::string back, Register way) {
    if (!welcome()) throw Refusal(Reason::not_found, "");
    if (parts_.rooms.identity().is_local(user))
        throw Refusal(Reason::invalid_param, "Das ist ein Konto auf diesem Server. / That is an account of this server.");
    const auto now = parts_.runtime.clock().now_ms();
    std::erase_if(asked_, [now](const auto& entry) { return now - entry.second.back() >= day_ms; });
    auto& asked = asked_[user.str()];
    std::erase_if(asked, [now](const auto at) { return now - at >= day_ms; });
    // The page says the same as ever: who is written to has nothing to do with who asks.
    if (asked.size() >= most_links_a_day || (!asked.empty() && now - asked.back() < rests)) return;
    asked.push_back(now);
    parts_.runtime.spawn("a guest's invitation", invite(std::move(user), std::move(back), way));
}

net::Task<> Guests::invite(UserId user, std::string back, Register way) {
    rooms::CreateRoom wish;
    wish.preset = rooms::CreateRoom::Preset::private_chat;
    wish.name = way == Register::en ? "Confirmation" : "Bestätigung";
    wish.is_direct = true;
    wish.power_levels = schema::JsonObject{{"invite", 100}, {"events_default", 100}};
    wish.initial_state.push_back({"m.room.guest_access", "", schema::JsonObject{{"guest_access", "forbidden"}}});
    const auto room = co_await parts_.service.create_room(std::move(wish));
    const auto now = parts_.runtime.clock().now_ms();
    const auto until = now + link_lives;
    co_await parts_.db.transact([&](storage::Tx& tx) { storage::schedule_job(tx, job_erasure, room->id().str(), until, now); });
    awaited_.insert_or_assign(room->nid(), Awaited{user.str(), std::move(back), way, until});
    try {
        co_await parts_.service.invite(room->id(), std::move(user));
    } catch (const Refusal&) {
        // No such account, or a server that is away or not to be talked to: the page says the same as ever, the room goes in time.
    }
    parts_.jobs.look();
}

void Guests::on_commit(const rooms::Committed& committed) {
    const auto found = awaited_.find(committed.room.nid());
    if (found == awaited_.end()) return;
    for (const auto& change : committed.memberships) {
        if (change.after != rooms::Membership::join || change.user.str() != found->second.user) continue;
        parts_.runtime.spawn("a guest's link", tell(committed.room.id(), std::move(found->second)));
        awaited_.erase(found);
        return;
    }
}

net::Task<> Guests::tell(schema::RoomId room, Awaited whom) {
    const auto words = fmt::format("{}\n{}\n{}\n{}", whom.user, room.str(), whom.until, whom.back);
    const auto link = fmt::format("{}/{}", parts_.page, sealed(link_purpose, words, parts_.rooms.identity().key));
    co_await parts_.service.say(std::move(room), message(whom.way, link), {});
}

net::Task<std::optional<Guests::Open>> Guests::open(std::string token) {
    const auto words = unsealed(link_purpose, token, parts_.rooms.identity().key);
    if (!words) co_return std::nullopt;
    const auto said = lines(*words, 4);
    const auto user = UserId::parse(said[0]);
    const auto room_id = schema::RoomId::parse(said[1]);
    if (!user || !room_id || number(said[2]) <= parts_.runtime.clock().now_ms() || used_.contains(said[1])) co_return std::nullopt;
    // The link is good as long as its room is there.
    const auto room = co_await parts_.rooms.find(*room_id);
    if (!room || used_.contains(said[1])) co_return std::nullopt;
    co_return Open{{*user, said[3]}, said[1]};
}

net::Task<std::optional<Guests::Link>> Guests::read(std::string token) {
    auto found = co_await open(std::move(token));
    if (!found) co_return std::nullopt;
    co_return std::move(found->link);
}

net::Task<std::optional<std::string>> Guests::enter(std::string token) {
    const auto found = co_await open(std::move(token));
    if (!found || !used_.insert(found->room).second) co_return std::nullopt;
    const auto now = parts_.runtime.clock().now_ms();
    co_await parts_.db.transact([&](storage::Tx& tx) { storage::hasten_job(tx, job_erasure, found->room, now, now); });
    parts_.jobs.look();
    co_return sealed(visit_purpose, fmt::format("{}\n{}", found->link.user.str(), now + visit_lives), parts_.rooms.identity().key);
}

std::optional<UserId> Guests::guest(std::string_view visit) const {
    const auto words = unsealed(visit_purpose, visit, parts_.rooms.identity().key);
    if (!words) return std::nullopt;
    const auto said = lines(*words, 2);
    if (number(said[1]) <= parts_.runtime.clock().now_ms()) return std::nullopt;
    return UserId::parse(said[0]);
}

net::Task<> Guests::erase(std::string room) {
    const auto gone = [this](schema::RoomNid nid) {
        awaited_.erase(nid);
        parts_.room_erased(nid);
    };
    if (const auto id = schema::RoomId::parse(room)) co_await erase_room(parts_.rooms, parts_.follower, parts_.service, *id, gone);
    used_.erase(room);
}

}  // namespace runde::selfhelp
