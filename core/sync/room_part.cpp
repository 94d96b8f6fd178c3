#include "core/sync/room_part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "core/rooms/membership.hpp"
#include "schema/event.hpp"

namespace runde::sync {
namespace {

using rooms::TimelineEvent;
using Key = std::pair<std::string_view, std::string_view>;

/// One member of the content that this state event replaced ("prev_content" in its unsigned part), or `otherwise`.
std::string replaced_value(const TimelineEvent& event, std::string_view name, std::string_view otherwise) {
    if (event.unsigned_more.empty()) return std::string(otherwise);
    const auto json = schema::parse_json("{" + event.unsigned_more.substr(1) + "}");
    const auto* content = schema::object_at(json.get_object(), "prev_content");
    const auto value = content ? schema::string_at(*content, name) : std::nullopt;
    return std::string(value.value_or(otherwise));
}

std::string current_visibility(const RoomPart& part) {
    if (part.room) return part.room->history_visibility();
    if (part.stored_summary) return part.stored_summary->history_visibility;
    return "joined";                                     // Not known: show the least.
}

/// Walks back from what holds now over the changes in the stretch, and notes for every event whether its reader could
/// see it and what they were in the room. https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
class BackwardWalk {
public:
    BackwardWalk(const RoomPart& part, std::string_view reader)
        : reader_(reader),
          visibility_(current_visibility(part)),
          membership_(part.place.membership),
          joins_later_(membership_ == Membership::join) {}

    /// For the events of the stretch, newest first.
    bool sees(const TimelineEvent& event) {
        const bool own_membership = event.type == "m.room.member" && event.state_key == reader_;
        const bool visibility_change = event.type == "m.room.history_visibility" && event.state_key == "";
        bool visible = allowed();
        at_event_ = membership_;
        if (own_membership) {
            membership_ = rooms::parse_membership(replaced_value(event, "membership", "leave")).value_or(Membership::leave);
            visible = true;
        } else if (visibility_change) {
            visibility_ = replaced_value(event, "history_visibility", "shared");
        }
        if (membership_ == Membership::join) joins_later_ = true;
        return visible || (visibility_change && allowed());
    }
    Membership at_event() const { return at_event_; }
    Membership before() const { return membership_; }

private:
    bool allowed() const {
        if (visibility_ == "world_readable" || membership_ == Membership::join) return true;
        if (visibility_ == "shared") return joins_later_;
        return visibility_ == "invited" && membership_ == Membership::invite;
    }

