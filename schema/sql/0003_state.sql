-- 0003: the state of rooms.
-- Why:     current state is one row per (type, state_key), which also numbers that pair for the room, so that sets of
--          state are arrays of small numbers. Its history is one packed difference per group with jump pointers:
--          any old state in at most 17 rows, a thousandth of a row-per-entry history.
-- Locks:   new tables only.
-- Undo:    DROP TABLE room_state, room_state_log, state_groups;  (rooms cannot be used without them)

CREATE TABLE room_state (
    room_nid   bigint NOT NULL,
    key_no     int    NOT NULL,                    -- numbered per room, without gaps, by the room's only writer
    type       text COLLATE "C" NOT NULL,
    state_key  text COLLATE "C" NOT NULL,
    event_nid  bigint,                             -- NULL: the key is known, nothing is set now
    membership smallint,                           -- m.room.member only: rooms::Membership
    PRIMARY KEY (room_nid, key_no)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX room_state_key ON room_state (room_nid, type, state_key);

CREATE TABLE room_state_log (                      -- every change of current state, for a /sync with a gap
    room_nid   bigint NOT NULL,
    pos        bigint NOT NULL,
    key_no     int    NOT NULL,
    event_nid  bigint,
    prev_nid   bigint,
    PRIMARY KEY (room_nid, pos, key_no)
);

CREATE TABLE state_groups (
    room_nid   bigint NOT NULL,
    sg         bigint NOT NULL,
    parent     bigint,
    jump       bigint,                             -- the ancestor that delta is relative to
    depth      int    NOT NULL,
    delta      bytea  NOT NULL,                    -- (key_no int4, event_nid int8)*, big endian
    PRIMARY KEY (room_nid, sg)
);
