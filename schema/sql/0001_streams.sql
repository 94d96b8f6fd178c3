
-- ---------- positions and processes ----------
CREATE TABLE stream_head (          -- one row; the cross-process sequencer
  id        SMALLINT PRIMARY KEY CHECK (id = 1),
  pos       BIGINT NOT NULL,        -- last position handed out
  reserved  BIGINT NOT NULL,        -- durable ceiling: after a crash restart above it
  epoch     BIGINT NOT NULL DEFAULT 1 -- bumped by every shard takeover; fences old owners
) WITH (fillfactor = 10);
INSERT INTO stream_head VALUES (1, 0, 100000, 1);
CREATE TABLE process (
  proc_no   SMALLINT PRIMARY KEY, name TEXT NOT NULL, bus_addr TEXT NOT NULL,
  next_nid  BIGINT NOT NULL,        -- durable start of the next block of local numbers (all *_nid)
  beat_at   TIMESTAMPTZ NOT NULL
);
CREATE TABLE shard_lease (          -- 1024 room shards -> owning process
  shard     SMALLINT PRIMARY KEY, owner SMALLINT NOT NULL, epoch BIGINT NOT NULL,
  expires   TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- ---------- rooms and events ----------
CREATE TABLE rooms (
  room_nid     BIGINT PRIMARY KEY,
  room_id      TEXT COLLATE "C" NOT NULL UNIQUE,
  version      TEXT NOT NULL,
  head_pos     BIGINT NOT NULL DEFAULT 0,      -- position of the newest live event
  out_pos      BIGINT NOT NULL DEFAULT 0,      -- newest event we ourselves must send out
  min_ord      BIGINT NOT NULL DEFAULT 0,      -- lower end, for prepending backfill
  depth        BIGINT NOT NULL DEFAULT 0,
  n_main       INT    NOT NULL DEFAULT 0,      -- running count of default-class notifying events, main line
  n_all        INT    NOT NULL DEFAULT 0,      -- the same, main line and all threads
  sg           BIGINT,                         -- state group after the extremities
  next_key_no  INT    NOT NULL DEFAULT 1,
  extremities  BIGINT[] NOT NULL DEFAULT '{}', -- event_nids
  partial      BOOLEAN NOT NULL DEFAULT FALSE, -- MSC3706 join not yet completed
  flags        INT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE events (
  room_nid     BIGINT NOT NULL,
  event_nid    BIGINT NOT NULL,       -- local number, known before commit; what other rows refer to
  ord          BIGINT,                -- reading order in the room; live event: pos << 16; NULL = outlier
  pos          BIGINT,                -- global stream position, live events only, given at commit
  origin_ts    BIGINT NOT NULL,
  depth        BIGINT NOT NULL,
  sg           BIGINT,                -- state group BEFORE the event
  sg_after     BIGINT,                -- state events only: the group after it; others: the same as sg
  thread_root  BIGINT,                -- event_nid of the thread's root
  redacted_by  BIGINT,                -- event_nid of the redaction, applied when served
  auth_nids    BIGINT[],              -- state events only: the auth graph for state resolution
  n_main       INT NOT NULL DEFAULT 0,-- rooms.n_main / n_all / threads.n as they stood after this event
  n_all        INT NOT NULL DEFAULT 0,
  n_thread     INT NOT NULL DEFAULT 0,
  flags        INT NOT NULL,          -- state, rejected, soft-failed, backfilled, has_url, local ...
  origin_proc  SMALLINT NOT NULL DEFAULT 0,
  enc          SMALLINT NOT NULL DEFAULT 0,   -- 0 = plain JSON text; leaves room for packing
  event_id     TEXT COLLATE "C" NOT NULL,
  type         TEXT COLLATE "C" NOT NULL,
  sender       TEXT COLLATE "C" NOT NULL,
  state_key    TEXT COLLATE "C",
  json         TEXT NOT NULL,         -- the PDU exactly as signed
  PRIMARY KEY (room_nid, event_nid)
);
CREATE UNIQUE INDEX events_ord ON events (room_nid, ord) WHERE ord IS NOT NULL;
CREATE UNIQUE INDEX events_id  ON events (event_id);
CREATE INDEX events_redacted ON events (room_nid, ord) WHERE redacted_by IS NOT NULL;
CREATE INDEX events_auth ON events (room_nid, event_nid) WHERE auth_nids IS NOT NULL;  -- loads a room's auth graph
CREATE INDEX events_pos ON events USING brin (pos) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX events_ts  ON events USING brin (origin_ts) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE event_txn (              -- PUT …/send/{txnId} deduplication; purged after a day
  device_nid BIGINT NOT NULL, txn TEXT COLLATE "C" NOT NULL, ts BIGINT NOT NULL,
  event_id TEXT COLLATE "C" NOT NULL, PRIMARY KEY (device_nid, txn)
);
CREATE TABLE missing_prev (           -- referenced but not held: gaps and backward extremities
  room_nid BIGINT NOT NULL, event_id TEXT COLLATE "C" NOT NULL, below_ord BIGINT NOT NULL,
  tries INT NOT NULL DEFAULT 0, next_try BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (room_nid, event_id)
);
CREATE TABLE pending_redactions (
  room_nid BIGINT NOT NULL, target_id TEXT COLLATE "C" NOT NULL, redaction_nid BIGINT NOT NULL,
  PRIMARY KEY (room_nid, target_id, redaction_nid)
);

-- ---------- state ----------
CREATE TABLE room_state (             -- current state AND the per-room key dictionary
  room_nid BIGINT NOT NULL, key_no INT NOT NULL,
  type TEXT COLLATE "C" NOT NULL, state_key TEXT COLLATE "C" NOT NULL,
  event_nid BIGINT,                   -- NULL: key known, nothing set now
  membership SMALLINT,                -- m.room.member only
  PRIMARY KEY (room_nid, key_no)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX room_state_key ON room_state (room_nid, type, state_key);

CREATE TABLE room_state_log (         -- every change of current state, for gappy sync
  room_nid BIGINT NOT NULL, pos BIGINT NOT NULL, key_no INT NOT NULL,
  event_nid BIGINT, prev_nid BIGINT, PRIMARY KEY (room_nid, pos, key_no)
);
CREATE TABLE state_groups (           -- history of state: one packed delta per group
  room_nid BIGINT NOT NULL, sg BIGINT NOT NULL, parent BIGINT, jump BIGINT,
  depth INT NOT NULL, delta BYTEA NOT NULL, -- (key_no int4, event_nid int8)*, to "jump"
  PRIMARY KEY (room_nid, sg)
);

-- ---------- users in rooms, unread counts ----------
CREATE TABLE user_rooms (
  user_nid BIGINT NOT NULL, room_nid BIGINT NOT NULL,
  membership SMALLINT NOT NULL, member_nid BIGINT NOT NULL, pos BIGINT NOT NULL,
  forgotten BOOLEAN NOT NULL DEFAULT FALSE,
  push_class SMALLINT NOT NULL DEFAULT 0,   -- which default outcome applies to plain messages
  read_ord BIGINT NOT NULL DEFAULT 0,       -- max of m.read, m.read.private, own send
  base_main INT NOT NULL DEFAULT 0,         -- n_main and n_all of the event at read_ord
  base_all INT NOT NULL DEFAULT 0,
  extra INT NOT NULL DEFAULT 0,             -- exceptions after read_ord (+/-)
  highlights INT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_nid, room_nid)
) WITH (fillfactor = 70);
CREATE INDEX user_rooms_room ON user_rooms (room_nid) INCLUDE (user_nid) WHERE membership = 1;
CREATE TABLE user_threads (               -- only rows that differ from "nothing read in thread"
  user_nid BIGINT NOT NULL, room_nid BIGINT NOT NULL, root_nid BIGINT NOT NULL,
  read_ord BIGINT NOT NULL, base INT NOT NULL, extra INT NOT NULL, highlights INT NOT NULL,
  PRIMARY KEY (user_nid, room_nid, root_nid)
);
CREATE TABLE notif (                      -- highlights and events that differ from the class
  user_nid BIGINT NOT NULL, pos BIGINT NOT NULL, room_nid BIGINT NOT NULL, ord BIGINT NOT NULL,
  thread_root BIGINT, kind SMALLINT NOT NULL, PRIMARY KEY (user_nid, pos)
);
-- ---------- threads, relations, receipts ----------
CREATE TABLE threads (
  room_nid BIGINT NOT NULL, root_nid BIGINT NOT NULL, last_ord BIGINT NOT NULL,
  last_nid BIGINT NOT NULL, replies INT NOT NULL, n INT NOT NULL,
  PRIMARY KEY (room_nid, root_nid)
) WITH (fillfactor = 70);
CREATE INDEX threads_last ON threads (room_nid, last_ord DESC, root_nid DESC);
CREATE TABLE thread_users (room_nid BIGINT, root_nid BIGINT, sender TEXT COLLATE "C", PRIMARY KEY (room_nid, root_nid, sender));
CREATE TABLE relations (
  room_nid BIGINT NOT NULL, parent_id TEXT COLLATE "C" NOT NULL, rel_type TEXT COLLATE "C" NOT NULL,
  child_nid BIGINT NOT NULL, ord BIGINT, child_type TEXT COLLATE "C" NOT NULL, agg_key TEXT COLLATE "C", sender TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (room_nid, parent_id, rel_type, child_nid)
);
CREATE TABLE receipts (
  room_nid BIGINT NOT NULL, user_id TEXT COLLATE "C" NOT NULL, rtype SMALLINT NOT NULL,
  thread TEXT COLLATE "C" NOT NULL DEFAULT '', pos BIGINT NOT NULL, ord BIGINT NOT NULL,
  event_id TEXT COLLATE "C" NOT NULL, ts BIGINT NOT NULL,
  PRIMARY KEY (room_nid, user_id, rtype, thread)
) WITH (fillfactor = 70);
-- ---------- federation ----------
CREATE TABLE servers (
  server_nid BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL UNIQUE,
  sent_pos BIGINT NOT NULL DEFAULT 0,       -- everything up to here was accepted
  todev_pos BIGINT NOT NULL DEFAULT 0, devlist_pos BIGINT NOT NULL DEFAULT 0,
  fail_since BIGINT, retry_at BIGINT, retry_ms BIGINT
) WITH (fillfactor = 70);
CREATE TABLE room_servers (
  room_nid BIGINT NOT NULL, server_nid BIGINT NOT NULL, joined INT NOT NULL, PRIMARY KEY (room_nid, server_nid)
);
CREATE INDEX room_servers_srv ON room_servers (server_nid) INCLUDE (room_nid);
CREATE TABLE server_keys (
  server TEXT COLLATE "C" NOT NULL, key_id TEXT COLLATE "C" NOT NULL, pub BYTEA NOT NULL,
  valid_until BIGINT NOT NULL, PRIMARY KEY (server, key_id)
);
CREATE TABLE fed_inbox (                    -- accepted, signature checked, not yet processed
  room_nid BIGINT NOT NULL, seq BIGINT NOT NULL, origin TEXT NOT NULL, event_id TEXT COLLATE "C" NOT NULL,
  json TEXT NOT NULL, PRIMARY KEY (room_nid, seq)
);
CREATE TABLE fed_txn (origin TEXT COLLATE "C", txn TEXT COLLATE "C", ts BIGINT NOT NULL, PRIMARY KEY (origin, txn));
-- ---------- per-user and per-device streams ----------
CREATE TABLE to_device (
  user_nid BIGINT NOT NULL, device_nid BIGINT NOT NULL, pos BIGINT NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (user_nid, device_nid, pos)
);
CREATE TABLE account_data (
  user_nid BIGINT NOT NULL, room_nid BIGINT NOT NULL DEFAULT 0, type TEXT COLLATE "C" NOT NULL,
  pos BIGINT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (user_nid, room_nid, type)
);
CREATE TABLE device_list_log (pos BIGINT PRIMARY KEY, user_id TEXT COLLATE "C" NOT NULL);
-- ---------- search ----------
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA public;
CREATE TABLE event_search (room_nid BIGINT NOT NULL, event_nid BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (room_nid, event_nid));
CREATE INDEX event_search_fts ON event_search USING gin (room_nid, to_tsvector('simple', body));
-- ---------- end-to-end keys (accounts and devices: 0010_accounts.sql) ----------
CREATE TABLE e2e_keys (                                      -- device keys and cross-signing keys
  user_id TEXT COLLATE "C" NOT NULL, device_id TEXT COLLATE "C" NOT NULL, usage SMALLINT NOT NULL,
  pos BIGINT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (user_id, usage, device_id)
);
CREATE TABLE e2e_otk (
  device_nid BIGINT NOT NULL, alg TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL, key_id TEXT NOT NULL,
  json TEXT NOT NULL, PRIMARY KEY (device_nid, alg, seq)
);
CREATE TABLE e2e_fallback (
  device_nid BIGINT NOT NULL, alg TEXT COLLATE "C" NOT NULL, key_id TEXT NOT NULL, used BOOLEAN NOT NULL,
  json TEXT NOT NULL, PRIMARY KEY (device_nid, alg)
);
CREATE TABLE sss_conn (                                      -- sliding-sync connection, saved lazily
  device_nid BIGINT NOT NULL, conn_id TEXT COLLATE "C" NOT NULL, pos BIGINT NOT NULL, saved BIGINT NOT NULL,
  state BYTEA NOT NULL, PRIMARY KEY (device_nid, conn_id)
);
CREATE TABLE room_aliases (alias TEXT COLLATE "C" PRIMARY KEY, room_nid BIGINT NOT NULL, creator TEXT NOT NULL);
