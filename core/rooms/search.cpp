#include "core/rooms/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "core/rooms/german_words.hpp"
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
    if (const auto edit = storage::newest_edit(tx, original)) {
        const auto content = content_of(*edit);
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

/// What came from the past: what edits it, or its thread's root, may have been here before.
void index_old(Tx& tx, std::span<const StoredEvent> events, NewRows& fresh) {
    std::vector<storage::Bundling> messages;
    std::map<RoomNid, std::vector<EventNid>> rooms;
    std::map<std::string, const StoredEvent*> by_id;
    for (const auto& event : events) {
        index(tx, event, fresh);
        rooms[event.room].push_back(event.nid);
        if (event.redacted_by || event.state_key) continue;
        messages.push_back({event.room, event.nid, event.event_id});
        by_id.emplace(event.event_id, &event);
    }
    fresh.write();
    for (const auto& edit : storage::bundled(tx, messages, "").edits)
        if (const auto original = by_id.find(edit.parent_id); original != by_id.end()) reread(tx, *original->second);
    for (const auto& [room, nids] : rooms) storage::set_search_roots(tx, room, nids);
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

/// Compounds of the words that were asked for one by one, by word.
std::map<std::string, std::vector<std::string>> find_compounds(Tx& tx, const std::string& text) {
    std::vector<std::string> parts;
    for (const auto& [piece, is_phrase] : pieces_of(text))
        for (auto& word : words_of(is_phrase ? "" : piece))
            if (!word.is_common && may_be_part(word.stem) && std::find(parts.begin(), parts.end(), word.stem) == parts.end())
                parts.push_back(std::move(word.stem));
    if (parts.empty()) return {};
    auto compounds = storage::words_with(tx, parts, most_compounds);
    for (auto& [part, words] : compounds)
        std::erase_if(words, [&](const std::string& word) { return !is_compound_of(word, part); });
    return compounds;
}

Question read_question(Tx& tx, const std::string& text) {
    Question question;
    auto compounds = find_compounds(tx, text);
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
            for (const auto& compound : compounds[word.stem]) {
                question.stems.insert(compound);
                forms += " | " + quoted_lexeme(compound);
            }
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

/// Where a page begins: below a place in the reading order, or behind so many by rank; and what the first page counted.
struct SearchToken {
    std::int64_t from = 0;
    std::optional<int> count;

    static SearchToken parse(std::string_view token) {
        if (token.empty()) return {};
        if (token.front() != 'f') throw Refusal(Reason::invalid_param, "that is not a token of a search");
        const auto middle = token.find('_');
        SearchToken parsed{number(token.substr(1, middle == token.npos ? middle : middle - 1)), std::nullopt};
        if (middle != token.npos)
            parsed.count = static_cast<int>(std::clamp<std::int64_t>(number(token.substr(middle + 1)), 0, most_counted));
        return parsed;
    }
    std::string str() const { return fmt::format("f{}_{}", from, count.value_or(0)); }
};

bool is_wanted(const storage::SearchableRoom& room, const SearchRequest& request) {
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
    Ord oldest = std::numeric_limits<Ord>::max(), newest = std::numeric_limits<Ord>::min();
    std::int64_t posts = 0;
};

net::Task<Places> places(Rooms& rooms, const SearchRequest& request) {
    Places places;
    const auto listed = co_await rooms.parts().db.read([&](Tx& tx) { return storage::searchable_rooms(tx, request.user_nid); });
    for (const auto& entry : listed) {
        if (!is_wanted(entry, request)) continue;
        const auto id = schema::RoomId::parse(entry.room_id);
        if (!id || !rooms.opening(*id, request.user.str()).open) continue;
        places.rooms.push_back(entry.room);
        places.oldest = std::min(places.oldest, entry.oldest);
        places.newest = std::max(places.newest, entry.newest);
        places.posts += entry.posts;
        const bool all = entry.membership == static_cast<int>(Membership::join) && (entry.flags & hides_history) == 0;
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
    std::vector<storage::SearchHit> found;               ///< One more than asked for, if there is one more.
    int count = 0;
};

Hits ask(Tx& tx, const SearchRequest& request, const Places& where, const SearchToken& begin) {
    Hits result;
    result.question = read_question(tx, request.text);
    if (result.question.tsquery.empty() || where.rooms.empty()) return result;
    storage::SearchQuery query{.rooms = where.rooms, .oldest = where.oldest, .newest = where.newest, .posts = where.posts};
    query.partly = where.partly;
    query.stretches = where.stretches;
    query.words = result.question.tsquery;
    query.author = request.author;
    query.after_ts = request.after_ts;
    query.before_ts = request.before_ts;
    query.tag = request.tag;
    query.kinds = request.kinds;
    query.by_rank = request.by_rank;
    query.limit = request.limit + 1;
    if (request.by_rank)
        query.offset = static_cast<int>(std::min<std::int64_t>(begin.from, most_counted));
    else if (!request.from.empty())
        query.below = begin.from;
    // What was counted once need not be counted again; what is ranked must be looked at as a whole.
    query.most = begin.count && !request.by_rank ? query.limit : std::max(most_counted, query.limit);
    auto page = storage::find_posts(tx, query);
    result.found = std::move(page.hits);
    result.count = std::min(begin.count.value_or(page.total), most_counted);
    return result;
}

}  // namespace

Follower::Reader search_indexer() {
    return [](Tx& tx, std::span<const StoredEvent> events, Follower::From from) {
        NewRows fresh(tx);
        if (from == Follower::From::past) return index_old(tx, events, fresh);
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
    const auto begin = SearchToken::parse(request.from);
    co_await follower.catch_up();
    const auto where = co_await places(rooms, request);
    const auto answer = co_await rooms.parts().db.read([&](Tx& tx) { return ask(tx, request, where, begin); });

    SearchResult result;
    result.count = answer.count;
    result.count_is_exact = answer.count < most_counted;
    std::size_t taken = 0;
    for (const auto& hit : answer.found) {
        if (taken == static_cast<std::size_t>(request.limit)) break;
        ++taken;
        const auto room = co_await rooms.find(hit.event.room);
        if (!room) continue;
        auto line = make_line(hit.event, room->rules());
        if (line->redacted) continue;
        auto snippet = snippet_of(hit.body, answer.question.stems);
        for (const auto& part : snippet)
            if (part.hit) result.highlights.insert(part.text);
        const auto topic = hit.root == hit.event.nid ? std::nullopt : std::optional(hit.root);
        result.found.push_back({room, std::move(line), topic, hit.rank, std::move(snippet)});
    }
    if (answer.found.size() > taken)
        result.next =
            SearchToken{request.by_rank ? begin.from + request.limit : *answer.found[taken - 1].event.ord, answer.count}.str();
    co_return result;
}

}  // namespace runde::rooms
