// What happens to an event between the person who writes it and the disk.
//
//   append_all: prepare()   looks up what memory does not hold (a thread's totals, a redaction's target): nothing for
//                           an ordinary message in a warm room
//               add_to()    builds, authorises, moves the head; synchronous, once per event
//               commit()    hands all rows to the lane in one submission and waits until they are durable
//               publish()   moves the view and tells the listeners
#include <fmt/format.h>

#include <algorithm>

#include "core/rooms/room_build.hpp"
#include "core/rooms/unread.hpp"
#include "schema/refusal.hpp"

namespace runde::rooms {

using schema::Reason;
using schema::Refusal;
namespace rows = storage::rows;

namespace {

/// A transaction id counts per device and path: one that sent a message may also redact another.
/// https://spec.matrix.org/v1.19/client-server-api/#transaction-identifiers
std::string scoped(const schema::EventDraft& draft, const std::string& txn) {
    return fmt::format("{}/{}", draft.redacts ? draft.redacts->str() : draft.type, txn);
}

}  // namespace

/// A transaction id that this actor has seen: whoever repeats it waits for the first answer.
struct Room::Sent {
    net::Gate answered;
    std::optional<Appended> appended;
    std::exception_ptr refused;
};

net::Task<Room::Appended> Room::append(schema::EventDraft draft, AppendOptions options) {
    if (!options.device || options.txn.empty()) co_return co_await append_one(std::move(draft), std::move(options));

    const auto key = fmt::format("{}/{}", schema::raw(*options.device), scoped(draft, options.txn));
    if (const auto found = sent_.find(key); found != sent_.end()) {
        const auto sent = found->second;
        co_await sent->answered.wait();
        if (sent->refused) std::rethrow_exception(sent->refused);
        co_return *sent->appended;
    }
    const auto sent = std::make_shared<Sent>();
    sent_.emplace(key, sent);
    sent_order_.push_back(key);
    if (sent_order_.size() > sent_limit) {
        sent_.erase(sent_order_.front());
        sent_order_.pop_front();
    }
    try {
        sent->appended = co_await append_one(std::move(draft), std::move(options));
    } catch (...) {
        sent->refused = std::current_exception();
        sent_.erase(key);  // A refused request may be repeated with better luck.
    }
    sent->answered.open();
    if (sent->refused) std::rethrow_exception(sent->refused);
    co_return *sent->appended;
}

net::Task<Room::Appended> Room::append_one(schema::EventDraft draft, AppendOptions options) {
    std::vector<DraftAndOptions> one;
    const auto device = options.device;
    const auto key = txn_key(scoped(draft, options.txn));
    one.emplace_back(std::move(draft), std::move(options));
    std::string refused;
    try {
        auto appended = co_await append_all(std::move(one));
        co_return std::move(appended.front());
    } catch (const storage::SubmissionRefused& refusal) {
        refused = refusal.constraint;
    }
    if (refused == "event_txn_pkey" && device) {
        // Sent before this actor was loaded.
        const auto known =
            co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_transaction(tx, schema::raw(*device), key); });
        if (known) co_return Appended{*schema::EventId::parse(*known), 0};
    }
    throw Refusal(Reason::limit_exceeded, "The room is being reloaded; please try again.", {{"retry_after_ms", 100}});
}

std::string Room::txn_key(const std::string& txn) const { return fmt::format("{}/{}", schema::raw(nid_), txn); }

net::Task<std::vector<Room::Appended>> Room::append_all(std::vector<DraftAndOptions> drafts, storage::Submission more) {
    const auto self = shared_from_this();
    for (const auto& [draft, options] : drafts) {
        co_await prepare(draft);
        co_await prepare_counting(draft);
    }
    if (stale_) throw Refusal(Reason::limit_exceeded, "The room is being reloaded; please try again.", {{"retry_after_ms", 100}});

    Build build{.rows = std::move(more)};
    try {
        for (auto& [draft, options] : drafts) {
            if (parts_.guard) parts_.guard(*this, draft);
            add_to(build, std::move(draft), options);
        }
        close(build);
    } catch (...) {
        // The head has moved by what went before the refusal, and that will never be written.
        if (build.rows.positions > 0) fail();
        throw;
    }

    std::vector<Appended> appended;
    for (const auto& entry : build.entries) appended.push_back({entry.pdu->id, entry.at});
    const auto base = co_await commit(std::move(build));
    for (auto& event : appended) event.pos += base;
    co_return appended;
}

