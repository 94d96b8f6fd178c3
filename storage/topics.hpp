#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/rooms.hpp"

namespace runde::storage {

/// Rooms with the flag rooms::is_forum_room.
std::set<RoomNid> forum_rooms(Tx& tx);

struct NewTopic {
    RoomNid room;
    EventNid root;
    std::string root_id, title, author;
    std::int64_t ts;
    Ord ord;                                             ///< Of the first post.
};
void insert_topic(Tx& tx, const NewTopic& topic);
void delete_topic(Tx& tx, RoomNid room, EventNid root);
/// Nothing happens where there is no such topic.
void rename_topic(Tx& tx, RoomNid room, const std::string& root_id, const std::string& title);
void set_last_reply(Tx& tx, RoomNid room, EventNid root, Ord ord, std::int64_t ts, const std::string& event_id,
                    const std::string& sender);

/// The same where it is newer than what stands there.
void set_later_reply(Tx& tx, RoomNid room, EventNid root, Ord ord, std::int64_t ts, const std::string& event_id,
                     const std::string& sender);
/// The event that the room's state holds now, nullopt without one.
std::optional<StoredEvent> current_state(Tx& tx, RoomNid room, std::string_view type, const std::string& state_key);

struct TopicFlags {
    bool closed, pinned, answered;
    std::vector<std::string> tags;
    std::int64_t state_ts;
};
void set_topic_flags(Tx& tx, RoomNid room, const std::string& root_id, const TopicFlags& flags);

struct TopicRow {
    EventNid root;
    Ord root_ord;
    std::string root_id, title, author;
    std::int64_t created_ts;
    Ord last_ord;
    std::int64_t last_ts;
    std::string last_id, last_sender;
    int replies;
    bool closed, pinned, answered, quiet;
    std::vector<std::string> tags;
    bool mine;
    int unread, highlights;                              ///< Of the reader.
};

struct TopicQuery {
    RoomNid room;
    UserNid reader;
    std::string reader_id;
    bool by_activity = true;                             ///< Else by creation.
    std::optional<bool> closed, answered;
    std::optional<std::string> tag;
    bool only_mine = false, only_unread = false, only_pinned = false, without_pinned = false;
    std::int64_t quiet_before = 0;                       ///< Topics without a word since then count as closed.
    std::optional<std::pair<Ord, EventNid>> below;       ///< (last_ord, root), by creation (root_ord, root).
    Ord first = 0, last = 0;                             ///< Roots outside of this stretch are not seen.
    int limit = 20;
};
std::vector<TopicRow> find_topics(Tx& tx, const TopicQuery& query);
/// Event id of a root, and its title where it is a topic of a forum (empty elsewhere).
struct TopicTitle {
    EventNid root;
    std::string root_id, title;
};
/// In one trip; nothing for roots that are not there.
std::vector<TopicTitle> titles_of(Tx& tx, const std::vector<std::pair<RoomNid, EventNid>>& roots);

}  // namespace runde::storage
