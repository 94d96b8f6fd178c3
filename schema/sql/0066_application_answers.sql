-- 0066: what was asked stands with the answers; a file can be erased before its time.
-- Why:     a group changes its questions, and answers to those that are gone must still be read with what they answer. And consent
--          is taken back at any time, also after the decision (Art. 7 and 17 GDPR).
-- Locks:   applications, for a moment: the columns have constant defaults.
-- Undo:    ALTER TABLE applications DROP COLUMN asked, DROP COLUMN erasure_asked;

ALTER TABLE applications
    ADD COLUMN asked text NOT NULL DEFAULT '[]',       -- JSON: the form as it was when the answers were given
    ADD COLUMN erasure_asked boolean NOT NULL DEFAULT false;