    std::string_view reader_;
    std::string visibility_;
    Membership membership_, at_event_ = Membership::leave;
    bool joins_later_;
};

StateLine line_of(const TimelineEvent& event) { return {event.type, event.state_key.value_or(""), *event.client}; }

StateLine line_of(const storage::SyncState& stored, const schema::RoomRules& rules) {
    const auto event = schema::load_event(stored.json, *schema::EventId::parse(stored.event_id), rules);
    return {stored.type, stored.state_key,
            stored.redacted ? schema::render_redacted_client_event(*event, rules) : schema::render_client_event(*event, rules)};
}

std::vector<TimelineEventPtr> events_of(const RoomPart& part) {
    std::vector<TimelineEventPtr> events;
    for (const auto& entry : part.timeline) events.push_back(entry.event);
    return events;
}

bool wants_state(const EventFilter& filter, std::string_view type, std::string_view sender) {
    return filter.wants_type(type) && filter.wants_sender(sender);
}

/// The sender of a rendered event that we no longer hold apart.
std::string sender_of(const rooms::StateEvent& event) { return event.event()->sender.str(); }

struct Heroes {
    int joined = 0, invited = 0;
    std::vector<std::string> names;
};

Heroes heroes_of(const rooms::Room& room, std::string_view reader) {
    Heroes heroes{.joined = room.joined_count(), .invited = room.invited_count()};
    std::vector<std::string> gone;
    const auto& keys = room.dictionary();
    // Key numbers are handed out as members appear: the first five in their order.
    for (int key = 1; key < keys.next() && heroes.names.size() < 5; ++key) {
        if (keys.type(key) != "m.room.member" || keys.state_key(key) == reader) continue;
        const auto membership = room.membership(keys.state_key(key));
        if (membership == Membership::join || membership == Membership::invite)
            heroes.names.push_back(keys.state_key(key));
        else if (gone.size() < 5 && room.state_by_key(key))
            gone.push_back(keys.state_key(key));
    }
    if (heroes.names.empty()) heroes.names = std::move(gone);
    return heroes;
}

Heroes heroes_of(const RoomPart& part, const Asker& asker) {
    if (part.room) return heroes_of(*part.room, asker.hub.id.str());
    if (!part.stored_summary) return {};
    return {part.stored_summary->joined, part.stored_summary->invited, part.stored_summary->heroes};
}

void append_events(std::string& out, std::string_view name, const std::vector<std::string>& events) {
    if (events.empty()) return;
    fmt::format_to(std::back_inserter(out), R"("{}":{{"events":[)", name);
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (i > 0) out += ',';
        out += events[i];
    }
    out += "]},";
}

void close_object(std::string& out) {
    if (out.back() == ',') out.pop_back();
    out += '}';
}

/// https://spec.matrix.org/v1.19/client-server-api/#mreceipt
std::string receipts_event(const std::vector<storage::StoredReceipt>& receipts) {
    std::map<std::string_view, std::map<int, std::vector<const storage::StoredReceipt*>>> by_event;
    for (const auto& receipt : receipts) by_event[receipt.event_id][receipt.type].push_back(&receipt);
    std::string out = R"({"type":"m.receipt","content":{)";
    for (const auto& [event, by_type] : by_event) {
        schema::append_quoted(out, event);
        out += ":{";
        for (const auto& [type, list] : by_type) {
            out += type == 0 ? R"("m.read":{)" : R"("m.read.private":{)";
            // One entry per user and event: the newest, should somebody have marked it threaded and unthreaded.
            std::map<std::string_view, const storage::StoredReceipt*> users;
            for (const auto* receipt : list) users[receipt->user_id] = receipt;
            for (const auto& [user, receipt] : users) {
                schema::append_quoted(out, user);
                fmt::format_to(std::back_inserter(out), R"(:{{"ts":{})", receipt->ts);
                if (!receipt->thread.empty())
                    fmt::format_to(std::back_inserter(out), R"(,"thread_id":{})", schema::quoted(receipt->thread));
                out += "},";
            }
            close_object(out);
            out += ',';
        }
        close_object(out);
        out += ',';
    }
    close_object(out);
    return out + "}";
}

std::string typing_event(const rooms::Room* room, const Asker& asker) {
    schema::JsonArray users;
    if (room)
        for (const auto& [user, until] : room->typing)
            if (!asker.hub.ignores(user)) users.emplace_back(user);
    return fmt::format(R"({{"type":"m.typing","content":{{"user_ids":{}}}}})", schema::to_text(users));
}

std::vector<std::string> ephemeral_events(const RoomPart& part, const Asker& asker) {
    std::vector<std::string> events;
    const auto& filter = asker.filter->ephemeral;
    if (!filter.wants_room(part.place.id.str())) return events;
    if (!part.receipts.empty() && filter.wants_type("m.receipt")) events.push_back(receipts_event(part.receipts));
    if (part.tells_typing && filter.wants_type("m.typing")) events.push_back(typing_event(part.room.get(), asker));
    return events;
}

std::vector<std::string> account_data_events(const RoomPart& part, const Asker& asker) {
    std::vector<std::string> events;
    const auto& filter = asker.filter->room_account_data;
    if (!filter.wants_room(part.place.id.str())) return events;
    for (const auto& [type, data] : asker.hub.account_data(part.place.nid)) {
        if (part.account_data_since ? data.pos <= *part.account_data_since : data.json.empty()) continue;
        if (data.pos > part.up_to || !filter.wants_type(type)) continue;
        events.push_back(fmt::format(R"({{"type":{},"content":{}}})", schema::quoted(type), data.json.empty() ? "{}" : data.json));
    }
    return events;
}

std::string timeline_object(const RoomPart& part, const Asker& asker) {
    std::string out = R"("timeline":{"events":[)";
    for (const auto& [event, membership] : part.timeline) {
        if (out.back() != '[') out += ',';
        const auto bundle = part.bundles.find(event->nid);
        rooms::render(out, *event, {asker.now_ms, asker.device, rooms::to_string(membership)},
                      bundle == part.bundles.end() ? std::string_view{} : bundle->second);
    }
    const auto before = part.timeline.empty() ? schema::live_ord(part.up_to) : part.timeline.front().event->ord - 1;
    fmt::format_to(std::back_inserter(out), R"(],"limited":{},"prev_batch":"t{}"}},)", part.limited, before);
    return out;
}

std::string state_object(const RoomPart& part, const Asker& asker) {
    const auto* name = asker.use_state_after ? "state_after" : "state";
    if (part.state.empty() && !asker.use_state_after) return {};
    std::string out = fmt::format(R"("{}":{{"events":[)", name);
    for (const auto& line : part.state) {
        if (out.back() != '[') out += ',';
        out += line.json + '}';
    }
    return out + "]},";
}

std::string summary_object(const RoomPart& part, const Asker& asker) {
    const auto heroes = heroes_of(part, asker);
    return fmt::format(R"("summary":{{"m.heroes":{},"m.joined_member_count":{},"m.invited_member_count":{}}},)",
                       schema::to_text(schema::JsonArray(heroes.names.begin(), heroes.names.end())), heroes.joined, heroes.invited);
}

std::string counts_text(const rooms::Counts& counts) {
    return fmt::format(R"({{"notification_count":{},"highlight_count":{}}})", counts.notifications, counts.highlights);
}

std::string counts_object(const RoomPart& part, const Asker& asker) {
    const auto* member = part.room ? part.room->local_member(asker.hub.nid) : nullptr;
    const rooms::Reading* reading = part.reading ? &*part.reading : member;
    if (!reading) return {};
    const int n_main = part.room ? part.room->n_main() : part.stored_summary ? part.stored_summary->n_main : 0;
    const int n_all = part.room ? part.room->n_all() : part.stored_summary ? part.stored_summary->n_all : 0;
    const auto& withdrawn = part.room ? part.room->withdrawn() : part.withdrawn;
    const auto unread = rooms::unread_of(*reading, n_main, n_all, withdrawn);
    if (!asker.filter->timeline.unread_thread_notifications)
        return fmt::format(R"("unread_notifications":{},)", counts_text(unread.together()));

    auto out = fmt::format(R"("unread_notifications":{},)", counts_text(unread.main));
    const auto threads = rooms::unread_by_thread(*reading, withdrawn);
    if (threads.empty()) return out;
    out += R"("unread_thread_notifications":{)";
    for (const auto& [root, counts] : threads) {
        schema::append_quoted(out, root);
        out += ':' + counts_text(counts) + ',';
    }
    close_object(out);
    return out + ',';
}

/// https://spec.matrix.org/v1.19/client-server-api/#invite-permission: what came before they were blocked is not shown either.
bool blocks_invitations(const UserHub& hub) {
    const auto& data = hub.account_data(RoomNid{0});
    const auto config = data.find("m.invite_permission_config");
    return config != data.end() && rooms::blocks_invitations(config->second.json);
}

bool render_stripped(std::string& out, const RoomPart& part, const Asker& asker) {
    const bool invite = part.section == RoomPart::Section::invite;
    if (invite && blocks_invitations(asker.hub)) return false;
    std::string events;
    const auto add = [&](const schema::Event& event) {
        if (!events.empty()) events += ',';
        events += schema::to_text(schema::stripped_state(event));
    };
    if (part.preview) {
        const auto told = schema::parse_json(*part.preview);
        for (const auto& event : told.as_array()) {
            const auto& fields = event.as_object();
            const bool own = schema::string_at(fields, "type") == "m.room.member" &&
                             schema::string_at(fields, "state_key") == asker.hub.id.str();
            if (invite && own && asker.hub.ignores(schema::string_at(fields, "sender").value_or(""))) return false;
            if (!events.empty()) events += ',';
            events += schema::to_text(event);
        }
    } else if (part.room) {
        for (const auto& type : stripped_state_types())
            if (const auto state = part.room->state(type)) add(*state->event());
        if (const auto member = part.room->state("m.room.member", asker.hub.id.str())) {
            const auto sender = sender_of(*member);
            if (invite && asker.hub.ignores(sender)) return false;
            // Whoever invites is shown by name.
            const auto inviter = sender == asker.hub.id.str() ? nullptr : part.room->state("m.room.member", sender);
            if (invite && inviter) add(*inviter->event());
            add(*member->event());
        }
    } else {
        for (const auto& stored : part.stored_state) {
            if (invite && stored.type == "m.room.member" && asker.hub.ignores(stored.sender)) return false;
            add(*schema::load_event(stored.json, *schema::EventId::parse(stored.event_id), *part.place.rules));
        }
    }
    fmt::format_to(std::back_inserter(out), R"({}:{{"{}":{{"events":[{}]}}}})", schema::quoted(part.place.id.str()),
                   invite ? "invite_state" : "knock_state", events);
    return true;
}

}  // namespace

