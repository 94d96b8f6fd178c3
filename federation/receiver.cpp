#include "federation/receiver.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/rooms/server_acl.hpp"
#include "schema/refusal.hpp"
#include "storage/inbox.hpp"

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

/// Whether a member of ours is in the room: only then do we know what happens in it.
bool is_resident(const rooms::Room& room) {
    return std::ranges::any_of(room.local_members(),
                               [](const auto& entry) { return entry.second.membership == rooms::Membership::join; });
}

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
    std::vector<Item> items;
    std::vector<RoomNid> nids;
    for (auto& [room, texts] : by_room)
        if (const auto id = schema::RoomId::parse(room))
            co_await stage_room(origin.str(), *id, std::move(texts), items, nids, *verdicts);
    for (auto& item : items) item.verdicts = verdicts;

    std::vector<storage::StagedEvent> rows;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& event = *items[i].incoming.event;
        rows.push_back({nids[i], *items[i].incoming.inbox_seq, origin.str(), event.id.str(), event.json});
    }
    const auto now = parts_.runtime.clock().now_ms();
    // Ephemeral events may come twice.
    if (pdus && !pdus->empty()) {
        const bool is_new = co_await parts_.db.transact(
            [&](storage::Tx& tx) { return storage::stage_transaction(tx, origin.str(), txn, now, rows); });
        if (!is_new) co_return JsonObject{{"pdus", JsonObject{}}};
    }

    verdicts->open = items.size();
    for (std::size_t i = 0; i < items.size(); ++i) put(nids[i], std::move(items[i]));
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

net::Task<> Receiver::stage_room(std::string origin, schema::RoomId id, std::vector<std::string> texts, std::vector<Item>& items,
                                 std::vector<RoomNid>& nids, Verdicts& verdicts) {
    co_await parts_.joining.settled(id);
    const auto room = co_await parts_.rooms.find(id);
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
        Item item{{.event = one.event, .inbox_seq = parts_.numbers.next()}, origin, nullptr};
        items.push_back(std::move(item));
        nids.push_back(room->nid());
    }
}

// ---------- room by room ----------

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
        std::vector<Item> batch;
        while (!inbox->items.empty() && batch.size() < batch_size) {
            batch.push_back(std::move(inbox->items.front()));
            inbox->items.pop_front();
        }
        co_await work_on(room, std::move(batch));
    }
    inboxes_.erase(room);
}

net::Task<> Receiver::work_on(RoomNid nid, std::vector<Item> batch) {
    std::vector<rooms::Incoming> incoming;
    for (const auto& item : batch) incoming.push_back(item.incoming);
    std::vector<Received> answers;
    bool refused = false;
    for (int i = 0; i < tries_while_reloading && answers.empty(); ++i) {
        try {
            const auto room = co_await parts_.rooms.find(nid);
            if (!room) break;
            co_await parts_.policy.judge(room, incoming);
            answers = co_await room->receive(incoming);
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
            std::vector<Item> one;
            one.push_back(std::move(item));
            co_await work_on(nid, std::move(one));
        }
        co_return;
    }
    if (answers.empty()) {
        // What the database refuses each time, in a room that was loaded anew each time, it will always refuse.
        if (refused)
            co_await drop(nid, std::move(batch.front()), "the database refuses it");
        else
            set_aside(nid, std::move(batch.front()));
        co_return;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (answers[i].verdict != Verdict::incomplete) {
            if (answers[i].verdict == Verdict::accepted) wake_stuck(nid);
            finish(batch[i], answers[i]);
            continue;
        }
        // The answer to the transaction does not wait for other servers.
        if (batch[i].verdicts) std::exchange(batch[i].verdicts, nullptr)->add(batch[i].incoming.event->id.str(), "");
        const auto origin = batch[i].origin;
        auto& stuck = stuck_[{nid, origin}];
        stuck.items.push_back(std::move(batch[i]));
        if (!std::exchange(stuck.running, true)) parts_.runtime.spawn("fetch missing events", fetch_for(nid, origin));
    }
}

