#include "federation/receiver.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <unordered_map>

#include "core/rooms/server_acl.hpp"
#include "schema/refusal.hpp"

namespace runde::federation {

using rooms::Received;
using rooms::RoomPtr;
using schema::JsonObject;
using schema::Reason;
using schema::Refusal;
using schema::ServerName;
using Verdict = rooms::Received::Verdict;

namespace {

constexpr std::size_t batch_size = 50;
constexpr int tries_while_reloading = 5;
/// When what an event cites could not be had: how often and after which pauses that is tried again.
constexpr int most_tries = 6;
constexpr net::Milliseconds first_pause{30'000};
/// How often in a row what came in meanwhile lets those that wait for it be looked at again.
constexpr int most_passes = 3;

/// Whether a member of ours is in the room: only then do we know what happens in it.
bool is_resident(const rooms::Room& room) {
    return std::ranges::any_of(room.local_members(),
                               [](const auto& entry) { return entry.second.membership == rooms::Membership::join; });
}

std::size_t hash_of(const std::string& event_id) { return std::hash<std::string>()(event_id); }

}  // namespace

void Receiver::Verdicts::add(const std::string& event_id, std::string error) {
    errors.insert_or_assign(event_id, std::move(error));
    if (open > 0 && --open == 0) done.open();
}

Receiver::Receiver(Parts parts) : parts_(parts) { parts_.runtime.spawn("staged events", load_staged()); }

bool Receiver::is_idle() const {
    const auto runs = [](const auto& entry) { return entry.second.running; };
    return !loading_ && taking_ == 0 && std::ranges::none_of(inboxes_, runs) && std::ranges::none_of(stuck_, runs);
}

std::optional<std::int64_t> Receiver::next_try() const {
    std::optional<std::int64_t> next;
    for (const auto& [key, inbox] : stuck_)
        if (inbox.retry_at && (!next || *inbox.retry_at < *next)) next = inbox.retry_at;
    return next;
}

// ---------- one transaction ----------

net::Task<JsonObject> Receiver::take(ServerName origin, std::string txn, const JsonObject& body) {
    auto& from = origins_[origin.str()];
    while (from.current) {
        const auto other = from.current;
        if (other->txn == txn) {
            co_await other->done->wait();
            if (other->refused) std::rethrow_exception(other->refused);
            co_return *other->answer;
        }
        if (from.waiting >= most_waiting_transactions)
            throw Refusal(Reason::limit_exceeded, "One transaction at a time, please.", {{"retry_after_ms", 1000}});
        ++from.waiting;
        co_await other->done->wait();
        --from.waiting;
    }
    // When all of them together are too much, those wait who have most here; nobody is kept out by others alone.
    const auto share = std::max(most_pdus, most_unfinished_of_all / origins_.size());
    const bool is_full = unfinished_ >= most_unfinished_of_all;
    if (from.unfinished >= most_unfinished || (is_full && from.unfinished >= share) || unfinished_ >= 2 * most_unfinished_of_all)
        throw Refusal(Reason::limit_exceeded, "What you have sent before is not worked on yet.", {{"retry_after_ms", 10'000}});

    const auto mine = std::make_shared<InFlight>();
    mine->txn = txn;
    from.current = mine;
    ++taking_;
    try {
        mine->answer = co_await take_alone(origin, std::move(txn), body);
    } catch (...) {
        mine->refused = std::current_exception();
    }
    --taking_;
    from.current = nullptr;
    mine->done->open();
    if (from.waiting == 0 && from.unfinished == 0) origins_.erase(origin.str());
    if (mine->refused) std::rethrow_exception(mine->refused);
    co_return *mine->answer;
}

net::Task<JsonObject> Receiver::take_alone(ServerName origin, std::string txn, const JsonObject& body) {
    const schema::Fields fields(body);
    const auto* pdus = fields.array("pdus");
    const auto* edus = fields.array("edus");
    if ((pdus && pdus->size() > most_pdus) || (edus && edus->size() > most_edus))
        throw Refusal(Reason::invalid_param, "A transaction holds at most 50 PDUs and 100 EDUs.");

    // By room, each in its order. What is no event of a room that we know has no event id that an answer could name.
    std::vector<std::pair<std::string, std::vector<std::string>>> by_room;
    if (pdus)
        for (const auto& pdu : *pdus) {
            if (!pdu.is_object()) continue;
            const auto room = schema::string_at(pdu.get_object(), "room_id");
            if (!room) continue;
            auto place = std::ranges::find(by_room, *room, [](const auto& entry) -> const std::string& { return entry.first; });
            if (place == by_room.end()) place = by_room.insert(by_room.end(), {std::string(*room), {}});
            place->second.push_back(schema::to_text(pdu));
        }

    const auto verdicts = std::make_shared<Verdicts>();
    Staging staging;
    for (auto& [room, texts] : by_room)
        if (const auto id = schema::RoomId::parse(room))
            co_await stage_room(origin.str(), *id, std::move(texts), staging, *verdicts);
    const auto now = parts_.runtime.clock().now_ms();
    // Ephemeral events may come twice.
    if (pdus && !pdus->empty()) {
        const bool is_new = co_await parts_.db.transact(
            [&](storage::Tx& tx) { return storage::stage_transaction(tx, origin.str(), txn, now, staging.rows); });
        if (!is_new) co_return JsonObject{{"pdus", JsonObject{}}};
    }

    verdicts->open = staging.rows.size();
    put_all(std::move(staging), verdicts);
    if (verdicts->open > 0) {
        const auto late = parts_.runtime.after(verdict_patience, [verdicts] { verdicts->done.open(); });
        co_await verdicts->done.wait();
    }
    // After the events: somebody may have read one of them already.
    std::size_t rooms_left = most_receipt_rooms;
    if (edus)
        for (const auto& edu : *edus) co_await take_edu(origin, edu, rooms_left);

    JsonObject results;
    for (const auto& [id, error] : verdicts->errors) {
        JsonObject result;
        if (!error.empty()) result["error"] = error;
        results[id] = std::move(result);
    }
    co_return JsonObject{{"pdus", std::move(results)}};
}

net::Task<> Receiver::stage_room(std::string origin, schema::RoomId id, std::vector<std::string> texts, Staging& staging,
                                 Verdicts& verdicts) {
    const auto room = co_await parts_.rooms.find(id);
    if ((!room || !is_resident(*room)) && wait_for_join(origin, id, texts)) co_return;
    // A room that is protected from this server is one that it cannot tell from none.
    if (!room || !rooms::admits(*room, origin)) co_return;
    const auto events = co_await parts_.checks.check(std::move(texts), room->rules(), id);
    // https://spec.matrix.org/v1.19/server-server-api/#server-access-control-lists-acls
    const bool is_admitted = rooms::acl_allows(*room, origin);
    const bool knows = is_resident(*room);
    for (const auto& one : events) {
        if (one && !knows) {
            const bool heard = co_await parts_.joining.hear_outside(room, one.event, origin);
            if (heard) continue;
        }
        if (!one || !is_admitted || !knows) {
            if (one.id)
                verdicts.errors.insert_or_assign(one.id->str(), !one           ? one.why
                                                                : !is_admitted ? "Your server may not take part in this room."
                                                                               : "This server is not in the room.");
            continue;
        }
        staging.rows.push_back({room->nid(), parts_.numbers.next(), origin, one.event->id.str(), one.event->json});
        staging.events.push_back(one.event);
    }
}

/// Events that follow on our join reach us before its answer has been taken in: of a room that we are not in yet, and whose
/// version nobody has told us. Nobody's answer waits for them; what a crash takes of them, the next event leads us to.
bool Receiver::wait_for_join(const std::string& origin, const schema::RoomId& id, std::vector<std::string>& texts) {
    if (!parts_.joining.is_under_way(id)) return false;
    std::size_t bytes = 0;
    for (const auto& text : texts) bytes += text.size();
    if (early_bytes_ + bytes > most_early_bytes) return false;
    early_bytes_ += bytes;
    parts_.runtime.spawn("events of a room that is being joined", stage_after_join(origin, id, std::move(texts), bytes));
    return true;
}

net::Task<> Receiver::stage_after_join(std::string origin, schema::RoomId id, std::vector<std::string> texts, std::size_t bytes) {
    ++taking_;
    try {
        co_await parts_.joining.settled(id);
        Staging staging;
        Verdicts nobody_asks;
        co_await stage_room(origin, id, std::move(texts), staging, nobody_asks);
        if (!staging.rows.empty()) {
            co_await parts_.db.transact([&](storage::Tx& tx) { storage::stage_events(tx, staging.rows); });
            put_all(std::move(staging), nullptr);
        }
    } catch (const storage::DatabaseError& failure) {
        spdlog::warn("events that came while a room was joined are lost: {}", failure.what());
    }
    early_bytes_ -= bytes;
    --taking_;
}

// ---------- room by room ----------

/// nullptr when there is enough in memory; fed_inbox has it.
std::unique_ptr<Receiver::Held> Receiver::hold(schema::EventPtr event) {
    if (*held_ + event->json.size() > most_held_bytes) return nullptr;
    return std::make_unique<Held>(std::move(event), held_);
}

void Receiver::put_all(Staging staging, std::shared_ptr<Verdicts> verdicts) {
    for (std::size_t i = 0; i < staging.rows.size(); ++i) {
        auto& row = staging.rows[i];
        put(row.room, {row.seq, std::move(row.event_id), std::move(row.origin), hold(std::move(staging.events[i])), verdicts});
    }
}

void Receiver::put(RoomNid room, Item item) {
    ++origins_[item.origin].unfinished;
    ++unfinished_;
    // Behind what waits for the same server's events: it most likely builds on them.
    auto& inbox = inboxes_[room];
    inbox.items.push_back(std::move(item));
    if (std::exchange(inbox.running, true)) return;
    parts_.runtime.spawn("work on a room's inbox", work(room));
}

net::Task<> Receiver::work(RoomNid room) {
    for (auto* inbox = &inboxes_[room]; !inbox->items.empty(); inbox = &inboxes_[room]) {
        auto batch = take_first(inbox->items);
        co_await work_on(room, std::move(batch));
    }
    inboxes_.erase(room);
}

Receiver::Items Receiver::take_first(std::deque<Item>& items) {
    Items batch;
    while (!items.empty() && batch.size() < batch_size) {
        batch.push_back(std::move(items.front()));
        items.pop_front();
    }
    return batch;
}

/// Gets what is not in memory. Items whose row has gone were worked on before.
net::Task<RoomPtr> Receiver::fill(RoomNid nid, Items& items) {
    const auto room = co_await parts_.rooms.find(nid);
    std::unordered_map<std::int64_t, std::size_t> wanted;
    std::vector<std::int64_t> seqs;
    for (std::size_t i = 0; i < items.size(); ++i)
        if (!items[i].held) {
            wanted.emplace(items[i].seq, i);
            seqs.push_back(items[i].seq);
        }
    if (!room || seqs.empty()) co_return room;
    const auto rows = co_await parts_.db.read([&](storage::Tx& tx) { return storage::staged_events(tx, nid, seqs); });
    for (const auto& row : rows)
        items[wanted.at(row.seq)].held =
            std::make_unique<Held>(schema::load_event(row.json, *schema::EventId::parse(row.event_id), room->rules()), held_);
    std::erase_if(items, [&](const Item& item) {
        if (!item.held) finish(item, {Verdict::known, "worked on before"});
        return !item.held;
    });
    co_return room;
}

std::vector<rooms::Incoming> Receiver::incoming_of(const Items& items) {
    std::vector<rooms::Incoming> incoming;
    for (const auto& item : items) incoming.push_back({.event = item.held->event, .inbox_seq = item.seq});
    return incoming;
}

net::Task<> Receiver::work_on(RoomNid nid, Items batch) {
    std::vector<Received> answers;
    bool refused = false;
    for (int i = 0; i < tries_while_reloading && answers.empty(); ++i) {
        try {
            const auto room = co_await fill(nid, batch);
            if (!room) break;
            co_await drop_shut_out(room, batch);
            if (batch.empty()) co_return;
            auto incoming = incoming_of(batch);
            co_await parts_.policy.judge(room, incoming);
            answers = co_await room->receive(std::move(incoming));
        } catch (const Refusal&) {
            refused = true;                              // The room is loaded anew.
        } catch (const std::exception& failure) {
            refused = false;
            spdlog::error("events of a room could not be taken in: {}", failure.what());
            break;
        }
    }
    if (answers.empty() && batch.size() > 1) {
        // One of them may be the reason, which is none to keep the others out.
        for (auto& item : batch) {
            Items one;
            one.push_back(std::move(item));
            co_await work_on(nid, std::move(one));
        }
        co_return;
    }
    if (answers.empty()) {
        // What the database refuses each time, in a room that was loaded anew each time, it will always refuse.
        if (refused) {
            spdlog::warn("an event of {} was given up: the database refuses it", batch.front().origin);
            finish(batch.front(), {Verdict::incomplete, "the database refuses it"});
            co_await drop(nid, {batch.front().seq});
        } else {
            set_aside(nid, std::move(batch.front()));
        }
        co_return;
    }
    std::vector<std::string> done;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (answers[i].verdict != Verdict::incomplete) {
            finish(batch[i], answers[i]);
            done.push_back(std::move(batch[i].event_id));
            continue;
        }
        // The answer to the transaction does not wait for other servers.
        if (batch[i].verdicts) std::exchange(batch[i].verdicts, nullptr)->add(batch[i].event_id, "");
        const auto origin = batch[i].origin;
        auto& stuck = stuck_[{nid, origin}];
        if (stuck.running) batch[i].held.reset();
        stuck.items.push_back(std::move(batch[i]));
        if (!std::exchange(stuck.running, true)) parts_.runtime.spawn("fetch missing events", fetch_for(nid, origin));
    }
    wake_stuck(nid, done);
}

// ---------- what steps aside ----------

/// What went wrong has nothing to do with the event, as far as we know (a database that is away): it is tried again later.
void Receiver::set_aside(RoomNid nid, Item item) {
    if (item.verdicts) std::exchange(item.verdicts, nullptr)->add(item.event_id, "");
    item.held.reset();
    const RoomAndServer key{nid, item.origin};
    auto& stuck = stuck_[key];
    stuck.items.push_back(std::move(item));
    stuck.is_ours = true;
    if (!stuck.running && !stuck.retry_at) try_later(key, first_pause);
}

/// Fetches what they cite, as long as more of them come in by it. What cannot be had now is tried again later, a few times.
net::Task<> Receiver::fetch_for(RoomNid nid, std::string origin) {
    const RoomAndServer key{nid, origin};
    auto& stuck = stuck_[key];
    stuck.cited.clear();
    stuck.is_ours = false;
    Items again;
    for (int pass = 1;; ++pass) {
        bool came_in = false;
        while (!stuck.items.empty()) {
            const bool some = co_await fetch_once(key, take_first(stuck.items), again);
            came_in = came_in || some;
        }
        if (!came_in || pass == most_passes || again.empty()) break;
        stuck.items.assign(std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()));
        again.clear();
    }

    std::vector<std::int64_t> given_up;
    for (auto& item : again) {
        item.held.reset();
        if (++item.tries < most_tries) {
            stuck.items.push_back(std::move(item));
            continue;
        }
        // Its row stays if that is no fault of its own: the next start tries again.
        finish(item, {Verdict::incomplete, item.is_ours ? "could not be worked on" : "what it cites could not be had"});
        if (!item.is_ours) given_up.push_back(item.seq);
    }
    std::ranges::sort(stuck.items, {}, &Item::seq);
    if (stuck.items.empty()) {
        stuck_.erase(key);
    } else {
        stuck.running = false;
        try_later(key, first_pause * (1 << (stuck.items.front().tries - 1)));
    }
    if (given_up.empty()) co_return;
    spdlog::warn("{} events of {} were given up: what they cite could not be had", given_up.size(), origin);
    co_await drop(nid, std::move(given_up));
}

/// Whether some of them are no longer stuck; the others go to `again`.
net::Task<bool> Receiver::fetch_once(RoomAndServer key, Items items, Items& again) {
    const auto server = ServerName::parse(key.second);
    std::vector<Received> answers;
    bool failed = false;
    try {
        const auto room = co_await fill(key.first, items);
        if (room) co_await drop_shut_out(room, items);
        if (room && server && !items.empty()) answers = co_await parts_.missing.complete(room, *server, incoming_of(items));
    } catch (const std::exception& failure) {
        spdlog::warn("what events of {} cite could not be fetched: {}", key.second, failure.what());
        failed = true;
    }
    answers.resize(items.size());
    auto& stuck = stuck_[key];
    std::vector<std::string> done;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (answers[i].verdict != Verdict::incomplete) {
            finish(items[i], answers[i]);
            done.push_back(std::move(items[i].event_id));
            continue;
        }
        items[i].is_ours = failed;
        stuck.is_ours = stuck.is_ours || failed;
        for (const auto& id : answers[i].missing_prev) stuck.cited.insert(hash_of(id.str()));
        for (const auto& id : answers[i].missing_auth) stuck.cited.insert(hash_of(id.str()));
        again.push_back(std::move(items[i]));
    }
    wake_stuck(key.first, done);
    co_return !done.empty();
}

void Receiver::try_later(RoomAndServer key, net::Milliseconds pause) {
    auto& stuck = stuck_[key];
    stuck.retry_at = parts_.runtime.clock().now_ms() + pause.count();
    parts_.runtime.spawn("fetch missing events later", fetch_later(std::move(key), pause, ++stuck.timer));
}

net::Task<> Receiver::fetch_later(RoomAndServer key, net::Milliseconds pause, int timer) {
    co_await parts_.runtime.clock().sleep(pause);
    const auto found = stuck_.find(key);
    if (found == stuck_.end() || found->second.timer != timer || std::exchange(found->second.running, true)) co_return;
    found->second.retry_at.reset();
    co_await fetch_for(key.first, key.second);
}

/// What waits for a later try may have waited for just this.
void Receiver::wake_stuck(RoomNid room, const std::vector<std::string>& done) {
    if (done.empty()) return;
    for (auto at = stuck_.lower_bound({room, ""}); at != stuck_.end() && at->first.first == room; ++at) {
        auto& stuck = at->second;
        const auto is_cited = [&](const std::string& id) { return stuck.cited.contains(hash_of(id)); };
        if (stuck.running || !(stuck.is_ours || std::ranges::any_of(done, is_cited))) continue;
        stuck.running = true;
        stuck.retry_at.reset();
        parts_.runtime.spawn("fetch missing events", fetch_for(at->first.first, at->first.second));
    }
}

/// A room may shut a server out while its events wait here.
net::Task<> Receiver::drop_shut_out(RoomPtr room, Items& items) {
    std::vector<std::int64_t> seqs;
    const auto is_shut_out = [&](const Item& item) {
        if (rooms::acl_allows(*room, item.origin)) return false;
        finish(item, {Verdict::incomplete, "Your server may not take part in this room."});
        seqs.push_back(item.seq);
        return true;
    };
    std::erase_if(items, is_shut_out);
    if (!seqs.empty()) co_await drop(room->nid(), std::move(seqs));
}

net::Task<> Receiver::drop(RoomNid room, std::vector<std::int64_t> seqs) {
    try {
        co_await parts_.db.transact([&](storage::Tx& tx) { storage::drop_staged(tx, room, seqs); });
    } catch (const std::exception&) {
        // They are tried once more after the next start.
    }
}

void Receiver::finish(const Item& item, const Received& answer) {
    const bool well = answer.verdict != Verdict::rejected && answer.verdict != Verdict::incomplete;
    if (item.verdicts) item.verdicts->add(item.event_id, well ? "" : std::string(answer.why));
    if (answer.verdict == Verdict::rejected || answer.verdict == Verdict::soft_failed)
        complaints_.about(item.origin, fmt::format("an event did not come in: {}", answer.why));
    --unfinished_;
    const auto from = origins_.find(item.origin);
    if (from != origins_.end() && from->second.unfinished > 0 && --from->second.unfinished == 0 && !from->second.current &&
        from->second.waiting == 0)
        origins_.erase(from);
}

net::Task<> Receiver::load_staged() {
    try {
        const auto waiting = co_await parts_.db.read([](storage::Tx& tx) { return storage::staged_rooms(tx); });
        for (const auto nid : waiting) {
            const auto room = co_await parts_.rooms.find(nid);
            if (!room) continue;
            constexpr int page = 500;
            std::int64_t after = 0;
            for (;;) {
                const auto rows =
                    co_await parts_.db.read([&](storage::Tx& tx) { return storage::staged_events(tx, nid, after, page); });
                for (const auto& row : rows) {
                    after = row.seq;
                    const auto id = schema::EventId::parse(row.event_id);
                    if (!id) continue;
                    put(nid, {row.seq, row.event_id, row.origin, hold(schema::load_event(row.json, *id, room->rules())), nullptr});
                }
                if (rows.size() < page) break;
            }
        }
    } catch (const std::exception& failure) {
        spdlog::error("events that wait for this server could not be read: {}", failure.what());
    }
    loading_ = false;
}

}  // namespace runde::federation
