#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/json.hpp"
#include "storage/rooms.hpp"

namespace runde::storage {

/// A stem as a lexeme of tsvector and tsquery texts: in quotes, with what they must not hold doubled.
std::string quoted_lexeme(std::string_view stem);
/// What an event of the stream says, as it was written: {} when it holds no object.
schema::JsonObject content_of(const StoredEvent& event);

/// How far the archive has read; locked until the transaction ends, so that two readers cannot overlap. The transaction's
/// commit will not wait for the disk.
Position lock_search_cursor(Tx& tx);
void move_search_cursor(Tx& tx, Position to);
/// Live events with from < position <= to, in that order.
std::vector<StoredEvent> events_at(Tx& tx, Position from, Position to);

/// Takes events that no position leads to out of their queue, at most `most`: those of a room in its reading order.
std::vector<StoredEvent> take_queued(Tx& tx, int most);
/// The first of them, without looking at it: for one that nobody can digest.
void drop_queued(Tx& tx);

/// The event that this redaction was applied to.
std::optional<StoredEvent> redacted_by(Tx& tx, RoomNid room, EventNid redaction);

struct SearchRow {
    RoomNid room;
    EventNid event;
    Ord ord;
    std::int64_t ts;
    std::string sender;
    EventNid root;
    int kind;                                            ///< 0 message, 1 room name, 2 room topic
    std::string body;
    std::vector<std::string> stems;                      ///< In their order, with repetitions; "" keeps a place free.
};
/// Rows that are there already stay as they are.
void put_search_rows(Tx& tx, const std::vector<SearchRow>& rows);
/// The text of an indexed event was edited. Nothing happens if it is not indexed.
void change_search_text(Tx& tx, RoomNid room, EventNid event, const std::string& body, const std::vector<std::string>& stems);
void delete_search_row(Tx& tx, RoomNid room, EventNid event);
/// Threads whose root came later than they: their posts belong to its topic now.
void set_search_roots(Tx& tx, RoomNid room, const std::vector<EventNid>& events);

/// For each part the indexed long words in which it stands, the most used first; `limit` of each.
std::map<std::string, std::vector<std::string>> words_with(Tx& tx, const std::vector<std::string>& parts, int limit);

/// A room that somebody is or was in, as far as a search needs to know it.
struct SearchableRoom {
    RoomNid room;
    std::string room_id;
    int membership;
    bool forgotten;
    int flags;                                           ///< rooms::RoomFlag
    Ord oldest, newest;                                  ///< All of its events lie between these.
    std::int64_t posts;                                  ///< About so many.
};
std::vector<SearchableRoom> searchable_rooms(Tx& tx, UserNid user);

struct SearchQuery {
    std::vector<RoomNid> rooms;
    Ord oldest = 0, newest = 0;                          ///< Nothing in these rooms lies outside.
    std::int64_t posts = 0;  ///< About so many stand in these rooms: which way is best depends on it.
    struct Stretch {
        RoomNid room;
        Ord first, last;  ///< Both included.
    };
    std::vector<RoomNid> partly;  ///< Of these rooms only
    std::vector<Stretch> stretches;  ///< these stretches.
    std::string words;  ///< tsquery
    std::optional<std::string> author;
    std::optional<std::int64_t> after_ts, before_ts;
    std::optional<std::string> tag;  ///< Of the topic.
    std::vector<std::int64_t> kinds{0};
    std::optional<Ord> below;  ///< Only what is older than this.
    int most = 1000;  ///< So many of the newest hits are counted, and ranked by_rank.
    bool by_rank = false;  ///< Else newest first.
    int offset = 0;
    int limit = 20;
};
struct SearchHit {
    StoredEvent event;
    EventNid root;
    std::string body;
    double rank;
};
struct SearchHits {
    std::vector<SearchHit> hits;
    int total = 0;  ///< Up to `most`; 0 also where offset leads past the end.
};
/// In one trip, whose cost follows from `most` rather than from how many posts hold the words.
SearchHits find_posts(Tx& tx, const SearchQuery& query);

}  // namespace runde::storage
