#include "storage/topics.hpp"

#include <limits>

#include "storage/stored_event.hpp"

namespace runde::storage {

std::set<RoomNid> forum_rooms(Tx& tx) {
    std::set<RoomNid> rooms;
    for (const auto& row : tx.exec("SELECT room_nid FROM rooms WHERE flags & 4 = 4")) rooms.insert(row[0].nid<RoomNid>());
    return rooms;
}

void insert_topic(Tx& tx, const NewTopic& topic) {
    tx.exec(R"(
        INSERT INTO topics (room_nid, root_nid, root_id, title, author, created_ts, last_ord, last_ts, last_id, last_sender, root_ord)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $3, $5, $7) ON CONFLICT (room_nid, root_nid) DO NOTHING)",
            topic.room, topic.root, topic.root_id, topic.title, topic.author, topic.ts, topic.ord);
}

void delete_topic(Tx& tx, RoomNid room, EventNid root) {
    tx.exec("DELETE FROM topics WHERE room_nid = $1 AND root_nid = $2", room, root);
}

void rename_topic(Tx& tx, RoomNid room, const std::string& root_id, const std::string& title) {
    tx.exec("UPDATE topics SET title = $3 WHERE room_nid = $1 AND root_id = $2", room, root_id, title);
}

void set_last_reply(Tx& tx, RoomNid room, EventNid root, Ord ord, std::int64_t ts, const std::string& event_id,
                    const std::string& sender) {
    tx.exec(
        "UPDATE topics SET last_ord = $3, last_ts = greatest(last_ts, $4), last_id = $5, last_sender = $6 "
        "WHERE room_nid = $1 AND root_nid = $2",
        room, root, ord, ts, event_id, sender);
}

void set_later_reply(Tx& tx, RoomNid room, EventNid root, Ord ord, std::int64_t ts, const std::string& event_id,
                     const std::string& sender) {
    tx.exec(
        "UPDATE topics SET last_ord = $3, last_ts = greatest(last_ts, $4), last_id = $5, last_sender = $6 "
        "WHERE room_nid = $1 AND root_nid = $2 AND last_ord < $3",
        room, root, ord, ts, event_id, sender);
}

std::optional<StoredEvent> current_state(Tx& tx, RoomNid room, std::string_view type, const std::string& state_key) {
    auto events = stored_event::read_events(
        tx.exec("SELECT " EVENT_COLUMNS "FROM room_state s JOIN events e ON e.room_nid = s.room_nid AND e.event_nid = s.event_nid" EVENT_JOINS
                "WHERE s.room_nid = $1 AND s.type = $2 AND s.state_key = $3",
                room, type, state_key));
    if (events.empty()) return std::nullopt;
    return std::move(events.front());
}

void set_topic_flags(Tx& tx, RoomNid room, const std::string& root_id, const TopicFlags& flags) {
    tx.exec(
        "UPDATE topics SET closed = $3, pinned = $4, answered = $5, tags = $6::text[], state_ts = $7 "
        "WHERE room_nid = $1 AND root_id = $2",
        room, root_id, flags.closed, flags.pinned, flags.answered, flags.tags, flags.state_ts);
}

std::vector<TopicTitle> titles_of(Tx& tx, const std::vector<std::pair<RoomNid, EventNid>>& roots) {
    std::vector<RoomNid> rooms;
    std::vector<EventNid> events;
    for (const auto& [room, root] : roots) {
        rooms.push_back(room);
        events.push_back(root);
    }
    std::vector<TopicTitle> titles;
    for (const auto& row : tx.exec(R"(
             SELECT e.event_nid, e.event_id, coalesce(t.title, '')
             FROM unnest($1::bigint[], $2::bigint[]) AS w(room, root)
             JOIN events e ON e.room_nid = w.room AND e.event_nid = w.root
             LEFT JOIN topics t ON t.room_nid = w.room AND t.root_nid = w.root)",
                                   rooms, events))
        titles.push_back({row[0].nid<EventNid>(), row[1].string(), row[2].string()});
    return titles;
}

