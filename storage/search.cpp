#include "storage/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "storage/stored_event.hpp"

namespace runde::storage {

using stored_event::small;

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

// In the order of the key, so that one that fails again and again is always the first of the next attempt.
#define FIRST_QUEUED "SELECT room_nid, event_nid FROM archive_queue ORDER BY room_nid, event_nid "

std::vector<StoredEvent> take_queued(Tx& tx, int most) {
    return stored_event::read_events(
        tx.exec("WITH q AS (DELETE FROM archive_queue a USING (" FIRST_QUEUED
                "LIMIT $1) w "
                "WHERE a.room_nid = w.room_nid AND a.event_nid = w.event_nid RETURNING a.room_nid, a.event_nid) "
                "SELECT " EVENT_COLUMNS
                "FROM q JOIN events e ON e.room_nid = q.room_nid AND e.event_nid = q.event_nid" EVENT_JOINS
                "ORDER BY e.room_nid, e.ord",
                most));
}

void drop_queued(Tx& tx) {
    tx.exec("DELETE FROM archive_queue a USING (" FIRST_QUEUED
            "LIMIT 1) w "
            "WHERE a.room_nid = w.room_nid AND a.event_nid = w.event_nid");
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

void set_search_roots(Tx& tx, RoomNid room, const std::vector<EventNid>& events) {
    tx.exec(
        "UPDATE event_search s SET root_nid = e.thread_root FROM events e "
        "WHERE s.room_nid = $1 AND s.event_nid = ANY($2::bigint[]) AND e.room_nid = $1 AND e.event_nid = s.event_nid "
        "AND e.thread_root <> s.root_nid",
        room, events);
}

std::map<std::string, std::vector<std::string>> words_with(Tx& tx, const std::vector<std::string>& parts, int limit) {
    std::vector<std::string> patterns;
    for (const auto& part : parts) {
        auto& pattern = patterns.emplace_back("%");
        for (const char c : part) {
            if (c == '%' || c == '_' || c == '\\') pattern += '\\';
            pattern += c;
        }
        pattern += '%';
    }
    std::map<std::string, std::vector<std::string>> words;
    for (const auto& row : tx.exec(R"(
             SELECT p.part, w.word FROM unnest($1::text[], $2::text[]) AS p(part, pattern)
             CROSS JOIN LATERAL (SELECT s.word, s.uses FROM search_words s WHERE s.word LIKE p.pattern ORDER BY s.uses DESC LIMIT $3) AS w
             ORDER BY w.uses DESC)",
                                   parts, patterns, limit))
        words[row[0].string()].push_back(row[1].string());
    return words;
}

std::vector<SearchableRoom> searchable_rooms(Tx& tx, UserNid user) {
    std::vector<SearchableRoom> rooms;
    for (const auto& row : tx.exec(R"(
             SELECT u.room_nid, r.room_id, u.membership, u.forgotten, r.flags, r.min_ord, r.head_pos, r.n_all
             FROM user_rooms u JOIN rooms r USING (room_nid) WHERE u.user_nid = $1)",
                                   user))
        rooms.push_back({row[0].nid<RoomNid>(), row[1].string(), small(row[2]), row[3].flag(), small(row[4]), row[5].number(),
                         schema::live_ord(row[6].number()) + 0xffff, row[7].number()});
    return rooms;
}

