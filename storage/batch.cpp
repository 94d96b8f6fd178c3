#include "storage/batch.hpp"

#include <map>
#include <optional>
#include <tuple>

namespace runde::storage {

// ---------- arrays in PostgreSQL's binary format ----------

namespace {

enum class Type : std::uint32_t { boolean = 16, bytes = 17, int8 = 20, int2 = 21, int4 = 23, text = 25 };  // OIDs

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned shift = bytes * 8; shift > 0; shift -= 8) out += static_cast<char>(value >> (shift - 8));
}

class Array {
public:
    explicit Array(Type type) : type_(type) {}

    void add(std::nullopt_t) {
        has_null_ = true;
        begin(~0u);  // Length -1
    }
    void add(bool flag) { number(flag, 1); }
    void add(std::string_view value) {
        // PostgreSQL's text cannot hold NUL, JSON's strings can: an event of another server must not stop its room by that.
        // The event itself stands in its JSON, where NUL is written \u0000.
        if (type_ == Type::text && value.find('\0') != std::string_view::npos) return add_without_nul(value);
        begin(static_cast<std::uint32_t>(value.size()));
        elements_ += value;
    }
    void add(std::int64_t value) {
        number(static_cast<std::uint64_t>(value), type_ == Type::int8 ? 8 : type_ == Type::int4 ? 4 : 2);
    }
    void add(int value) { add(static_cast<std::int64_t>(value)); }
    template <class E>
        requires std::is_enum_v<E>
    void add(E nid) {
        add(static_cast<std::int64_t>(nid));
    }
    /// An array inside an array of them would have to be rectangular: it travels as its text, "{1,2}".
    template <class E>
    void add(const std::vector<E>& numbers) {
        add(std::string_view(std::get<std::string>(Param(numbers).value())));
    }
    void add(const std::string& text) { add(std::string_view(text)); }
    template <class T>
    void add(const std::optional<T>& maybe) {
        if (maybe)
            add(*maybe);
        else
            add(std::nullopt);
    }

    std::string take() {
        std::string out;
        out.reserve(20 + elements_.size());
        append_big_endian(out, 1, 4);  // Dimensions
        append_big_endian(out, has_null_, 4);
        append_big_endian(out, static_cast<std::uint32_t>(type_), 4);
        append_big_endian(out, count_, 4);
        append_big_endian(out, 1, 4);  // Lower bound
        return out += elements_;
    }

private:
    void add_without_nul(std::string_view value) {
        std::string shown;
        for (const char c : value)
            if (c == '\0')
                shown += "\uFFFD";
            else
                shown += c;
        add(std::string_view(shown));
    }
    void begin(std::uint32_t length) {
        append_big_endian(elements_, length, 4);
        ++count_;
    }
    void number(std::uint64_t value, unsigned bytes) {
        begin(bytes);
        append_big_endian(elements_, value, bytes);
    }

    Type type_;
    bool has_null_ = false;
    std::uint32_t count_ = 0;
    std::string elements_;
};

/// The columns of one call.
class Columns {
public:
    explicit Columns(std::initializer_list<Type> types) : arrays_(types.begin(), types.end()) {}

    template <class... V>
    void row(const V&... values) {
        std::size_t column = 0;
        (arrays_.at(column++).add(values), ...);
        ++rows_;
    }
    /// Adds the call if there is anything to call for.
    void finish(Statement statement, Position base, std::vector<StatementCall>& calls) {
        if (rows_ == 0) return;
        StatementCall call{statement, {binary(base)}};
        for (auto& array : arrays_) call.parameters.push_back(array.take());
        calls.push_back(std::move(call));
    }

private:
    std::vector<Array> arrays_;
    std::size_t rows_ = 0;
};

constexpr auto i8 = Type::int8;
constexpr auto i4 = Type::int4;
constexpr auto i2 = Type::int2;
constexpr auto text = Type::text;

}  // namespace

