#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/rooms/follower.hpp"
#include "core/rooms/timeline.hpp"
#include "core/selfhelp/forum.hpp"
#include "storage/topics.hpp"

namespace runde::selfhelp {

/// Keeps the table of topics: first posts, their titles as last edited, last replies, what moderators set.
rooms::Follower::Reader topic_keeper();

struct TopicsRequest {
    bool by_activity = true;
    std::optional<bool> closed, answered;
    std::optional<std::string> tag;
    bool only_mine = false, only_unread = false;
    int limit = 20;
    std::string from;
};
struct TopicsPage {
    std::vector<storage::TopicRow> topics;               ///< On the first page the pinned ones stand first.
    std::string next;                                    ///< Token; empty at the end.
};
/// The topics of a forum that the person may read. Throws Refusal(forbidden, invalid_param).
net::Task<TopicsPage> topics(rooms::Rooms& rooms, rooms::Follower& follower, const rooms::ReadableRoom& in, schema::UserNid reader,
                             TopicsRequest request);

}  // namespace runde::selfhelp
