#include "storage/inbox.hpp"

namespace runde::storage {

namespace {

/// Their rows as columns.
struct Columns {
    explicit Columns(const std::vector<StagedEvent>& events) {
        for (const auto& event : events) {
            rooms.push_back(event.room);
            seqs.push_back(event.seq);
            origins.push_back(event.origin);
            ids.push_back(event.event_id);
            texts.push_back(event.json);
        }
    }
    std::vector<RoomNid> rooms;
    std::vector<std::int64_t> seqs;
    std::vector<std::string> origins, ids, texts;
};

StagedEvent read_staged(RoomNid room, const Rows::Row& row) {
    return {room, row[0].number(), row[1].string(), row[2].string(), row[3].string()};
}

}  // namespace

bool stage_transaction(Tx& tx, const std::string& origin, const std::string& txn, std::int64_t now_ms,
                       const std::vector<StagedEvent>& events) {
    const Columns all(events);
    return !tx.exec(R"(
        WITH taken AS (INSERT INTO fed_txn (origin, txn, ts) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1),
             staged AS (INSERT INTO fed_inbox (room_nid, seq, origin, event_id, json)
                        SELECT u.room, u.seq, $1, u.id, u.json
                        FROM taken, unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[]) AS u(room, seq, id, json)
                        ON CONFLICT DO NOTHING)
        SELECT 1 FROM taken)",
                    origin, txn, now_ms, all.rooms, all.seqs, all.ids, all.texts)
                .empty();
}

void stage_events(Tx& tx, const std::vector<StagedEvent>& events) {
    const Columns all(events);
    tx.exec(R"(
        INSERT INTO fed_inbox (room_nid, seq, origin, event_id, json)
        SELECT u.room, u.seq, u.origin, u.id, u.json
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[]) AS u(room, seq, origin, id, json)
        ON CONFLICT DO NOTHING)",
            all.rooms, all.seqs, all.origins, all.ids, all.texts);
}

std::vector<RoomNid> staged_rooms(Tx& tx) {
    std::vector<RoomNid> rooms;
    for (const auto& row : tx.exec("SELECT DISTINCT room_nid FROM fed_inbox")) rooms.push_back(row[0].nid<RoomNid>());
    return rooms;
}

std::vector<StagedEvent> staged_events(Tx& tx, RoomNid room, std::int64_t after, int limit) {
    std::vector<StagedEvent> events;
    for (const auto& row : tx.exec("SELECT seq, origin, event_id, json FROM fed_inbox WHERE room_nid = $1 AND seq > $2 "
                                   "ORDER BY seq LIMIT $3",
                                   room, after, limit))
        events.push_back(read_staged(room, row));
    return events;
}

std::vector<StagedEvent> staged_events(Tx& tx, RoomNid room, const std::vector<std::int64_t>& seqs) {
    std::vector<StagedEvent> events;
    for (const auto& row :
         tx.exec("SELECT seq, origin, event_id, json FROM fed_inbox WHERE room_nid = $1 AND seq = ANY($2::bigint[]) "
                 "ORDER BY seq",
                 room, seqs))
        events.push_back(read_staged(room, row));
    return events;
}

void drop_staged(Tx& tx, RoomNid room, const std::vector<std::int64_t>& seqs) {
    tx.exec("DELETE FROM fed_inbox WHERE room_nid = $1 AND seq = ANY($2::bigint[])", room, seqs);
}

}  // namespace runde::storage
