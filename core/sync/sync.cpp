// How an answer is made: plan (what is wanted of which room; memory only), fetch (what memory does not hold, all rooms
// at once), decide and render (memory only). Between plan and render nothing new is taken in: an answer is true as of
// the position at which it was planned.
#include "core/sync/sync.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/rooms/receipts.hpp"
#include "core/rooms/restricted.hpp"
#include "storage/previews.hpp"
#include "storage/reading.hpp"
#include "storage/sync.hpp"

namespace runde::sync {
namespace {

constexpr std::size_t messages_per_answer = 100;

constexpr std::array<std::pair<RoomPart::Section, std::string_view>, 4> sections{{{RoomPart::Section::join, "join"},
                                                                                  {RoomPart::Section::invite, "invite"},
                                                                                  {RoomPart::Section::knock, "knock"},
                                                                                  {RoomPart::Section::leave, "leave"}}};

RoomPart::Section section_of(Membership membership) {
    switch (membership) {
        case Membership::join: return RoomPart::Section::join;
        case Membership::invite: return RoomPart::Section::invite;
        case Membership::knock: return RoomPart::Section::knock;
        case Membership::leave:
        case Membership::ban: break;
    }
    return RoomPart::Section::leave;
}

bool is_stripped(const RoomPart& part) {
    return part.section == RoomPart::Section::invite || part.section == RoomPart::Section::knock;
}

storage::TimelineSelection selection_of(const EventFilter& filter, const UserId& user) {
    return {filter.limit, user.str(), filter.types, filter.not_types, filter.senders, filter.not_senders, filter.contains_url};
}

}  // namespace

struct Sync::Plan {
    const SyncRequest& request;
    UserHubPtr hub;
    Token since;                                         ///< Where to go on from; all zero at the beginning.
    bool initial;
    Token next;
    std::vector<RoomPart> parts;
    std::vector<RoomNid> maybe_joined;                   ///< Whether these are newly joined only the database knows.
};

net::Task<SyncAnswer> Sync::answer(const SyncRequest& request, UserHubPtr hub, std::optional<Token> nothing_until) {
    const auto device = request.session.device_nid;
    if (request.since) {
        const auto up_to = request.since->to_device;
        if (hub->acknowledge(device, up_to))
            hubs_.parts().runtime.spawn("acknowledged messages", forget_messages(hub->nid, device, up_to));
        if (hub->messages_cut) co_await refill_mailbox(hub, device, up_to);
    }

    Plan plan{.request = request, .hub = hub, .since = {}, .initial = !request.since};
    plan.next = {hubs_.published(), hubs_.typing_serial(), hubs_.published()};
    if (request.since) {
        plan.since = nothing_until.value_or(*request.since);
        // A token of the future: of a database that was restored from an older copy. There is nothing to tell yet.
        plan.since.position = std::min(plan.since.position, plan.next.position);
        plan.since.to_device = std::min(plan.since.to_device, plan.next.position);
        if (plan.since.typing > plan.next.typing) plan.since.typing = 0;
        plan_incremental(plan);
    } else {
        plan_initial(plan);
    }
    if (!plan.maybe_joined.empty()) co_await find_newly_joined(plan);
    co_await fetch(plan);
    co_await bundle(plan);

    const Asker asker{*hub, device, request.filter, request.use_state_after, hubs_.parts().runtime.clock().now_ms()};
    SyncAnswer answer;
    std::string text = "{";
    // Mailboxes.
    std::vector<UserHub::Message> messages;
    if (!hub->messages_between(device, plan.since.to_device, plan.next.position, messages_per_answer, messages) &&
        !messages.empty())
        plan.next.to_device = messages.back().pos;
    text += R"("to_device":{"events":[)";
    for (const auto& message : messages) {
        if (text.back() != '[') text += ',';
        text += *message.json;
    }
    text += "]},";
    if (!messages.empty()) answer.empty = false;

    std::string data;
    for (const auto& [type, entry] : hub->account_data(RoomNid{0})) {
        if (plan.initial ? entry.json.empty() : entry.pos <= plan.since.position) continue;
        if (entry.pos > plan.next.position || !request.filter->account_data.wants_type(type)) continue;
        fmt::format_to(std::back_inserter(data), R"({}{{"type":{},"content":{}}})", data.empty() ? "" : ",", schema::quoted(type),
                       entry.json.empty() ? "{}" : entry.json);
    }
    if (!data.empty()) {
        fmt::format_to(std::back_inserter(text), R"("account_data":{{"events":[{}]}},)", data);
        answer.empty = false;
    }
    if (!plan.initial) {
        const auto changed = co_await changed_devices(plan);
        if (!changed.empty()) {
            fmt::format_to(std::back_inserter(text), R"("device_lists":{{"changed":{},"left":[]}},)",
                           schema::to_text(schema::JsonArray(changed.begin(), changed.end())));
            answer.empty = false;
        }
    }
    text += R"("device_one_time_keys_count":{},"device_unused_fallback_key_types":[],"presence":{"events":[]},"rooms":{)";

    bool first_section = true;
    for (const auto& [section, name] : sections) {
        bool first_room = true;
        for (auto& part : plan.parts) {
            if (part.section != section) continue;
            if (!is_stripped(part)) decide_state(part, asker);
            const auto before = text.size();
            if (first_room)
                fmt::format_to(std::back_inserter(text), R"({}"{}":{{)", first_section ? "" : ",", name);
            else
                text += ',';
            if (!render(text, part, asker)) {
                text.resize(before);
                continue;
            }
            first_room = first_section = false;
            answer.empty = false;
            auto& sent = hub->sent_members(device);
            for (auto& user : part.new_members) sent.count += sent.by_room[part.place.nid].insert(std::move(user)).second;
            constexpr std::size_t piece = 65536;  // Many rooms do not become one big string.
            if (text.size() > piece) answer.body.push_back(net::bytes(std::exchange(text, {})));
        }
        if (!first_room) text += '}';
    }
    answer.next = plan.next;
    text += R"(},"next_batch":")" + answer.next.str() + "\"}";
    answer.body.push_back(net::bytes(std::move(text)));
    co_return answer;
}