net::Task<> Room::prepare(const schema::EventDraft& draft) {
    std::vector<std::string> wanted;
    const auto relation = relation_of(draft.content);
    if (relation && (relation->rel_type == "m.thread" || is_forum())) wanted.push_back(relation->parent_id);
    if (draft.redacts) wanted.push_back(draft.redacts->str());
    const auto is_annotation = relation && relation->rel_type == "m.annotation";
    std::erase_if(wanted, [&](const auto& id) { return known_events_.contains(id) && !draft.redacts; });
    if (wanted.empty() && !is_annotation) co_return;

    struct Found {
        std::vector<storage::StoredEvent> events;
        std::map<EventNid, storage::StoredThread> threads;
        std::map<EventNid, EventNid> newest_but;
        bool annotated = false;
    };
    const auto room = nid_;
    const auto sender = draft.sender.str();
    const bool redacts = draft.redacts.has_value();
    const auto found = co_await parts_.db.read([&](storage::Tx& tx) {
        Found result;
        if (is_annotation) result.annotated = storage::has_annotation(tx, room, relation->parent_id, sender, *relation->key);
        if (wanted.empty()) return result;
        for (auto& event : storage::events_by_id(tx, wanted)) {
            if (event.room != room) continue;
            const auto root = event.thread_root.value_or(event.nid);
            if (const auto thread = storage::find_thread(tx, room, root)) result.threads.emplace(root, *thread);
            if (redacts && event.thread_root)
                if (const auto newest = storage::newest_reply(tx, room, root, event.nid))
                    result.newest_but.emplace(event.nid, *newest);
            result.events.push_back(std::move(event));
        }
        return result;
    });
    if (found.annotated) throw Refusal(Reason::duplicate_annotation, "You have already reacted to this event in this way.");

    if (known_events_.size() > known_limit) {
        known_events_.clear();
        threads_.clear();
    }
    for (const auto& event : found.events) {
        const auto parsed = schema::load_event(event.json, *schema::EventId::parse(event.event_id), rules_);
        known_events_.insert_or_assign(
            event.event_id,
            Known{event.nid, event.sender, event.type, event.thread_root, event.state_key,
                  !event.redacted_by && relation_of(parsed->content()).has_value(), event.redacted_by.has_value(), event.origin_ts,
                  event.thread_root ? relation_of(parsed->content()).value_or(RelationOf{}).parent_id : event.event_id,
                  event.ord.value_or(0), event.flags});
    }
    // What this actor knows already is newer than what the database told: its own replies may be on their way.
    for (const auto& [root, thread] : found.threads)
        threads_.try_emplace(root, ThreadInfo{thread.replies, thread.n, thread.last_ts, thread.last});
    for (const auto& [reply, newest] : found.newest_but) last_reply_but_.insert_or_assign(reply, newest);
}

