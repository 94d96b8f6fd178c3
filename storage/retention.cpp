#include "storage/retention.hpp"

#include <spdlog/spdlog.h>

#include "schema/event.hpp"
#include "schema/json.hpp"
#include "schema/refusal.hpp"
#include "schema/room_rules.hpp"
#include "storage/lane.hpp"

namespace runde::storage {

static constexpr Retention registry[] = {
    // The machinery
    {"schema_migrations", "", "for ever", ""},
    {"stream_head", "", "for ever", ""},
    {"stream_days", "", "400 days", "purge"},
    {"jobs", "", "until done", "selfhelp"},
    {"process", "", "for ever", ""},
    {"shard_lease", "", "while the process runs", "the process itself"},
    {"search_cursor", "", "for ever", ""},

    // Rooms: their history belongs to the room, and goes with the room or with its author's erasure
    {"rooms", "", "as long as the room", "the room's deletion"},
    {"events", "messages, senders, times", "as long as the room; redacted content a week", "the room's deletion; purge; erasure"},
    {"event_txn", "which device sent which event", "1 day", "purge"},
    {"missing_prev", "", "until the gap is filled, or with the room", "the lane; the room's deletion"},
    {"pending_redactions", "", "until the event arrives, or with the room", "the lane; the room's deletion"},
    {"room_aliases", "who made an alias", "until removed", "its owner; the room's deletion"},
    {"room_state", "members", "as long as the room", "the room's deletion"},
    {"room_state_log", "when members came and went", "as long as the room", "the room's deletion"},
    {"state_groups", "", "as long as the room", "the room's deletion"},
    {"threads", "", "as long as the room", "the room's deletion"},
    {"thread_users", "who took part in a topic", "as long as the room", "the room's deletion; erasure"},
    {"relations", "who reacted to what", "as long as the room", "the room's deletion; erasure"},
    {"archive_queue", "", "until the follower has read the event", "the follower; the room's deletion"},
    {"event_search", "messages as words", "as the message", "the follower; the room's deletion; erasure"},
    {"search_words", "words that occur", "while a message has them", "the follower"},
    {"topics", "titles, who began and answered last", "as long as the room", "the follower; the room's deletion; erasure"},
    {"receipts", "who has read how far, and when", "as long as the room; the newest only", "the room's deletion; erasure"},

    // One person's own
    {"user_rooms", "rooms of a person, how far read", "as long as the account", "accounts' deactivation; forget"},
    {"previews", "rooms that a person is invited to elsewhere", "until replaced, or as long as the account",
     "federation; accounts' deactivation"},
    {"user_threads", "topics of a person, how far read", "as long as the account", "accounts' deactivation; forget"},
    {"notif", "what a person was notified of", "30 days once read", "purge"},
    {"account_data", "settings", "as long as the account", "the person; accounts' deactivation"},
    {"to_device", "encrypted messages to a device", "until fetched, or with the device", "sync; purge"},
    {"device_list_log", "that somebody's devices changed", "the newest change only", "purge"},
    {"sss_conn", "what a device has seen", "30 days after its last use, or with the device", "purge"},
    {"e2e_keys", "public keys", "as long as the device", "accounts' device removal"},
    {"e2e_otk", "public keys", "until claimed, or with the device", "key claims; purge"},
    {"e2e_fallback", "public keys", "as long as the device", "purge"},

    // Accounts
    {"users", "name, password hash, profile", "as long as the account; the name for ever, so that nobody else gets it",
     "accounts' deactivation"},
    {"devices", "name of the device, day of last use", "until signed out", "logout; accounts' deactivation"},
    {"access_tokens", "hash of the token", "until signed out; 200 days after it expired", "logout; purge"},
    {"refresh_tokens", "hash of the token", "until signed out; 30 days after it expired", "logout; purge"},
    {"registration_tokens", "", "until an administrator removes it", "administrator"},
    {"terms_accepted", "which terms, when", "as long as the account", "accounts' deactivation"},
    {"filters", "", "as long as the account", "accounts' deactivation"},
    {"pushers", "address at a push service", "until removed or signed out", "the person; logout"},

    // The organisation and its groups
    {"organisation", "persons responsible, as the imprint names them", "until changed", "the board"},
    {"text_versions", "who set a text", "as long as the text", "the group's deletion"},
    {"texts", "", "as long as the organisation or the group", "the group's deletion"},
    {"selfhelp_revision", "", "for ever", ""},
    {"topic_codes", "", "for ever", ""},
    {"groups", "who made a group", "as long as the group", "the group's deletion"},
    {"group_rooms", "", "as long as the group", "the group's deletion"},
    {"role_grants", "who has which role, by whom", "a year after it ended; members' one week", "purge; accounts' deactivation"},
    {"association_members", "who is a member of the association", "until withdrawn", "the office; accounts' deactivation"},
    {"rules_accepted", "which version of the rules, when", "as long as the membership",
     "leaving the group; accounts' deactivation"},

    // The door
    {"admission_forms", "", "as long as the group", "the group's team"},
    {"applications", "who asks to join, answers, e-mail, phone",
     "14 days after the decision, 60 days without reaction, at once on withdrawal", "selfhelp erasure"},
    {"application_log", "what happened, and kind words", "as the application", "selfhelp erasure"},
    {"application_votes", "who decided, and why", "as the application", "selfhelp erasure"},
    {"application_notes", "notes on the interview", "as the application", "selfhelp erasure"},
    {"interview_slots", "who offers an interview, when and where", "as the application that took it; a day after it has passed",
     "selfhelp erasure; purge"},
    {"admission_counts", "", "for ever: numbers only", ""},

    // The other servers
    {"servers", "", "for ever", ""},
    {"room_servers", "", "as long as members are in the room", "the lane"},
    {"server_keys", "", "as long as somebody of the server is or was in our rooms, or four weeks", "purge"},
    {"server_key_answers", "", "as long as somebody of the server is or was in our rooms, or four weeks", "purge"},
    {"fed_inbox", "messages", "until processed", "the lane"},
    {"fed_txn", "", "7 days", "purge"},
};

std::span<const Retention> retention_registry() { return registry; }

static constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;

/// Where the stream stood `days` ago, at the latest; 0: not known that far back.
static std::int64_t position_of_days_ago(Tx& tx, std::int64_t today, std::int64_t days) {
    const auto found = tx.exec("SELECT coalesce(max(pos), 0) FROM stream_days WHERE day <= $1", today - days);
    return found.front()[0].number();
}

/// What is left of a redacted event: its bytes as any server would send them from now on.
static std::optional<std::string> redacted_form(const std::string& json, std::string_view room_version) {
    const auto* rules = schema::find_room_rules(room_version);
    if (!rules) return std::nullopt;
    try {
        const auto event = schema::parse_json(json, rules->numbers());
        return schema::canonical_json(schema::redact(event.as_object(), *rules), rules->numbers());
    } catch (const schema::Refusal&) {
        return std::nullopt;  // Older than today's limits; served in its redacted form all the same.
    }
}

/// Takes the content of events off the disk whose redaction stands at or before `position`.
static std::int64_t prune_redacted(Tx& tx, Position position, std::int64_t limit) {
    const auto found = tx.exec(
        "SELECT e.room_nid, e.event_nid, e.json, o.version FROM events e "
        "JOIN events r ON r.room_nid = e.room_nid AND r.event_nid = e.redacted_by JOIN rooms o ON o.room_nid = e.room_nid "
        "WHERE e.redacted_by IS NOT NULL AND e.flags & 512 = 0 AND coalesce(r.pos, 0) <= $1 LIMIT $2 FOR UPDATE OF e",
        position, limit);
    static_assert(rows::pruned == 512);
    std::vector<std::int64_t> rooms, events;
    std::vector<std::string> pruned;
    for (auto row : found) {
        auto json = redacted_form(row[2].string(), row[3].text());
        if (!json) continue;
        rooms.push_back(row[0].number());
        events.push_back(row[1].number());
        pruned.push_back(*std::move(json));
    }
    if (events.empty()) return 0;
    return tx
        .exec(
            "UPDATE events e SET json = u.json, flags = e.flags | 512 "
            "FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(room, nid, json) "
            "WHERE e.room_nid = u.room AND e.event_nid = u.nid",
            rooms, events, pruned)
        .affected();
}

/// Keys of servers that nobody here has to do with: anybody may name any server to us. Those of a server whose people were ever
/// in a room that is here stay, because what they wrote then is checked with them when somebody reads back, and the server may
/// be gone. A key goes with the answer that brought it.
static std::int64_t purge_keys(Tx& tx, std::int64_t before_ms, std::int64_t limit) {
    const auto gone = tx.exec(
        "DELETE FROM server_key_answers WHERE server IN (SELECT a.server FROM server_key_answers a WHERE a.fetched < $1 "
        "AND NOT EXISTS (SELECT FROM room_servers r WHERE r.server = a.server) "
        "AND NOT EXISTS (SELECT FROM servers s WHERE s.name = a.server) "
        // A hash join: one look at all members, for all servers together.
        "AND NOT EXISTS (SELECT FROM room_state m WHERE m.type = 'm.room.member' "
        "AND substr(m.state_key, position(':' in m.state_key) + 1) = a.server) LIMIT $2) RETURNING server",
        before_ms, limit);
    std::vector<std::string> servers;
    for (const auto& row : gone) servers.push_back(row[0].string());
    if (!servers.empty()) tx.exec("DELETE FROM server_keys WHERE server = ANY($1::text[])", servers);
    return gone.affected();
}

std::int64_t purge(Tx& tx, std::int64_t now_ms, std::int64_t limit) {
    const auto today = now_ms / day_ms;
    // Remember where today began.
    tx.exec("INSERT INTO stream_days (day, pos) SELECT $1, pos FROM stream_head WHERE id = 1 ON CONFLICT DO NOTHING", today);
    std::int64_t gone = 0;
    gone += tx.exec("DELETE FROM stream_days WHERE day < $1", today - 400).affected();
    // Rows are found by ctid, in slices: a large backlog must not hold locks for long.
    gone += tx.exec("DELETE FROM event_txn WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_txn WHERE ts < $1 LIMIT $2))",
                    now_ms - day_ms, limit)
                .affected();
    gone += purge_keys(tx, now_ms - 28 * day_ms, limit);
    gone += tx.exec("DELETE FROM fed_txn WHERE ctid = ANY (ARRAY(SELECT ctid FROM fed_txn WHERE ts < $1 LIMIT $2))",
                    now_ms - 7 * day_ms, limit)
                .affected();
    gone += tx.exec(
                  "DELETE FROM notif WHERE ctid = ANY (ARRAY("
                  "SELECT n.ctid FROM notif n JOIN user_rooms r USING (user_nid, room_nid) "
                  "WHERE n.pos < $1 AND n.ord <= r.read_ord LIMIT $2))",
                  position_of_days_ago(tx, today, 30), limit)
                .affected();
    gone += prune_redacted(tx, position_of_days_ago(tx, today, 7), std::min<std::int64_t>(limit, 500));
    // Whoever asks "whose devices have changed since" gets the same answer from the newest change alone.
    gone += tx.exec(
                  "DELETE FROM device_list_log WHERE ctid = ANY (ARRAY("
                  "SELECT o.ctid FROM device_list_log o WHERE EXISTS "
                  "(SELECT FROM device_list_log n WHERE n.user_id = o.user_id AND n.pos > o.pos) LIMIT $1))",
                  limit)
                .affected();
    gone += tx.exec(
                  "DELETE FROM sss_conn WHERE ctid = ANY (ARRAY(SELECT c.ctid FROM sss_conn c WHERE c.saved < $1 "
                  "OR NOT EXISTS (SELECT FROM devices d WHERE d.device_nid = c.device_nid) LIMIT $2))",
                  now_ms - 30 * day_ms, limit)
                .affected();
    // Expired tokens are kept for a while: their owners hear "expired, sign in again as the same device".
    gone +=
        tx.exec("DELETE FROM access_tokens WHERE ctid = ANY (ARRAY(SELECT ctid FROM access_tokens WHERE expires < $1 LIMIT $2))",
                now_ms - 200 * day_ms, limit)
            .affected();
    gone +=
        tx.exec("DELETE FROM refresh_tokens WHERE ctid = ANY (ARRAY(SELECT ctid FROM refresh_tokens WHERE expires < $1 LIMIT $2))",
                now_ms - 30 * day_ms, limit)
            .affected();
    // Roles that ended: a year for those that give rights over others, a week for having been in a group.
    gone += tx.exec(
                  "DELETE FROM role_grants WHERE ctid = ANY (ARRAY(SELECT ctid FROM role_grants "
                  "WHERE least(withdrawn_at, until) < CASE role WHEN 'member' THEN $1::bigint ELSE $2::bigint END LIMIT $3))",
                  now_ms - 7 * day_ms, now_ms - 365 * day_ms, limit)
                .affected();
    // Interviews that nobody wanted. One that was taken goes with its application.
    gone += tx.exec("DELETE FROM interview_slots WHERE application_id IS NULL AND ends < $1", now_ms - day_ms).affected();
    // What was left for a device that has signed out since.
    for (const char* sql : {"DELETE FROM to_device WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM to_device t "
                            "WHERE NOT EXISTS (SELECT FROM devices d WHERE d.device_nid = t.device_nid) LIMIT $1))",
                            "DELETE FROM e2e_otk WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM e2e_otk t "
                            "WHERE NOT EXISTS (SELECT FROM devices d WHERE d.device_nid = t.device_nid) LIMIT $1))",
                            "DELETE FROM e2e_fallback WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM e2e_fallback t "
                            "WHERE NOT EXISTS (SELECT FROM devices d WHERE d.device_nid = t.device_nid) LIMIT $1))"})
        gone += tx.exec(sql, limit).affected();
    return gone;
}

net::Task<> purge_regularly(Database& database, net::Clock& clock) {
    for (;;) {
        const auto now = clock.now_ms();
        try {
            std::int64_t gone = 0;
            do {
                gone = co_await database.transact([now](Tx& tx) { return purge(tx, now); });
            } while (gone > 0);
        } catch (const DatabaseError& error) {
            spdlog::error("purging failed: {}", error.what());
        } catch (const Unreachable&) {
            // The next hour will do.
        }
        co_await clock.sleep(std::chrono::hours(1));
    }
}

}  // namespace runde::storage
