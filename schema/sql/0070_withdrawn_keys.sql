-- 0070: what a server has withdrawn stays withdrawn.
-- Why:     a notary remembers what a server once said of its keys; without these columns nobody could tell its memory from the
--          server's own, newer word, and a key given up because somebody had stolen it became valid again.
-- Locks:   two short table locks; both columns have a constant default.
-- Undo:    ALTER TABLE server_keys DROP COLUMN withdrawn; ALTER TABLE server_key_answers DROP COLUMN source;

ALTER TABLE server_keys ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
ALTER TABLE server_key_answers ADD COLUMN source smallint NOT NULL DEFAULT 0;  -- 0: a notary, 1: the server itself