schema::JsonObject Room::compose(const schema::EventDraft& draft, std::int64_t origin_ts) const {
    const auto hashed = rules_.event_ids != schema::RoomRules::EventIdForm::sender_chosen;
    schema::JsonObject event;
    event["type"] = draft.type;
    event["sender"] = draft.sender.str();
    event["content"] = draft.content;
    event["origin_server_ts"] = origin_ts;
    event["depth"] = std::min<std::int64_t>(depth_ + 1, (std::int64_t{1} << 53) - 1);
    if (draft.state_key) event["state_key"] = *draft.state_key;
    const bool is_create = draft.type == "m.room.create" && draft.state_key;
    if (!(is_create && rules_.room_id_is_create_hash)) event["room_id"] = id_.str();
    if (draft.redacts) {
        if (rules_.redacts_in_content)
            event["content"].as_object()["redacts"] = draft.redacts->str();
        else
            event["redacts"] = draft.redacts->str();
    }
    if (!hashed) event["event_id"] = fmt::format("${}:{}", schema::random_token(18), parts_.identity.server.str());

    const auto reference = [&](const schema::EventId& id, const std::string& sha256) -> schema::Json {
        if (hashed) return schema::Json(id.str());
        return schema::JsonArray{id.str(), schema::JsonObject{{"sha256", sha256}}};
    };
    schema::JsonArray prev, auth;
    for (const auto& extremity : extremities_) prev.push_back(reference(extremity.id, extremity.reference_sha256));
    std::vector<EventPtr> keep_alive;
    const auto find = lookup(keep_alive);
    for (const auto& key : auth_types_for(draft.type, draft.sender.str(), draft.state_key.value_or(""), draft.content, rules_)) {
        const auto* cited = find(key.type, key.state_key);
        if (!cited || is_create) continue;
        auth.push_back(reference(cited->id, hashed ? "" : schema::base64(schema::reference_hash(cited->object, rules_))));
    }
    event["prev_events"] = std::move(prev);
    event["auth_events"] = std::move(auth);
    return event;
}

schema::JsonObject Room::build_template(const schema::EventDraft& draft) const {
    return compose(draft, parts_.runtime.clock().now_ms());
}

Verdict Room::may(const schema::EventDraft& draft) const {
    const auto event = schema::seal_event(build_template(draft), rules_, parts_.identity.server.str(), parts_.identity.key);
    std::vector<EventPtr> keep_alive;
    return authorise(*event, rules_, lookup(keep_alive));
}

void Room::add_to(Build& build, schema::EventDraft draft, const AppendOptions& options) {
    if (draft.type.size() > 255 || (draft.state_key && draft.state_key->size() > 255))
        throw Refusal(Reason::too_large, "The event type or state key is longer than 255 bytes.");
    const auto now = parts_.runtime.clock().now_ms();
    const auto event = schema::seal_event(compose(draft, options.origin_ts.value_or(now)), rules_, parts_.identity.server.str(),
                                          parts_.identity.key);
    std::vector<EventPtr> keep_alive;
    if (event->is_state("m.room.create") && rules_.room_id_is_create_hash) id_ = event->room;
    const auto verdict = authorise(*event, rules_, lookup(keep_alive));
    if (!verdict) throw Refusal(Reason::forbidden, std::string(verdict.why));

    refuse_bad_relation(*event);
    refuse_redaction(*event);

    // From here on the head moves.
    const auto nid = parts_.numbers.next<EventNid>();
    const int at = build.rows.positions++;
    StateEventPtr replaced;
    if (event->is_state()) replaced = state(event->type, *event->state_key);
    const auto replaced_event = replaced ? replaced->event() : nullptr;
    auto line = make_line(*event, nid, rules_, replaced_event.get());
    line->flags |= rows::local;
    line->txn_device = options.device;
    line->txn = options.txn;
    if (replaced) line->replaces = replaced->nid;

    rows::Event row{.room = nid_, .nid = nid, .at = at, .origin_ts = event->origin_server_ts, .depth = event->depth};
    row.sg = group_ ? std::optional(static_cast<std::int64_t>(*group_)) : std::nullopt;
    apply_relation(build, *event, *line);
    if (event->redacts) apply_redaction(build, *event, nid);
    count(build, *event, *line);
    if (event->is_state()) {
        row.auth_nids = auth_nids_of(*event);
        apply_state(build, event, nid, *line, options);
        row.sg_after = static_cast<std::int64_t>(*group_);
    }

    extremities_ = {{nid, event->id, event->depth, schema::base64(schema::reference_hash(event->object, rules_))}};
    depth_ = event->depth;
    row.thread_root = line->thread_root;
    row.n_main = line->n_main;
    row.n_all = line->n_all;
    row.n_thread = line->n_thread;
    row.flags = line->flags;
    row.event_id = event->id.str();
    row.type = event->type;
    row.sender = event->sender.str();
    row.state_key = event->state_key;
    row.json = event->json;
    build.rows.events.push_back(std::move(row));
    if (options.device && !options.txn.empty())
        build.rows.transactions.push_back(
            {schema::raw(*options.device), txn_key(scoped(draft, options.txn)), now, event->id.str()});
    single_out(build, *event, *line, at);
    read_by_sender(build, *line, at);
    build.entries.push_back({std::move(line), event, at});
}

