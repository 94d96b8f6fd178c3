// What an append does to unread counts (reading.hpp): the room's counters, exceptions for single members, the author's
// own place.
#include <algorithm>
#include <set>

#include "core/rooms/push_evaluator.hpp"
#include "core/rooms/room_build.hpp"
#include "core/rooms/unread.hpp"
#include "storage/reading.hpp"

namespace runde::rooms {

namespace rows = storage::rows;

void Room::set_push_class(LocalMember& member, int push_class) {
    member.push_class = push_class;
    if ((push_class & PushClass::individual) != 0)
        individuals_.insert(member.nid);
    else
        individuals_.erase(member.nid);
}

/// What the counting will need and memory does not hold: the rules of members with rules of their own, and the place
/// of the author in a thread that is older than what they have read.
net::Task<> Room::prepare_counting(const schema::EventDraft& draft) {
    std::vector<PushProfiles::Who> individuals;
    for (const auto nid : individuals_) {
        const auto& member = local_members_.at(nid);
        if (member.membership == Membership::join && !parts_.profiles.warm(nid)) individuals.push_back({nid, member.id});
    }
    if (!individuals.empty()) co_await parts_.profiles.load(std::move(individuals));

    const auto relation = relation_of(draft.content);
    if (!relation || relation->rel_type != "m.thread") co_return;
    const auto root = known_events_.find(relation->parent_id);
    const auto* member = local_member(draft.sender.str());
    if (root == known_events_.end() || !member) co_return;
    const auto thread = root->second.nid;
    const bool is_newer = root->second.ord == 0 || root->second.ord > member->all_ord;
    if (is_newer || member->thread(thread)) co_return;
    co_await unread::find_places(shared_from_this(), member->nid, {thread});
}

void Room::count(Build&, const schema::Event& event, TimelineEvent& line) {
    ThreadInfo* thread = line.thread_root ? &threads_[*line.thread_root] : nullptr;
    if (unread::notifies_by_default(event, line)) {
        line.flags |= rows::notifies;
        ++n_all_;
        if (thread)
            ++thread->n;
        else
            ++n_main_;
    }
    line.n_main = n_main_;
    line.n_all = n_all_;
    line.n_thread = thread ? thread->n : 0;
}

/// Finds those to whom the event is something else than what the common count makes of it.
void Room::single_out(Build& build, const schema::Event& event, const TimelineEvent& line, int at) {
    const bool counted = (line.flags & rows::notifies) != 0;
    const auto add = [&](const LocalMember& member, int kind) {
        build.exceptions.push_back({member.nid, at, kind});
        build.rows.notifications.push_back({member.nid, nid_, at, line.thread_root, kind});
    };
    const auto concerns = [&](const LocalMember& member) {
        return member.membership == Membership::join && member.id != event.sender &&
               (member.push_class & PushClass::baseline_bits) != PushClass::muted;
    };
    const auto is_individual = [](const LocalMember& member) { return (member.push_class & PushClass::individual) != 0; };

    const auto mentioned = unread::mentioned_by_default(event, power_levels());
    if (mentioned.everybody) {
        for (const auto& [nid, member] : local_members_)
            if (concerns(member) && !is_individual(member)) add(member, 2);
    } else {
        for (const auto& user : mentioned.users)
            if (const auto* member = local_member(user); member && concerns(*member) && !is_individual(*member)) add(*member, 2);
    }

    for (const auto nid : individuals_) {
        const auto& member = local_members_.at(nid);
        if (!concerns(member)) continue;
        const auto* profile = parts_.profiles.warm(nid);
        if (!profile) continue;
        PushOutcome outcome;
        if (!profile->ignored.contains(line.sender)) {
            const auto profile_of_member = state_content("m.room.member", member.id.str());
            const auto name = schema::string_at(profile_of_member, "displayname").value_or("");
            outcome = evaluate(profile->rules, event, {name, joined_count_, &power_levels()});
        }
        const bool in_baseline = counted && (member.push_class & PushClass::baseline_bits) == PushClass::all;
        if (outcome.highlight)
            add(member, 2);
        else if (outcome.notify && !in_baseline)
            add(member, 1);
        else if (!outcome.notify && in_baseline)
            add(member, -1);
    }
}

void Room::read_by_sender(Build& build, const TimelineEvent& line, int at) {
    auto* member = local_member(line.sender);
    if (!member || member->membership != Membership::join) return;
    unread::read_by_own_event(build.rows, nid_, *member, line, at);
    build.read_by.push_back(member->nid);
}

/// The event has its place now.
void Room::count_in_view(Build& build, const TimelineEvent& line, int at) {
    const auto root = line.thread_root.value_or(EventNid{0});
    const auto root_id = line.thread_root && line.relation ? line.relation->parent_id : std::string();
    const bool counted = (line.flags & rows::notifies) != 0;
    for (const auto& exception : build.exceptions) {
        auto* member = exception.at == at ? local_member(exception.user) : nullptr;
        if (member && line.ord > member->read_in(root))
            member->exceptions.push_back({line.ord, root, root_id, exception.kind, counted});
    }
    if (line.thread_root && counted)
        for (auto& [nid, member] : local_members_) {
            if (!member.unread_threads || member.id.str() == line.sender) continue;
            auto& thread = (*member.unread_threads)[root];
            thread.root_id = root_id;
            ++thread.n;
        }
    if (auto* author = local_member(line.sender); author && author->membership == Membership::join)
        unread::own_event_placed(*author, line);
}

void Room::withdraw_in_view(const std::string& target_id) {
    const auto known = known_events_.find(target_id);
    if (known == known_events_.end() || !known->second.redacted || known->second.ord == 0) return;
    const auto ord = known->second.ord;
    if ((known->second.flags & rows::notifies) != 0) withdrawn_.emplace(ord, known->second.thread_root.value_or(EventNid{0}));
    for (auto& [nid, member] : local_members_)
        std::erase_if(member.exceptions, [ord](const Reading::Exception& exception) { return exception.ord == ord; });
}

}  // namespace runde::rooms
