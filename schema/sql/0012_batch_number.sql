-- 0012: the number of the lane's last batch.
-- Why:     after a lost connection the lane must know whether its last batch was committed. The head tells it only for
--          batches that take positions; those that do not (backfilled events) are counted here.
-- Locks:   one row.
-- Undo:    ALTER TABLE stream_head DROP COLUMN batch;

ALTER TABLE stream_head ADD COLUMN batch bigint NOT NULL DEFAULT 0;
