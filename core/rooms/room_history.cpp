// Old events of other servers, fetched because somebody reads back: into the gaps of the reading order.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "core/rooms/room_reception.hpp"
#include "schema/refusal.hpp"
#include "storage/pdus.hpp"

namespace runde::rooms {

namespace rows = storage::rows;

net::Task<std::size_t> Room::add_history(std::vector<EventPtr> events, Ord below, std::vector<std::string> closes) {
    const auto self = shared_from_this();
    const auto turn = co_await take_turn();
    Reception reception(*this);
    std::vector<EventPtr> redactions;
    for (const auto& event : events)
        if (event->redacts) redactions.push_back(event);
    const auto added = co_await reception.durable(reception.add_history(std::move(events), below, std::move(closes)));
    if (added == 0) co_return 0;
    for (const auto& redaction : redactions) {
        const auto& target = redaction->redacts->str();
        const auto* stands = known(target);
        if (!stands || !stands->redacted) continue;
        redact_in_view(target, *redaction);
        withdraw_in_view(target);
    }
    announce([](Committed& committed) { committed.older = true; });
    // The ring holds the newest without gaps: what lies in a gap of it makes it begin above.
    if ((ring_floor_ == 0 || (!ring_.empty() && ring_.front()->ord < below))) {
        ring_.clear();
        ring_floor_ = head_pos_;
    }
    co_return added;
}

net::Task<std::size_t> Room::Reception::add_history(std::vector<EventPtr> events, Ord below, std::vector<std::string> closes) {
    std::vector<std::string> ids = closes;
    for (const auto& event : events) {
        ids.push_back(event->id.str());
        for (const auto& id : event->auth_events) ids.push_back(id.str());
        for (const auto& id : event->prev_events) ids.push_back(id.str());
        if (event->redacts) ids.push_back(event->redacts->str());
        if (const auto relation = relation_of(event->content())) ids.push_back(relation->parent_id);
    }
    co_await load(std::move(ids));
    std::vector<std::string> resting;
    for (const auto& [nid, redaction] : redactions_)
        for (const auto& id : redaction.event->auth_events) resting.push_back(id.str());
    co_await load(std::move(resting));
    const auto lower = co_await room_.parts_.db.read([&](storage::Tx& tx) {
        return storage::events_in_order(tx, room_.nid_, std::numeric_limits<Ord>::min(), below, 1, false);
    });
    for (const auto& event : events)
        if (event->redacts && find(*event->redacts))
            co_await room_.prepare(
                {.type = event->type, .sender = event->sender, .state_key = {}, .content = {}, .redacts = event->redacts},
                Whose::foreign);
    const auto floor = lower.empty() ? std::numeric_limits<Ord>::min() : lower.front().ord.value_or(0);

    struct Old {
        EventPtr event;
        EventNid nid;
        Ord ord;
        bool stored;
    };
    std::vector<Old> taken;
    std::unordered_map<std::string, std::size_t> places;
    auto next = below;
    for (const auto& event : events) {
        const auto* stored = find(event->id);
        if (event->room != room_.id_ || is_of_another_room(event->id) || (stored && stored->is_judged())) continue;
        Received missing;
        find_missing(*event, missing);
        if (!missing.missing_auth.empty()) continue;
        const bool is_create = event->is_state("m.room.create");
        if (is_create && !stored) continue;               // The room's own is known from its state.
        const auto verdict = is_create ? Verdict{true, {}} : judge_by_auth_events(*event);
        const auto nid = stored ? stored->nid : room_.parts_.numbers.next<EventNid>();
        if (!verdict) {
            if (!stored) keep(event, nid, rows::rejected, std::nullopt, std::nullopt);
            continue;
        }
        if (next - 1 <= floor) break;                    // No room below; what is left stays a gap.
        places.emplace(event->id.str(), taken.size());
        taken.push_back({event, nid, --next, stored != nullptr});
    }

    struct Replies {
        int count = 0;
        Ord last_ord = std::numeric_limits<Ord>::min();
        EventNid last{0};
        std::int64_t last_ts = 0;
        std::set<std::string> senders;
        void add(EventNid reply, Ord ord, std::int64_t ts, const std::string& sender) {
            ++count;
            senders.insert(sender);
            if (ord <= last_ord) return;
            last_ord = ord;
            last = reply;
            last_ts = ts;
        }
    };
    std::map<EventNid, Replies> threads;
    const auto may_be_root = [](const schema::Event& event) { return !event.is_state() && !relation_of(event.content()); };
    for (const auto& old : taken) {
        const auto& event = *old.event;
        const auto id = event.id.str();
        const auto line = make_line(event, old.nid, room_.rules_);
        const auto flags = line->flags | rows::backfilled;
        const int n_main = lower.empty() ? 0 : lower.front().n_main, n_all = lower.empty() ? 0 : lower.front().n_all;
        std::optional<EventNid> redacted_by;
        if (const auto waiting = pending_.find(id); waiting != pending_.end())
            for (const auto nid : waiting->second) {
                const auto& redaction = redactions_.at(nid);
                // The state before an old redaction is not known; what it cites says what its author was allowed.
                const auto cited = auth_events_of(*redaction.event);
                if (may_redact(*redaction.event, event, room_.rules_, state_of(cited, create_event()))) redacted_by = nid;
                build_.rows.pending_redactions.push_back({room_.nid_, id, nid, true});
            }
        if (const auto* target = event.redacts ? find(*event.redacts) : nullptr) {
            const auto cited = auth_events_of(event);
            if (may_redact(event, *target->event, room_.rules_, state_of(cited, create_event())))
                room_.apply_redaction(build_, event, old.nid);
        } else if (event.redacts) {
            pending_[event.redacts->str()].push_back(old.nid);
            redactions_.emplace(old.nid, Cited{old.nid, old.event, flags, {}, {}, true});
            build_.rows.pending_redactions.push_back({room_.nid_, event.redacts->str(), old.nid});
        }

        std::optional<EventNid> root;
        if (line->relation && !redacted_by && !event.is_state()) {
            rows::Relation row{.room = room_.nid_,
                               .parent_id = line->relation->parent_id,
                               .rel_type = line->relation->rel_type,
                               .child = old.nid,
                               .at = {},
                               .ord = old.ord};
            row.child_type = event.type;
            row.sender = event.sender.str();
            row.agg_key = line->relation->key;
            build_.rows.relations.push_back(std::move(row));
            if (line->relation->rel_type == "m.thread") {
                const auto beside = places.find(line->relation->parent_id);
                const auto* known = cited_.contains(line->relation->parent_id) ? &cited_.at(line->relation->parent_id) : nullptr;
                if (beside != places.end() && may_be_root(*taken[beside->second].event))
                    root = taken[beside->second].nid;
                else if (known && !known->is_rejected() && may_be_root(*known->event))
                    root = known->nid;
            }
        }
        if (root) threads[*root].add(old.nid, old.ord, event.origin_server_ts, event.sender.str());
        if (old.stored) {
            rows::EventUpdate row{.room = room_.nid_, .nid = old.nid, .redacted_by = redacted_by};
            row.ord = old.ord;
            row.flags = flags;
            row.n_main = n_main;
            row.n_all = n_all;
            build_.rows.event_updates.push_back(std::move(row));
        } else {
            auto row = room_.row_of(event, old.nid, flags);
            row.ord = old.ord;
            row.redacted_by = redacted_by;
            row.thread_root = root;
            row.n_main = n_main;
            row.n_all = n_all;
            if (event.is_state()) row.auth_nids = auth_nids_of(event);
            build_.rows.events.push_back(std::move(row));
        }
        for (const auto& prev : event.prev_events) {
            const auto* held = find(prev);
            if (places.contains(prev.str()) || (held && held->is_judged())) continue;
            build_.rows.missing_prevs.push_back({.room = room_.nid_, .event_id = prev.str(), .below_at = {}, .below_ord = old.ord});
        }
        if (event.is_state("m.room.history_visibility")) {
            const auto visibility = schema::string_at(event.content(), "history_visibility");
            if (visibility == "invited" || visibility == "joined") room_.flags_ |= hides_history;
        }
    }
    for (const auto& id : closes)
        if (const auto found = cited_.find(id); places.contains(id) || (found != cited_.end() && found->second.is_judged()))
            build_.rows.missing_prevs.push_back({.room = room_.nid_, .event_id = id, .below_at = {}, .found = true});
    for (const auto& id : missing_)
        if (places.contains(id))
            build_.rows.missing_prevs.push_back({.room = room_.nid_, .event_id = id, .below_at = {}, .found = true});

    // Replies that came before their root stood on the main line until now.
    std::vector<std::string> possible_roots;
    for (const auto& old : taken)
        if (may_be_root(*old.event)) possible_roots.push_back(old.event->id.str());
    const auto early =
        co_await room_.parts_.db.read([&](storage::Tx& tx) { return storage::early_replies(tx, room_.nid_, possible_roots); });
    for (const auto& reply : early) {
        const auto root = taken[places.at(reply.root_id)].nid;
        threads[root].add(reply.nid, reply.ord, reply.origin_ts, reply.sender);
        rows::EventUpdate row{.room = room_.nid_, .nid = reply.nid, .redacted_by = {}};
        row.thread_root = root;
        build_.rows.event_updates.push_back(std::move(row));
        if (const auto known = room_.known_events_.find(reply.event_id); known != room_.known_events_.end()) {
            known->second.thread_root = root;
            known->second.root_id = reply.root_id;
        }
    }

    std::vector<EventNid> roots;
    for (const auto& [root, replies] : threads) roots.push_back(root);
    const auto known = co_await room_.parts_.db.read([&](storage::Tx& tx) {
        std::map<EventNid, storage::StoredThread> found;
        for (const auto root : roots)
            if (const auto thread = storage::find_thread(tx, room_.nid_, root)) found.emplace(root, *thread);
        return found;
    });
    for (const auto& [root, replies] : threads) {
        rows::Thread row{room_.nid_, root, {}, replies.last, replies.count, 0, ""};
        row.last_ord = replies.last_ord;
        const auto stored = known.find(root);
        auto there = room_.threads_.find(root);
        if (there == room_.threads_.end() && stored != known.end())
            there = room_.threads_
                        .emplace(root, ThreadInfo{stored->second.replies, stored->second.n, stored->second.last_ts, stored->second.last})
                        .first;
        if (there == room_.threads_.end()) {
            room_.threads_.emplace(root, ThreadInfo{replies.count, 0, replies.last_ts, replies.last});
        } else {
            auto& thread = there->second;
            thread.replies += replies.count;
            row.replies = thread.replies;
            row.n = thread.n;
            // A reply that is still on its way to the disk is the newest of all.
            const bool is_stored = stored != known.end() && stored->second.last == thread.last;
            if (thread.replies > replies.count && !(is_stored && stored->second.last_ord < replies.last_ord)) {
                row.last = thread.last;
                row.last_ord.reset();
            } else {
                thread.last = replies.last;
                thread.last_ts = replies.last_ts;
            }
        }
        for (const auto& sender : replies.senders) {
            row.sender = sender;
            build_.rows.threads.push_back(row);
        }
    }
    if (!taken.empty()) {
        room_.min_ord_ = std::min(room_.min_ord_, next);
        build_.rows.rooms.push_back(room_.room_row());
    }
    co_return taken.size();
}

}  // namespace runde::rooms