std::string binary(std::int64_t number) {
    std::string out;
    append_big_endian(out, static_cast<std::uint64_t>(number), 8);
    return out;
}

// ---------- the statements ----------

// Position i (from 0) of this batch is h.base + i: take_positions, which runs first in the same transaction, has made sure
// that the head stood right below the base. Asking the head's row again in each statement would cost more than some of
// the statements themselves.
#define HEAD "(SELECT $1::bigint AS base) h"

const char* sql_of(Statement statement) {
    switch (statement) {
        case Statement::take_positions:
            // The row stays locked to the end of the transaction: commit order is position order. Fenced off (the epoch
            // was raised, or the head is not where we left it), the division by zero stops the whole batch.
            return "WITH h AS (UPDATE stream_head SET pos = pos + $2::bigint, batch = batch + 1, "
                   "reserved = greatest(reserved, $3::bigint) "
                   "WHERE id = 1 AND epoch = $4::bigint AND pos = $1::bigint - 1 RETURNING pos) "
                   "SELECT (SELECT pos FROM h) - $2::bigint + 1, set_config('synchronous_commit', $5::text, true), "
                   "1 / (SELECT count(*) FROM h)";
        case Statement::events:
            return "INSERT INTO events (room_nid, event_nid, ord, pos, origin_ts, depth, sg, sg_after, thread_root, "
                   "redacted_by, auth_nids, n_main, n_all, n_thread, flags, event_id, type, sender, state_key, json) "
                   "SELECT u.room, u.nid, coalesce((h.base + u.at) << 16, u.ord), h.base + u.at, u.ts, u.depth, u.sg, "
                   "u.sg_after, u.thread_root, u.redacted_by, u.auth::bigint[], u.n_main, u.n_all, u.n_thread, u.flags, "
                   "u.event_id, u.type, u.sender, u.state_key, u.json "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::bigint[], $4::int[], $5::bigint[], $6::bigint[], "
                   "$7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::int[], "
                   "$14::int[], $15::int[], $16::int[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[]) "
                   "AS u(room, nid, at, ord, ts, depth, sg, sg_after, thread_root, redacted_by, auth, n_main, n_all, "
                   "n_thread, flags, event_id, type, sender, state_key, json)";
        case Statement::event_updates:
            return "UPDATE events e SET redacted_by = coalesce(u.redacted_by, e.redacted_by), "
                   "pos = coalesce(h.base + u.at, e.pos), ord = coalesce((h.base + u.at) << 16, u.ord, e.ord), "
                   "sg = coalesce(u.sg, e.sg), sg_after = coalesce(u.sg_after, e.sg_after), "
                   "n_main = coalesce(u.n_main, e.n_main), n_all = coalesce(u.n_all, e.n_all), "
                   "n_thread = coalesce(u.n_thread, e.n_thread), flags = coalesce(u.flags, e.flags), "
                   "thread_root = coalesce(u.thread_root, e.thread_root) "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::bigint[], "
                   "$7::bigint[], $8::int[], $9::int[], $10::int[], $11::int[], $12::bigint[], $13::bigint[]) "
                   "AS u(room, nid, redacted_by, at, sg, sg_after, n_main, n_all, n_thread, flags, ord, thread_root) "
                   "WHERE e.room_nid = u.room AND e.event_nid = u.nid";
        case Statement::rooms:
            return "INSERT INTO rooms AS r (room_nid, room_id, version, head_pos, out_pos, min_ord, depth, n_main, n_all, "
                   "sg, next_key_no, extremities, partial, flags) "
                   "SELECT u.room, u.room_id, u.version, coalesce(h.base + u.head_at, 0), coalesce(h.base + u.out_at, 0), "
                   "u.min_ord, u.depth, u.n_main, u.n_all, u.sg, u.next_key_no, u.extremities::bigint[], u.partial, u.flags "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::text[], $4::text[], $5::int[], $6::int[], $7::bigint[], "
                   "$8::bigint[], $9::int[], $10::int[], $11::bigint[], $12::int[], $13::text[], $14::bool[], $15::int[]) "
                   "AS u(room, room_id, version, head_at, out_at, min_ord, depth, n_main, n_all, sg, next_key_no, "
                   "extremities, partial, flags) "
                   "ON CONFLICT (room_nid) DO UPDATE SET head_pos = greatest(r.head_pos, excluded.head_pos), "
                   "out_pos = greatest(r.out_pos, excluded.out_pos), min_ord = excluded.min_ord, depth = excluded.depth, "
                   "n_main = excluded.n_main, n_all = excluded.n_all, sg = coalesce(excluded.sg, r.sg), "
                   "next_key_no = excluded.next_key_no, extremities = excluded.extremities, partial = excluded.partial, "
                   "flags = excluded.flags";
        case Statement::room_state:
            return "INSERT INTO room_state (room_nid, key_no, type, state_key, event_nid, membership) "
                   "SELECT u.* FROM unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::bigint[], $7::smallint[]) "
                   "AS u(room, key_no, type, state_key, event, membership) WHERE $1::bigint >= 0 "
                   "ON CONFLICT (room_nid, key_no) DO UPDATE SET event_nid = excluded.event_nid, "
                   "membership = excluded.membership";
        case Statement::room_state_log:
            return "INSERT INTO room_state_log (room_nid, pos, key_no, event_nid, prev_nid) "
                   "SELECT u.room, h.base + u.at, u.key_no, u.event, u.previous "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::bigint[]) "
                   "AS u(room, at, key_no, event, previous)";
        case Statement::state_groups:
            return "INSERT INTO state_groups (room_nid, sg, parent, jump, depth, delta) "
                   "SELECT u.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::int[], $7::bytea[]) "
                   "AS u(room, sg, parent, jump, depth, delta) WHERE $1::bigint >= 0";
        case Statement::user_rooms:
            // Reading only goes forward: the place of an own message is known here before the room knows it.
            return "INSERT INTO user_rooms (user_nid, room_nid, membership, member_nid, pos, forgotten, push_class, "
                   "read_ord, base_main, base_threads, all_ord) "
                   "SELECT u.usr, u.room, u.membership, u.member, h.base + u.at, u.forgotten, u.push_class, "
                   "coalesce((h.base + u.read_at) << 16, u.read_ord), u.base_main, u.base_threads, u.all_ord "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::int[], $7::bool[], "
                   "$8::smallint[], $9::bigint[], $10::int[], $11::int[], $12::int[], $13::bigint[]) "
                   "AS u(usr, room, membership, member, at, forgotten, push_class, read_ord, read_at, base_main, base_threads, "
                   "all_ord) "
                   "ON CONFLICT (user_nid, room_nid) DO UPDATE SET membership = excluded.membership, "
                   "member_nid = excluded.member_nid, pos = excluded.pos, forgotten = excluded.forgotten, "
                   "push_class = excluded.push_class, read_ord = greatest(user_rooms.read_ord, excluded.read_ord), "
                   "base_main = excluded.base_main, base_threads = excluded.base_threads, "
                   "all_ord = greatest(user_rooms.all_ord, excluded.all_ord)";
        case Statement::user_threads:
            return "INSERT INTO user_threads (user_nid, room_nid, root_nid, read_ord, base) "
                   "SELECT u.usr, u.room, u.root, coalesce((h.base + u.read_at) << 16, u.read_ord), u.base "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::int[], $7::int[]) "
                   "AS u(usr, room, root, read_ord, read_at, base) "
                   "ON CONFLICT (user_nid, room_nid, root_nid) DO UPDATE SET "
                   "read_ord = greatest(user_threads.read_ord, excluded.read_ord), base = excluded.base";
        case Statement::notif:
            return "INSERT INTO notif (user_nid, pos, room_nid, ord, thread_root, kind) "
                   "SELECT u.usr, h.base + u.at, u.room, (h.base + u.at) << 16, u.thread_root, u.kind "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::smallint[]) "
                   "AS u(usr, at, room, thread_root, kind)";
        case Statement::threads:
            return "INSERT INTO threads (room_nid, root_nid, last_ord, last_nid, replies, n) "
                   "SELECT u.room, u.root, coalesce((h.base + u.at) << 16, u.last_ord, t.last_ord, h.base << 16), u.last, "
                   "u.replies, u.n "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::bigint[], $4::int[], $5::bigint[], $6::int[], $7::int[], $8::bigint[]) "
                   "AS u(room, root, at, last, replies, n, last_ord) "
                   "LEFT JOIN threads t ON u.at IS NULL AND t.room_nid = u.room AND t.root_nid = u.root "
                   "ON CONFLICT (room_nid, root_nid) DO UPDATE SET last_ord = excluded.last_ord, "
                   "last_nid = excluded.last_nid, replies = excluded.replies, n = excluded.n";
        case Statement::thread_users:
            return "INSERT INTO thread_users (room_nid, root_nid, sender) "
                   "SELECT u.* FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS u(room, root, sender) "
                   "WHERE $1::bigint >= 0 ON CONFLICT DO NOTHING";
        case Statement::relations:
            return "INSERT INTO relations (room_nid, parent_id, rel_type, child_nid, ord, child_type, agg_key, sender) "
                   "SELECT u.room, u.parent, u.rel_type, u.child, coalesce((h.base + u.at) << 16, u.ord), u.child_type, "
                   "u.agg_key, u.sender "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::int[], $7::bigint[], "
                   "$8::text[], $9::text[], $10::text[]) "
                   "AS u(room, parent, rel_type, child, at, ord, child_type, agg_key, sender) "
                   "ON CONFLICT (room_nid, parent_id, rel_type, child_nid) DO UPDATE SET ord = excluded.ord";
        case Statement::receipts:
            return "INSERT INTO receipts (room_nid, user_id, rtype, thread, pos, ord, event_id, ts) "
                   "SELECT u.room, u.user_id, u.rtype, u.thread, h.base + u.at, u.ord, u.event_id, u.ts "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::text[], $4::smallint[], $5::text[], $6::int[], $7::bigint[], "
                   "$8::text[], $9::bigint[]) AS u(room, user_id, rtype, thread, at, ord, event_id, ts) "
                   "ON CONFLICT (room_nid, user_id, rtype, thread) DO UPDATE SET pos = excluded.pos, ord = excluded.ord, "
                   "event_id = excluded.event_id, ts = excluded.ts";
        case Statement::event_txn:
            return "INSERT INTO event_txn (device_nid, txn, ts, event_id) "
                   "SELECT u.* FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[]) "
                   "AS u(device, txn, ts, event_id) WHERE $1::bigint >= 0";
        case Statement::account_data:
            return "INSERT INTO account_data (user_nid, room_nid, type, pos, json) "
                   "SELECT u.usr, coalesce(u.room, 0), u.type, h.base + u.at, u.json "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[]) "
                   "AS u(usr, room, type, at, json) "
                   "ON CONFLICT (user_nid, room_nid, type) DO UPDATE SET pos = excluded.pos, json = excluded.json";
        case Statement::to_device:
            return "INSERT INTO to_device (user_nid, device_nid, pos, json) "
                   "SELECT u.usr, u.device, h.base + u.at, u.json "
                   "FROM " HEAD ", unnest($2::bigint[], $3::bigint[], $4::int[], $5::text[]) AS u(usr, device, at, json)";
        case Statement::device_list_log:
            return "INSERT INTO device_list_log (pos, user_id) SELECT h.base + u.at, u.user_id "
                   "FROM " HEAD ", unnest($2::int[], $3::text[]) AS u(at, user_id)";
        case Statement::room_servers:
            return "INSERT INTO room_servers (room_nid, server, joined) "
                   "SELECT u.* FROM unnest($2::bigint[], $3::text[], $4::int[]) AS u(room, server, joined) "
                   "WHERE $1::bigint >= 0 ON CONFLICT (room_nid, server) DO UPDATE SET joined = excluded.joined";
        case Statement::room_servers_gone:
            return "DELETE FROM room_servers s USING unnest($2::bigint[], $3::text[]) AS u(room, server) "
                   "WHERE s.room_nid = u.room AND s.server = u.server AND $1::bigint >= 0";
        case Statement::missing_prev:
            // What several events cite lies below the lowest of them.
            return "INSERT INTO missing_prev AS m (room_nid, event_id, below_ord) "
                   "SELECT u.room, u.event_id, coalesce((h.base + u.below_at) << 16, u.below_ord) "
                   "FROM " HEAD
                   ", unnest($2::bigint[], $3::text[], $4::int[], $5::bigint[]) "
                   "AS u(room, event_id, below_at, below_ord) "
                   "ON CONFLICT (room_nid, event_id) DO UPDATE SET below_ord = least(m.below_ord, excluded.below_ord)";
        case Statement::missing_prev_found:
            return "DELETE FROM missing_prev m USING unnest($2::bigint[], $3::text[]) AS u(room, event_id) "
                   "WHERE m.room_nid = u.room AND m.event_id = u.event_id AND $1::bigint >= 0";
        case Statement::pending_redactions:
            return "INSERT INTO pending_redactions (room_nid, target_id, redaction_nid) "
                   "SELECT u.* FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS u(room, target, redaction) "
                   "WHERE $1::bigint >= 0 ON CONFLICT DO NOTHING";
        case Statement::pending_redactions_applied:
            return "DELETE FROM pending_redactions p USING unnest($2::bigint[], $3::text[], $4::bigint[]) "
                   "AS u(room, target, redaction) WHERE p.room_nid = u.room AND p.target_id = u.target "
                   "AND p.redaction_nid = u.redaction AND $1::bigint >= 0";
        case Statement::room_aliases:
            return "INSERT INTO room_aliases (alias, room_nid, creator) "
                   "SELECT u.* FROM unnest($2::text[], $3::bigint[], $4::text[]) AS u(alias, room, creator) "
                   "WHERE $1::bigint >= 0";
        case Statement::fed_inbox_done:
            return "DELETE FROM fed_inbox i USING unnest($2::bigint[], $3::bigint[]) AS u(room, seq) "
                   "WHERE i.room_nid = u.room AND i.seq = u.seq AND $1::bigint >= 0";
        case Statement::archive_queue:
            return "INSERT INTO archive_queue (room_nid, event_nid) "
                   "SELECT u.* FROM unnest($2::bigint[], $3::bigint[]) AS u(room, event) "
                   "WHERE $1::bigint >= 0 ON CONFLICT DO NOTHING";
        case Statement::count: break;
    }
    return nullptr;
}

