#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/rooms/follower.hpp"
#include "core/rooms/timeline.hpp"

namespace runde::rooms {

/// Puts what was said, and rooms' names and topics, into the index; takes out what was redacted.
Follower::Reader search_indexer();

/// A question put to the archive.
struct SearchRequest {
    UserId user;
    schema::UserNid user_nid;
    std::string text;                                    ///< Words; "several in quotes" stand side by side.
    std::optional<std::vector<std::string>> rooms, not_rooms;  ///< Room ids.
    std::optional<std::string> author, tag;
    std::optional<std::int64_t> after_ts, before_ts;
    std::vector<std::int64_t> kinds{0};                  ///< 0 message, 1 room name, 2 room topic
    bool by_rank = false;                                ///< Of the newest 1,000 that hit; else newest first.
    int limit = 20;
    std::string from;                                    ///< Token of a former answer, which also says what that counted.
};

/// A piece of a text around what was found.
struct SnippetPart {
    std::string text;
    bool hit;
};

struct Found {
    RoomPtr room;
    TimelineEventPtr event;
    std::optional<EventNid> topic;                       ///< The thread's root, if it is not the event itself.
    double rank;
    std::vector<SnippetPart> snippet;
};
struct SearchResult {
    std::vector<Found> found;
    int count = 0;
    bool count_is_exact = true;                          ///< Not counted further than 1,000.
    std::set<std::string> highlights;                    ///< Words of the texts that were hit.
    std::string next;                                    ///< Token; empty at the end.
};
/// Only in rooms and stretches of them that the person may read. Throws Refusal(invalid_param).
/// Round trips: three, and one for each room that the person may read a part of only.
net::Task<SearchResult> search(Rooms& rooms, Follower& follower, SearchRequest request);

/// Around 160 characters of `text` with what of `stems` stands there.
std::vector<SnippetPart> snippet_of(const std::string& text, const std::set<std::string>& stems);

}  // namespace runde::rooms