// --- plan

void Sync::plan_initial(Plan& plan) {
    for (const auto& [nid, place] : plan.hub->places()) {
        const auto section = section_of(place.membership);
        if (section == RoomPart::Section::leave && (place.forgotten || !plan.request.filter->include_leave)) continue;
        plan_room(plan, place, true);
    }
    // The liveliest rooms first: that is where the client begins to draw.
    std::sort(plan.parts.begin(), plan.parts.end(), [](const auto& a, const auto& b) { return a.place.head > b.place.head; });
}

void Sync::plan_incremental(Plan& plan) {
    const auto& hub = *plan.hub;
    const auto since = plan.since.position;
    const bool before_hub = since < hub.low_water;

    std::set<RoomNid> rooms;
    for (const auto room : hub.changed_after(since)) rooms.insert(room);
    if (plan.next.typing > plan.since.typing)
        for (const auto room : hub.typing_after(plan.since.typing)) rooms.insert(room);
    if (before_hub || plan.request.full_state)
        // Receipts of that time are not known here; who typed before the start types no more.
        for (const auto& [nid, place] : hub.places())
            if (place.membership == Membership::join) rooms.insert(nid);

    for (const auto nid : rooms) {
        const auto& place = *hub.place(nid);
        const bool joined_here = place.membership == Membership::join && place.joined > since;
        if (place.membership != Membership::join && place.member_pos <= since) continue;
        if (place.membership != Membership::join && place.forgotten) continue;
        if (before_hub && place.membership == Membership::join && place.member_pos > since && place.joined == 0)
            plan.maybe_joined.push_back(nid);
        plan_room(plan, place, joined_here);
    }
}

void Sync::plan_room(Plan& plan, const RoomPlace& place, bool whole) {
    if (!plan.request.filter->wants_room(place.id.str())) return;
    bool withheld = false;
    if (place.membership == Membership::join) {
        const auto opening = hubs_.parts().rooms.opening(place.id, plan.hub->id.str());
        withheld = !opening.open;
        // What was said while it was withheld the device has not been told: it begins anew, as after a join.
        whole = whole || (opening.open && opening.since > plan.since.position);
        if (withheld && !whole) return;
    }
    RoomPart part{.place = place, .room = hubs_.parts().rooms.warm(place.nid), .section = section_of(place.membership)};
    part.withheld = withheld;
    const auto since = plan.since.position;
    part.up_to = part.section == RoomPart::Section::leave ? std::min(place.member_pos, plan.next.position) : plan.next.position;
    if (!whole) {
        part.events_since = since;
        part.receipts_since = since;
        part.account_data_since = since;
        if (!plan.request.full_state) part.state_since = since;
    }
    part.tells_summary = part.is_whole();
    part.tells_counts = place.read > since;
    part.tells_typing = place.typing > plan.since.typing && place.membership == Membership::join;
    if (whole) part.tells_typing = part.room && !part.room->typing.empty() && !withheld;
    // A token of a former process: whoever was shown as typing then is not any more.
    if (!plan.initial && !whole && plan.since.typing < hubs_.first_typing_serial() && place.head > since) part.tells_typing = true;

    if (!part.is_whole() && !is_stripped(part) && part.room && part.room->ring_reaches(since)) {
        part.from_ring = true;
        for (const auto& event : part.room->ring())
            if (event->pos > since && event->pos <= part.up_to) part.events.push_back(event);
        part.tells_summary =
            std::any_of(part.events.begin(), part.events.end(), [](const auto& event) { return event->type == "m.room.member"; });
    }
    if (whole && part.room && part.section == RoomPart::Section::join && !withheld) take_from_room(part, *plan.request.filter);
    plan.parts.push_back(std::move(part));
}

