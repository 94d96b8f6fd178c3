-- 0004: threads, relations, receipts, and how far search has read.
-- Why:     lists by (last_ord, root) in both columns, never by depth or time; a receipt is one row that moves.
-- Locks:   new tables only.
-- Undo:    DROP TABLE threads, thread_users, relations, receipts, search_cursor;

CREATE TABLE threads (
    room_nid bigint NOT NULL,
    root_nid bigint NOT NULL,
    last_ord bigint NOT NULL,                      -- of the newest reply
    last_nid bigint NOT NULL,
    replies  int    NOT NULL,
    n        int    NOT NULL,                      -- running count of notifying events in the thread
    PRIMARY KEY (room_nid, root_nid)
) WITH (fillfactor = 70);
-- The one index on updated columns that we want: the list of topics by activity.
CREATE INDEX threads_last ON threads (room_nid, last_ord DESC, root_nid DESC);

CREATE TABLE thread_users (                        -- who took part ("only mine")
    room_nid bigint NOT NULL,
    root_nid bigint NOT NULL,
    sender   text COLLATE "C" NOT NULL,
    PRIMARY KEY (room_nid, root_nid, sender)
);

CREATE TABLE relations (
    room_nid   bigint NOT NULL,
    parent_id  text COLLATE "C" NOT NULL,          -- an id: the parent may be unknown here
    rel_type   text COLLATE "C" NOT NULL,
    child_nid  bigint NOT NULL,
    ord        bigint,                             -- of the child
    child_type text COLLATE "C" NOT NULL,
    agg_key    text COLLATE "C",                   -- m.annotation: the key
    sender     text COLLATE "C" NOT NULL,
    PRIMARY KEY (room_nid, parent_id, rel_type, child_nid)
);

CREATE TABLE receipts (
    room_nid bigint   NOT NULL,
    user_id  text COLLATE "C" NOT NULL,
    rtype    smallint NOT NULL,                    -- 0 m.read, 1 m.read.private
    thread   text COLLATE "C" NOT NULL DEFAULT '', -- '' unthreaded, 'main', or the root's event id
    pos      bigint   NOT NULL,
    ord      bigint   NOT NULL,                    -- of the event that was read
    event_id text COLLATE "C" NOT NULL,
    ts       bigint   NOT NULL,
    PRIMARY KEY (room_nid, user_id, rtype, thread)
) WITH (fillfactor = 70);

CREATE TABLE search_cursor (                       -- posts up to this position stand in the search index
    id       smallint PRIMARY KEY CHECK (id = 1),
    pos      bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO search_cursor VALUES (1, 0);
