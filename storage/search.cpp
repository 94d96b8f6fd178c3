#include "storage/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "storage/stored_event.hpp"

namespace runde::storage {
namespace {

constexpr std::size_t long_word = 7;  // Shorter ones cannot be compounds of two words that are looked for.

/// 'gruss':1 'wort':2,5 …; PostgreSQL keeps at most 16,383 places.
std::string tsvector_of(const std::vector<std::string>& stems) {
    std::map<std::string_view, std::vector<std::size_t>> places;
    for (std::size_t i = 0; i < stems.size(); ++i)
        if (!stems[i].empty()) places[stems[i]].push_back(std::min<std::size_t>(i + 1, 16'383));
    std::string out;
    for (const auto& [stem, at] : places) {
        out += quoted_lexeme(stem);
        for (std::size_t i = 0; i < at.size() && i < 200; ++i) out += (i == 0 ? ":" : ",") + std::to_string(at[i]);
        out += ' ';
    }
    return out;
}

std::vector<std::string> long_words(const std::vector<std::string>& stems) {
    std::set<std::string> unique;
    for (const auto& stem : stems)
        if (stem.size() >= long_word) unique.insert(stem);
    return {unique.begin(), unique.end()};
}

/// How often each word is used, added to what was counted before.
void count_words(Tx& tx, const std::map<std::string, std::int64_t>& uses) {
    if (uses.empty()) return;
    std::vector<std::string> words;
    std::vector<std::int64_t> counts;
    for (const auto& [word, count] : uses) {
        words.push_back(word);
        counts.push_back(count);
    }
    tx.exec(
        "INSERT INTO search_words (word, uses) SELECT w, n FROM unnest($1::text[], $2::int[]) AS u(w, n) "
        "ON CONFLICT (word) DO UPDATE SET uses = search_words.uses + excluded.uses",
        words, counts);
}

/// What the row's words counted is taken back, before the row changes or goes.
void uncount_words(Tx& tx, RoomNid room, EventNid event) {
    tx.exec(R"(
        UPDATE search_words s SET uses = uses - 1
        FROM (SELECT unnest(tsvector_to_array(words)) AS word FROM event_search WHERE room_nid = $1 AND event_nid = $2) w
        WHERE s.word = w.word COLLATE "C")",
            room, event);
    tx.exec(
        "DELETE FROM search_words WHERE uses <= 0 AND word IN (SELECT unnest(tsvector_to_array(words)) COLLATE \"C\" "
        "FROM event_search WHERE room_nid = $1 AND event_nid = $2)",
        room, event);
}

}  // namespace

std::string quoted_lexeme(std::string_view stem) {
    std::string out = "'";
    for (const char c : stem) {
        if (c == '\'' || c == '\\') out += c;
        out += c;
    }
    return out + "'";
}

schema::JsonObject content_of(const StoredEvent& event) {
    auto pdu = schema::parse_json(event.json);
    const auto* content = pdu.is_object() ? schema::object_at(pdu.get_object(), "content") : nullptr;
    return content ? *content : schema::JsonObject{};
}

Position lock_search_cursor(Tx& tx) {
    // What a crash takes of the index is read again from the stream: its commits need not wait for the disk, nor make
    // the lane's commits wait.
    return tx.exec("SELECT pos, set_config('synchronous_commit', 'off', true) FROM search_cursor WHERE id = 1 FOR UPDATE")
        .front()[0]
        .number();
}

void move_search_cursor(Tx& tx, Position to) { tx.exec("UPDATE search_cursor SET pos = $1 WHERE id = 1", to); }

std::vector<StoredEvent> events_at(Tx& tx, Position from, Position to) {
    return stored_event::read_events(
        tx.exec("SELECT " EVENT_COLUMNS "FROM events e" EVENT_JOINS "WHERE e.pos > $1 AND e.pos <= $2 ORDER BY e.pos", from, to));
}

std::optional<StoredEvent> redacted_by(Tx& tx, RoomNid room, EventNid redaction) {
    auto events = stored_event::read_events(tx.exec("SELECT " EVENT_COLUMNS "FROM events e" EVENT_JOINS
                                                    "WHERE e.room_nid = $1 AND e.redacted_by = $2 LIMIT 1",
                                                    room, redaction));
    if (events.empty()) return std::nullopt;
    return std::move(events.front());
}

void put_search_rows(Tx& tx, const std::vector<SearchRow>& rows) {
    if (rows.empty()) return;
    std::vector<std::int64_t> rooms, events, ords, times, roots, kinds;
    std::vector<std::string> senders, bodies, words;
    std::map<std::int64_t, const SearchRow*> by_event;
    for (const auto& row : rows) {
        rooms.push_back(schema::raw(row.room));
        events.push_back(schema::raw(row.event));
        ords.push_back(row.ord);
        times.push_back(row.ts);
        roots.push_back(schema::raw(row.root));
        kinds.push_back(row.kind);
        senders.push_back(row.sender);
        bodies.push_back(row.body);
        words.push_back(tsvector_of(row.stems));
        by_event.emplace(schema::raw(row.event), &row);
    }
    const auto inserted = tx.exec(R"(
        INSERT INTO event_search (room_nid, event_nid, ord, ts, sender, root_nid, kind, body, words)
        SELECT room, event, ord, ts, sender, root, kind, body, words::tsvector
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::smallint[], $8::text[],
                    $9::text[]) AS u(room, event, ord, ts, sender, root, kind, body, words)
        ON CONFLICT (room_nid, event_nid) DO NOTHING RETURNING event_nid)",
                                  rooms, events, ords, times, senders, roots, kinds, bodies, words);
    std::map<std::string, std::int64_t> uses;
    for (const auto& row : inserted)
        for (const auto& word : long_words(by_event.at(row[0].number())->stems)) ++uses[word];
    count_words(tx, uses);
}