/// What went wrong has nothing to do with the event, as far as we know (a database that is away): it is tried again later.
void Receiver::set_aside(RoomNid nid, Item item) {
    if (item.verdicts) std::exchange(item.verdicts, nullptr)->add(item.incoming.event->id.str(), "");
    const RoomAndServer key{nid, item.origin};
    auto& stuck = stuck_[key];
    stuck.items.push_back(std::move(item));
    if (stuck.running || stuck.retry_at) return;
    stuck.retry_at = parts_.runtime.clock().now_ms() + first_pause.count();
    parts_.runtime.spawn("take events in later", fetch_later(key, first_pause));
}

net::Task<> Receiver::fetch_for(RoomNid nid, std::string origin) {
    const RoomAndServer key{nid, origin};
    const auto server = ServerName::parse(origin);
    auto& stuck = stuck_[key];
    while (!stuck.items.empty() && server) {
        std::vector<Item> items(std::make_move_iterator(stuck.items.begin()), std::make_move_iterator(stuck.items.end()));
        stuck.items.clear();
        std::vector<rooms::Incoming> incoming;
        for (const auto& item : items) incoming.push_back(item.incoming);
        std::vector<Received> answers;
        bool failed = false;
        try {
            const auto room = co_await parts_.rooms.find(nid);
            if (room) answers = co_await parts_.missing.complete(room, *server, std::move(incoming));
        } catch (const std::exception& failure) {
            spdlog::warn("what events of {} cite could not be fetched: {}", origin, failure.what());
            failed = true;
        }
        answers.resize(items.size());
        std::vector<Item> again;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (answers[i].verdict != Verdict::incomplete)
                finish(items[i], answers[i]);
            else if (++items[i].tries < most_tries)
                again.push_back(std::move(items[i]));
            else if (failed)
                finish(items[i], {Verdict::incomplete, "could not be worked on"});  // Its row stays: the next start tries again.
            else
                co_await drop(nid, std::move(items[i]), "what it cites could not be had");
        }
        if (again.empty()) continue;
        const auto pause = first_pause * (1 << (again.front().tries - 1));
        const bool more_came = !stuck.items.empty();
        std::ranges::move(again, std::front_inserter(stuck.items));
        std::ranges::sort(stuck.items, {}, [](const Item& item) { return item.incoming.inbox_seq.value_or(0); });
        if (more_came) continue;
        stuck.running = false;
        stuck.retry_at = parts_.runtime.clock().now_ms() + pause.count();
        parts_.runtime.spawn("fetch missing events later", fetch_later(key, pause));
        co_return;
    }
    stuck_.erase(key);
}

net::Task<> Receiver::fetch_later(RoomAndServer key, net::Milliseconds pause) {
    co_await parts_.runtime.clock().sleep(pause);
    const auto found = stuck_.find(key);
    if (found == stuck_.end() || std::exchange(found->second.running, true)) co_return;
    found->second.retry_at.reset();
    co_await fetch_for(key.first, key.second);
}

/// What waits for a later try may have waited for just this.
void Receiver::wake_stuck(RoomNid room) {
    for (auto at = stuck_.lower_bound({room, ""}); at != stuck_.end() && at->first.first == room; ++at) {
        if (std::exchange(at->second.running, true)) continue;
        at->second.retry_at.reset();
        parts_.runtime.spawn("fetch missing events", fetch_for(at->first.first, at->first.second));
    }
}

net::Task<> Receiver::drop(RoomNid room, Item item, const char* why) {
    spdlog::warn("an event of {} was given up: {}", item.origin, why);
    const auto seq = item.incoming.inbox_seq;
    finish(item, {Verdict::incomplete, why});
    if (!seq) co_return;
    try {
        co_await parts_.db.transact([&](storage::Tx& tx) { storage::drop_staged(tx, room, {*seq}); });
    } catch (const std::exception&) {
        // It is tried once more after the next start.
    }
}

void Receiver::finish(const Item& item, const Received& answer) {
    const bool well = answer.verdict != Verdict::rejected && answer.verdict != Verdict::incomplete;
    if (item.verdicts) item.verdicts->add(item.incoming.event->id.str(), well ? "" : std::string(answer.why));
    if (answer.verdict == Verdict::rejected || answer.verdict == Verdict::soft_failed)
        spdlog::info("an event of {} did not come in: {}", item.origin, answer.why);
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
                    put(nid,
                        {{.event = schema::load_event(row.json, *id, room->rules()), .inbox_seq = row.seq}, row.origin, nullptr});
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
