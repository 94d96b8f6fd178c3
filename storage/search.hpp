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

/// Indexed long words in which `part` stands.
std::vector<std::string> words_with(Tx& tx, const std::string& part, int limit);

struct SearchQuery {
    std::vector<RoomNid> rooms;
    struct Stretch {
        RoomNid room;
        Ord first, last;                                 ///< Both included.
    };
    std::vector<RoomNid> partly;                         ///< Of these rooms only
    std::vector<Stretch> stretches;                      ///< these stretches.
    std::string words;                                   ///< tsquery
    std::optional<std::string> author;
    std::optional<std::int64_t> after_ts, before_ts;
    std::optional<std::string> tag;                      ///< Of the topic.
    std::vector<std::int64_t> kinds{0};
    Ord below = 0;                                       ///< Newest first, below this; 0: from the newest.
    bool by_rank = false;
    int offset = 0;                                      ///< By rank only.
    int limit = 20;
};
struct SearchHit {
    RoomNid room;
    EventNid event, root;
    Ord ord;
    std::int64_t ts;
    std::string sender, body;
    double rank;
};
std::vector<SearchHit> find_posts(Tx& tx, const SearchQuery& query);
/// The events behind the hits, of whatever rooms, in one trip.
std::vector<StoredEvent> events_of(Tx& tx, const std::vector<SearchHit>& hits);
/// Counts no further than `most`.
int count_posts(Tx& tx, const SearchQuery& query, int most);

}  // namespace runde::storage
