-- 0024: a room's events by time.
-- Why:     "jump to date" asks for the event nearest to a time. Without an index in that order every room's whole history
--          was sorted for one answer; the BRIN index knew nothing of rooms and nobody else used it. Clocks differ between
--          servers, so the reading order cannot stand in for it. Costs 24 bytes per event.
-- Locks:   writes to events wait while it is built: seconds per million rows.
-- Undo:    DROP INDEX events_time; and events_ts of 0002 again.

DROP INDEX events_ts;
CREATE INDEX events_time ON events (room_nid, origin_ts, ord) WHERE ord IS NOT NULL;
