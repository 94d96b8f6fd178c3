#include "core/accounts/sessions.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "core/accounts/options.hpp"
#include "core/accounts/text.hpp"
#include "net/runtime.hpp"
#include "schema/refusal.hpp"
#include "schema/signing.hpp"
#include "storage/admission.hpp"
#include "storage/database.hpp"
#include "storage/devices.hpp"
#include "storage/lane.hpp"
#include "storage/tokens.hpp"
#include "storage/users.hpp"

namespace runde::accounts {

using schema::Reason;
using schema::Refusal;

namespace {

constexpr std::size_t generation_size = 50'000;
constexpr std::int64_t day_ms = 86'400'000;

Refusal unknown_token() { return {Reason::unknown_token, ""}; }
Refusal expired_token() { return {Reason::unknown_token, "", {{"soft_logout", true}}}; }
Refusal account_locked() { return {Reason::user_locked, "", {{"soft_logout", true}}}; }

/// SHA-256 is uniform: its first bytes are the best hash there is.
struct HashOfHash {
    std::size_t operator()(const std::string& hash) const {
        std::size_t first = 0;
        std::memcpy(&first, hash.data(), std::min(sizeof first, hash.size()));
        return first;
    }
};

struct Known {
    Session session;
    std::optional<std::int64_t> expires;
    std::int64_t seen_day;
};

}  // namespace

void require_not_suspended(const Session& session) {
    if (session.suspended) throw Refusal(Reason::user_suspended, "");
}

struct Sessions::Impl {
    net::Runtime& runtime;
    storage::Database& db;
    storage::Numbers& numbers;
    const Options& options;

    using Cache = std::unordered_map<std::string, Known, HashOfHash>;
    Cache young = {}, old = {};
    std::uint64_t forgotten = 0;  ///< Counts what was forgotten: a look-up under way must not bring it back.

    Known* find(const std::string& hash) {
        if (const auto found = young.find(hash); found != young.end()) return &found->second;
        const auto found = old.find(hash);
        if (found == old.end()) return nullptr;
        auto known = std::move(found->second);
        old.erase(found);
        return &keep(hash, std::move(known));
    }

    Known& keep(const std::string& hash, Known known) {
        if (young.size() >= generation_size) {
            old = std::move(young);
            young = {};
        }
        return young.insert_or_assign(hash, std::move(known)).first->second;
    }

    // Looks at every token: at most 100,000, and only when somebody signs out.
    template <class Which>
    void forget_if(Which which) {
        ++forgotten;
        std::erase_if(young, [&](const auto& entry) { return which(entry.second.session); });
        std::erase_if(old, [&](const auto& entry) { return which(entry.second.session); });
    }

