// What an event does to its room once it is allowed, whoever made it: place() moves the head and writes the rows, commit()
// hands them to the lane, publish() moves the view and tells the listeners.
#include <algorithm>

#include "core/rooms/room_build.hpp"
#include "core/rooms/unread.hpp"

namespace runde::rooms {

namespace rows = storage::rows;

/// What prev_events say of an event besides its id: its hash, where that is not the id itself.
static std::string named_hash(const schema::Event& event, const schema::RoomRules& rules) {
    if (rules.event_ids != schema::RoomRules::EventIdForm::sender_chosen) return "";
    return schema::base64(schema::reference_hash(event.object, rules));
}

void Room::place(Build& build, Placement placement) {
    const auto& event = placement.event;
    static const AppendOptions plain;
    const auto& options = placement.options ? *placement.options : plain;
    const int at = build.rows.positions++;

    std::optional<StateDictionary::KeyNo> key;
    StateEventPtr replaced;
    if (event->is_state()) {
        key = intern(event->type, *event->state_key);
        replaced = state_by_key(*key);
    }
    const auto replaced_event = replaced ? replaced->event() : nullptr;
    auto line = make_line(*event, placement.nid, rules_, replaced_event.get());
    line->flags |= placement.flags;
    line->txn_device = options.device;
    line->txn = options.txn;

    apply_relation(build, *event, *line);
    if (event->redacts && placement.redaction_applies) apply_redaction(build, *event, placement.nid);
    count(build, *event, *line);

    auto after = placement.after ? placement.after : placement.before;
    if (key && !placement.after) after = derive_group(build, placement.before, {{*key, placement.nid}});
    if (!after) throw std::logic_error("a room begins with a state event");
    if (placement.merge && placement.ends_merge) {
        adopt(build, *placement.merge, key);
    } else if (placement.merge) {
        if (key && placement.merge->state.find(*key) == placement.nid)
            set_current(build, *key, placement.merge->events.at(placement.nid), options.target);
    } else if (!placement.keeps_state) {
        group_ = after;
        if (key) set_current(build, *key, std::make_shared<StateEvent>(placement.nid, event, rules_), options.target);
    }
    if (key && current_.find(*key) == placement.nid) {
        line->key_no = key;
        if (replaced) line->replaces = replaced->nid;
    } else if (key) {
        line->unsigned_more.clear();                     // It is in the timeline, but replaced nothing.
    }

    std::erase_if(extremities_,
                  [&](const Extremity& e) { return std::ranges::find(placement.covers, e.id) != placement.covers.end(); });
    extremities_.insert(extremities_.begin(), {placement.nid, event->id, event->depth, named_hash(*event, rules_), *after});
    depth_ = 0;
    for (const auto& extremity : extremities_) depth_ = std::max(depth_, extremity.depth);
    if (!receiving_) trim_history();

    const auto group = [](std::optional<StateGroupNo> no) {
        return no ? std::optional(static_cast<std::int64_t>(*no)) : std::nullopt;
    };
    if (placement.redaction) {
        line = std::make_shared<TimelineEvent>(*redacted_line(*line, *event, *placement.redaction->event, rules_));
        build.rows.event_updates.push_back({.room = nid_, .nid = placement.nid, .redacted_by = placement.redaction->nid});
    }
    if (placement.stored) {
        rows::EventUpdate row{.room = nid_, .nid = placement.nid, .redacted_by = {}, .at = at};
        row.sg = group(placement.before);
        if (key) row.sg_after = group(after);
        row.n_main = line->n_main;
        row.n_all = line->n_all;
        row.n_thread = line->n_thread;
        row.flags = line->flags;
        build.rows.event_updates.push_back(std::move(row));
    } else {
        auto row = row_of(*event, placement.nid, line->flags);
        row.at = at;
        row.sg = group(placement.before);
        if (key) row.sg_after = group(after);
        if (key) row.auth_nids = std::move(placement.auth_nids);
        row.thread_root = line->thread_root;
        row.n_main = line->n_main;
        row.n_all = line->n_all;
        row.n_thread = line->n_thread;
        build.rows.events.push_back(std::move(row));
    }
    // What comes next may relate to it before it is committed.
    known_events_.insert_or_assign(
        event->id.str(),
        Known{line->nid, line->sender, line->type, line->thread_root, line->state_key, line->relation.has_value(), line->redacted,
              line->origin_ts, line->thread_root ? line->relation->parent_id : event->id.str(), 0, line->flags});
    if (options.device && !options.txn.empty()) {
        const auto& scope = event->redacts ? event->redacts->str() : event->type;
        build.rows.transactions.push_back(
            {schema::raw(*options.device), txn_key(scope + "/" + options.txn), parts_.runtime.clock().now_ms(), event->id.str()});
    }
    single_out(build, *event, *line, at);
    read_by_sender(build, *line, at);
    build.entries.push_back({std::move(line), event, at});
}

rows::Event Room::row_of(const schema::Event& event, EventNid nid, int flags) const {
    rows::Event row{.room = nid_, .nid = nid, .origin_ts = event.origin_server_ts, .depth = event.depth};
    row.flags = flags;
    row.event_id = event.id.str();
    row.type = event.type;
    row.sender = event.sender.str();
    row.state_key = event.state_key;
    row.json = event.json;
    return row;
}

StateDictionary::KeyNo Room::intern(std::string_view type, std::string_view state_key) {
    if (const auto known = dictionary_.find(type, state_key)) return *known;
    const auto key = dictionary_.intern(type, state_key);
    new_keys_.push_back({nid_, key, std::string(type), std::string(state_key), std::nullopt, std::nullopt});
    return key;
}

StateGroupNo Room::derive_group(Build& build, std::optional<StateGroupNo> parent, const StateDelta& change) {
    const auto number = parts_.numbers.next<StateGroupNo>();
    const auto& group = parent ? history_.derive(number, *parent, change) : history_.begin(number, change);
    const auto raw_number = [](const std::optional<StateGroupNo>& no) {
        return no ? std::optional(static_cast<std::int64_t>(*no)) : std::nullopt;
    };
    build.rows.state_groups.push_back({nid_, static_cast<std::int64_t>(number), raw_number(group.parent), raw_number(group.jump),
                                       group.depth, pack_delta(group.delta)});
    return number;
}

void Room::trim_history() {
    if (history_.size() <= 256) return;
    std::vector<StateGroupNo> in_use;
    if (group_) in_use.push_back(*group_);
    for (const auto& extremity : extremities_)
        if (history_.has(extremity.after)) in_use.push_back(extremity.after);
    history_.keep_only(in_use);
}

void Room::set_current(Build& build, StateDictionary::KeyNo key, StateEventPtr event, std::optional<UserNid> target) {
    const auto previous = current_.find(key);
    const auto& type = dictionary_.type(key);
    const auto& state_key = dictionary_.state_key(key);
    const auto nid = event ? std::optional(event->nid) : std::nullopt;
    current_.set(key, nid);
    const auto parsed = event ? event->event() : nullptr;
    if (event)
        state_events_.insert_or_assign(key, std::move(event));
    else
        state_events_.erase(key);

    if (parsed && type == "m.room.create" && schema::string_at(parsed->content(), "type") == forum_room_type)
        flags_ |= is_forum_room;
    if (parsed && type == "m.room.history_visibility") {
        const auto visibility = schema::string_at(parsed->content(), "history_visibility");
        if (visibility == "invited" || visibility == "joined") flags_ |= hides_history;
    }
    rows::State row{nid_, key, type, state_key, nid, std::nullopt};
    if (type == "m.room.member") {
        apply_membership(build, state_key, parsed.get(), nid, target);
        row.membership = static_cast<int>(membership(state_key));
    }
    if (type == "m.room.power_levels" || type == "m.room.create") power_levels_.reset();
    build.rows.states.push_back(std::move(row));
    build.rows.state_log.push_back({nid_, build.rows.positions - 1, key, nid, previous});
}

void Room::apply_membership(Build& build, const std::string& user_id, const schema::Event* event, std::optional<EventNid> nid,
                            std::optional<UserNid> target) {
    const auto before = membership(user_id);
    const auto word = event ? schema::string_at(event->content(), "membership") : std::nullopt;
    const auto after = parse_membership(word.value_or("leave")).value_or(Membership::leave);
    set_membership(user_id, event ? std::optional(after) : std::nullopt);
    const auto user = UserId::parse(user_id);
    if (!user) return;

    std::optional<UserNid> local;
    if (parts_.identity.is_local(*user)) {
        local = target;
        if (const auto found = build.locals.find(user_id); found != build.locals.end()) local = found->second;
        if (const auto known = local_nids_.find(user_id); known != local_nids_.end()) local = known->second;
        if (local) {
            const auto [entry, is_new] = local_members_.try_emplace(*local, *local, *user);
            auto& member = entry->second;
            local_nids_.insert_or_assign(user_id, *local);
            if (nid) member.member_event = *nid;
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
            if (after != Membership::leave && after != Membership::ban) member.forgotten = false;
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
    // A root that we do not have, or that is no root: an event like any other.
    if (root == known_events_.end() || root->second.thread_root || root->second.has_relation) return;
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
    if (!remote_servers_.empty() || !build.remote_joins.empty())
        for (const auto& entry : build.entries)
            if ((entry.line->flags & rows::local) != 0) room.out_at = entry.at;
    submission.rooms.push_back(std::move(room));
    for (const auto& [server, joined] : build.remote_joins) submission.room_servers.push_back({nid_, server, std::max(joined, 0)});
    for (const auto& entry : build.entries)
        if (entry.line->thread_root) {
            const auto& thread = threads_.at(*entry.line->thread_root);
            submission.threads.push_back(
                {nid_, *entry.line->thread_root, entry.at, thread.last, thread.replies, thread.n, entry.line->sender});
        }
}

net::Task<Position> Room::commit(Build build) {
    const auto self = shared_from_this();
    // Numbers have no gaps on the disk either: whoever is the first to write tells of them, whoever has met them.
    build.rows.states.insert(build.rows.states.begin(), new_keys_.begin(), new_keys_.end());
    new_keys_.clear();
    auto shared = std::make_shared<Build>(std::move(build));
    storage::Committed result;
    try {
        result = co_await parts_.lane.submit(std::move(shared->rows));
    } catch (...) {
        fail();
        throw;
    }
    if (shared->rows.positions > 0) publish(*shared, result.base);
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
        if (build.cut_at == entry.at) {
            // Whoever is behind this place must look into the log of the state for what else changed.
            ring_.clear();
            ring_floor_ = entry.line->pos;
        } else {
            push_to_ring(entry.line);
        }
        committed.events.push_back({entry.line, entry.pdu, (entry.line->flags & rows::local) != 0});
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
