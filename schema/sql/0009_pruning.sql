-- 0009: redacted events whose content still stands on the disk.
-- Why:     a redaction is applied at once when an event is served; a week later the content itself goes (storage/
--          retention). This index holds only what is left to do, and is empty most of the time.
-- Locks:   writes to events wait while it is built: seconds per million events.
-- Undo:    DROP INDEX events_to_prune;

CREATE INDEX events_to_prune ON events (room_nid, event_nid)
    WHERE redacted_by IS NOT NULL AND flags & 512 = 0;  -- 512: rows::pruned
