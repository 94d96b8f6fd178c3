#include "storage/sync.hpp"

#include "schema/json.hpp"
#include "storage/stored_event.hpp"

namespace runde::storage {

using stored_event::read_events;
using stored_event::small;

namespace {

/// A pattern of a filter ("m.room.*") as one for LIKE.
std::string like(const std::string& pattern) {
    std::string sql;
    for (const char c : pattern) {
        if (c == '%' || c == '_' || c == '\\') sql += '\\';
        sql += c == '*' ? '%' : c;
    }
    return sql;
}

std::vector<std::string> like(const std::vector<std::string>& patterns) {
    std::vector<std::string> sql;
    for (const auto& pattern : patterns) sql.push_back(like(pattern));
    return sql;
}

std::optional<std::vector<std::string>> like(const std::optional<std::vector<std::string>>& patterns) {
    if (!patterns) return std::nullopt;
    return like(*patterns);
}

/// Text that a client sent may hold NUL, which no stored type or sender does: such an entry matches nothing.
std::vector<std::string> storable(std::vector<std::string> texts) {
    std::erase_if(texts, [](const std::string& text) { return text.find('\0') != std::string::npos; });
    return texts;
}

std::optional<std::vector<std::string>> storable(std::optional<std::vector<std::string>> texts) {
    if (texts) texts = storable(*std::move(texts));
    return texts;
}

std::string history_visibility(std::string_view json) {
    const auto event = schema::parse_json(json);
    const auto* content = event.is_object() ? schema::object_at(event.get_object(), "content") : nullptr;
    const auto value = content ? schema::string_at(*content, "history_visibility") : std::nullopt;
    return std::string(value.value_or("shared"));
}

/// Rows beyond the limit that are fetched for what follows from them: changes of visibility and of the membership.
constexpr int room_for_markers = 20;

}  // namespace

std::vector<SyncRoom> sync_rooms(Tx& tx, UserNid user) {
    std::vector<SyncRoom> rooms;
    for (const auto& row : tx.exec(R"(
             SELECT u.room_nid, r.room_id, r.version, u.membership, u.member_nid, coalesce(e.pos, u.pos), u.forgotten, r.head_pos
             FROM user_rooms u JOIN rooms r USING (room_nid)
             LEFT JOIN events e ON e.room_nid = u.room_nid AND e.event_nid = u.member_nid
             WHERE u.user_nid = $1)",
                                   user))
        rooms.push_back({row[0].nid<RoomNid>(), row[1].string(), row[2].string(), small(row[3]), row[4].nid<EventNid>(),
                         row[5].number(), row[6].flag(), row[7].number()});
    return rooms;
}

std::vector<SyncMail> sync_mail(Tx& tx, UserNid user, int messages) {
    std::vector<SyncMail> mail;
    for (const auto& row : tx.exec(R"(
             SELECT 0, room_nid, type, pos, json FROM account_data WHERE user_nid = $1
             UNION ALL
             (SELECT 1, device_nid, '', pos, json FROM to_device WHERE user_nid = $1 ORDER BY pos LIMIT $2)
             ORDER BY 4)",
                                   user, messages))
        mail.push_back({small(row[0]) == 0 ? SyncMail::Kind::account_data : SyncMail::Kind::to_device, row[1].number(),
                        row[2].string(), row[3].number(), row[4].string()});
    return mail;
}

std::vector<SyncMail> to_device_after(Tx& tx, UserNid user, std::int64_t device, Position after, int limit) {
    std::vector<SyncMail> mail;
    for (const auto& row : tx.exec(R"(
             SELECT pos, json FROM to_device WHERE user_nid = $1 AND device_nid = $2 AND pos > $3 ORDER BY pos LIMIT $4)",
                                   user, device, after, limit))
        mail.push_back({SyncMail::Kind::to_device, device, {}, row[0].number(), row[1].string()});
    return mail;
}

void delete_to_device(Tx& tx, UserNid user, std::int64_t device, Position up_to) {
    tx.exec("DELETE FROM to_device WHERE user_nid = $1 AND device_nid = $2 AND pos <= $3", user, device, up_to);
}

