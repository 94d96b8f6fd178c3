-- 0053: who accepted a group's rules.
-- Why:     a group's rules must be accepted before one reads and writes there, each version anew.
-- Locks:   new table only.
-- Undo:    DROP TABLE rules_accepted;  (everybody is asked again)

CREATE TABLE rules_accepted (
    group_id text COLLATE "C" NOT NULL REFERENCES groups ON DELETE CASCADE,
    user_id  text COLLATE "C" NOT NULL,
    version  int    NOT NULL CHECK (version >= 1),
    accepted bigint NOT NULL,                      -- ms
    pos      bigint NOT NULL,                      -- of the stream: what the person's devices have not been told before
    PRIMARY KEY (group_id, user_id)
);
