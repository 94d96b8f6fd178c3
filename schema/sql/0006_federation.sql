-- 0006: the other servers.
-- Why:     what goes out is a cursor per server over the stream, not a row per server and event; what comes in is
--          staged in one insert, acknowledged, and processed room by room.
-- Locks:   new tables only.
-- Undo:    DROP TABLE servers, room_servers, server_keys, fed_inbox, fed_txn;  (unsent and unprocessed events are lost)

CREATE TABLE servers (
    server_nid  bigint PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE,
    sent_pos    bigint NOT NULL DEFAULT 0,         -- everything up to here was accepted
    todev_pos   bigint NOT NULL DEFAULT 0,
    devlist_pos bigint NOT NULL DEFAULT 0,
    fail_since  bigint,
    retry_at    bigint,
    retry_ms    bigint
) WITH (fillfactor = 70);

CREATE TABLE room_servers (                        -- which servers have how many joined members in a room
    room_nid bigint NOT NULL,
    server   text COLLATE "C" NOT NULL,
    joined   int    NOT NULL CHECK (joined > 0),
    PRIMARY KEY (room_nid, server)
);
CREATE INDEX room_servers_server ON room_servers (server) INCLUDE (room_nid);

CREATE TABLE server_keys (                         -- other servers' signing keys, also expired ones: old events need them
    server      text COLLATE "C" NOT NULL,
    key_id      text COLLATE "C" NOT NULL,
    pub         bytea  NOT NULL CHECK (octet_length(pub) = 32),
    valid_until bigint NOT NULL,
    PRIMARY KEY (server, key_id)
);

CREATE TABLE fed_inbox (                           -- accepted, signature checked, not yet processed
    room_nid bigint NOT NULL,
    seq      bigint NOT NULL,
    origin   text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    json     text   NOT NULL,
    PRIMARY KEY (room_nid, seq)
);

CREATE TABLE fed_txn (                             -- transactions already taken, by sender
    origin   text COLLATE "C" NOT NULL,
    txn      text COLLATE "C" NOT NULL,
    ts       bigint NOT NULL,
    PRIMARY KEY (origin, txn)
);