// What is unread in a topic: replies that notify, less those read there or, by an unthreaded receipt, everywhere; and the
// first post itself, as long as nothing after it was read.
#define TOPICS_FOR_READER                                                                                               \
    "SELECT t.root_nid, t.root_id, t.title, t.author, t.created_ts, t.last_ord, t.last_ts, t.last_id, t.last_sender, "  \
    "coalesce(h.replies, 0), t.closed, t.pinned, t.answered, "                                                          \
    "(greatest(t.last_ts, t.state_ts) < $8) AS quiet, t.tags, "                                                         \
    "(t.author = $3 OR EXISTS (SELECT 1 FROM thread_users w WHERE w.room_nid = t.room_nid AND w.root_nid = t.root_nid " \
    "AND w.sender = $3)) AS mine, "                                                                                     \
    "CASE WHEN t.last_ord <= greatest(coalesce(r.all_ord, 0), 0) AND u.root_nid IS NULL THEN 0 "                        \
    "ELSE greatest(0, coalesce(h.n, 0) - coalesce(u.base, (SELECT c.n_thread FROM relations l "                         \
    "JOIN events c ON c.room_nid = l.room_nid AND c.event_nid = l.child_nid "                                           \
    "WHERE l.room_nid = t.room_nid AND l.parent_id = t.root_id AND l.rel_type = 'm.thread' AND l.ord <= r.all_ord "     \
    "ORDER BY l.ord DESC LIMIT 1), 0)) END AS unread, "                                                                 \
    "(SELECT count(*) FROM notif x WHERE x.user_nid = $2 AND x.room_nid = t.room_nid AND x.thread_root = t.root_nid "   \
    "AND x.kind = 2 AND x.ord > coalesce(u.read_ord, r.all_ord, 0)) AS highlights, t.root_ord "                                     \
    "FROM topics t "                                                                                                    \
    "LEFT JOIN threads h ON h.room_nid = t.room_nid AND h.root_nid = t.root_nid "                                       \
    "LEFT JOIN user_rooms r ON r.user_nid = $2 AND r.room_nid = t.room_nid "                                            \
    "LEFT JOIN user_threads u ON u.user_nid = $2 AND u.room_nid = t.room_nid AND u.root_nid = t.root_nid "              \
    "AND u.read_ord >= r.all_ord "                                                                                      \
    "WHERE t.room_nid = $1 AND t.root_ord BETWEEN $9 AND $10 "

#define WANTED                                                                                                     \
    "SELECT * FROM (" TOPICS_FOR_READER                                                                            \
    ") AS found "                                                                                                  \
    "WHERE ($4::boolean IS NULL OR (closed OR quiet) = $4) AND ($5::boolean IS NULL OR answered = $5) "            \
    "AND ($6::text IS NULL OR $6 = ANY(tags)) AND (NOT $7::boolean OR mine) AND (NOT $11::boolean OR unread > 0) " \
    "AND ($12::boolean IS NULL OR pinned = $12) "

std::vector<TopicRow> find_topics(Tx& tx, const TopicQuery& query) {
    const auto most = std::numeric_limits<std::int64_t>::max();
    const auto place = query.below.value_or(std::pair(most, EventNid{most}));
    std::optional<bool> pinned;
    if (query.only_pinned) pinned = true;
    if (query.without_pinned) pinned = false;
    const auto rows =
        query.by_activity
            ? tx.exec(WANTED "AND (last_ord, root_nid) < ($13, $14) ORDER BY last_ord DESC, root_nid DESC LIMIT $15", query.room,
                      query.reader, query.reader_id, query.closed, query.answered, query.tag, query.only_mine, query.quiet_before,
                      query.first, query.last, query.only_unread, pinned, place.first, place.second, query.limit)
            : tx.exec(WANTED "AND (root_ord, root_nid) < ($13, $14) ORDER BY root_ord DESC, root_nid DESC LIMIT $15", query.room,
                      query.reader, query.reader_id, query.closed, query.answered, query.tag, query.only_mine, query.quiet_before,
                      query.first, query.last, query.only_unread, pinned, place.first, place.second, query.limit);
    std::vector<TopicRow> topics;
    for (const auto& row : rows) {
        TopicRow topic{row[0].nid<EventNid>(),
                       row[18].number(),
                       row[1].string(),
                       row[2].string(),
                       row[3].string(),
                       row[4].number(),
                       row[5].number(),
                       row[6].number(),
                       row[7].string(),
                       row[8].string(),
                       static_cast<int>(row[9].number()),
                       row[10].flag(),
                       row[11].flag(),
                       row[12].flag(),
                       row[13].flag(),
                       row[14].strings(),
                       row[15].flag(),
                       static_cast<int>(row[16].number()),
                       static_cast<int>(row[17].number())};
        topics.push_back(std::move(topic));
    }
    return topics;
}

}  // namespace runde::storage