rooms::Reading reading_of(const storage::SyncSummary& summary, rooms::Withdrawn& withdrawn) {
    rooms::Reading reading;
    reading.push_class = summary.member.push_class;
    reading.read_ord = summary.member.read_ord;
    reading.all_ord = summary.member.all_ord;
    reading.base_main = summary.member.base_main;
    reading.base_threads = summary.member.base_threads;
    for (const auto& thread : summary.thread_reads)
        reading.threads.emplace(thread.root, rooms::Reading::Thread{thread.read_ord, thread.base});
    for (const auto& exception : summary.exceptions)
        reading.exceptions.push_back(
            {exception.ord, exception.root.value_or(schema::EventNid{0}), exception.root_id, exception.kind, exception.counted});
    for (const auto& event : summary.withdrawn) withdrawn.emplace(event.ord, event.root.value_or(schema::EventNid{0}));
    return reading;
}

const std::vector<std::string>& stripped_state_types() {
    static const std::vector<std::string> types{"m.room.create",     "m.room.name",       "m.room.avatar",         "m.room.topic",
                                                "m.room.join_rules", "m.room.encryption", "m.room.canonical_alias"};
    return types;
}

bool take_from_room(RoomPart& part, const Filter& filter) {
    const auto& room = *part.room;
    const auto& ring = room.ring();
    if (ring.empty() || ring.back()->pos > part.up_to || !filter.timeline.is_open()) return false;
    const bool holds_all = room.ring_reaches(0) && room.min_ord() >= 0;
    if (!holds_all && ring.size() <= static_cast<std::size_t>(filter.timeline.limit)) return false;
    // Numbers are given as events come: state that is not committed yet has a higher one than the newest that is.
    bool settled = true;
    room.current().for_each([&](int key, EventNid event) {
        settled = settled && event <= ring.back()->nid;
        if (filter.state.lazy_load_members && room.dictionary().type(key) == "m.room.member") return;
        if (auto state = room.state_by_key(key)) part.room_state.emplace_back(key, std::move(state));
    });
    if (!settled) {
        part.room_state.clear();
        return false;
    }
    part.events.assign(ring.begin(), ring.end());
    part.from_room = true;
    part.events_cut = !holds_all;
    return true;
}

