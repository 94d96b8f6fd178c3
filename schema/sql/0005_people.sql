-- 0005: what the stream says to one person: rooms, unread counts, account data, to-device messages, device lists.
-- Why:     unread counts are differences of the room's running counters; rows per person exist only for rooms, for
--          exceptions and for what was addressed to that person. No row per member and message.
-- Locks:   new tables only.
-- Undo:    DROP TABLE user_rooms, user_threads, notif, account_data, to_device, device_list_log, sss_conn;

CREATE TABLE user_rooms (
    user_nid   bigint   NOT NULL,
    room_nid   bigint   NOT NULL,
    membership smallint NOT NULL,                  -- rooms::Membership
    member_nid bigint   NOT NULL,                  -- the member event
    pos        bigint   NOT NULL,
    forgotten  boolean  NOT NULL DEFAULT false,
    push_class smallint NOT NULL DEFAULT 0,        -- which default outcome applies to plain messages
    read_ord   bigint   NOT NULL DEFAULT 0,        -- newest of m.read, m.read.private and own message
    base_main  int      NOT NULL DEFAULT 0,        -- n_main and n_all of the event at read_ord
    base_all   int      NOT NULL DEFAULT 0,
    extra      int      NOT NULL DEFAULT 0,        -- exceptions after read_ord (+/-)
    highlights int      NOT NULL DEFAULT 0,
    PRIMARY KEY (user_nid, room_nid)
) WITH (fillfactor = 70);
CREATE INDEX user_rooms_room ON user_rooms (room_nid) INCLUDE (user_nid) WHERE membership = 1;

CREATE TABLE user_threads (                        -- only rows that differ from "nothing read in this thread"
    user_nid   bigint NOT NULL,
    room_nid   bigint NOT NULL,
    root_nid   bigint NOT NULL,
    read_ord   bigint NOT NULL,
    base       int    NOT NULL,
    extra      int    NOT NULL,
    highlights int    NOT NULL,
    PRIMARY KEY (user_nid, room_nid, root_nid)
) WITH (fillfactor = 80);

CREATE TABLE notif (                               -- highlights, and events that differ from the class
    user_nid    bigint   NOT NULL,
    pos         bigint   NOT NULL,
    room_nid    bigint   NOT NULL,
    ord         bigint   NOT NULL,
    thread_root bigint,
    kind        smallint NOT NULL CHECK (kind IN (-1, 1, 2)),
    PRIMARY KEY (user_nid, pos)
);
CREATE INDEX notif_room ON notif (user_nid, room_nid, ord);

CREATE TABLE account_data (
    user_nid   bigint NOT NULL,
    room_nid   bigint NOT NULL DEFAULT 0,          -- 0: global
    type       text COLLATE "C" NOT NULL,
    pos        bigint NOT NULL,
    json       text   NOT NULL,                    -- '': deleted; the position stays so that /sync can say so
    PRIMARY KEY (user_nid, room_nid, type)
) WITH (fillfactor = 80);

CREATE TABLE to_device (
    user_nid   bigint NOT NULL,
    device_nid bigint NOT NULL,
    pos        bigint NOT NULL,
    json       text   NOT NULL,
    PRIMARY KEY (user_nid, device_nid, pos)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE device_list_log (                     -- somebody's devices or keys changed
    pos        bigint PRIMARY KEY,
    user_id    text COLLATE "C" NOT NULL
);

CREATE TABLE sss_conn (                            -- a sliding-sync connection, saved lazily
    device_nid bigint NOT NULL,
    conn_id    text COLLATE "C" NOT NULL,
    pos        bigint NOT NULL,
    saved      bigint NOT NULL,
    state      bytea  NOT NULL,
    PRIMARY KEY (device_nid, conn_id)
) WITH (fillfactor = 70);