std::vector<std::pair<Position, std::string>> device_list_changes(Tx& tx, UserNid user, const std::string& user_id, Position after,
                                                                  Position up_to) {
    std::vector<std::pair<Position, std::string>> changes;
    for (const auto& row : tx.exec(R"(
             SELECT d.pos, d.user_id FROM device_list_log d
             WHERE d.pos > $2 AND d.pos <= $3
               AND (d.user_id = $4 OR EXISTS (
                   SELECT 1 FROM user_rooms u
                   JOIN room_state s ON s.room_nid = u.room_nid AND s.type = 'm.room.member' AND s.state_key = d.user_id
                   WHERE u.user_nid = $1 AND u.membership = 1 AND s.membership = 1))
             ORDER BY d.pos)",
                                   user, after, up_to, user_id))
        changes.emplace_back(row[0].number(), row[1].string());
    return changes;
}

int most_per_room(const TimelineSelection& selection) {
    const bool open = !selection.types && !selection.senders && selection.not_types.empty() && selection.not_senders.empty() &&
                      !selection.contains_url;
    // One more than asked for tells whether there are more.
    return selection.limit + 1 + (open ? 0 : room_for_markers);
}

std::vector<StoredEvent> sync_timelines(Tx& tx, const std::vector<TimelineWish>& wishes, const TimelineSelection& selection) {
    std::vector<std::int64_t> rooms, after, up_to;
    for (const auto& wish : wishes) {
        rooms.push_back(schema::raw(wish.room));
        after.push_back(wish.after);
        up_to.push_back(wish.up_to);
    }
    const auto limit = most_per_room(selection);
    return read_events(tx.exec("SELECT " EVENT_COLUMNS R"(
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w(room, after, up_to)
        CROSS JOIN LATERAL (
            SELECT n.* FROM events n
            WHERE n.room_nid = w.room AND n.ord > w.after AND n.ord <= w.up_to AND n.flags & 6 = 0
              AND ((($5::text[] IS NULL OR n.type LIKE ANY($5)) AND NOT n.type LIKE ANY($6::text[])
                    AND ($7::text[] IS NULL OR n.sender = ANY($7)) AND NOT n.sender = ANY($8::text[])
                    AND ($9::bool IS NULL OR (n.flags & 16 <> 0) = $9))
                   OR (n.state_key IS NOT NULL AND (n.type = 'm.room.history_visibility'
                       OR (n.type = 'm.room.member' AND n.state_key = $10))))
            ORDER BY n.ord DESC LIMIT $4) AS e)" EVENT_JOINS "ORDER BY e.room_nid, e.ord",
                               rooms, after, up_to, limit, like(storable(selection.types)), like(storable(selection.not_types)),
                               storable(selection.senders), storable(selection.not_senders), selection.contains_url,
                               selection.keep_member));
}

std::vector<SyncState> sync_states(Tx& tx, const std::vector<StateWish>& wishes, const StateSelection& selection) {
    std::vector<std::int64_t> rooms, since, up_to, few, member_rooms, replaced_rooms, replaced;
    std::vector<std::string> members;
    std::vector<std::string> few_types;
    for (const auto& wish : wishes) {
        rooms.push_back(schema::raw(wish.room));
        since.push_back(wish.since.value_or(-1));
        up_to.push_back(wish.up_to);
        few.push_back(wish.types.empty() ? 0 : 1);
        if (!wish.types.empty()) few_types = wish.types;  // The same for all invitations.
    }
    for (const auto& [room, user] : selection.members) {
        member_rooms.push_back(schema::raw(room));
        members.push_back(user);
    }
    for (const auto& [room, nid] : selection.replaced) {
        replaced_rooms.push_back(schema::raw(room));
        replaced.push_back(schema::raw(nid));
    }
    std::vector<SyncState> states;
    // What was current at up_to is what is current now, but for keys that the log says changed later: those had the
    // value that the first later change replaced.
    for (const auto& row :
         tx.exec(R"(
             WITH w AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w(room, since, up_to, few)),
             later AS (
                 SELECT DISTINCT ON (l.room_nid, l.key_no) l.room_nid, l.key_no, l.prev_nid
                 FROM w JOIN room_state_log l ON l.room_nid = w.room AND l.pos > w.up_to
                 ORDER BY l.room_nid, l.key_no, l.pos),
             changed AS (
                 SELECT DISTINCT l.room_nid, l.key_no
                 FROM w JOIN room_state_log l ON l.room_nid = w.room AND l.pos > w.since AND l.pos <= w.up_to
                 WHERE w.since >= 0),
             named AS (SELECT * FROM unnest($7::bigint[], $8::text[]) AS m(room, user_id)),
             keys AS (
                 SELECT s.room_nid, s.key_no, CASE WHEN a.room_nid IS NULL THEN s.event_nid ELSE a.prev_nid END AS event_nid
                 FROM w JOIN room_state s ON s.room_nid = w.room
                 LEFT JOIN later a ON a.room_nid = s.room_nid AND a.key_no = s.key_no
                 WHERE CASE WHEN w.since >= 0
                         THEN EXISTS (SELECT 1 FROM changed c WHERE c.room_nid = s.room_nid AND c.key_no = s.key_no)
                         ELSE (w.few = 0 OR s.type = ANY($5::text[]))
                              AND (w.few = 1 OR NOT $6::bool OR s.type <> 'm.room.member') END
                    OR (s.type = 'm.room.member' AND EXISTS (
                         SELECT 1 FROM named n WHERE n.room = s.room_nid AND n.user_id = s.state_key)))
             SELECT k.room_nid, k.key_no, e.event_nid, e.event_id, e.type, e.state_key, e.sender, e.json,
                    e.redacted_by IS NOT NULL, false
             FROM keys k JOIN events e ON e.room_nid = k.room_nid AND e.event_nid = k.event_nid
             UNION ALL
             SELECT e.room_nid, 0, e.event_nid, e.event_id, e.type, e.state_key, e.sender, e.json,
                    e.redacted_by IS NOT NULL, true
             FROM unnest($9::bigint[], $10::bigint[]) AS r(room, nid)
             JOIN events e ON e.room_nid = r.room AND e.event_nid = r.nid
             WHERE e.state_key IS NOT NULL
             ORDER BY 1, 2)",
                 rooms, since, up_to, few, few_types, selection.lazy, member_rooms, members, replaced_rooms, replaced))
        states.push_back({row[0].nid<RoomNid>(), small(row[1]), row[2].nid<EventNid>(), row[3].string(), row[4].string(),
                          row[5].string(), row[6].string(), row[7].string(), row[8].flag(), row[9].flag()});
    return states;
}

