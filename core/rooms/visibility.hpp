#pragma once
#include <limits>
#include <vector>

#include "core/rooms/rooms.hpp"

namespace runde::rooms {

/// The stretches of a room's reading order that one person may read.
class VisibleRanges {
public:
    static constexpr Ord begin_of_time = std::numeric_limits<Ord>::min() / 2;
    static constexpr Ord end_of_time = std::numeric_limits<Ord>::max() / 2;
    struct Range {
        Ord first, last;                                 ///< Both included.
        Membership membership;                           ///< The reader's at that time (unsigned.membership).
    };

    static VisibleRanges everything();
    /// Stretches must come in order; touching ones with the same membership become one.
    void add(Range range);

    bool sees(Ord ord) const { return range_of(ord) != nullptr; }
    bool sees_nothing() const { return ranges_.empty(); }
    /// The reader's membership at that event; leave when it is not visible.
    Membership membership_at(Ord ord) const;
    /// The newest visible place, below which a page backwards may begin.
    Ord newest() const { return ranges_.empty() ? begin_of_time : ranges_.back().last; }
    const std::vector<Range>& ranges() const { return ranges_; }

private:
    const Range* range_of(Ord ord) const;
    std::vector<Range> ranges_;
};

/// https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-8 (room history visibility), from the changes of
/// two state keys: the visibility and the person's own membership. No reads for a
/// member of a room that never hid its history; else one.
net::Task<VisibleRanges> visible_ranges(Rooms& rooms, RoomPtr room, UserId user);

}  // namespace runde::rooms
