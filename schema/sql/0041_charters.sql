-- 0041: which rooms have a charter.
-- Why:     at start all protected spaces are read; without an index that would read the state of every room.
-- Locks:   writes to room_state wait while it is built: seconds per million rows.
-- Undo:    DROP INDEX room_state_charter;

CREATE INDEX room_state_charter ON room_state (room_nid) WHERE type = 'org.runde.charter';
