// What happens to an event between the person who writes it and the disk.
//
//   append_all: prepare()   looks up what memory does not hold (a thread's totals, a redaction's target): nothing for
//                           an ordinary message in a warm room
//               add_to()    builds and authorises, place() moves the head (room_place.cpp); synchronous, once per event
//               commit()    hands all rows to the lane in one submission and waits until they are durable
//               publish()   moves the view and tells the listeners
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/rooms/policy_server.hpp"
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
    const auto device = *options.device;
    const auto stored_key = txn_key(scoped(draft, options.txn));
    const auto sent = std::make_shared<Sent>();
    sent_.emplace(key, sent);
    sent_order_.push_back(key);
    if (sent_order_.size() > sent_limit) {
        sent_.erase(sent_order_.front());
        sent_order_.pop_front();
    }
    try {
        auto before = co_await sent_before(device, stored_key);
        if (!before) before = co_await append_one(std::move(draft), std::move(options));
        sent->appended = std::move(before);
    } catch (...) {
        sent->refused = std::current_exception();
        sent_.erase(key);  // A refused request may be repeated with better luck.
    }
    sent->answered.open();
    if (sent->refused) std::rethrow_exception(sent->refused);
    co_return *sent->appended;
}

/// What was sent under this transaction id before this actor was loaded, or so long ago that it remembers no more than
/// that there was something. It must be found before anything is built on it: the lane would refuse the second row,
/// and with it whatever the room has built meanwhile.
net::Task<std::optional<Room::Appended>> Room::sent_before(schema::DeviceNid device, const std::string& key) {
    constexpr int most_learned = 1000;
    if (sent_ids_.must_learn(device)) {
        const auto ids = co_await parts_.db.read(
            [&](storage::Tx& tx) { return storage::transactions_with(tx, schema::raw(device), txn_key(""), most_learned); });
        sent_ids_.learned(device, ids, static_cast<int>(ids.size()) < most_learned);
    }
    const bool perhaps = sent_ids_.may_have(device, key);
    sent_ids_.add(device, key, parts_.runtime.clock().now_ms());
    if (!perhaps) co_return std::nullopt;
    const auto known =
        co_await parts_.db.read([&](storage::Tx& tx) { return storage::find_transaction(tx, schema::raw(device), key); });
    if (!known) co_return std::nullopt;
    co_return Appended{*schema::EventId::parse(*known), 0};
}

net::Task<Room::Appended> Room::append_one(schema::EventDraft draft, AppendOptions options) {
    std::vector<DraftAndOptions> one;
    one.emplace_back(std::move(draft), std::move(options));
    try {
        auto appended = co_await append_all(std::move(one));
        co_return std::move(appended.front());
    } catch (const storage::SubmissionRefused&) {
    }
    throw Refusal(Reason::limit_exceeded, "The room is being reloaded; please try again.", {{"retry_after_ms", 100}});
}

std::string Room::txn_key(const std::string& txn) const { return fmt::format("{}/{}", schema::raw(nid_), txn); }