net::Task<> Sync::find_newly_joined(Plan& plan) {
    const auto user = plan.hub->id.str();
    const auto since = plan.since.position;
    const auto before = co_await hubs_.parts().db.read(
        [&](storage::Tx& tx) { return storage::membership_before(tx, user, since, plan.maybe_joined); });
    for (const auto nid : plan.maybe_joined) {
        const auto found = std::find_if(before.begin(), before.end(), [&](const auto& entry) { return entry.first == nid; });
        bool was_joined = false;
        if (found != before.end() && found->second) {
            const auto event = schema::parse_json(*found->second);
            const auto* content = schema::object_at(event.get_object(), "content");
            was_joined = content && schema::string_at(*content, "membership") == "join";
        }
        if (was_joined) continue;
        std::erase_if(plan.parts, [&](const auto& part) { return part.place.nid == nid; });
        if (const auto* place = plan.hub->place(nid)) plan_room(plan, *place, true);
    }
}

// --- fetch

net::Task<> Sync::fetch(Plan& plan) {
    const auto& filter = *plan.request.filter;
    const auto user = plan.hub->id;
    const auto user_nid = plan.hub->nid;
    const Asker asker{*plan.hub, plan.request.session.device_nid, plan.request.filter, plan.request.use_state_after};

    std::vector<RoomPart*> whole_or_gap, stripped;
    std::vector<RoomNid> cold, outside;
    std::vector<std::pair<RoomNid, Position>> receipts_after;
    for (auto& part : plan.parts) {
        if (is_stripped(part)) {
            if (!part.room) stripped.push_back(&part);
            if (!part.room || !rooms::is_resident(*part.room)) outside.push_back(part.place.nid);
            continue;
        }
        const auto since = part.events_since.value_or(-1);
        const bool quiet = !part.is_whole() && part.place.head <= since && part.place.member_pos <= since;
        if (!part.from_ring && !part.from_room && !quiet) whole_or_gap.push_back(&part);
        // Counts and heroes of rooms that are not in memory.
        const bool speaks = !quiet || part.tells_counts || part.place.account_data > since || part.place.receipts > since;
        if (!part.room && speaks) cold.push_back(part.place.nid);
        if (part.section != RoomPart::Section::join || part.withheld || !filter.ephemeral.wants_type("m.receipt")) continue;
        const auto after = part.receipts_since.value_or(-1);
        if (after >= plan.hub->low_water && part.place.receipts <= after) continue;
        if (part.room && after >= 0 && part.room->receipts.reaches(after))
            part.receipts = part.room->receipts.after(after, part.up_to, user.str());
        else
            receipts_after.emplace_back(part.place.nid, after);
    }
    if (!outside.empty()) {
        const auto told =
            co_await hubs_.parts().db.read([&](storage::Tx& tx) { return storage::current_previews(tx, user_nid, outside); });
        for (auto& part : plan.parts)
            for (const auto& preview : told)
                if (preview.room == part.place.nid && is_stripped(part)) part.preview = preview.state;
    }
    storage::StateSelection wanted{.lazy = filter.state.lazy_load_members, .members = {}, .replaced = {}};
    const auto want_replaced = [&](const RoomPart& part) {
        if (!part.is_whole() || plan.request.use_state_after) return;
        for (const auto& event : part.events)
            if (event->replaces) wanted.replaced.emplace_back(part.place.nid, *event->replaces);
    };
    for (const auto& part : plan.parts)
        if (part.from_room) want_replaced(part);
    if (whole_or_gap.empty() && stripped.empty() && cold.empty() && receipts_after.empty() && wanted.replaced.empty()) {
        co_await find_threads(plan);
        co_return;
    }

    // Everything that the database thread needs, and nothing that changes meanwhile.
    std::vector<storage::TimelineWish> timelines;
    std::vector<storage::StateWish> states;
    for (const auto* part : whole_or_gap) {
        const auto after = part->events_since ? schema::live_ord(*part->events_since) + 0xffff : std::numeric_limits<Ord>::min();
        timelines.push_back({part->place.nid, after, schema::live_ord(part->up_to) + 0xffff});
        states.push_back({part->place.nid, part->state_since, part->up_to, {}});
    }
    for (const auto* part : stripped) states.push_back({part->place.nid, std::nullopt, part->up_to, stripped_state_types()});
    const auto selection = selection_of(filter.timeline, user);
    const auto up_to = plan.next.position;

    struct Found {
        std::vector<storage::SyncSummary> summaries;
        std::unordered_map<RoomNid, std::vector<TimelineEventPtr>> timelines;
        std::vector<storage::StoredReceipt> receipts;
    };
    std::unordered_map<RoomNid, const schema::RoomRules*> rules;
    std::set<RoomNid> warm;
    for (const auto& part : plan.parts) {
        rules.emplace(part.place.nid, part.place.rules);
        if (part.room) warm.insert(part.place.nid);
    }
    // The work may run twice, so it makes its result anew.
    auto found = co_await hubs_.parts().db.read([&](storage::Tx& tx) {
        Found result;
        if (!receipts_after.empty()) result.receipts = storage::sync_receipts(tx, user.str(), receipts_after, up_to);
        auto summarised = cold;
        for (const auto& receipt : result.receipts)
            if (!warm.contains(receipt.room)) summarised.push_back(receipt.room);
        if (!summarised.empty()) result.summaries = storage::sync_summaries(tx, user_nid, user.str(), summarised);
        if (!timelines.empty())
            for (const auto& event : storage::sync_timelines(tx, timelines, selection))
                result.timelines[event.room].push_back(rooms::make_line(event, *rules.at(event.room)));
        return result;
    });
    for (auto& part : plan.parts) {
        for (auto& summary : found.summaries) {
            if (summary.room != part.place.nid || part.stored_summary) continue;
            part.stored_summary = summary;
            part.reading = reading_of(summary, part.withdrawn);
        }
        if (const auto events = found.timelines.find(part.place.nid); events != found.timelines.end()) {
            part.events = std::move(events->second);
            part.events_cut = std::ssize(part.events) >= storage::most_per_room(selection);
        }
        for (auto& receipt : found.receipts)
            if (receipt.room == part.place.nid) part.receipts.push_back(std::move(receipt));
        if (!part.from_ring && !part.from_room &&
            std::any_of(part.events.begin(), part.events.end(), [](const auto& event) { return event->type == "m.room.member"; }))
            part.tells_summary = true;
    }
    co_await find_threads(plan);
    if (states.empty() && wanted.replaced.empty()) co_return;

    for (const auto* part : whole_or_gap) {
        if (wanted.lazy)
            for (auto& member : members_wanted(*part, asker, part->events))
                wanted.members.emplace_back(part->place.nid, std::move(member));
        want_replaced(*part);
    }
    for (const auto* part : stripped) wanted.members.emplace_back(part->place.nid, user.str());
    auto state = co_await hubs_.parts().db.read([&](storage::Tx& tx) { return storage::sync_states(tx, states, wanted); });
    std::unordered_map<RoomNid, RoomPart*> by_room;
    for (auto& part : plan.parts) by_room.emplace(part.place.nid, &part);
    for (auto& event : state) by_room.at(event.room)->stored_state.push_back(std::move(event));
}

