-- 0008: where the stream stood on each day.
-- Why:     rows that are kept for a number of days are keyed by position; this says which position that was.
-- Locks:   new table only.
-- Undo:    DROP TABLE stream_days;  (what is kept for days is then kept longer)

CREATE TABLE stream_days (
    day  int    PRIMARY KEY,                       -- days since 1970
    pos  bigint NOT NULL                           -- the head when that day was first seen
);