#undef HEAD

// ---------- merging ----------

namespace {

/// A row of some submission, and what has to be added to its `at`.
template <class Row>
struct Placed {
    const Row* row;
    int offset;
    std::optional<int> at(std::optional<int> in_submission) const {
        return in_submission ? std::optional(*in_submission + offset) : std::nullopt;
    }
};

class Merger {
public:
    Merger(std::span<const Submission* const> submissions, Position base) : submissions_(submissions), base_(base) {
        int positions = 0;
        for (const auto* submission : submissions) {
            offsets_.push_back(positions);
            positions += submission->positions;
        }
    }

    std::vector<StatementCall> calls();

private:
    template <class Row>
    std::vector<Placed<Row>> all(std::vector<Row> Submission::*member) const {
        std::vector<Placed<Row>> rows;
        for (std::size_t i = 0; i < submissions_.size(); ++i)
            for (const auto& row : submissions_[i]->*member) rows.push_back({&row, offsets_[i]});
        return rows;
    }
    /// Each key once, with its last row, in the order of the keys (equal batches lock rows in equal order).
    template <class Row, class Key>
    auto last(std::vector<Row> Submission::*member, Key key) const {
        std::map<decltype(key(std::declval<const Row&>())), Placed<Row>> by_key;
        for (const auto& placed : all(member)) by_key.insert_or_assign(key(*placed.row), placed);
        std::vector<Placed<Row>> rows;
        for (const auto& [ignored, placed] : by_key) rows.push_back(placed);
        return rows;
    }
    void finish(Columns& columns, Statement statement) { columns.finish(statement, base_, calls_); }

