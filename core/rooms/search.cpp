#include "core/rooms/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "core/rooms/german_words.hpp"
#include "core/rooms/people.hpp"
#include "schema/refusal.hpp"
#include "storage/search.hpp"
#include "storage/timeline.hpp"

namespace runde::rooms {
namespace {

using schema::Reason;
using schema::Refusal;
using storage::content_of;
using storage::quoted_lexeme;
using storage::StoredEvent;
using storage::Tx;

// ---------- writing the index

/// PostgreSQL's text holds no NUL.
std::string without_nul(std::string_view text) {
    std::string plain(text);
    std::erase(plain, '\0');
    return plain;
}

std::optional<std::string> text_at(const schema::JsonObject& content, std::string_view name) {
    const auto text = schema::string_at(content, name);
    if (!text || text->empty()) return std::nullopt;
    return without_nul(*text);
}

std::vector<std::string> stems_of(const std::string& text) {
    std::vector<std::string> stems;
    for (auto& word : words_of(text)) stems.push_back(word.is_common ? "" : std::move(word.stem));
    return stems;
}

/// New posts, written together: one round trip for as many as come in a row.
class NewRows {
public:
    explicit NewRows(Tx& tx) : tx_(tx) {}
    void put(const StoredEvent& event, int kind, const std::optional<std::string>& text) {
        if (!text || !event.ord) return;
        rows_.push_back({event.room, event.nid, *event.ord, event.origin_ts, event.sender, event.thread_root.value_or(event.nid),
                         kind, *text, stems_of(*text)});
    }
    /// Before anything that changes rows which may be among these.
    void write() { storage::put_search_rows(tx_, std::exchange(rows_, {})); }

private:
    Tx& tx_;
    std::vector<storage::SearchRow> rows_;
};

/// The text as last edited by its author.
void reread(Tx& tx, const StoredEvent& original) {
    auto text = text_at(content_of(original), "body");
    const auto bundled = storage::bundled(tx, {{original.room, original.nid, original.event_id}}, "");
    if (!bundled.edits.empty()) {
        const auto content = content_of(bundled.edits.front().event);
        if (const auto* edited = schema::object_at(content, "m.new_content")) text = text_at(*edited, "body");
    }
    if (text)
        storage::change_search_text(tx, original.room, original.nid, *text, stems_of(*text));
    else
        storage::delete_search_row(tx, original.room, original.nid);
}

void reread_parent(Tx& tx, const StoredEvent& event, const std::string& parent_id) {
    for (const auto& parent : storage::events_by_id(tx, {parent_id}))
        if (parent.room == event.room && !parent.redacted_by) reread(tx, parent);
}

void index_redaction(Tx& tx, const StoredEvent& redaction) {
    const auto target = storage::redacted_by(tx, redaction.room, redaction.nid);
    if (!target) return;
    storage::delete_search_row(tx, target->room, target->nid);
    if (const auto relation = relation_of(content_of(*target)); relation && relation->rel_type == "m.replace")
        reread_parent(tx, *target, relation->parent_id);
}

void index(Tx& tx, const StoredEvent& event, NewRows& fresh) {
    if (event.type == "m.room.redaction") {
        fresh.write();
        return index_redaction(tx, event);
    }
    if (event.redacted_by) return;
    if (event.type == "m.room.message" && !event.state_key) {
        const auto content = content_of(event);
        const auto relation = relation_of(content);
        if (!relation || relation->rel_type != "m.replace") return fresh.put(event, 0, text_at(content, "body"));
        fresh.write();
        return reread_parent(tx, event, relation->parent_id);
    }
    if (event.type == "m.room.name" && event.state_key == "") fresh.put(event, 1, text_at(content_of(event), "name"));
    if (event.type == "m.room.topic" && event.state_key == "") fresh.put(event, 2, text_at(content_of(event), "topic"));
}

// ---------- asking it

constexpr int most_compounds = 100, most_counted = 1000;

/// What was asked, as PostgreSQL and the snippets need it.
struct Question {
    std::string tsquery;                                 ///< Empty: nothing that could be found.
    std::set<std::string> stems;                         ///< Of all forms that count as found.
};

/// The pieces of a query: words, and phrases in quotes.
std::vector<std::pair<std::string, bool>> pieces_of(const std::string& text) {
    std::vector<std::pair<std::string, bool>> pieces;
    bool quoted = false;
    std::string piece;
    for (const char c : text + "\"") {
        if (c != '"') {
            piece += c;
            continue;
        }
        if (!piece.empty()) pieces.emplace_back(std::exchange(piece, {}), quoted);
        quoted = !quoted;
    }
    return pieces;
}

Question read_question(Tx& tx, const std::string& text) {
    Question question;
    const auto add = [&](const std::string& part) { question.tsquery += (question.tsquery.empty() ? "" : " & ") + part; };
    for (const auto& [piece, is_phrase] : pieces_of(text)) {
        std::string phrase;
        int gap = 1;
        for (const auto& word : words_of(piece)) {
            if (word.is_common) {
                ++gap;
                continue;
            }
            question.stems.insert(word.stem);
            if (is_phrase) {
                phrase += (phrase.empty() ? "" : fmt::format(" <{}> ", gap)) + quoted_lexeme(word.stem);
                gap = 1;
                continue;
            }
            std::string forms = quoted_lexeme(word.stem);
            if (may_be_part(word.stem))
                for (const auto& compound : storage::words_with(tx, word.stem, most_compounds))
                    if (is_compound_of(compound, word.stem) && question.stems.insert(compound).second)
                        forms += " | " + quoted_lexeme(compound);
            add("(" + forms + ")");
        }
        if (!phrase.empty()) add("(" + phrase + ")");
    }
    return question;
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw Refusal(Reason::invalid_param, "that is not a token of a search");
    return value;
}

bool is_wanted(const storage::StoredUserRoom& room, const SearchRequest& request) {
    if (room.forgotten || room.membership == static_cast<int>(Membership::invite) ||
        room.membership == static_cast<int>(Membership::knock))
        return false;
    const auto listed = [&](const std::vector<std::string>& ids) {
        return std::find(ids.begin(), ids.end(), room.room_id) != ids.end();
    };
    return (!request.rooms || listed(*request.rooms)) && !(request.not_rooms && listed(*request.not_rooms));
}

/// Where the person may look.
struct Places {
    std::vector<RoomNid> rooms, partly;
    std::vector<storage::SearchQuery::Stretch> stretches;
};

net::Task<Places> places(Rooms& rooms, const SearchRequest& request) {
    Places places;
    const auto person = co_await find_person(rooms.parts().db, request.user);
    if (!person) throw Refusal(Reason::unknown_token, "This account has been closed.");
    const auto listed = co_await rooms.parts().db.read([&](Tx& tx) { return storage::rooms_of_user(tx, person->nid); });
    for (const auto& entry : listed) {
        if (!is_wanted(entry, request)) continue;
        const auto id = schema::RoomId::parse(entry.room_id);
        if (!id || !rooms.opening(*id, request.user.str()).open) continue;
        places.rooms.push_back(entry.room);
        const bool all = entry.membership == static_cast<int>(Membership::join) && (entry.room_flags & hides_history) == 0;
        if (all) continue;
        places.partly.push_back(entry.room);
        const auto room = co_await rooms.find(entry.room);
        if (!room) continue;
        const auto visible = co_await visible_ranges(rooms, room, request.user);
        for (const auto& range : visible.ranges()) places.stretches.push_back({entry.room, range.first, range.last});
    }
    co_return places;
}

struct Hits {
    Question question;
    std::vector<storage::SearchHit> hits;
    std::vector<StoredEvent> events;                     ///< Behind the hits.
    int count = 0;
};

Hits ask(Tx& tx, const SearchRequest& request, const Places& where, std::int64_t from) {
    Hits result;
    result.question = read_question(tx, request.text);
    if (result.question.tsquery.empty() || where.rooms.empty()) return result;
    storage::SearchQuery query{where.rooms, where.partly, where.stretches};
    query.words = result.question.tsquery;
    query.author = request.author;
    query.after_ts = request.after_ts;
    query.before_ts = request.before_ts;
    query.tag = request.tag;
    query.kinds = request.kinds;
    query.by_rank = request.by_rank;
    query.limit = request.limit + 1;
    if (request.by_rank)
        query.offset = static_cast<int>(from);
    else
        query.below = from;
    result.hits = storage::find_posts(tx, query);
    result.count = storage::count_posts(tx, query, most_counted);
    result.events = storage::events_of(tx, result.hits);
    return result;
}

}  // namespace

Follower::Reader search_indexer() {
    return [](Tx& tx, std::span<const StoredEvent> events) {
        NewRows fresh(tx);
        for (const auto& event : events) index(tx, event, fresh);
        fresh.write();
    };
}

std::vector<SnippetPart> snippet_of(const std::string& text, const std::set<std::string>& stems) {
    constexpr std::size_t before = 40, length = 160;
    const auto words = words_of(text);
    const auto first = std::find_if(words.begin(), words.end(), [&](const Word& word) { return stems.contains(word.stem); });
    // Begin some words before the first hit; cuts fall between words, so never inside a character.
    std::size_t begin = 0;
    if (first != words.end() && first->begin > before)
        for (auto word = first; word != words.begin() && first->begin - (word - 1)->begin <= before; --word)
            begin = (word - 1)->begin;
    if (first != words.end() && begin == 0 && first->begin > before) begin = first->begin;
    std::size_t end = text.size();
    for (const auto& word : words)
        if (word.end > begin + length) {
            end = std::max(word.begin, first != words.end() ? first->end : word.begin);
            break;
        }

    std::vector<SnippetPart> parts;
    std::size_t at = begin;
    if (begin > 0) parts.push_back({"… ", false});
    for (const auto& word : words) {
        if (word.begin < begin || word.end > end || !stems.contains(word.stem)) continue;
        if (word.begin > at) parts.push_back({text.substr(at, word.begin - at), false});
        parts.push_back({text.substr(word.begin, word.end - word.begin), true});
        at = word.end;
    }
    if (at < end) parts.push_back({text.substr(at, end - at), false});
    if (end < text.size()) parts.push_back({" …", false});
    return parts;
}

net::Task<SearchResult> search(Rooms& rooms, Follower& follower, SearchRequest request) {
    std::int64_t from = 0;
    if (!request.from.empty()) {
        if (request.from.front() != 'f') throw Refusal(Reason::invalid_param, "that is not a token of a search");
        from = number(std::string_view(request.from).substr(1));
    }
    co_await follower.catch_up();
    const auto where = co_await places(rooms, request);
    const auto answer = co_await rooms.parts().db.read([&](Tx& tx) { return ask(tx, request, where, from); });

    SearchResult result;
    result.count = answer.count;
    result.count_is_exact = answer.count < most_counted;
    std::map<EventNid, std::pair<RoomPtr, TimelineEventPtr>> lines;
    for (const auto& event : answer.events) {
        const auto room = co_await rooms.find(event.room);
        if (room) lines.emplace(event.nid, std::pair(room, make_line(event, room->rules())));
    }

    std::size_t taken = 0;
    for (const auto& hit : answer.hits) {
        if (taken == static_cast<std::size_t>(request.limit)) break;
        ++taken;
        const auto line = lines.find(hit.event);
        if (line == lines.end() || line->second.second->redacted) continue;
        auto snippet = snippet_of(hit.body, answer.question.stems);
        for (const auto& part : snippet)
            if (part.hit) result.highlights.insert(part.text);
        const auto topic = hit.root == hit.event ? std::nullopt : std::optional(hit.root);
        result.found.push_back({line->second.first, line->second.second, topic, hit.rank, std::move(snippet)});
    }
    if (answer.hits.size() > static_cast<std::size_t>(request.limit))
        result.next = request.by_rank ? fmt::format("f{}", from + request.limit) : fmt::format("f{}", answer.hits[taken - 1].ord);
    co_return result;
}

}  // namespace runde::rooms
