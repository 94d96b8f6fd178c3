-- 0067: what was fetched from the past comes into the archive, too.
-- Why:     the archive's follower reads by position in the stream, and events that other servers told later have none. They
--          queue here, in the same commit that keeps them (storage/batch.cpp); the follower takes them out. A forum's topics
--          know the place of their first post: its row number, by which they were listed, tells when it came here.
-- Locks:   topics, against writing, while its index is built; nothing but the archive's follower waits for it.
-- Undo:    DROP TABLE archive_queue; DROP INDEX topics_created; ALTER TABLE topics DROP COLUMN root_ord;
--          CREATE INDEX topics_created ON topics (room_nid, root_nid DESC);

CREATE TABLE archive_queue (
    room_nid  bigint NOT NULL,
    event_nid bigint NOT NULL,
    PRIMARY KEY (room_nid, event_nid)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

ALTER TABLE topics ADD COLUMN root_ord bigint;
UPDATE topics t SET root_ord = e.ord FROM events e WHERE e.room_nid = t.room_nid AND e.event_nid = t.root_nid;
DELETE FROM topics WHERE root_ord IS NULL;
ALTER TABLE topics ALTER COLUMN root_ord SET NOT NULL;
DROP INDEX topics_created;
CREATE INDEX topics_created ON topics (room_nid, root_ord DESC);

-- What was fetched before now: 8 is rows::backfilled.
INSERT INTO archive_queue SELECT room_nid, event_nid FROM events WHERE flags & 8 = 8 AND ord IS NOT NULL;
