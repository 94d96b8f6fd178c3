#include "core/rooms/unread.hpp"

#include <algorithm>

#include "core/rooms/room.hpp"
#include "storage/reading.hpp"

namespace runde::rooms::unread {
namespace {

bool is_silent(const schema::Event& event) {
    return schema::string_at(event.content(), "msgtype") == "m.notice" || event.type == "m.room.member";
}

storage::rows::UserThread row_of(schema::RoomNid room, UserNid user, EventNid root, const Reading::Thread& place) {
    return {.user = user, .room = room, .root = root, .read_ord = place.read_ord, .read_at = {}, .base = place.base};
}

}  // namespace

bool notifies_by_default(const schema::Event& event, const TimelineEvent& line) {
    if (is_silent(event)) return false;
    if (line.relation && line.relation->rel_type == "m.replace") return false;
    return event.type == "m.room.message" || event.type == "m.room.encrypted" || event.type == "m.call.invite";
}

Mentioned mentioned_by_default(const schema::Event& event, const schema::PowerLevels& levels) {
    Mentioned mentioned;
    if (is_silent(event)) return mentioned;
    if (event.is_state("m.room.tombstone")) mentioned.everybody = true;
    const auto* mentions = schema::object_at(event.content(), "m.mentions");
    if (!mentions) return mentioned;
    if (schema::boolean_at(*mentions, "room") == true && levels.level_of(event.sender) >= levels.needed_to_notify("room"))
        mentioned.everybody = true;
    if (const auto* users = schema::array_at(*mentions, "user_ids"))
        for (const auto& user : *users)
            if (user.is_string() &&
                std::find(mentioned.users.begin(), mentioned.users.end(), user.get_string()) == mentioned.users.end())
                mentioned.users.emplace_back(user.get_string());
    return mentioned;
}

storage::rows::UserRoom row_of(schema::RoomNid room, const LocalMember& member, int at) {
    storage::rows::UserRoom row{.user = member.nid,
                                .room = room,
                                .membership = static_cast<int>(member.membership),
                                .member = member.member_event,
                                .at = at};
    row.forgotten = member.forgotten;
    row.push_class = member.push_class;
    row.read_ord = member.read_ord;
    row.all_ord = member.all_ord;
    row.base_main = member.base_main;
    row.base_threads = member.base_threads;
    return row;
}

void read_by_own_event(storage::Submission& rows, schema::RoomNid room, LocalMember& member, const TimelineEvent& line, int at) {
    auto row = row_of(room, member, at);
    if (line.thread_root) {
        const auto* own = member.thread(*line.thread_root);
        member.base_threads += line.n_thread - (own ? own->base : 0);
        const Reading::Thread place{own ? own->read_ord : member.all_ord, line.n_thread};
        member.threads.insert_or_assign(*line.thread_root, place);
        auto thread_row = row_of(room, member.nid, *line.thread_root, place);
        thread_row.read_at = at;
        rows.user_threads.push_back(std::move(thread_row));
    } else {
        member.base_main = line.n_main;
        row.read_at = at;
    }
    row.base_main = member.base_main;
    row.base_threads = member.base_threads;
    rows.user_rooms.push_back(std::move(row));
}

void own_event_placed(LocalMember& member, const TimelineEvent& line) {
    if (line.thread_root) {
        auto& place = member.threads[*line.thread_root];
        place.read_ord = std::max(place.read_ord, line.ord);
        if (member.unread_threads) member.unread_threads->erase(*line.thread_root);
    } else {
        member.read_ord = std::max(member.read_ord, line.ord);
    }
    member.forget_read_exceptions();
}

net::Task<> find_places(RoomPtr room, UserNid user, std::vector<EventNid> roots) {
    const auto* member = room->local_member(user);
    if (!member) co_return;
    const auto at = member->all_ord;
    const auto nid = room->nid();
    const auto counts =
        co_await room->parts().db.read([&](storage::Tx& tx) { return storage::thread_counts_at(tx, nid, roots, at); });
    auto* now = room->local_member(user);
    if (!now || now->all_ord != at) co_return;           // Everything was read meanwhile; what was found is of no use.
    for (const auto root : roots) {
        int n = 0;
        for (const auto& [found, count] : counts)
            if (found == root) n = count;
        now->give_place(root, n);
    }
}

net::Task<> read_by_receipt(storage::Submission& rows, RoomPtr room, UserNid user, TimelineEventPtr line, std::string thread,
                            std::optional<EventNid> root) {
    auto* member = room->local_member(user);
    if (!member) co_return;
    const auto nid = room->nid();
    if (!thread.empty() && root) {
        if (!member->thread(*root)) {
            std::vector<EventNid> one{*root};
            co_await find_places(room, user, std::move(one));
        }
        int n_thread = line->n_thread;
        // A reaction in the thread, say, carries no counter of it.
        if (line->thread_root != root) {
            const auto found = co_await room->parts().db.read(
                [&](storage::Tx& tx) { return storage::thread_counts_at(tx, nid, {*root}, line->ord); });
            n_thread = found.empty() ? 0 : found.front().second;
        }
        member = room->local_member(user);
        if (!member || !member->read_thread(*root, line->ord, n_thread)) co_return;
        rows.user_threads.push_back(row_of(nid, user, *root, member->threads.at(*root)));
    } else if (thread == "main") {
        if (!member->read_main(line->ord, line->n_main)) co_return;
    } else if (thread.empty()) {
        const auto beyond = member->read_beyond(line->ord);
        std::map<EventNid, int> counts;
        if (!beyond.empty()) {
            const auto found = co_await room->parts().db.read(
                [&](storage::Tx& tx) { return storage::thread_counts_at(tx, nid, beyond, line->ord); });
            counts.insert(found.begin(), found.end());
            member = room->local_member(user);
        }
        if (!member || !member->read_all(line->ord, line->n_main, line->n_all, counts)) co_return;
    } else {
        co_return;                                       // At a thread's root, for a thread in which nothing was said.
    }
    rows.user_rooms.push_back(row_of(nid, *member, 0));
}

Unread unread_of(const Room& room, const LocalMember& member) {
    return rooms::unread_of(member, room.n_main(), room.n_all(), room.withdrawn());
}

bool threads_known(const Room& room, LocalMember& member) {
    if (member.unread_threads) return true;
    // Nothing unread in any: from here on what comes is counted as it comes.
    if (room.n_threads_at_head() > member.base_threads) return false;
    member.unread_threads.emplace();
    return true;
}

}  // namespace runde::rooms::unread
