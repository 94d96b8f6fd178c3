#include "core/rooms/receipts.hpp"

#include <algorithm>
#include <map>

#include "core/rooms/unread.hpp"
#include "schema/refusal.hpp"
#include "storage/receipts.hpp"

namespace runde::rooms {

using schema::Reason;
using schema::Refusal;

std::vector<storage::StoredReceipt> ReceiptLog::after(Position since, Position up_to, std::string_view reader) const {
    std::map<std::tuple<std::string_view, int, std::string_view>, const storage::StoredReceipt*> newest;
    for (const auto& receipt : receipts_) {
        if (receipt.pos <= since || receipt.pos > up_to) continue;
        if (receipt.type == static_cast<int>(ReceiptType::read_private) && receipt.user_id != reader) continue;
        newest[{receipt.user_id, receipt.type, receipt.thread}] = &receipt;
    }
    std::vector<storage::StoredReceipt> found;
    for (const auto& [key, receipt] : newest) found.push_back(*receipt);
    return found;
}

namespace {

struct Read {
    TimelineEventPtr event;
    std::optional<EventNid> root;                        ///< Of the thread that the event is in.
    std::string root_id;
};

/// An event is in a thread by its own relation or by that of an event it relates to, three hops at most.
/// https://spec.matrix.org/v1.19/client-server-api/#threaded-read-receipts
constexpr int most_hops = 3;

net::Task<TimelineEventPtr> find_line(Rooms& rooms, RoomPtr room, std::string event_id) {
    if (auto line = room->find_in_ring(event_id)) co_return line;
    const auto found = co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::events_by_id(tx, {event_id}); });
    if (found.empty() || found.front().room != room->nid() || !found.front().ord) co_return nullptr;
    co_return make_line(found.front(), room->rules());
}

net::Task<Read> find_read(Rooms& rooms, RoomPtr room, std::string event_id) {
    Read read;
    read.event = co_await find_line(rooms, room, event_id);
    auto line = read.event;
    for (int hop = 0; line && hop < most_hops; ++hop) {
        if (line->thread_root) {
            read.root = line->thread_root;
            if (line->relation && line->relation->rel_type == "m.thread") read.root_id = line->relation->parent_id;
            break;
        }
        if (!line->relation) break;
        const auto parent = line->relation->parent_id;
        auto next = co_await find_line(rooms, room, parent);
        line = std::move(next);
    }
    if (read.root && read.root_id.empty()) {
        const auto root = *read.root;
        const auto found =
            co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::events_by_nid(tx, room->nid(), {root}); });
        if (!found.empty()) read.root_id = found.front().event_id;
    }
    co_return read;
}

/// Whether an event may be marked as read in that thread. A root is in the main timeline, and begins its own thread.
bool fits(const Read& read, const std::string& thread) {
    if (thread.empty()) return true;
    if (thread == "main") return !read.root;
    return read.root_id == thread || (!read.root && read.event->id.str() == thread);
}

storage::rows::Receipt row_of(const Room& room, const UserId& user, const Receipt& receipt, Ord ord, std::int64_t ts) {
    return {room.nid(), user.str(), static_cast<int>(receipt.type), receipt.thread, 0, ord, receipt.event.str(), ts};
}

net::Task<> keep(RoomPtr room, UserId user, Receipt receipt, Ord ord, std::int64_t ts, storage::Submission submission,
                 std::optional<UserNid> reader) {
    submission.positions = 1;
    submission.receipts.push_back(row_of(*room, user, receipt, ord, ts));
    co_await room->submit(std::move(submission), [&](Committed& committed) {
        room->receipts.add({room->nid(), user.str(), static_cast<int>(receipt.type), receipt.thread, committed.first, ord,
                            receipt.event.str(), ts});
        committed.receipts = receipt.type == ReceiptType::read;
        if (reader) committed.read_by.push_back(*reader);
    });
}

/// The place up to which this kind of receipt stands; forgotten with the room.
net::Task<Ord> current_place(Rooms& rooms, RoomPtr room, std::string user, Receipt receipt) {
    const auto nid = room->nid();
    const auto type = static_cast<int>(receipt.type);
    const auto ord = co_await rooms.parts().db.read(
        [&](storage::Tx& tx) { return storage::receipt_place(tx, nid, user, type, receipt.thread); });
    co_return ord.value_or(std::numeric_limits<Ord>::min());
}

}  // namespace

net::Task<> mark_read(Rooms& rooms, RoomPtr room, UserId user, Receipt receipt) {
    if (!room->is_joined(user.str())) throw Refusal(Reason::forbidden, "You are not a member of this room.");
    const auto read = co_await find_read(rooms, room, receipt.event.str());
    if (!read.event) throw Refusal(Reason::not_found, "There is no such event in this room.");
    if (!fits(read, receipt.thread)) throw Refusal(Reason::invalid_param, "The event is not in that thread.");

    const auto standing = co_await current_place(rooms, room, user.str(), receipt);
    if (standing >= read.event->ord) co_return;
    const auto* member = room->local_member(user.str());
    if (!member || room->is_stale())
        throw Refusal(Reason::limit_exceeded, "The room is being reloaded; please try again.", {{"retry_after_ms", 100}});
    const auto nid = member->nid;
    storage::Submission submission;
    co_await unread::read_by_receipt(submission, room, nid, read.event, receipt.thread, read.root);
    co_await keep(room, std::move(user), std::move(receipt), read.event->ord, rooms.clock().now_ms(), std::move(submission), nid);
}

net::Task<> remote_receipt(Rooms& rooms, RoomPtr room, UserId user, Receipt receipt, std::int64_t ts) {
    if (!room->is_joined(user.str()) || receipt.type != ReceiptType::read) co_return;
    const auto read = co_await find_read(rooms, room, receipt.event.str());
    if (!read.event || !fits(read, receipt.thread)) co_return;
    const auto standing = co_await current_place(rooms, room, user.str(), receipt);
    if (standing >= read.event->ord) co_return;
    co_await keep(room, std::move(user), std::move(receipt), read.event->ord, ts, {}, std::nullopt);
}

}  // namespace runde::rooms