void change_search_text(Tx& tx, RoomNid room, EventNid event, const std::string& body, const std::vector<std::string>& stems) {
    uncount_words(tx, room, event);
    const auto rows = tx.exec("UPDATE event_search SET body = $3, words = $4::tsvector WHERE room_nid = $1 AND event_nid = $2",
                              room, event, body, tsvector_of(stems));
    if (rows.affected() != 1) return;
    std::map<std::string, std::int64_t> uses;
    for (const auto& word : long_words(stems)) uses[word] = 1;
    count_words(tx, uses);
}

void delete_search_row(Tx& tx, RoomNid room, EventNid event) {
    uncount_words(tx, room, event);
    tx.exec("DELETE FROM event_search WHERE room_nid = $1 AND event_nid = $2", room, event);
}

std::vector<std::string> words_with(Tx& tx, const std::string& part, int limit) {
    std::string pattern = "%";
    for (const char c : part) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    std::vector<std::string> words;
    for (const auto& row :
         tx.exec("SELECT word FROM search_words WHERE word LIKE $1 ORDER BY uses DESC LIMIT $2", pattern + "%", limit))
        words.push_back(row[0].string());
    return words;
}

// Rows that fit, in the two orders. The words' index narrows; the other conditions only sort out.
#define FITS                                                                                               \
    " FROM event_search s WHERE s.room_nid = ANY($1::bigint[]) AND s.words @@ $2::tsquery "                \
    "AND ($3::text IS NULL OR s.sender = $3) AND ($4::bigint IS NULL OR s.ts >= $4) "                      \
    "AND ($5::bigint IS NULL OR s.ts < $5) AND s.kind = ANY($7::int[]) "                                   \
    "AND ($6::text IS NULL OR EXISTS (SELECT 1 FROM topics t WHERE t.room_nid = s.room_nid "               \
    "AND t.root_nid = s.root_nid AND $6 = ANY(t.tags))) "                                                  \
    "AND (s.room_nid <> ALL($10::bigint[]) OR EXISTS (SELECT 1 FROM unnest($11::bigint[], $12::bigint[], " \
    "$13::bigint[]) AS v(room, first, last) WHERE v.room = s.room_nid AND s.ord BETWEEN v.first AND v.last)) "

/// The stretches as three arrays of one length.
struct Stretches {
    std::vector<RoomNid> rooms;
    std::vector<std::int64_t> first, last;
    explicit Stretches(const SearchQuery& query) {
        for (const auto& stretch : query.stretches) {
            rooms.push_back(stretch.room);
            first.push_back(stretch.first);
            last.push_back(stretch.last);
        }
    }
};

#define HIT_COLUMNS "s.room_nid, s.event_nid, s.root_nid, s.ord, s.ts, s.sender, s.body, ts_rank(s.words, $2::tsquery) AS rank"
#define CONDITIONS query.rooms, query.words, query.author, query.after_ts, query.before_ts, query.tag, query.kinds
#define STRETCHES query.partly, stretches.rooms, stretches.first, stretches.last

std::vector<SearchHit> find_posts(Tx& tx, const SearchQuery& query) {
    const auto below = query.below == 0 ? std::numeric_limits<Ord>::max() : query.below;
    const Stretches stretches(query);
    const auto rows = query.by_rank ? tx.exec("SELECT " HIT_COLUMNS FITS "ORDER BY rank DESC, s.ord DESC LIMIT $8 OFFSET $9",
                                              CONDITIONS, query.limit, query.offset, STRETCHES)
                                    : tx.exec("SELECT " HIT_COLUMNS FITS "AND s.ord < $9 ORDER BY s.ord DESC LIMIT $8", CONDITIONS,
                                              query.limit, below, STRETCHES);
    std::vector<SearchHit> hits;
    for (const auto& row : rows)
        hits.push_back({row[0].nid<RoomNid>(), row[1].nid<EventNid>(), row[2].nid<EventNid>(), row[3].number(), row[4].number(),
                        row[5].string(), row[6].string(), row[7].real()});
    return hits;
}

std::vector<StoredEvent> events_of(Tx& tx, const std::vector<SearchHit>& hits) {
    std::vector<RoomNid> rooms;
    std::vector<EventNid> events;
    for (const auto& hit : hits) {
        rooms.push_back(hit.room);
        events.push_back(hit.event);
    }
    return stored_event::read_events(tx.exec("SELECT " EVENT_COLUMNS "FROM unnest($1::bigint[], $2::bigint[]) AS w(room, event) "
                                             "JOIN events e ON e.room_nid = w.room AND e.event_nid = w.event" EVENT_JOINS,
                                             rooms, events));
}

int count_posts(Tx& tx, const SearchQuery& query, int most) {
    const Stretches stretches(query);
    const auto rows = tx.exec("SELECT count(*) FROM (SELECT 1" FITS "AND s.ord > $9 LIMIT $8) AS found", CONDITIONS, most,
                              std::numeric_limits<Ord>::min(), STRETCHES);
    return static_cast<int>(rows.front()[0].number());
}

}  // namespace runde::storage