/// Which threads the unread ones are in, where that is asked for and memory does not know.
net::Task<> Sync::find_threads(Plan& plan) {
    if (!plan.request.filter->timeline.unread_thread_notifications) co_return;
    std::vector<std::pair<RoomNid, Ord>> places;
    for (auto& part : plan.parts) {
        if (part.section != RoomPart::Section::join) continue;
        auto* member = part.room ? part.room->local_member(plan.hub->nid) : nullptr;
        if (member && !rooms::unread::threads_known(*part.room, *member)) places.emplace_back(part.place.nid, member->all_ord);
        if (!member && part.reading && part.stored_summary &&
            part.reading->unread_in_threads(part.stored_summary->n_main, part.stored_summary->n_all) > 0)
            places.emplace_back(part.place.nid, part.reading->all_ord);
    }
    if (places.empty()) co_return;
    const auto found = co_await hubs_.parts().db.read([&](storage::Tx& tx) { return storage::threads_after(tx, places); });
    for (auto& part : plan.parts) {
        const auto asked =
            std::find_if(places.begin(), places.end(), [&](const auto& place) { return place.first == part.place.nid; });
        if (asked == places.end()) continue;
        std::vector<rooms::ThreadCounter> threads;
        Position head = 0;
        for (const auto& thread : found) {
            if (thread.room != part.place.nid) continue;
            threads.push_back({thread.root, thread.root_id, thread.n, thread.n_before});
            head = thread.head_pos;
        }
        auto* member = part.room ? part.room->local_member(plan.hub->nid) : nullptr;
        if (!member) {
            if (part.reading) part.reading->unread_threads = unread_threads_of(*part.reading, threads);
            continue;
        }
        if (member->all_ord != asked->second) continue;  // Everything was read meanwhile.
        auto unread = unread_threads_of(*member, threads);
        // What memory keeps must be as of what memory has; else it serves this answer alone.
        if (head == part.room->head_position()) {
            member->unread_threads = std::move(unread);
        } else {
            part.reading = *member;
            part.reading->unread_threads = std::move(unread);
        }
    }
}

