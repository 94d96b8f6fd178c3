#include "federation/sender.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/rooms/server_acl.hpp"
#include "net/type_name.hpp"
#include "schema/signing.hpp"
#include "storage/outbox.hpp"

namespace runde::federation {

using schema::ServerName;

namespace {

constexpr Limits transaction_limits{.whole = net::Milliseconds(60'000), .body_bytes = 1024 * 1024};
/// Events that a server which was away long is sent; of longer gaps it gets the newest of each room and fetches the rest.
constexpr int longest_gap = 500;
constexpr net::Milliseconds wake_every{1'000}, save_every{1'000};

/// Statuses that say "not this" rather than "not now" or "not you".
bool is_about_content(const RemoteRefusal& refused) { return refused.status == 400 || refused.status == 413; }

std::string transaction(const ServerName& origin, std::int64_t now, const Outbox::Send& what) {
    // Canonical by hand: the names stand in their order, and events go out as the bytes that were signed.
    std::string body = R"({"edus":[)";
    for (std::size_t i = 0; i < what.edus.size(); ++i) body.append(i ? "," : "").append(what.edus[i]);
    body += fmt::format(R"(],"origin":{},"origin_server_ts":{},"pdus":[)", schema::quoted(origin.str()), now);
    for (std::size_t i = 0; i < what.pdus.size(); ++i) body.append(i ? "," : "").append(*what.pdus[i].json);
    return body + "]}";
}

net::Bytes pdu_of(const storage::UnsentEvent& event) {
    if (!event.redacted) return net::bytes(event.json);
    const auto* rules = schema::find_room_rules(event.room_version);
    const auto id = schema::EventId::parse(event.event_id);
    if (!rules || !id) return net::bytes(event.json);
    return net::bytes(
        schema::canonical_json(schema::redact(schema::load_event(event.json, *id, *rules)->object, *rules), rules->numbers()));
}

}  // namespace

Sender::Sender(Parts parts) : parts_(parts), txn_prefix_(fmt::format("{}.{}", now(), schema::random_token(4))) {
    std::vector<storage::StoredDestination> known;
    parts_.db.transact_now([&](storage::Tx& tx) { known = storage::load_destinations(tx, parts_.identity.server.str()); });
    for (const auto& one : known) {
        const auto name = ServerName::parse(one.name);
        if (!name || !parts_.partners.include(one.name)) continue;
        std::optional<Outbox::Failure> failure;
        if (one.fail_since)
            failure = Outbox::Failure{*one.fail_since, one.retry_at.value_or(0), one.retry_ms.value_or(Outbox::first_pause)};
        auto destination = std::make_unique<Destination>(*name, Outbox(one.sent_pos, one.behind, failure));
        destination->saved = one.sent_pos;
        if (one.behind) wake(*destination);
        destinations_.emplace(one.name, std::move(destination));
    }
    parts_.rooms.on_commit([this](const rooms::Committed& committed) { heard(committed); });
    parts_.runtime.spawn("federation wake-up", wake_later());
}

double Sender::jitter() const {
    const auto random = schema::random_bytes(1);
    return 0.8 + 0.4 * static_cast<unsigned char>(random[0]) / 255;
}

Sender::Destination* Sender::find(const std::string& server, Position first_event) {
    auto& place = destinations_[server];
    if (!place) {
        const auto name = ServerName::parse(server);
        if (!name || server == parts_.identity.server.str() || !parts_.partners.include(server)) {
            destinations_.erase(server);
            return nullptr;
        }
        place = std::make_unique<Destination>(*name, Outbox(first_event - 1, false));
        // The cursor is written before anything can be delivered: after a crash we know where to begin.
        touch(*place);
    }
    return place.get();
}

void Sender::heard(const rooms::Committed& committed) {
    if (!committed.events.empty()) send_events(committed);
    if (committed.typing) send_typing(committed.room);
    if (committed.receipts) send_receipts(committed);
}

std::set<std::string> Sender::servers_of(const rooms::Room& room) const {
    std::set<std::string> servers;
    const auto acl = rooms::server_acl_of(room);
    for (const auto& [server, joined] : room.remote_servers())
        if (acl.allows(server) && rooms::admits(room, server)) servers.insert(server);
    return servers;
}

void Sender::send_events(const rooms::Committed& committed) {
    // Whoever comes in was given the room up to here; from now on there is a cursor.
    for (const auto& change : committed.memberships)
        if (change.after == rooms::Membership::join && !parts_.identity.is_local(change.user) &&
            committed.room.remote_servers().contains(change.user.server()))
            find(std::string(change.user.server()), committed.last + 1);
    auto servers = servers_of(committed.room);
    // Who is shut out by this hears why. (A charter, in contrast, leaves nobody a trace.)
    const bool shuts_out = std::ranges::any_of(
        committed.events, [](const auto& entry) { return entry.pdu->type == "m.room.server_acl" && entry.pdu->is_state(); });
    std::set<std::string> shut_out;
    if (shuts_out)
        for (const auto& [server, joined] : committed.room.remote_servers())
            if (rooms::admits(committed.room, server) && !servers.contains(server)) shut_out.insert(server);
    for (const auto& change : committed.memberships) {
        const bool removed = change.after == rooms::Membership::leave || change.after == rooms::Membership::ban;
        if (removed && !parts_.identity.is_local(change.user) && rooms::admits(committed.room, change.user.server()))
            servers.emplace(change.user.server());
    }
    if (servers.empty() && shut_out.empty()) return;
    for (const auto& entry : committed.events) {
        if (!entry.ours) continue;
        const auto json = net::bytes(entry.pdu->json);
        const auto tell = [&](const std::string& server) {
            if (server == entry.pdu->sender.server()) return;
            auto* destination = find(server, entry.event->pos);
            if (!destination) return;
            destination->outbox.add({entry.event->pos, json}, now());
            wake(*destination);
        };
        for (const auto& server : servers) tell(server);
        if (entry.pdu->type == "m.room.server_acl")
            for (const auto& server : shut_out) tell(server);
    }
}

void Sender::send_typing(rooms::Room& room) {
    const auto servers = servers_of(room);
    if (servers.empty() || servers.size() > most_servers_for_typing) return;
    std::set<std::string> typing;
    for (const auto& [user, until] : room.typing)
        if (user.ends_with(":" + parts_.identity.server.str())) typing.insert(user);
    auto& told = typing_[room.nid()];
    const auto tell = [&](const std::string& user, bool on) {
        for (const auto& server : servers)
            if (auto* destination = find(server, parts_.lane.head() + 1)) {
                destination->outbox.add_typing(room.id().str(), user, on, now());
                wake(*destination);
            }
    };
    for (const auto& user : typing)
        if (!told.contains(user)) tell(user, true);
    for (const auto& user : told)
        if (!typing.contains(user)) tell(user, false);
    told = std::move(typing);
    if (told.empty()) typing_.erase(room.nid());
}

void Sender::send_receipts(const rooms::Committed& committed) {
    const auto servers = servers_of(committed.room);
    if (servers.empty()) return;
    // Nobody's view: private receipts stay here.
    for (const auto& receipt : committed.room.receipts.after(committed.first - 1, committed.last, "")) {
        if (!receipt.user_id.ends_with(":" + parts_.identity.server.str())) continue;
        for (const auto& server : servers)
            if (auto* destination = find(server, parts_.lane.head() + 1)) {
                destination->outbox.add_receipt(committed.room.id().str(), receipt.user_id, receipt.thread, receipt.event_id,
                                                receipt.ts);
                wake(*destination);
            }
    }
}

void Sender::send_edu(const ServerName& server, std::string_view type, const schema::JsonObject& content) {
    if (auto* destination = find(server.str(), parts_.lane.head() + 1)) {
        destination->outbox.add_edu(schema::canonical_json(schema::JsonObject{{"content", content}, {"edu_type", type}}), now());
        wake(*destination);
    }
}

void Sender::contact(const ServerName& server) {
    const auto found = destinations_.find(server.str());
    if (found == destinations_.end() || !found->second->outbox.failure()) return;
    found->second->outbox.contact(now());
    if (found->second->outbox.has_work() && found->second->outbox.failure()->retry_at <= now()) wake(*found->second);
}

void Sender::wake(Destination& destination) {
    if (std::exchange(destination.running, true)) return;
    parts_.runtime.spawn("send to another server", run(destination));
}

net::Task<> Sender::run(Destination& destination) {
    for (;;) {
        auto action = destination.outbox.step(now());
        if (auto* send_now = std::get_if<Outbox::Send>(&action)) {
            co_await send(destination, std::move(*send_now));
        } else if (const auto* load_now = std::get_if<Outbox::Load>(&action)) {
            co_await load(destination, load_now->after);
        } else {
            destination.running = false;
            co_return;
        }
    }
}

net::Task<> Sender::send(Destination& destination, Outbox::Send what) {
    const auto name = destination.name;
    auto target = fmt::format("/_matrix/federation/v1/send/{}.{}", txn_prefix_, ++txns_);
    auto body = transaction(parts_.identity.server, now(), what);
    auto& slots = destination.outbox.failure() ? attempts_ : slots_;
    co_await slots.take();
    enum class End { delivered, refused, failed } end = End::failed;
    try {
        const auto answer = co_await parts_.client.put(name, std::move(target), std::move(body), transaction_limits);
        end = End::delivered;
        std::size_t refused = 0;
        if (const auto* results = schema::object_at(answer, "pdus"))
            for (const auto& [id, result] : *results)
                if (result.is_object() && result.get_object().contains("error")) ++refused;
        if (refused > 0) spdlog::info("{} refused {} of {} events", name.str(), refused, what.pdus.size());
    } catch (const LinkFailed& failure) {
        spdlog::info("{} does not answer: {}", name.str(), failure.why);
    } catch (const RemoteRefusal& refused) {
        // What it will never take must not stop what comes after it.
        if (is_about_content(refused)) end = End::refused;
        spdlog::info("{} refused a transaction of {} events: {} {}", name.str(), what.pdus.size(), refused.status, refused.errcode);
    } catch (const schema::Refusal&) {
        // No longer a partner.
    } catch (const std::exception& failure) {
        spdlog::error("a transaction for {} could not be sent: {}", name.str(), net::type_name(failure));
    }
    slots.leave();
    switch (end) {
        case End::delivered: destination.outbox.delivered(now()); break;
        case End::refused: destination.outbox.refused(); break;
        case End::failed: destination.outbox.failed(now(), jitter()); break;
    }
    touch(destination);
}

net::Task<> Sender::load(Destination& destination, Position after) {
    const auto upto = parts_.lane.head();
    const auto name = destination.name.str();
    constexpr int limit = static_cast<int>(Outbox::most_queued);
    std::vector<Outbox::Pdu> pdus;
    std::size_t n_found = 0;
    bool loaded = false;
    try {
        const auto events = co_await parts_.db.read(
            [&](storage::Tx& tx) { return storage::unsent_events(tx, name, after, upto, limit, longest_gap); });
        std::map<schema::RoomNid, bool> admitted;  // A room may have shut it out meanwhile.
        for (const auto& event : events) {
            if (!admitted.contains(event.room)) {
                const auto room = co_await parts_.rooms.find(event.room);
                admitted[event.room] = room && rooms::acl_allows(*room, name);
            }
            if (admitted[event.room]) pdus.push_back({event.pos, pdu_of(event)});
        }
        n_found = events.size();
        loaded = true;
    } catch (const std::exception& error) {
        spdlog::warn("what {} has still to hear could not be read", name);
    }
    if (!loaded) {
        destination.outbox.load_failed(now(), jitter());
        co_return;
    }
    const bool complete = n_found < static_cast<std::size_t>(limit);
    destination.outbox.loaded(std::move(pdus), upto, complete);
    touch(destination);
}

net::Task<> Sender::wake_later() {
    for (;;) {
        co_await parts_.runtime.clock().sleep(wake_every);
        const auto head = parts_.lane.head();
        for (const auto& [name, destination] : destinations_) {
            if (destination->running) continue;
            const auto& failure = destination->outbox.failure();
            if (destination->outbox.has_work()) {
                if (!failure || failure->retry_at <= now()) wake(*destination);
            } else if (destination->outbox.skip_to(head) && head - destination->saved > 10'000) {
                // So that a restart need not look through what was never for it.
                touch(*destination);
            }
        }
    }
}

void Sender::touch(Destination& destination) {
    destination.dirty = true;
    if (std::exchange(saving_, true)) return;
    parts_.runtime.spawn("save cursors", save());
}

net::Task<> Sender::save() {
    for (;;) {
        std::vector<storage::StoredDestination> rows;
        std::vector<std::int64_t> nids;
        for (const auto& [name, destination] : destinations_) {
            if (!std::exchange(destination->dirty, false)) continue;
            storage::StoredDestination row{.name = name, .sent_pos = destination->outbox.sent()};
            if (const auto& failure = destination->outbox.failure()) {
                row.fail_since = failure->since;
                row.retry_at = failure->retry_at;
                row.retry_ms = failure->pause;
            }
            destination->saved = row.sent_pos;
            rows.push_back(std::move(row));
            nids.push_back(parts_.numbers.next());
        }
        if (rows.empty()) break;
        try {
            co_await parts_.db.transact([&](storage::Tx& tx) { storage::save_destinations(tx, nids, rows); });
        } catch (const std::exception&) {
            spdlog::warn("cursors of other servers could not be written; some events will be sent again after a restart");
        }
        co_await parts_.runtime.clock().sleep(save_every);
    }
    saving_ = false;
}

net::Task<> Sender::Slots::take() {
    if (free > 0) {
        --free;
        co_return;
    }
    const auto gate = std::make_shared<net::Gate>();
    waiting.push_back(gate);
    co_await gate->wait();  // Whoever leaves hands over its slot.
}

void Sender::Slots::leave() {
    if (waiting.empty()) {
        ++free;
        return;
    }
    const auto next = std::move(waiting.front());
    waiting.pop_front();
    next->open();
}

bool Sender::is_idle() const {
    return std::ranges::none_of(destinations_, [](const auto& entry) { return entry.second->running; });
}

std::optional<std::int64_t> Sender::next_try() const {
    std::optional<std::int64_t> next;
    for (const auto& [name, destination] : destinations_) {
        const auto& failure = destination->outbox.failure();
        if (failure && destination->outbox.has_work() && (!next || failure->retry_at < *next)) next = failure->retry_at;
    }
    return next;
}

std::size_t Sender::destinations_away() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(destinations_, [](const auto& entry) { return entry.second->outbox.failure().has_value(); }));
}

}  // namespace runde::federation