/// How an invitation or a knock ended where nobody of ours is in the room: its history here does not hold that, and the app
/// would not learn who took it back, and why.
static TimelineEventPtr end_from_outside(const RoomPart& part, const Asker& asker) {
    const auto member =
        part.section == RoomPart::Section::leave && part.room ? part.room->state("m.room.member", asker.hub.id.str()) : nullptr;
    if (!member || std::ranges::any_of(part.events, [&](const auto& event) { return event->nid == member->nid; })) return nullptr;
    auto line = rooms::make_line(*member->event(), member->nid, *part.place.rules);
    line->ord = schema::live_ord(part.place.member_pos);
    return line;
}

void decide_timeline(RoomPart& part, const Asker& asker) {
    if (part.withheld) {
        part.limited = part.was_member = true;
        return;
    }
    const auto& filter = asker.filter->timeline;
    const bool wants_room = filter.wants_room(part.place.id.str());
    const auto limit = static_cast<std::size_t>(filter.limit);
    BackwardWalk walk(part, asker.hub.id.str());
    for (auto event = part.events.rbegin(); event != part.events.rend(); ++event) {
        const bool sees = walk.sees(**event);
        if (walk.at_event() == Membership::join) part.was_member = true;
        if (!sees && !part.hidden_up_to) part.hidden_up_to = (*event)->ord;
        if (!sees || !wants_room || !filter.wants(**event)) continue;
        if (!(*event)->is_state() && asker.hub.ignores((*event)->sender)) continue;
        if (part.timeline.size() == limit) {
            part.limited = true;
            break;
        }
        part.timeline.push_back({*event, walk.at_event()});
    }
    // Who is ignored or what may not be seen has taken places in the reading: what is older was not looked at.
    if (part.events_cut) part.limited = true;
    if (!part.limited && walk.before() == Membership::join) part.was_member = true;
    if (part.place.membership == Membership::join) part.was_member = true;
    std::reverse(part.timeline.begin(), part.timeline.end());
    if (auto end = end_from_outside(part, asker); end && wants_room && limit > 0 && filter.wants(*end))
        part.timeline.push_back({std::move(end), part.place.membership});
}