std::vector<std::int64_t> Room::auth_nids_of(const schema::Event& event) const {
    std::vector<std::int64_t> nids;
    for (const auto& key : auth_types_for(event, rules_))
        if (const auto number = dictionary_.find(key.type, key.state_key))
            if (const auto nid = current_.find(*number)) nids.push_back(schema::raw(*nid));
    return nids;
}

void Room::apply_state(Build& build, const EventPtr& event, EventNid nid, TimelineEvent& line, const AppendOptions& options) {
    const auto key = dictionary_.intern(event->type, *event->state_key);
    const auto previous = current_.find(key);
    current_.set(key, nid);
    state_events_.insert_or_assign(key, std::make_shared<StateEvent>(nid, event, rules_));
    line.key_no = key;
    if (event->type == "m.room.create" && schema::string_at(event->content(), "type") == "org.runde.forum") flags_ |= is_forum_room;
    if (event->type == "m.room.history_visibility") {
        const auto visibility = schema::string_at(event->content(), "history_visibility");
        if (visibility == "invited" || visibility == "joined") flags_ |= hides_history;
    }

    const auto number = parts_.numbers.next<StateGroupNo>();
    const auto& group = group_ ? history_.derive(number, *group_, {{key, nid}}) : history_.begin(number, {{key, nid}});
    group_ = number;
    const auto raw_number = [](const std::optional<StateGroupNo>& no) {
        return no ? std::optional(static_cast<std::int64_t>(*no)) : std::nullopt;
    };
    build.rows.state_groups.push_back({nid_, static_cast<std::int64_t>(number), raw_number(group.parent), raw_number(group.jump),
                                       group.depth, pack_delta(group.delta)});
    if (history_.size() > 256) history_.keep_only({&number, 1});

    rows::State row{nid_, key, event->type, *event->state_key, nid, std::nullopt};
    if (event->type == "m.room.member") {
        apply_membership(build, *event, nid, options);
        row.membership = static_cast<int>(membership(*event->state_key));
    }
    if (event->type == "m.room.power_levels" || event->type == "m.room.create") power_levels_.reset();
    build.rows.states.push_back(std::move(row));
    build.rows.state_log.push_back({nid_, build.rows.positions - 1, key, nid, previous});
}

void Room::apply_membership(Build& build, const schema::Event& event, EventNid nid, const AppendOptions& options) {
    const auto& user_id = *event.state_key;
    const auto before = membership(user_id);
    const auto after =
        parse_membership(schema::string_at(event.content(), "membership").value_or("leave")).value_or(Membership::leave);
    set_membership(user_id, after);
    const auto user = UserId::parse(user_id);
    if (!user) return;

    std::optional<UserNid> local;
    if (parts_.identity.is_local(*user)) {
        local = options.target;
        if (const auto known = local_nids_.find(user_id); known != local_nids_.end()) local = known->second;
        if (local) {
            const auto [entry, is_new] = local_members_.try_emplace(*local, *local, *user);
            auto& member = entry->second;
            local_nids_.insert_or_assign(user_id, *local);
            member.member_event = nid;
            if (after == Membership::join && before != Membership::join) {
                // Somebody who comes in has read everything that was said before.
                member.base_main = n_main_;
                member.base_threads = n_all_ - n_main_;
                member.exceptions.clear();
                member.threads.clear();
                member.unread_threads.reset();
                member.read_ord = std::max(member.read_ord, schema::live_ord(head_pos_));
                member.all_ord = std::max(member.all_ord, schema::live_ord(head_pos_));
            }
            if (after != Membership::leave) member.forgotten = false;
            member.membership = after;
            build.rows.user_rooms.push_back(unread::row_of(nid_, member, build.rows.positions - 1));
        }
    } else if ((after == Membership::join) != (before == Membership::join)) {
        const std::string server(user->server());
        auto& joined = remote_servers_[server];
        joined += after == Membership::join ? 1 : -1;
        build.remote_joins[server] = joined;
        if (joined <= 0) remote_servers_.erase(server);
    }
    build.memberships.push_back({*user, local, before, after});
}

