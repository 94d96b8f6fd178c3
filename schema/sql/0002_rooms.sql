-- 0002: rooms and events.
-- Why:     an event is stored once, as signed; everything else about it is a column beside it. Rows are numbered by us
--          (storage/numbers), so that all references are known before the commit.
-- Locks:   new tables only.
-- Undo:    DROP TABLE rooms, events, event_txn, missing_prev, pending_redactions, room_aliases;  (all messages are lost)
--
-- Rules of the hot tables: keys begin with room_nid or user_nid; no foreign key, trigger or sequence; updated
-- columns carry no index and the pages leave room, so that updates stay on their page (HOT).

CREATE TABLE rooms (
    room_nid     bigint PRIMARY KEY,
    room_id      text COLLATE "C" NOT NULL UNIQUE,
    version      text     NOT NULL,
    head_pos     bigint   NOT NULL DEFAULT 0,      -- position of the newest live event
    out_pos      bigint   NOT NULL DEFAULT 0,      -- newest event that we ourselves must send to other servers
    min_ord      bigint   NOT NULL DEFAULT 0,      -- lower end of the reading order; backfill goes below it
    depth        bigint   NOT NULL DEFAULT 0,
    n_main       int      NOT NULL DEFAULT 0,      -- running count of notifying events on the main line
    n_all        int      NOT NULL DEFAULT 0,      -- the same, main line and all threads
    sg           bigint,                           -- state group after the extremities
    next_key_no  int      NOT NULL DEFAULT 1,      -- next free room_state.key_no
    extremities  bigint[] NOT NULL DEFAULT '{}',   -- event_nids
    partial      boolean  NOT NULL DEFAULT false,  -- joined with partial state, not yet completed
    flags        int      NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE events (
    room_nid     bigint   NOT NULL,
    event_nid    bigint   NOT NULL,
    ord          bigint,                           -- reading order in the room; live: pos << 16; NULL: outlier
    pos          bigint,                           -- position in the server's stream; live events only
    origin_ts    bigint   NOT NULL,
    depth        bigint   NOT NULL,
    sg           bigint,                           -- state group before the event
    sg_after     bigint,                           -- state events only: the group after it
    thread_root  bigint,                           -- event_nid of the thread's root
    redacted_by  bigint,                           -- event_nid of the redaction, applied when served
    auth_nids    bigint[],                         -- state events only: the auth graph for state resolution
    n_main       int      NOT NULL DEFAULT 0,      -- rooms.n_main, rooms.n_all and threads.n as they stood
    n_all        int      NOT NULL DEFAULT 0,      -- after this event: unread counts are differences of them
    n_thread     int      NOT NULL DEFAULT 0,
    flags        int      NOT NULL,                -- storage/lane.hpp: rows::EventFlag
    origin_proc  smallint NOT NULL DEFAULT 0,
    enc          smallint NOT NULL DEFAULT 0,      -- 0: plain JSON text; leaves room for packing
    event_id     text COLLATE "C" NOT NULL,
    type         text COLLATE "C" NOT NULL,
    sender       text COLLATE "C" NOT NULL,
    state_key    text COLLATE "C",
    json         text     NOT NULL,                -- the event exactly as signed
    PRIMARY KEY (room_nid, event_nid)
);
CREATE UNIQUE INDEX events_ord ON events (room_nid, ord) WHERE ord IS NOT NULL;
CREATE UNIQUE INDEX events_id ON events (event_id);
CREATE INDEX events_redacted ON events (room_nid, ord) WHERE redacted_by IS NOT NULL;
-- Loads a room's whole auth graph.
CREATE INDEX events_auth ON events (room_nid, event_nid) WHERE auth_nids IS NOT NULL;
-- For jobs and recovery, which read by position or time; a thousandth of the size of a b-tree.
CREATE INDEX events_pos ON events USING brin (pos) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX events_ts ON events USING brin (origin_ts) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE event_txn (                           -- PUT .../send/{txnId}: a repeat gets the same event id
    device_nid   bigint NOT NULL,
    txn          text COLLATE "C" NOT NULL,        -- with the endpoint's kind in front
    ts           bigint NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    PRIMARY KEY (device_nid, txn)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE missing_prev (                        -- referenced but not held: gaps and backward extremities
    room_nid     bigint NOT NULL,
    event_id     text COLLATE "C" NOT NULL,
    below_ord    bigint NOT NULL,                  -- the gap lies below this place of the reading order
    tries        int    NOT NULL DEFAULT 0,
    next_try     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (room_nid, event_id)
);

CREATE TABLE pending_redactions (                  -- the redaction came before the event it redacts
    room_nid      bigint NOT NULL,
    target_id     text COLLATE "C" NOT NULL,
    redaction_nid bigint NOT NULL,
    PRIMARY KEY (room_nid, target_id, redaction_nid)
);

CREATE TABLE room_aliases (
    alias        text COLLATE "C" PRIMARY KEY CHECK (alias LIKE '#%:%'),
    room_nid     bigint NOT NULL,
    creator      text COLLATE "C" NOT NULL
);
CREATE INDEX room_aliases_room ON room_aliases (room_nid);