namespace {

// A word may stand in nearly every post, and then its list in the index is as long as the archive. So the archive is cut
// into slabs by the reading order, in three sizes, whose numbers stand in the index beside the words: a search goes
// through small slabs of the newest posts first, then through larger ones, and stops at the slab in which it has found
// enough. Common words are found in the first slab; for rare ones a few large slabs cost next to nothing.
constexpr int small_shift = 26, middle_shift = 29, large_shift = 32;  // 1,024, 8,192 and 65,536 positions.
constexpr Ord small_slabs = 2, middle_slabs = 4;
/// Reading the lists of so few rooms is worth it; those of more would be gone through in every slab.
constexpr std::size_t few_rooms = 3;
/// So few posts are looked through one by one sooner than many words' lists are read.
constexpr std::int64_t few_posts = 3000;

/// The slabs of one size, from the newest on, and where they begin: a slab's newer posts may belong to a smaller size.
struct Slabs {
    std::vector<std::int64_t> numbers;
    Ord below;
    /// Takes at most `most` slabs; moves `rest_below` to what they leave over.
    Slabs(Ord& rest_below, Ord oldest, int shift, Ord most) : below(rest_below) {
        while (rest_below > oldest && static_cast<Ord>(numbers.size()) < most) {
            const Ord number = (rest_below - 1) >> shift;
            numbers.push_back(number);
            rest_below = number << shift;
        }
    }
};

// What a row must fulfil. The index serves words, rooms and author as far as WORDS, ROOMS and AUTHOR let it; the other
// conditions only sort out.
#define FITS(WORDS, ROOMS, AUTHOR)                                                                                       \
    WORDS                                                                                                                \
    " AND " ROOMS " AND " AUTHOR                                                                                         \
    " AND ($4::bigint IS NULL OR s.ts >= $4) AND ($5::bigint IS NULL OR s.ts < $5) AND s.kind = ANY($7::int[]) "         \
    "AND ($6::text IS NULL OR EXISTS (SELECT 1 FROM topics t WHERE t.room_nid = s.room_nid AND t.root_nid = s.root_nid " \
    "AND $6 = ANY(t.tags))) AND (s.room_nid <> ALL($8::bigint[]) OR EXISTS (SELECT 1 FROM unnest($9::bigint[], "         \
    "$10::bigint[], $11::bigint[]) AS v(room, first, last) WHERE v.room = s.room_nid AND s.ord BETWEEN v.first AND v.last)) "
#define BY_WORDS "s.words @@ $2::tsquery"
#define ROW_BY_ROW "(s.words @@ $2::tsquery) IS TRUE"  // Which no index is asked for.
#define BY_ROOM "s.room_nid = ANY($1::bigint[])"
#define OF_MANY_ROOMS "(s.room_nid IN (SELECT unnest($1::bigint[])) OR false)"  // A hash table; no join, thanks to the OR.
#define OF_ANYBODY "$3::text IS NULL"
#define BY_AUTHOR "s.sender = $3"

#define FOUND(RANK) "SELECT s.room_nid, s.event_nid, s.root_nid, s.ord" RANK " FROM event_search s WHERE "
#define IN_SLABS(SHIFT, SLABS, BELOW, RANK, CONDITIONS)                                                                           \
    "SELECT h.* FROM unnest(" SLABS                                                                                               \
    "::bigint[]) AS g(slab) CROSS JOIN LATERAL (" FOUND(RANK) "s.ord >> " SHIFT " = g.slab AND s.ord < " BELOW " AND " CONDITIONS \
                                                              "ORDER BY s.ord DESC OFFSET 0) AS h "

// The slabs are gone through in the order of the arrays, and no further than the limit asks.
#define SLAB_BY_SLAB(RANK, CONDITIONS)                                                                          \
    IN_SLABS("26", "$16", "$15", RANK, CONDITIONS)                                                              \
    "UNION ALL " IN_SLABS("29", "$17", "$18", RANK, CONDITIONS) "UNION ALL " IN_SLABS("32", "$19", "$20", RANK, \
                                                                                      CONDITIONS) "LIMIT $12"
#define WHOLE_ROOMS(RANK, CONDITIONS) FOUND(RANK) "s.ord < $15 AND " CONDITIONS "ORDER BY s.ord DESC LIMIT $12"

#define PAGE(FOUND_ROWS, ORDER)                                                        \
    "SELECT " EVENT_COLUMNS                                                            \
    ", b.root_nid, b.body, ts_rank(b.words, $2::tsquery), f.total FROM ("              \
    "SELECT n.*, count(*) OVER () AS total FROM (" FOUND_ROWS ") AS n ORDER BY " ORDER \
    " LIMIT $13 OFFSET $14) AS f "                                                     \
    "JOIN event_search b ON b.room_nid = f.room_nid AND b.event_nid = f.event_nid "    \
    "JOIN events e ON e.room_nid = f.room_nid AND e.event_nid = f.event_nid" EVENT_JOINS "ORDER BY " ORDER
#define NEWEST_FIRST(FOUND_BY, CONDITIONS) PAGE(FOUND_BY("", CONDITIONS), "ord DESC")
#define BEST_FIRST(FOUND_BY, CONDITIONS) \
    PAGE(FOUND_BY(", ts_rank(s.words, $2::tsquery) AS rank", CONDITIONS), "rank DESC, ord DESC")
#define IN_EITHER_ORDER(FOUND_BY, CONDITIONS) \
    { NEWEST_FIRST(FOUND_BY, CONDITIONS), BEST_FIRST(FOUND_BY, CONDITIONS) }

enum Way { slabs_of_many_rooms, slabs_of_few_rooms, whole_rooms };
/// By way, whether an author is asked for, and order.
constexpr const char* statements[3][2][2] = {{IN_EITHER_ORDER(SLAB_BY_SLAB, FITS(BY_WORDS, OF_MANY_ROOMS, OF_ANYBODY)),
                                              IN_EITHER_ORDER(SLAB_BY_SLAB, FITS(BY_WORDS, OF_MANY_ROOMS, BY_AUTHOR))},
                                             {IN_EITHER_ORDER(SLAB_BY_SLAB, FITS(BY_WORDS, BY_ROOM, OF_ANYBODY)),
                                              IN_EITHER_ORDER(SLAB_BY_SLAB, FITS(BY_WORDS, BY_ROOM, BY_AUTHOR))},
                                             {IN_EITHER_ORDER(WHOLE_ROOMS, FITS(ROW_BY_ROW, BY_ROOM, OF_ANYBODY)),
                                              IN_EITHER_ORDER(WHOLE_ROOMS, FITS(ROW_BY_ROW, BY_ROOM, BY_AUTHOR))}};

Way way_of(const SearchQuery& query) {
    if (query.posts <= few_posts) return whole_rooms;
    return query.rooms.size() <= few_rooms ? slabs_of_few_rooms : slabs_of_many_rooms;
}

}  // namespace