std::vector<SyncSummary> sync_summaries(Tx& tx, UserNid user, const std::string& user_id, const std::vector<RoomNid>& rooms) {
    std::vector<SyncSummary> summaries;
    // The short lists of the reader (places in threads, exceptions, redacted events) come as arrays of the same row.
    for (const auto& row : tx.exec(R"(
             SELECT r.room_nid, r.n_main, r.n_all, m.joined, m.invited, m.heroes, v.json,
                    u.membership, u.member_nid, u.forgotten, u.push_class, u.read_ord, u.all_ord, u.base_main, u.base_threads,
                    t.roots, t.ords, t.bases, x.ords, x.roots, x.kinds, x.counted, x.root_ids, d.ords, d.roots
             FROM rooms r
             JOIN user_rooms u ON u.user_nid = $1 AND u.room_nid = r.room_nid
             CROSS JOIN LATERAL (
                 SELECT count(*) FILTER (WHERE s.membership = 1) AS joined,
                        count(*) FILTER (WHERE s.membership = 2) AS invited,
                        (array_agg(s.state_key ORDER BY s.key_no)
                            FILTER (WHERE s.membership IN (1, 2) AND s.state_key <> $2))[1:5] AS heroes
                 FROM room_state s WHERE s.room_nid = r.room_nid) m
             LEFT JOIN room_state vs ON vs.room_nid = r.room_nid AND vs.type = 'm.room.history_visibility' AND vs.state_key = ''
             LEFT JOIN events v ON v.room_nid = r.room_nid AND v.event_nid = vs.event_nid AND v.redacted_by IS NULL
             CROSS JOIN LATERAL (
                 SELECT array_agg(ut.root_nid) AS roots, array_agg(ut.read_ord) AS ords, array_agg(ut.base::bigint) AS bases
                 FROM user_threads ut WHERE ut.user_nid = $1 AND ut.room_nid = r.room_nid AND ut.read_ord >= u.all_ord) t
             CROSS JOIN LATERAL (
                 SELECT array_agg(n.ord) AS ords, array_agg(coalesce(n.thread_root, 0)) AS roots, array_agg(n.kind::bigint) AS kinds,
                        array_agg((e.flags & 128)::bigint) AS counted, array_agg(coalesce(re.event_id, '')) AS root_ids
                 FROM notif n
                 JOIN events e ON e.room_nid = n.room_nid AND e.ord = n.ord AND e.redacted_by IS NULL
                 LEFT JOIN events re ON re.room_nid = n.room_nid AND re.event_nid = n.thread_root
                 WHERE n.user_nid = $1 AND n.room_nid = r.room_nid AND n.ord > least(u.read_ord, u.all_ord)) x
             CROSS JOIN LATERAL (
                 SELECT array_agg(w.ord) AS ords, array_agg(coalesce(w.thread_root, 0)) AS roots
                 FROM events w WHERE w.room_nid = r.room_nid AND w.redacted_by IS NOT NULL AND w.flags & 128 <> 0
                                 AND w.ord > least(u.read_ord, u.all_ord)) d
             WHERE r.room_nid = ANY($3::bigint[]))",
                                   user, user_id, rooms)) {
        SyncSummary summary{.room = row[0].nid<RoomNid>(), .joined = small(row[3]), .invited = small(row[4])};
        summary.n_main = small(row[1]);
        summary.n_all = small(row[2]);
        if (!row[5].is_null()) summary.heroes = row[5].strings();
        summary.history_visibility = row[6].is_null() ? "shared" : history_visibility(row[6].text());
        summary.member = {user,
                          {},
                          small(row[7]),
                          row[8].nid<EventNid>(),
                          row[9].flag(),
                          small(row[10]),
                          row[11].number(),
                          row[12].number(),
                          small(row[13]),
                          small(row[14])};
        const auto numbers = [&](std::size_t column) {
            return row[column].is_null() ? std::vector<std::int64_t>{} : row[column].numbers();
        };
        const auto thread_roots = numbers(15), thread_ords = numbers(16), bases = numbers(17);
        for (std::size_t i = 0; i < thread_roots.size(); ++i)
            summary.thread_reads.push_back({user, EventNid{thread_roots[i]}, thread_ords[i], static_cast<int>(bases[i])});
        const auto ords = numbers(18), roots = numbers(19), kinds = numbers(20), counted = numbers(21);
        const auto root_ids = ords.empty() ? std::vector<std::string>{} : row[22].strings();
        const auto root_of = [](std::int64_t root) { return root == 0 ? std::nullopt : std::optional(EventNid{root}); };
        for (std::size_t i = 0; i < ords.size(); ++i)
            summary.exceptions.push_back(
                {user, summary.room, ords[i], root_of(roots[i]), root_ids[i], static_cast<int>(kinds[i]), counted[i] != 0});
        const auto withdrawn = numbers(23), withdrawn_roots = numbers(24);
        for (std::size_t i = 0; i < withdrawn.size(); ++i)
            summary.withdrawn.push_back({summary.room, withdrawn[i], root_of(withdrawn_roots[i])});
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

std::vector<StoredReceipt> sync_receipts(Tx& tx, const std::string& user_id, const std::vector<std::pair<RoomNid, Position>>& after,
                                         Position up_to) {
    std::vector<std::int64_t> rooms, positions;
    for (const auto& [room, position] : after) {
        rooms.push_back(schema::raw(room));
        positions.push_back(position);
    }
    std::vector<StoredReceipt> receipts;
    for (const auto& row : tx.exec(R"(
             SELECT r.room_nid, r.user_id, r.rtype, r.thread, r.pos, r.ord, r.event_id, r.ts
             FROM unnest($1::bigint[], $2::bigint[]) AS w(room, after)
             JOIN receipts r ON r.room_nid = w.room AND r.pos > w.after AND r.pos <= $3
             WHERE r.rtype = 0 OR r.user_id = $4
             ORDER BY r.pos)",
                                   rooms, positions, up_to, user_id))
        receipts.push_back({row[0].nid<RoomNid>(), row[1].string(), small(row[2]), row[3].string(), row[4].number(),
                            row[5].number(), row[6].string(), row[7].number()});
    return receipts;
}

std::vector<std::pair<RoomNid, std::optional<std::string>>> membership_before(Tx& tx, const std::string& user_id, Position since,
                                                                              const std::vector<RoomNid>& rooms) {
    std::vector<std::pair<RoomNid, std::optional<std::string>>> before;
    for (const auto& row : tx.exec(R"(
             SELECT DISTINCT ON (s.room_nid) s.room_nid, e.json
             FROM room_state s JOIN room_state_log l ON l.room_nid = s.room_nid AND l.key_no = s.key_no AND l.pos > $2
             LEFT JOIN events e ON e.room_nid = l.room_nid AND e.event_nid = l.prev_nid
             WHERE s.room_nid = ANY($3::bigint[]) AND s.type = 'm.room.member' AND s.state_key = $1
             ORDER BY s.room_nid, l.pos)",
                                   user_id, since, rooms))
        before.emplace_back(row[0].nid<RoomNid>(), row[1].maybe_string());
    return before;
}

}  // namespace runde::storage
