-- 0060: jobs: what the server has to do later.
-- Why:     a file must erase itself in fourteen days, also when the server was restarted ten times until then. A job is
--          written in the transaction that makes it necessary, so neither can be without the other.
-- Locks:   new table only.
-- Undo:    DROP TABLE jobs;  (what was to be done later is forgotten)

CREATE TABLE jobs (
    job_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text COLLATE "C" NOT NULL CHECK (kind <> ''),   -- who does it (core/selfhelp/jobs)
    key      text COLLATE "C" NOT NULL,            -- one job per kind and key; a number of ours, never a name
    due      bigint NOT NULL,                      -- ms
    tries    int    NOT NULL DEFAULT 0,            -- that failed
    made     bigint NOT NULL,                      -- ms
    revision bigint NOT NULL DEFAULT 0,            -- grows when it is scheduled anew, also while it is being done
    UNIQUE (kind, key)
) WITH (fillfactor = 80);
CREATE INDEX jobs_due ON jobs (due);
