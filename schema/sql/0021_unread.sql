-- 0021: how far somebody has read, main line and threads apart.
-- Why:     apps with threads mark the main line and each thread as read by themselves; an unthreaded receipt covers all
--          of it. So there are two places per room, and what was read in threads is one sum. Exceptions to the counting
--          stand in notif alone.
-- Locks:   user_rooms and user_threads, for a moment; no rewrite.
-- Undo:    ALTER TABLE user_rooms DROP COLUMN all_ord; RENAME base_threads back; ADD extra, highlights to both.

ALTER TABLE user_rooms RENAME COLUMN base_all TO base_threads;  -- what was read of n_all - n_main, over all threads
ALTER TABLE user_rooms ADD COLUMN all_ord bigint NOT NULL DEFAULT 0;  -- read everywhere up to here, threads included
ALTER TABLE user_rooms DROP COLUMN extra, DROP COLUMN highlights;
ALTER TABLE user_threads DROP COLUMN extra, DROP COLUMN highlights;