void Room::refuse_bad_relation(const schema::Event& event) const {
    const auto relation = relation_of(event.content());
    if (!relation || relation->rel_type != "m.thread" || event.is_state()) return;
    const auto root = known_events_.find(relation->parent_id);
    if (root != known_events_.end() && (root->second.thread_root || root->second.has_relation))
        throw Refusal(Reason::bad_relation, "A thread cannot begin at an event that itself relates to another.");
}

/// From room version 3 on the rules let every redaction in; whether it takes effect is decided by the server.
void Room::refuse_redaction(const schema::Event& event) const {
    if (!event.redacts) return;
    const auto target = known_events_.find(event.redacts->str());
    if (target == known_events_.end() || target->second.sender == event.sender.str()) return;
    const auto& levels = power_levels();
    if (levels.level_of(event.sender) < levels.needed_to_redact())
        throw Refusal(Reason::forbidden, "You may not remove what others have written here.");
}

void Room::apply_relation(Build& build, const schema::Event& event, TimelineEvent& line) {
    if (!line.relation || event.is_state()) return;
    const auto& relation = *line.relation;
    const int at = build.rows.positions - 1;
    rows::Relation row{.room = nid_, .parent_id = relation.parent_id, .rel_type = relation.rel_type, .child = line.nid, .at = at};
    row.child_type = event.type;
    row.sender = event.sender.str();
    row.agg_key = relation.key;
    build.rows.relations.push_back(std::move(row));

    if (relation.rel_type != "m.thread") return;
    const auto root = known_events_.find(relation.parent_id);
    if (root == known_events_.end()) return;  // A root that we do not have: an event like any other.
    line.thread_root = root->second.nid;
    auto& thread = threads_[root->second.nid];
    ++thread.replies;
    thread.last = line.nid;
    thread.last_ts = event.origin_server_ts;
}

void Room::apply_redaction(Build& build, const schema::Event& event, EventNid nid) {
    const auto known = known_events_.find(event.redacts->str());
    if (known == known_events_.end()) {
        build.rows.pending_redactions.push_back({nid_, event.redacts->str(), nid});
        return;
    }
    auto& target = known->second;
    if (target.redacted) return;
    target.redacted = true;
    build.rows.event_updates.push_back({nid_, target.nid, nid});

    if (target.thread_root) {
        auto& thread = threads_[*target.thread_root];
        thread.replies = std::max(0, thread.replies - 1);
        const auto newest = last_reply_but_.find(target.nid);
        if (thread.last == target.nid && newest != last_reply_but_.end()) thread.last = newest->second;
        build.rows.threads.push_back({nid_, *target.thread_root, std::nullopt, thread.last, thread.replies, thread.n, ""});
    }
}

rows::Room Room::room_row() const {
    rows::Room room{.room = nid_, .room_id = id_.str(), .version = std::string(rules_.version)};
    room.min_ord = min_ord_;
    room.depth = depth_;
    room.n_main = n_main_;
    room.n_all = n_all_;
    if (group_) room.sg = static_cast<std::int64_t>(*group_);
    room.next_key_no = dictionary_.next();
    for (const auto& extremity : extremities_) room.extremities.push_back(extremity.nid);
    room.partial = partial_;
    room.flags = flags_;
    return room;
}