/// Decides the timelines, and finds what belongs to their events where a client has missed some: there it could not
/// put edits and threads together by itself. One trip for all rooms; none when nothing was missed.
/// https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
net::Task<> Sync::bundle(Plan& plan) {
    const Asker asker{*plan.hub, plan.request.session.device_nid, plan.request.filter, plan.request.use_state_after};
    std::vector<rooms::BundleWish> wishes;
    for (auto& part : plan.parts) {
        if (is_stripped(part)) continue;
        decide_timeline(part, asker);
        if (!part.limited && !part.is_whole()) continue;
        rooms::BundleWish wish{part.place.nid, *part.place.rules, {}, nullptr};
        for (const auto& shown : part.timeline) wish.events.push_back(shown.event);
        // What was said while the reader was not to hear it is not told by this way either.
        const auto last = schema::live_ord(part.up_to) + 0xffff;
        const auto hidden = part.hidden_up_to.value_or(std::numeric_limits<Ord>::min());
        wish.sees = [last, hidden](Ord ord) { return ord <= last && ord > hidden; };
        wishes.push_back(std::move(wish));
    }
    if (wishes.empty()) co_return;
    const auto found =
        co_await rooms::bundles(hubs_.parts().db, std::move(wishes), plan.hub->id, hubs_.parts().runtime.clock().now_ms());
    for (auto& part : plan.parts)
        for (const auto& shown : part.timeline)
            if (const auto bundle = found.find(shown.event->nid); bundle != found.end()) part.bundles.insert(*bundle);
}

// --- mailboxes

net::Task<> Sync::refill_mailbox(UserHubPtr hub, DeviceNid device, Position after) {
    auto found = co_await hubs_.parts().db.read([&](storage::Tx& tx) {
        return storage::to_device_after(tx, hub->nid, schema::raw(device), after, static_cast<int>(messages_per_answer) + 1);
    });
    for (auto& message : found) hub->add_message(device, message.pos, net::bytes(std::move(message.json)));
}

net::Task<> Sync::forget_messages(UserNid user, DeviceNid device, Position up_to) {
    co_await hubs_.parts().db.transact([&](storage::Tx& tx) { storage::delete_to_device(tx, user, schema::raw(device), up_to); });
}

net::Task<std::vector<std::string>> Sync::changed_devices(const Plan& plan) {
    const auto& hub = *plan.hub;
    const auto& rooms = hubs_.parts().rooms;
    auto changed = hubs_.device_lists_changed(plan.since.position, plan.next.position);
    bool in_doubt = !changed.has_value();
    if (changed) {
        // Only people one shares a room with; rooms that are not in memory cannot say.
        std::erase_if(*changed, [&](const std::string& user) {
            bool unknown = false;
            if (user == hub.id.str()) return false;
            for (const auto& [nid, place] : hub.places()) {
                if (place.membership != Membership::join) continue;
                const auto room = rooms.warm(nid);
                if (room && room->is_joined(user)) return false;
                if (!room) unknown = true;
            }
            if (unknown) in_doubt = true;
            return true;
        });
    }
    if (!in_doubt) co_return *changed;
    const auto since = plan.since.position;
    const auto up_to = plan.next.position;
    const auto found = co_await hubs_.parts().db.read(
        [&](storage::Tx& tx) { return storage::device_list_changes(tx, hub.nid, hub.id.str(), since, up_to); });
    std::set<std::string> users;
    for (const auto& [pos, user] : found) users.insert(user);
    co_return std::vector<std::string>(users.begin(), users.end());
}

}  // namespace runde::sync