SearchHits find_posts(Tx& tx, const SearchQuery& query) {
    std::vector<RoomNid> stretch_rooms;
    std::vector<std::int64_t> first, last;
    for (const auto& stretch : query.stretches) {
        stretch_rooms.push_back(stretch.room);
        first.push_back(stretch.first);
        last.push_back(stretch.last);
    }
    const auto below = query.below ? std::min(*query.below, query.newest + 1) : query.newest + 1;
    const auto way = way_of(query);
    const auto* sql = statements[way][query.author.has_value()][query.by_rank];
    const auto ask = [&](const auto&... slabs) {
        return tx.exec(sql, query.rooms, query.words, query.author, query.after_ts, query.before_ts, query.tag, query.kinds,
                       query.partly, stretch_rooms, first, last, query.most, query.limit, query.offset, below, slabs...);
    };
    const auto ask_slabs = [&] {
        auto rest = below;
        const Slabs small_ones(rest, query.oldest, small_shift, small_slabs);
        const Slabs middle_ones(rest, query.oldest, middle_shift, middle_slabs);
        const Slabs large_ones(rest, query.oldest, large_shift, std::numeric_limits<Ord>::max());
        return ask(small_ones.numbers, middle_ones.numbers, middle_ones.below, large_ones.numbers, large_ones.below);
    };

    SearchHits found;
    constexpr std::size_t columns = 26;                  // EVENT_COLUMNS
    for (const auto& row : way == whole_rooms ? ask() : ask_slabs()) {
        found.hits.push_back(
            {stored_event::read_event(row), row[columns].nid<EventNid>(), row[columns + 1].string(), row[columns + 2].real()});
        found.total = small(row[columns + 3]);
    }
    return found;
}

}  // namespace runde::storage
