-- 0022: what relates to an event, in reading order.
-- Why:     a page of a thread with ten thousand replies shall cost what a page costs. The primary key orders by when we
--          heard of a reply, which is another order once history comes in from other servers.
-- Locks:   writes to relations wait while it is built: seconds per million rows.
-- Undo:    DROP INDEX relations_order;

CREATE INDEX relations_order ON relations (room_nid, parent_id, ord);
