#include "core/rooms/server_visibility.hpp"

#include <algorithm>
#include <unordered_map>

#include "storage/timeline.hpp"

namespace runde::rooms {
namespace {

/// What the two keys said during one stretch.
struct Moment {
    std::string visibility = "shared";                   // "shared" is what holds where nothing was said.
    Membership membership = Membership::leave;
};

bool allows(const Moment& moment, bool joins_later) {
    if (moment.visibility == "world_readable" || moment.membership == Membership::join) return true;
    if (moment.visibility == "shared") return joins_later;
    if (moment.visibility == "invited") return moment.membership == Membership::invite;
    return false;
}

VisibleRanges ranges_from(const std::vector<storage::StateChange>& changes) {
    Position last_join = 0;
    for (const auto& change : changes)
        if (change.type == "m.room.member" && change.value == "join") last_join = change.pos;

    VisibleRanges ranges;
    Moment before;
    // Events older than the first change that we know were fetched from other servers; what held when we came holds
    // for them too.
    for (const auto& change : changes)
        if (change.type == "m.room.history_visibility") {
            if (change.value == "invited" || change.value == "joined") before.visibility = change.value;
            break;
        }
    Ord begin = VisibleRanges::begin_of_time;
    for (const auto& change : changes) {
        const Ord at = schema::live_ord(change.pos);
        if (allows(before, begin < schema::live_ord(last_join)) && begin < at) ranges.add({begin, at - 1, before.membership});
        Moment after = before;
        if (change.type == "m.room.member")
            after.membership = parse_membership(change.value).value_or(Membership::leave);
        else
            after.visibility = change.value;
        // The change itself shows where the rules before it or after it show it.
        const bool later = change.pos < last_join;
        if (allows(before, later) || allows(after, later)) ranges.add({at, at, after.membership});
        before = after;
        begin = at + 1;
    }
    if (allows(before, false)) ranges.add({begin, VisibleRanges::end_of_time, before.membership});
    return ranges;
}

}  // namespace

VisibleRanges VisibleRanges::everything() {
    VisibleRanges ranges;
    ranges.add({begin_of_time, end_of_time, Membership::join});
    return ranges;
}

void VisibleRanges::add(Range range) {
    if (range.last < range.first) return;
    if (!ranges_.empty() && ranges_.back().last + 1 == range.first && ranges_.back().membership == range.membership)
        ranges_.back().last = range.last;
    else
        ranges_.push_back(range);
}

const VisibleRanges::Range* VisibleRanges::range_of(Ord ord) const {
    const auto found =
        std::lower_bound(ranges_.begin(), ranges_.end(), ord, [](const Range& range, Ord at) { return range.last < at; });
    return found != ranges_.end() && found->first <= ord ? &*found : nullptr;
}

Membership VisibleRanges::membership_at(Ord ord) const {
    const auto* range = range_of(ord);
    return range ? range->membership : Membership::leave;
}

net::Task<VisibleRanges> visible_ranges(Rooms& rooms, RoomPtr room, UserId user) {
    if (room->shows_all_to_members() && room->is_joined(user.str())) co_return VisibleRanges::everything();
    std::vector<std::int64_t> keys;
    if (const auto key = room->dictionary().find("m.room.history_visibility", "")) keys.push_back(*key);
    if (const auto key = room->dictionary().find("m.room.member", user.str())) keys.push_back(*key);
    const auto changes =
        co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::state_changes(tx, room->nid(), keys); });
    co_return ranges_from(changes);
}

namespace {

/// The memberships of many as if they were one person's: joined while one of them is, else invited while one of them is.
std::vector<storage::StateChange> as_one(std::vector<storage::StateChange> changes) {
    std::unordered_map<int, Membership> each;
    std::size_t joined = 0, invited = 0;
    const auto count = [&](Membership membership, int step) {
        if (membership == Membership::join) joined += static_cast<std::size_t>(step);
        if (membership == Membership::invite) invited += static_cast<std::size_t>(step);
    };
    for (auto& change : changes) {
        if (change.type != "m.room.member") continue;
        auto& membership = each.try_emplace(change.key_no, Membership::leave).first->second;
        count(membership, -1);
        membership = parse_membership(change.value).value_or(Membership::leave);
        count(membership, 1);
        change.value = to_string(joined > 0 ? Membership::join : invited > 0 ? Membership::invite : Membership::leave);
    }
    return changes;
}

}  // namespace

net::Task<VisibleRanges> visible_ranges_of_server(Rooms& rooms, RoomPtr room, std::string server) {
    if (room->shows_all_to_members() && room->remote_servers().contains(server)) co_return VisibleRanges::everything();
    std::vector<std::int64_t> keys;
    if (const auto key = room->dictionary().find("m.room.history_visibility", "")) keys.push_back(*key);
    const auto ending = ":" + server;
    for (int key = 1; key < room->dictionary().next(); ++key)
        if (room->dictionary().type(key) == "m.room.member" && room->dictionary().state_key(key).ends_with(ending))
            keys.push_back(key);
    const auto changes =
        co_await rooms.parts().db.read([&](storage::Tx& tx) { return storage::state_changes(tx, room->nid(), keys); });
    co_return ranges_from(as_one(changes));
}

}  // namespace runde::rooms
