-- 0001: the stream's head, processes and their leases.
-- Why:     every change that a /sync must show gets its position from one row, inside the statement that writes it:
--          commit order = position order, no gaps. `epoch` fences a process that lost its rooms.
-- Locks:   new tables only.
-- Undo:    DROP TABLE stream_head, process, shard_lease;  (only together with everything that holds positions)

CREATE TABLE stream_head (
    id        smallint PRIMARY KEY CHECK (id = 1),
    pos       bigint   NOT NULL CHECK (pos >= 0),          -- last position handed out
    reserved  bigint   NOT NULL,                           -- durable ceiling: an unclean start goes on above it
    epoch     bigint   NOT NULL DEFAULT 1,                 -- raised by every take-over and every new connection
    writer    bigint   NOT NULL DEFAULT 0,                 -- a random number of the lane that writes
    clean     boolean  NOT NULL DEFAULT true               -- false while a process writes
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
INSERT INTO stream_head (id, pos, reserved) VALUES (1, 0, 0);

CREATE TABLE process (
    proc_no   smallint PRIMARY KEY,
    name      text        NOT NULL DEFAULT '',
    bus_addr  text        NOT NULL DEFAULT '',
    next_nid  bigint      NOT NULL CHECK (next_nid > 0),   -- start of the next block of row numbers (storage/numbers)
    beat_at   timestamptz NOT NULL DEFAULT now()
);
INSERT INTO process (proc_no, next_nid) VALUES (0, 1);

CREATE TABLE shard_lease (                                 -- 1024 room shards -> the process that owns them
    shard     smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 1023),
    owner     smallint    NOT NULL,
    epoch     bigint      NOT NULL,
    expires   timestamptz NOT NULL
) WITH (fillfactor = 50);
