-- 0020: the archive: what was written can be found, and what a forum's topics are.
-- Why:     forums are the groups' memory. Both tables follow the stream (core/rooms/follower) and can be made again
--          from it; nothing here is on the send path.
-- Locks:   new tables only.
-- Undo:    DROP TABLE event_search, search_words, topics; UPDATE search_cursor SET pos = 0;

CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE event_search (
    room_nid  bigint NOT NULL,
    event_nid bigint NOT NULL,
    ord       bigint NOT NULL,
    ts        bigint NOT NULL,                     -- origin_server_ts
    sender    text COLLATE "C" NOT NULL,
    root_nid  bigint NOT NULL,                     -- the topic: the thread's root, or the event itself
    kind      smallint NOT NULL,                   -- 0 message, 1 room name, 2 room topic
    body      text NOT NULL,                       -- as last edited
    words     tsvector NOT NULL,                   -- stems and folded forms (core/rooms/german_words)
    PRIMARY KEY (room_nid, event_nid)
);
CREATE INDEX event_search_words ON event_search USING gin (room_nid, words);

-- Long words that occur, so that a part finds the compounds it stands in ("Therapie" the "Schmerztherapie").
CREATE TABLE search_words (
    word text COLLATE "C" PRIMARY KEY,
    uses int NOT NULL                              -- posts it stands in; gone at 0, or names would outlive erasure
) WITH (fillfactor = 70);
CREATE INDEX search_words_parts ON search_words USING gin (word gin_trgm_ops);

CREATE TABLE topics (
    room_nid   bigint NOT NULL,
    root_nid   bigint NOT NULL,
    root_id    text COLLATE "C" NOT NULL,
    title      text NOT NULL,                      -- first line of the first post, as last edited
    author     text COLLATE "C" NOT NULL,
    created_ts bigint NOT NULL,
    last_ord   bigint NOT NULL,
    last_ts    bigint NOT NULL,                    -- of the newest reply, or of the first post
    last_id    text COLLATE "C" NOT NULL,
    last_sender text COLLATE "C" NOT NULL,
    state_ts   bigint NOT NULL DEFAULT 0,          -- when org.runde.topic was last set: the quiet time begins anew
    closed     boolean NOT NULL DEFAULT false,
    pinned     boolean NOT NULL DEFAULT false,
    answered   boolean NOT NULL DEFAULT false,
    tags       text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (room_nid, root_nid)
) WITH (fillfactor = 70);
CREATE INDEX topics_last ON topics (room_nid, last_ord DESC, root_nid DESC);
CREATE INDEX topics_created ON topics (room_nid, root_nid DESC);
CREATE UNIQUE INDEX topics_root ON topics (room_nid, root_id);