void Room::close(Build& build) {
    auto& submission = build.rows;
    if (build.entries.empty()) return;
    auto room = room_row();
    room.head_at = build.entries.back().at;
    if (!remote_servers_.empty()) room.out_at = build.entries.back().at;
    submission.rooms.push_back(std::move(room));
    for (const auto& [server, joined] : build.remote_joins) submission.room_servers.push_back({nid_, server, std::max(joined, 0)});
    for (const auto& entry : build.entries)
        if (entry.line->thread_root) {
            const auto& thread = threads_.at(*entry.line->thread_root);
            submission.threads.push_back(
                {nid_, *entry.line->thread_root, entry.at, thread.last, thread.replies, thread.n, entry.line->sender});
        }
    // What comes next may relate to these before they are committed.
    for (const auto& entry : build.entries)
        known_events_.insert_or_assign(
            entry.pdu->id.str(),
            Known{entry.line->nid, entry.line->sender, entry.line->type, entry.line->thread_root, entry.line->state_key,
                  entry.line->relation.has_value(), false, entry.line->origin_ts,
                  entry.line->thread_root ? entry.line->relation->parent_id : entry.pdu->id.str(), 0, entry.line->flags});
}

net::Task<Position> Room::commit(Build build) {
    const auto self = shared_from_this();
    auto shared = std::make_shared<Build>(std::move(build));
    storage::Committed result;
    try {
        result = co_await parts_.lane.submit(std::move(shared->rows));
    } catch (...) {
        fail();
        throw;
    }
    publish(*shared, result.base);
    co_return result.base;
}

void Room::publish(Build& build, Position base) {
    Committed committed(*this);
    committed.first = base;
    committed.last = base + std::max(build.rows.positions, 1) - 1;
    for (auto& entry : build.entries) {
        entry.line->pos = base + entry.at;
        entry.line->ord = schema::live_ord(entry.line->pos);
        view_n_main_ = entry.line->n_main;
        view_n_all_ = entry.line->n_all;
        head_pos_ = std::max(head_pos_, entry.line->pos);
        push_to_ring(entry.line);
        committed.events.push_back({entry.line, entry.pdu, true});
        if (const auto known = known_events_.find(entry.pdu->id.str()); known != known_events_.end())
            known->second.ord = entry.line->ord;
        count_in_view(build, *entry.line, entry.at);
        if (entry.pdu->redacts) {
            redact_in_view(entry.pdu->redacts->str(), *entry.pdu);
            withdraw_in_view(entry.pdu->redacts->str());
        }
    }
    for (const auto& change : build.memberships)
        if (auto* member = change.local ? local_member(*change.local) : nullptr;
            member && change.after == Membership::join && change.before != Membership::join)
            member->all_ord = std::max(member->all_ord, schema::live_ord(committed.last));
    committed.memberships = std::move(build.memberships);
    committed.read_by = std::move(build.read_by);
    parts_.committed(committed);
}

void Room::redact_in_view(const std::string& target_id, const schema::Event& redaction) {
    const auto known = known_events_.find(target_id);
    if (known == known_events_.end() || !known->second.redacted) return;
    for (auto& line : ring_) {
        if (line->id.str() != target_id || line->redacted) continue;
        // The client form holds all that redaction keeps but hashes and signatures, which clients never see.
        const auto text = *line->client + "}";
        auto object = schema::parse_json(text, schema::Numbers::any).as_object();
        object["prev_events"] = schema::JsonArray{};
        object["auth_events"] = schema::JsonArray{};
        object["depth"] = 0;
        const auto event = schema::load_event(schema::to_text(object), line->id, rules_);
        line = redacted_line(*line, *event, redaction, rules_);
    }
    if (known->second.state_key) {
        const auto key = dictionary_.find(known->second.type, *known->second.state_key);
        const auto current = key ? state_by_key(*key) : nullptr;
        if (current && current->id.str() == target_id) {
            const auto pruned = schema::canonical_json(schema::redact(current->event()->object, rules_));
            state_events_.insert_or_assign(*key,
                                           std::make_shared<StateEvent>(current->nid, current->id, net::bytes(pruned), rules_));
            power_levels_.reset();
        }
    }
}

void Room::fail() {
    if (std::exchange(stale_, true)) return;
    parts_.failed(*this);
}

}  // namespace runde::rooms