    void events();
    void rooms();
    void state();
    void people();
    void timeline();
    void others();

    std::span<const Submission* const> submissions_;
    std::vector<int> offsets_;
    const Position base_;
    std::vector<StatementCall> calls_;
};

void Merger::events() {
    Columns events{i8, i8, i4, i8, i8, i8, i8, i8, i8, i8, text, i4, i4, i4, i4, text, text, text, text, text};
    for (const auto& placed : all(&Submission::events)) {
        const auto& e = *placed.row;
        events.row(e.room, e.nid, placed.at(e.at), e.ord, e.origin_ts, e.depth, e.sg, e.sg_after, e.thread_root, e.redacted_by,
                   e.auth_nids, e.n_main, e.n_all, e.n_thread, e.flags, e.event_id, e.type, e.sender, e.state_key, e.json);
    }
    finish(events, Statement::events);
    // Events of the past, and those that only now belong to a thread: no position leads the archive's follower to them.
    Columns queue{i8, i8};
    for (const auto& placed : all(&Submission::events))
        if (placed.row->ord) queue.row(placed.row->room, placed.row->nid);

    // Two updates of one event in a batch add up.
    std::map<std::pair<RoomNid, EventNid>, rows::EventUpdate> merged;
    for (const auto& placed : all(&Submission::event_updates)) {
        const auto& u = *placed.row;
        auto& m = merged.try_emplace({u.room, u.nid}, rows::EventUpdate{u.room, u.nid, {}}).first->second;
        if (u.redacted_by) m.redacted_by = u.redacted_by;
        if (u.at) m.at = placed.at(u.at);
        if (u.sg) m.sg = u.sg;
        if (u.sg_after) m.sg_after = u.sg_after;
        if (u.n_main) m.n_main = u.n_main;
        if (u.n_all) m.n_all = u.n_all;
        if (u.n_thread) m.n_thread = u.n_thread;
        if (u.flags) m.flags = u.flags;
        if (u.ord) m.ord = u.ord;
        if (u.thread_root) m.thread_root = u.thread_root;
    }
    Columns updates{i8, i8, i8, i4, i8, i8, i4, i4, i4, i4, i8, i8};
    for (const auto& [ignored, u] : merged) {
        updates.row(u.room, u.nid, u.redacted_by, u.at, u.sg, u.sg_after, u.n_main, u.n_all, u.n_thread, u.flags, u.ord,
                    u.thread_root);
        if (u.ord || u.thread_root) queue.row(u.room, u.nid);
    }
    finish(updates, Statement::event_updates);
    finish(queue, Statement::archive_queue);
}

void Merger::rooms() {
    std::map<RoomNid, rows::Room> merged;
    for (const auto& placed : all(&Submission::rooms)) {
        auto room = *placed.row;
        room.head_at = placed.at(room.head_at);
        room.out_at = placed.at(room.out_at);
        const auto [found, is_new] = merged.try_emplace(room.room, room);
        if (is_new) continue;
        auto& before = found->second;
        if (!room.head_at) room.head_at = before.head_at;
        if (!room.out_at) room.out_at = before.out_at;
        if (!room.sg) room.sg = before.sg;
        if (room.room_id.empty()) room.room_id = before.room_id;
        if (room.version.empty()) room.version = before.version;
        before = std::move(room);
    }
    Columns columns{i8, text, text, i4, i4, i8, i8, i4, i4, i8, i4, text, Type::boolean, i4};
    for (const auto& [ignored, r] : merged)
        columns.row(r.room, r.room_id, r.version, r.head_at, r.out_at, r.min_ord, r.depth, r.n_main, r.n_all, r.sg, r.next_key_no,
                    r.extremities, r.partial, r.flags);
    finish(columns, Statement::rooms);
}

void Merger::state() {
    Columns state{i8, i4, text, text, i8, i2};
    for (const auto& [s, offset] : last(&Submission::states, [](const rows::State& s) { return std::pair(s.room, s.key_no); }))
        state.row(s->room, s->key_no, s->type, s->state_key, s->event, s->membership);
    finish(state, Statement::room_state);

    Columns log{i8, i4, i4, i8, i8};
    for (const auto& [l, offset] : all(&Submission::state_log)) log.row(l->room, l->at + offset, l->key_no, l->event, l->previous);
    finish(log, Statement::room_state_log);

    Columns groups{i8, i8, i8, i8, i4, Type::bytes};
    for (const auto& [g, offset] : all(&Submission::state_groups))
        groups.row(g->room, g->sg, g->parent, g->jump, g->depth, g->delta);
    finish(groups, Statement::state_groups);
}

void Merger::people() {
    Columns rooms{i8, i8, i2, i8, i4, Type::boolean, i2, i8, i4, i4, i4, i8};
    for (const auto& placed : last(&Submission::user_rooms, [](const rows::UserRoom& r) { return std::pair(r.user, r.room); })) {
        const auto& r = *placed.row;
        rooms.row(r.user, r.room, r.membership, r.member, r.at + placed.offset, r.forgotten, r.push_class, r.read_ord,
                  placed.at(r.read_at), r.base_main, r.base_threads, r.all_ord);
    }
    finish(rooms, Statement::user_rooms);

    Columns threads{i8, i8, i8, i8, i4, i4};
    for (const auto& placed :
         last(&Submission::user_threads, [](const rows::UserThread& t) { return std::tuple(t.user, t.room, t.root); })) {
        const auto& t = *placed.row;
        threads.row(t.user, t.room, t.root, t.read_ord, placed.at(t.read_at), t.base);
    }
    finish(threads, Statement::user_threads);

    Columns notifications{i8, i4, i8, i8, i2};
    for (const auto& [n, offset] : all(&Submission::notifications))
        notifications.row(n->user, n->at + offset, n->room, n->thread_root, n->kind);
    finish(notifications, Statement::notif);

    Columns data{i8, i8, text, i4, text};
    for (const auto& [d, offset] : last(&Submission::account_data, [](const rows::AccountData& d) {
             return std::tuple(d.user, d.room.value_or(RoomNid{}), std::string_view(d.type));
         }))
        data.row(d->user, d->room, d->type, d->at + offset, d->json);
    finish(data, Statement::account_data);

    Columns messages{i8, i8, i4, text};
    for (const auto& [m, offset] : all(&Submission::to_device)) messages.row(m->user, m->device_nid, m->at + offset, m->json);
    finish(messages, Statement::to_device);

    Columns lists{i4, text};
    for (const auto& [c, offset] : all(&Submission::device_lists)) lists.row(c->at + offset, c->user_id);
    finish(lists, Statement::device_list_log);
}

void Merger::timeline() {
    Columns threads{i8, i8, i4, i8, i4, i4, i8};
    for (const auto& placed : last(&Submission::threads, [](const rows::Thread& t) { return std::pair(t.room, t.root); })) {
        const auto& t = *placed.row;
        threads.row(t.room, t.root, placed.at(t.last_at), t.last, t.replies, t.n, t.last_ord);
    }
    finish(threads, Statement::threads);

    Columns users{i8, i8, text};
    for (const auto& [t, offset] :
         last(&Submission::threads, [](const rows::Thread& t) { return std::tuple(t.room, t.root, std::string_view(t.sender)); }))
        if (!t->sender.empty()) users.row(t->room, t->root, t->sender);
    finish(users, Statement::thread_users);

    Columns relations{i8, text, text, i8, i4, i8, text, text, text};
    for (const auto& placed : last(&Submission::relations, [](const rows::Relation& r) {
             return std::tuple(r.room, std::string_view(r.parent_id), std::string_view(r.rel_type), r.child);
         })) {
        const auto& r = *placed.row;
        relations.row(r.room, r.parent_id, r.rel_type, r.child, placed.at(r.at), r.ord, r.child_type, r.agg_key, r.sender);
    }
    finish(relations, Statement::relations);

    Columns receipts{i8, text, i2, text, i4, i8, text, i8};
    for (const auto& [r, offset] : last(&Submission::receipts, [](const rows::Receipt& r) {
             return std::tuple(r.room, std::string_view(r.user_id), r.type, std::string_view(r.thread));
         }))
        receipts.row(r->room, r->user_id, r->type, r->thread, r->at + offset, r->ord, r->event_id, r->ts);
    finish(receipts, Statement::receipts);

    Columns transactions{i8, text, i8, text};
    for (const auto& [t, offset] : all(&Submission::transactions)) transactions.row(t->device_nid, t->txn, t->ts, t->event_id);
    finish(transactions, Statement::event_txn);
}

/// Federation and what comes with new rooms.
void Merger::others() {
    Columns servers{i8, text, i4}, servers_gone{i8, text};
    for (const auto& [s, offset] :
         last(&Submission::room_servers, [](const rows::RoomServer& s) { return std::pair(s.room, std::string_view(s.server)); })) {
        if (s->joined > 0)
            servers.row(s->room, s->server, s->joined);
        else
            servers_gone.row(s->room, s->server);
    }
    finish(servers, Statement::room_servers);
    finish(servers_gone, Statement::room_servers_gone);

    Columns missing{i8, text, i4, i8}, found{i8, text};
    for (const auto& placed : last(&Submission::missing_prevs,
                                   [](const rows::MissingPrev& m) { return std::pair(m.room, std::string_view(m.event_id)); })) {
        const auto& m = *placed.row;
        if (m.found)
            found.row(m.room, m.event_id);
        else
            missing.row(m.room, m.event_id, placed.at(m.below_at), m.below_ord);
    }
    finish(missing, Statement::missing_prev);
    finish(found, Statement::missing_prev_found);

    Columns pending{i8, text, i8}, applied{i8, text, i8};
    for (const auto& [p, offset] : last(&Submission::pending_redactions, [](const rows::PendingRedaction& p) {
             return std::tuple(p.room, std::string_view(p.target_id), p.redaction);
         }))
        (p->applied ? applied : pending).row(p->room, p->target_id, p->redaction);
    finish(pending, Statement::pending_redactions);
    finish(applied, Statement::pending_redactions_applied);

    Columns aliases{text, i8, text};
    for (const auto& [a, offset] : all(&Submission::aliases)) aliases.row(a->alias, a->room, a->creator);
    finish(aliases, Statement::room_aliases);

    Columns inbox{i8, i8};
    for (const auto& [done, offset] : all(&Submission::inbox_done)) inbox.row(done->room, done->seq);
    finish(inbox, Statement::fed_inbox_done);
}

std::vector<StatementCall> Merger::calls() {
    events();
    rooms();
    state();
    people();
    timeline();
    others();
    return std::move(calls_);
}

}  // namespace

std::vector<StatementCall> merge(std::span<const Submission* const> submissions, Position base) {
    return Merger(submissions, base).calls();
}

}  // namespace runde::storage