std::vector<std::string> members_wanted(const RoomPart& part, const Asker& asker, const std::vector<TimelineEventPtr>& events) {
    const auto& filter = asker.filter->state;
    std::set<std::string> wanted;
    const auto& sent = asker.hub.sent_members(asker.device).by_room;
    const auto known = sent.find(part.place.nid);
    const auto is_known = [&](const std::string& user) {
        return !filter.include_redundant_members && part.state_since && known != sent.end() && known->second.contains(user);
    };
    for (const auto& event : events)
        if (!is_known(event->sender)) wanted.insert(event->sender);
    if (part.is_whole()) {
        wanted.insert(asker.hub.id.str());
        const auto heroes = heroes_of(part, asker);
        wanted.insert(heroes.names.begin(), heroes.names.end());
    }
    return {wanted.begin(), wanted.end()};
}

void decide_state(RoomPart& part, const Asker& asker) {
    const auto& filter = asker.filter->state;
    if (!filter.wants_room(part.place.id.str())) return;
    // Whoever was invited and declined, or knocked in vain, has not been inside.
    if (part.section == RoomPart::Section::leave && !part.was_member) return;
    const bool lazy = filter.lazy_load_members;

    // What the timeline shows by itself; with state_after nothing does.
    std::set<Key> shown;
    std::set<EventNid> shown_first_replaces;
    for (const auto& [event, membership] : part.timeline) {
        if (!event->is_state()) continue;
        const Key key{event->type, *event->state_key};
        if (!asker.use_state_after && shown.insert(key).second && event->replaces) shown_first_replaces.insert(*event->replaces);
        if (event->type == "m.room.member" && lazy) part.new_members.push_back(*event->state_key);
    }

    std::map<std::pair<std::string, std::string>, StateLine> lines;
    const auto add = [&](StateLine line) {
        if (lazy && line.type == "m.room.member") part.new_members.push_back(line.state_key);
        auto key = std::pair(line.type, line.state_key);
        lines.insert_or_assign(std::move(key), std::move(line));
    };

    if (part.from_ring) {
        for (const auto& event : part.events) {
            if (!event->key_no || shown.contains(Key{event->type, *event->state_key})) continue;
            if (wants_state(filter, event->type, event->sender)) add(line_of(*event));
        }
    } else {
        for (const auto& [number, event] : part.room_state) {
            const auto& type = part.room->dictionary().type(number);
            const auto& key = part.room->dictionary().state_key(number);
            if (!filter.wants_type(type) || shown.contains(Key{type, key})) continue;
            const bool any_sender = !filter.senders && filter.not_senders.empty();
            if (any_sender || filter.wants_sender(sender_of(*event))) add({type, key, event->client_json()});
        }
        const auto wanted = lazy ? members_wanted(part, asker, events_of(part)) : std::vector<std::string>{};
        for (const auto& stored : part.stored_state) {
            if (!wants_state(filter, stored.type, stored.sender)) continue;
            // Asked for because of events that were cut off since.
            if (lazy && part.is_whole() && stored.type == "m.room.member" &&
                !std::binary_search(wanted.begin(), wanted.end(), stored.state_key))
                continue;
            if (stored.replaced ? !shown_first_replaces.contains(stored.event) : shown.contains(Key{stored.type, stored.state_key}))
                continue;
            add(line_of(stored, *part.place.rules));
        }
    }

    if (lazy && part.room && part.place.membership == Membership::join && filter.wants_type("m.room.member")) {
        for (const auto& user : members_wanted(part, asker, events_of(part))) {
            if (shown.contains(Key{"m.room.member", user}) || lines.contains({"m.room.member", user})) continue;
            if (const auto member = part.room->state("m.room.member", user)) add({"m.room.member", user, member->client_json()});
        }
    }
    for (auto& [key, line] : lines) part.state.push_back(std::move(line));
}

bool render(std::string& out, const RoomPart& part, const Asker& asker) {
    if (part.section == RoomPart::Section::invite || part.section == RoomPart::Section::knock)
        return render_stripped(out, part, asker);

    const auto account_data = account_data_events(part, asker);
    const bool left = part.section == RoomPart::Section::leave;
    const auto ephemeral = left ? std::vector<std::string>{} : ephemeral_events(part, asker);
    const bool tells = !part.timeline.empty() || part.events_cut || !part.state.empty() || !account_data.empty() ||
                       !ephemeral.empty() || part.is_whole() || part.tells_counts || left;
    if (!tells) return false;

    schema::append_quoted(out, part.place.id.str());
    out += ":{";
    out += timeline_object(part, asker);
    out += state_object(part, asker);
    append_events(out, "account_data", account_data);
    if (!left) {
        append_events(out, "ephemeral", ephemeral);
        if (part.tells_summary) out += summary_object(part, asker);
        out += counts_object(part, asker);
    }
    close_object(out);
    return true;
}

}  // namespace runde::sync