net::Task<std::vector<Room::Appended>> Room::append_all(std::vector<DraftAndOptions> drafts, storage::Submission more) {
    const auto self = shared_from_this();
    if (parts_.ask_policy && policy_server_of(*this) && !is_own_policy_server(*this))
        co_return co_await append_asking(std::move(drafts), std::move(more));
    for (const auto& [draft, options] : drafts) {
        co_await prepare(draft, Whose::own);
        co_await prepare_counting(draft);
    }
    // Branches are being merged: what is built meanwhile would be built on a head that nobody knows yet.
    while (const auto merging = merging_) co_await merging->wait();
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

/// In a room with a policy server an event is made, shown to that server, and taken in like one from elsewhere: the room may
/// have gone on meanwhile. One after the other; what came before a refusal stays.
net::Task<std::vector<Room::Appended>> Room::append_asking(std::vector<DraftAndOptions> drafts, storage::Submission more) {
    const auto self = shared_from_this();
    if (!more.account_data.empty() || !more.aliases.empty()) co_await parts_.lane.submit(std::move(more));
    std::vector<Appended> appended;
    for (const auto& [draft, options] : drafts) {
        co_await prepare(draft, Whose::own);
        if (parts_.guard) parts_.guard(*this, draft);
        auto event = seal(draft, options);
        if (!is_policy_choice(event->type, event->state_key)) event = co_await parts_.ask_policy(self, std::move(event));
        std::vector<Incoming> incoming{{.event = event, .spread = true, .options = &options}};
        const auto answers = co_await receive(std::move(incoming));
        const auto& answer = answers.front();
        if (answer.verdict != Received::Verdict::accepted) throw Refusal(Reason::forbidden, std::string(answer.why));
        const auto* placed = known(event->id.str());
        appended.push_back({event->id, placed ? placed->ord >> 16 : 0});
    }
    co_return appended;
}

net::Task<> Room::ask_guards(schema::EventDraft draft) {
    const auto self = shared_from_this();
    co_await prepare(draft, Whose::foreign);
    if (parts_.guard) parts_.guard(*this, draft);
}

net::Task<> Room::prepare(const schema::EventDraft& draft, Whose whose) {
    if (known_events_.size() > known_limit) {
        // The database can tell of what is committed, but neither of what is on its way to the disk nor of the totals of
        // its threads; and publish() looks for what was redacted.
        std::set<EventNid> under_way;
        for (const auto& [id, event] : known_events_)
            if (event.ord == 0) under_way.insert(event.thread_root.value_or(event.nid));
        std::erase_if(known_events_, [](const auto& entry) { return entry.second.ord != 0 && !entry.second.redacted; });
        std::erase_if(threads_, [&](const auto& entry) { return !under_way.contains(entry.first); });
    }
    std::vector<std::string> wanted;
    const auto relation = relation_of(draft.content);
    if (relation && (relation->rel_type == "m.thread" || is_forum())) wanted.push_back(relation->parent_id);
    if (draft.redacts) wanted.push_back(draft.redacts->str());
    const auto is_annotation = whose == Whose::own && relation && relation->rel_type == "m.annotation";
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
    // Of more than fit, the oldest wait for the next event. The state is that of all of them all the same.
    for (const auto& extremity : extremities_)
        if (prev.size() < schema::max_prev_events) prev.push_back(reference(extremity.id, extremity.reference_sha256));
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

/// The event that `draft` becomes on the head. Throws Refusal when it may not.
EventPtr Room::seal(const schema::EventDraft& draft, const AppendOptions& options) {
    if (draft.type.size() > 255 || (draft.state_key && draft.state_key->size() > 255))
        throw Refusal(Reason::too_large, "The event type or state key is longer than 255 bytes.");
    if (draft.type.empty()) throw Refusal(Reason::bad_json, "The event has no type.");
    if (draft.type.find('\0') != std::string::npos || (draft.state_key && draft.state_key->find('\0') != std::string::npos))
        throw Refusal(Reason::bad_json, "The event type or state key holds a character that it cannot hold.");
    const auto now = parts_.runtime.clock().now_ms();
    const bool watched = !is_policy_choice(draft.type, draft.state_key) && is_own_policy_server(*this);
    auto event = schema::seal_event(compose(draft, options.origin_ts.value_or(now)), rules_, parts_.identity.server.str(),
                                    parts_.identity.key, watched ? parts_.identity.policy_key : nullptr);
    std::vector<EventPtr> keep_alive;
    if (event->is_state("m.room.create") && rules_.room_id_is_create_hash) id_ = event->room;
    const auto verdict = authorise(*event, rules_, lookup(keep_alive));
    if (!verdict) throw Refusal(Reason::forbidden, std::string(verdict.why));
    refuse_bad_relation(*event);
    refuse_redaction(*event);
    return event;
}

void Room::add_to(Build& build, schema::EventDraft draft, const AppendOptions& options) {
    const auto event = seal(draft, options);

    // From here on the head moves.
    Placement placement{
        .event = event, .nid = parts_.numbers.next<EventNid>(), .flags = rows::local, .before = group_, .options = &options};
    if (event->is_state()) placement.auth_nids = auth_nids_of(*event);
    for (std::size_t i = 0; i < std::min(extremities_.size(), schema::max_prev_events); ++i)
        placement.covers.push_back(extremities_[i].id);
    place(build, std::move(placement));
}

std::vector<std::int64_t> Room::auth_nids_of(const schema::Event& event) const {
    std::vector<std::int64_t> nids;
    for (const auto& key : auth_types_for(event, rules_))
        if (const auto number = dictionary_.find(key.type, key.state_key))
            if (const auto nid = current_.find(*number)) nids.push_back(schema::raw(*nid));
    return nids;
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
    if (target == known_events_.end()) throw Refusal(Reason::not_found, "There is no such event in this room.");
    if (target->second.type == "m.room.server_acl")
        throw Refusal(Reason::forbidden, "Without its content this event would shut out all other servers. Replace it instead.");
    if (target->second.sender == event.sender.str()) return;
    const auto& levels = power_levels();
    if (levels.level_of(event.sender) < levels.needed_to_redact())
        throw Refusal(Reason::forbidden, "You may not remove what others have written here.");
}

}  // namespace runde::rooms