    void mark_seen(schema::DeviceNid device, std::int64_t today) { runtime.spawn("device seen", write_seen(db, device, today)); }
    static net::Task<> write_seen(storage::Database& db, schema::DeviceNid device, std::int64_t today) {
        co_await db.transact([=](storage::Tx& tx) { storage::mark_device_seen(tx, device, today); });
    }
};

Sessions::Sessions(net::Runtime& runtime, storage::Database& db, storage::Numbers& numbers, const Options& options)
    : impl_(new Impl{runtime, db, numbers, options}) {}
Sessions::~Sessions() = default;

net::Task<Session> Sessions::require(std::string_view token) {
    const auto hash = schema::sha256(token);
    const auto now = impl_->runtime.clock().now_ms();
    const auto today = now / day_ms;
    if (auto* known = impl_->find(hash)) {
        if (known->expires && *known->expires <= now) throw expired_token();
        if (known->seen_day != today) {
            known->seen_day = today;
            impl_->mark_seen(known->session.device_nid, today);
        }
        co_return known->session;
    }

    auto before = impl_->forgotten;
    const auto row = co_await impl_->db.read([&](storage::Tx& tx) { return storage::find_session(tx, hash); });
    if (!row) throw unknown_token();
    if (row->expires && *row->expires <= now) throw expired_token();
    auto user = schema::UserId::parse("@" + row->localpart + ":" + impl_->options.server_name.str());
    if (!user) throw unknown_token();  // The server was given another name: nobody is at home.
    if (row->replaces) {
        co_await impl_->db.transact([&](storage::Tx& tx) { storage::settle_refresh(tx, hash, row->device, *row->replaces); });
        forget_device(row->device);
        before = impl_->forgotten;
    }
    const Known known{.session = {.user_nid = row->user,
                                  .user = *std::move(user),
                                  .device_nid = row->device,
                                  .device_id = row->device_id,
                                  .administrator = (row->user_flags & storage::administrator) != 0,
                                  .locked = (row->user_flags & storage::locked) != 0,
                                  .suspended = (row->user_flags & (storage::suspended | storage::limited_account)) != 0,
                                  .must_change_password = (row->user_flags & storage::must_change_password) != 0},
                      .expires = row->expires,
                      .seen_day = today};
    if (row->seen_day != today) impl_->mark_seen(row->device, today);
    if (before == impl_->forgotten) impl_->keep(hash, known);
    co_return known.session;
}

Sessions::Opening Sessions::prepare(const DeviceRequest& request) {
    Opening opening{.fresh_nid = impl_->numbers.next<schema::DeviceNid>(), .now_ms = impl_->runtime.clock().now_ms()};
    if (request.device_id) {
        check_text("device_id", *request.device_id, 1, 255);
        opening.device_id = *request.device_id;
    } else {
        opening.device_id = random_device_id();
    }
    if (request.display_name) check_text("initial_device_display_name", *request.display_name, 0, 255);
    opening.display_name = request.display_name;
    opening.tokens.access = "rda_" + schema::random_token(40);
    if (request.wants_refresh_token) {
        opening.tokens.refresh = "rdr_" + schema::random_token(40);
        opening.tokens.expires_in_ms = impl_->options.access_token_ms;
        opening.refresh_expires = opening.now_ms + impl_->options.refresh_token_ms;
    }
    return opening;
}

schema::DeviceNid Sessions::write(storage::Tx& tx, schema::UserNid user, const Opening& opening) {
    const auto device =
        storage::insert_or_find_device(tx, user, opening.fresh_nid, opening.device_id, opening.display_name, opening.now_ms);
    storage::remove_tokens_of(tx, device);
    std::optional<std::int64_t> expires;
    if (opening.tokens.expires_in_ms) expires = opening.now_ms + *opening.tokens.expires_in_ms;
    storage::insert_access_token(tx, schema::sha256(opening.tokens.access), user, device, expires, std::nullopt);
    if (opening.tokens.refresh)
        storage::insert_refresh_token(tx, schema::sha256(*opening.tokens.refresh), user, device, opening.refresh_expires,
                                      std::nullopt);
    return device;
}

net::Task<Tokens> Sessions::refresh(std::string_view refresh_token) {
    const auto used = schema::sha256(refresh_token);
    const Tokens tokens{.access = "rda_" + schema::random_token(40),
                        .refresh = "rdr_" + schema::random_token(40),
                        .expires_in_ms = impl_->options.access_token_ms};
    const auto now = impl_->runtime.clock().now_ms();
    const auto row = co_await impl_->db.transact([&](storage::Tx& tx) {
        const auto found = storage::use_refresh_token(tx, used);
        if (!found || found->expires <= now || (found->user_flags & storage::locked)) return found;
        storage::insert_access_token(tx, schema::sha256(tokens.access), found->user, found->device,
                                     now + impl_->options.access_token_ms, used);
        storage::insert_refresh_token(tx, schema::sha256(*tokens.refresh), found->user, found->device,
                                      now + impl_->options.refresh_token_ms, used);
        return found;
    });
    if (!row) throw unknown_token();
    if (row->user_flags & storage::locked) throw account_locked();
    if (row->expires <= now) throw expired_token();
    // Access tokens of an earlier refresh whose answer got lost are void now.
    forget_device(row->device);
    co_return tokens;
}

void Sessions::forget_device(schema::DeviceNid device) {
    impl_->forget_if([=](const Session& session) { return session.device_nid == device; });
}

void Sessions::forget_user(schema::UserNid user) {
    impl_->forget_if([=](const Session& session) { return session.user_nid == user; });
}

}  // namespace runde::accounts
